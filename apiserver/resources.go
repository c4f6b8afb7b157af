package apiserver

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"kubelite/api"
	"kubelite/apiserver/managedfields"
	"kubelite/apiserver/printers"
)

// Resource is one row of the table that the server works from: a kind, what may be done to its objects, and the few
// hooks where its objects differ from all others. There is no handler per kind.
type Resource struct {
	*api.Kind
	// Verbs that the resource itself has; those of subresources are in Subresources.
	Verbs []string
	// Strategy is what is particular to this kind when it is written.
	Strategy Strategy
	// Columns is how `kubectl get` shows it. Nil: NAME and AGE.
	Columns *printers.Columns
	// Fields returns the values that field selectors of this kind may ask for, besides metadata.name and
	// metadata.namespace. The same names must come for every object. Nil: none.
	Fields func(obj api.Object) map[string]string
	// SeldomSelected says that Fields are worked out when a selector first asks, and not kept with every object from its write
	// on: of Events there are more than of all else, and few are ever looked for.
	SeldomSelected bool
	// Index is the one of Fields that watchers often ask for: pods are watched by spec.nodeName.
	Index string
	// Subresources by name: "status", "scale", "log".
	Subresources map[string]*Subresource
	// View is set when the objects are stored as another kind: an events.k8s.io Event is a core Event, and the versions
	// of a custom resource are all stored as one of them. Nil for nearly all.
	View *View
	// Refresh brings what was stored at a revision up to date with rules that are newer, and tells whether it had to.
	// Nil for built-in kinds: their rules do not change while objects exist.
	Refresh func(json []byte, revision int64) ([]byte, bool)
	// ScalePaths says where a custom object has what its Scale shows. Nil for built-in kinds: see replicas.
	ScalePaths *api.CustomResourceSubresourceScale
	// Deprecation is what users of this version of a kind are warned of, whatever they do with it. Empty: nothing.
	Deprecation string
	// Definition is the version of a CustomResourceDefinition that the row is made of. Nil for built-in kinds.
	Definition *customVersion
	// Handlers serve, by verb, a kind that is never stored: a Binding is carried out, a review answered, a ComponentStatus
	// found out. Nil for all others. Its verbs are the kind's.
	Handlers handlers

	// Schema makes that of a custom resource, once; nil if it has none. A built-in kind has it from its Go type.
	Schema func() *managedfields.Schema

	fieldKinds sync.Map      // by subresource; see fieldKind
	prefix     string        // of the keys in the store: "/deployments.apps/"
	row        *Resource     // of the kind that is stored: itself, unless View says otherwise
	replaced   chan struct{} // of a row that may go while the server runs: closed when it does
}

// Handler serves one request. Its Answer is written in the form that the client accepts; a handler that wrote to w
// itself (a stream) returns nil.
type Handler func(s *Server, w http.ResponseWriter, r *Request) (*Answer, error)

// key is an object's place in the store.
func (res *Resource) key(namespace, name string) string {
	if res.Namespaced {
		return res.prefix + namespace + "/" + name
	}
	return res.prefix + name
}

// parseKey is the reverse of key.
func (res *Resource) parseKey(key string) (namespace, name string) {
	rest := key[len(res.prefix):]
	if !res.Namespaced {
		return "", rest
	}
	namespace, name, _ = strings.Cut(rest, "/")
	return namespace, name
}

// storedRow is the row of the kind that objects of this resource are stored as: nearly always itself.
func (res *Resource) storedRow() *Resource { return res.row }

// stored is the kind that objects of this resource are stored as.
func (res *Resource) stored() *api.Kind { return res.row.Kind }

// handlers serve a kind that is never stored, by verb.
type handlers map[string]Handler

// neverStored tells that there are no objects of the kind in the store.
func (res *Resource) neverStored() bool { return res.Handlers != nil }

// hasVerb tells whether the resource itself, not a subresource, has a verb.
func (res *Resource) hasVerb(verb string) bool { return slices.Contains(res.Verbs, verb) }

// takesVerbAt tells whether the verb makes sense where the path points: at an object or at a collection, and for
// namespaced kinds within a namespace, unless it is a read of a collection.
func (res *Resource) takesVerbAt(req *Request) bool {
	switch req.Verb {
	case "list", "watch":
		return true
	case "create", "deletecollection":
		return req.Name == "" && (req.Namespace != "" || !res.Namespaced)
	}
	return req.Name != ""
}

// subresourceHandler finds who serves a request on a subresource; nil if there is none for this verb.
func (res *Resource) subresourceHandler(req *Request) Handler {
	sub := res.Subresources[req.Subresource]
	if sub == nil {
		return subresourceNotFound
	}
	if !slices.Contains(sub.Verbs, req.Verb) && !sub.AnyMethod {
		return nil
	}
	return sub.Handle
}

// Strategy is what is particular to one kind when its objects are written. Any hook may be nil.
type Strategy struct {
	// PrepareForCreate puts a new object into its first state: what users may not set is wiped (status, mostly).
	PrepareForCreate func(obj api.Object)
	// PrepareForUpdate keeps what an update of the object itself may not change: the status, usually. Generation is
	// handled for all kinds: a kind whose spec the generation counts has Generation set.
	PrepareForUpdate func(obj, old api.Object)
	// PrepareForStatusUpdate keeps all but the status. Metadata is handled for all kinds.
	PrepareForStatusUpdate func(obj, old api.Object)
	// Generation returns the part of the object whose changes metadata.generation counts, the spec.
	Generation func(obj api.Object) any
	// Check finds the mistakes that only the server can see: expressions that do not compile. It runs with the kind's own
	// validation; old is nil on create. Nil: there are none.
	Check func(ctx context.Context, s *Server, req *Request, obj, old api.Object) api.ErrorList
	// Begin refuses what depends on more than the object and its sender's right to write it (roles that hold more than
	// the sender does), and reserves what must be unique in the cluster (a Service's addresses), which it may write into
	// obj. done is called with whether the write happened. old is nil on create.
	Begin func(ctx context.Context, s *Server, req *Request, obj, old api.Object) (done func(stored bool), err error)
	// Deleted tells that an object is gone, so that what Begin reserved is free again.
	Deleted func(s *Server, req *Request, old api.Object)
	// Warnings for the user about odd but valid objects; old is nil on create.
	Warnings func(obj, old api.Object) []string
	// CreateOnUpdate: a PUT of a name that does not exist creates it.
	CreateOnUpdate bool
	// ConditionalUpdate: a PUT must name the resourceVersion that it replaces. Most kinds let it be left out.
	ConditionalUpdate bool
	// Resets names, by subresource ("": the object itself), the fields that a write cannot set: no manager comes to own
	// them. Only kinds that differ from the rule (see resets) have it.
	Resets map[string][]string
	// Grace returns how many seconds an object may live on after its deletion was asked for, given what the request
	// says (nil: nothing). Only Pods have it; others go at once.
	Grace func(obj api.Object, asked *int64) int64
	// Finalized tells whether nothing but metadata.finalizers holds a deleted object back. Only Namespaces have
	// finalizers of their own. Nil: yes.
	Finalized func(obj api.Object) bool
	// OnDelete changes an object whose deletion begins and that lingers: a Namespace's phase becomes Terminating.
	OnDelete func(obj api.Object)
	// OrphanByDefault: a deletion that names no propagation policy leaves dependents alone. OrphanWarning is what its sender hears then.
	OrphanByDefault bool
	OrphanWarning   string
	// NoGarbageCollection: nothing can own or be owned; no such finalizers are set. Only Events.
	NoGarbageCollection bool
	// AnswersDeleted: the answer to a deletion is the object as it was; for other kinds it is a Status.
	AnswersDeleted bool
}

// Subresource is an endpoint below an object: .../pods/web/status.
type Subresource struct {
	// Kind is what its bodies and answers are; nil means the parent's kind.
	Kind *api.Kind
	// Verbs that it has: get, update, patch, create.
	Verbs []string
	// LongRunning marks streams (log -f, exec, proxy): no timeout, not counted by throttle.
	LongRunning bool
	// Connects marks those whose answer is somebody else's: exec, proxy. AnyMethod: whatever the HTTP method is.
	Connects, AnyMethod bool
	// View makes what the subresource shows of its parent, if that is a kind of its own (a Scale). Admission has a say about
	// the view; the handler lets it change the view before that becomes a change of the parent.
	View func(res *Resource, parent api.Object) (api.Object, error)
	// Prepare keeps what a write through this subresource may not change; Validate checks the result. Those of
	// "status" come from the kind.
	Prepare  func(res *Resource, obj, old api.Object)
	Validate func(res *Resource, obj, old api.Object) api.ErrorList
	Handle   Handler
}

// Answer is what a handler wants to be sent: an object (or Status, or list), or JSON that is already encoded.
type Answer struct {
	Code   int
	Object any    // *api.Pod, *api.Status, ...; nil when JSON has it
	JSON   []byte // the object in its stored form, if that is at hand
	page   *page  // the objects of a list
}

// answerObject is the usual Answer.
func answerObject(code int, obj any) *Answer { return &Answer{Code: code, Object: obj} }

// newResources makes the rows of the built-in kinds. Those of custom resources come and go while the server runs; see
// rows.go.
func newResources() []*Resource {
	rows := []*Resource{
		{Kind: api.KindOf[*api.Binding](), Handlers: handlers{"create": bindingCreate}},
		{Kind: api.KindOf[*api.ComponentStatus](), Columns: printers.ComponentStatus,
			Handlers: handlers{"get": componentStatusGet, "list": componentStatusList}, Deprecation: "v1 ComponentStatus is deprecated in v1.19+"},
		{Kind: api.KindOf[*api.ConfigMap](), Verbs: allVerbs, Columns: printers.ConfigMap},
		{Kind: api.KindOf[*api.Endpoints](), Verbs: allVerbs, Columns: printers.Endpoints, Strategy: endpointsStrategy,
			Deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"},
		{Kind: api.KindOf[*api.Event](), Verbs: allVerbs, Columns: printers.Event, Strategy: eventStrategy, Fields: eventFields, SeldomSelected: true},
		{Kind: api.KindOf[*api.LimitRange](), Verbs: allVerbs, Strategy: limitRangeStrategy},
		{Kind: api.KindOf[*api.Namespace](), Verbs: namespaceVerbs, Columns: printers.Namespace, Strategy: namespaceStrategy,
			Fields:       namespaceFields,
			Subresources: map[string]*Subresource{"status": statusSubresource, "finalize": finalizeSubresource}},
		{Kind: api.KindOf[*api.Node](), Verbs: allVerbs, Columns: printers.Node, Strategy: nodeStrategy, Fields: nodeFields,
			Subresources: map[string]*Subresource{"status": statusSubresource, "proxy": nodeProxySubresource}},
		{Kind: api.KindOf[*api.PersistentVolumeClaim](), Verbs: allVerbs, Columns: printers.PersistentVolumeClaim, Strategy: claimStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.PersistentVolume](), Verbs: allVerbs, Columns: printers.PersistentVolume, Strategy: persistentVolumeStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.Pod](), Verbs: allVerbs, Columns: printers.Pod, Strategy: podStrategy, Fields: podFields, Index: "spec.nodeName",
			Subresources: podSubresources},
		{Kind: api.KindOf[*api.PodTemplate](), Verbs: allVerbs, Columns: printers.PodTemplate, Strategy: podTemplateStrategy},
		{Kind: api.KindOf[*api.ResourceQuota](), Verbs: allVerbs, Columns: printers.ResourceQuota, Strategy: quotaStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.ReplicationController](), Verbs: allVerbs, Columns: printers.ReplicationController, Strategy: replicationControllerStrategy,
			Fields:       replicationControllerFields,
			Subresources: map[string]*Subresource{"status": statusSubresource, "scale": scaleSubresource}},
		{Kind: api.KindOf[*api.Secret](), Verbs: allVerbs, Columns: printers.Secret, Strategy: secretStrategy, Fields: secretFields},
		{Kind: api.KindOf[*api.ServiceAccount](), Verbs: allVerbs, Columns: printers.ServiceAccount, Strategy: serviceAccountStrategy,
			Subresources: map[string]*Subresource{"token": tokenSubresource}},
		{Kind: api.KindOf[*api.Service](), Verbs: allVerbs, Columns: printers.Service, Strategy: serviceStrategy, Fields: serviceFields,
			Subresources: map[string]*Subresource{"status": statusSubresource, "proxy": serviceProxySubresource}},
		{Kind: api.KindOf[*api.ControllerRevision](), Verbs: allVerbs, Columns: printers.ControllerRevision},
		{Kind: api.KindOf[*api.DaemonSet](), Verbs: allVerbs, Columns: printers.DaemonSet, Strategy: daemonSetStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.Deployment](), Verbs: allVerbs, Columns: printers.Deployment, Strategy: deploymentStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource, "scale": scaleSubresource}},
		{Kind: api.KindOf[*api.ReplicaSet](), Verbs: allVerbs, Columns: printers.ReplicaSet, Strategy: replicaSetStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource, "scale": scaleSubresource}},
		{Kind: api.KindOf[*api.StatefulSet](), Verbs: allVerbs, Columns: printers.StatefulSet, Strategy: statefulSetStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource, "scale": scaleSubresource}},
		{Kind: api.KindOf[*api.HorizontalPodAutoscaler](), Verbs: allVerbs, Columns: printers.HorizontalPodAutoscaler, Strategy: autoscalerStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.AutoscalingV1HorizontalPodAutoscaler](), Verbs: allVerbs, Columns: printers.AutoscalingV1HorizontalPodAutoscaler, Strategy: autoscalerV1Strategy,
			View: autoscalerV1View, Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.CronJob](), Verbs: allVerbs, Columns: printers.CronJob, Strategy: cronJobStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.Job](), Verbs: allVerbs, Columns: printers.Job, Strategy: jobStrategy, Fields: jobFields,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.SelfSubjectReview](), Handlers: handlers{"create": answerReview(reviewSelfSubject)}},
		{Kind: api.KindOf[*api.TokenReview](), Handlers: handlers{"create": answerReview(reviewToken)}},
		{Kind: api.KindOf[*api.LocalSubjectAccessReview](), Handlers: handlers{"create": answerReview(reviewLocalSubjectAccess)}},
		{Kind: api.KindOf[*api.SelfSubjectAccessReview](), Handlers: handlers{"create": answerReview(reviewSelfSubjectAccess)}},
		{Kind: api.KindOf[*api.SelfSubjectRulesReview](), Handlers: handlers{"create": answerReview(reviewSelfSubjectRules)}},
		{Kind: api.KindOf[*api.SubjectAccessReview](), Handlers: handlers{"create": answerReview(reviewSubjectAccess)}},
		{Kind: api.KindOf[*api.Lease](), Verbs: allVerbs, Columns: printers.Lease, Strategy: leaseStrategy},
		{Kind: api.KindOf[*api.PodDisruptionBudget](), Verbs: allVerbs, Columns: printers.PodDisruptionBudget, Strategy: disruptionBudgetStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.EventsEvent](), Verbs: allVerbs, Columns: printers.EventsEvent, Strategy: eventStrategy, View: eventsEventView},
		{Kind: api.KindOf[*api.EndpointSlice](), Verbs: allVerbs, Columns: printers.EndpointSlice, Strategy: endpointSliceStrategy},
		{Kind: api.KindOf[*api.IngressClass](), Verbs: allVerbs, Columns: printers.IngressClass, Strategy: ingressClassStrategy},
		{Kind: api.KindOf[*api.Ingress](), Verbs: allVerbs, Columns: printers.Ingress, Strategy: ingressStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.IPAddress](), Verbs: allVerbs, Columns: printers.IPAddress, Strategy: ipAddressStrategy},
		{Kind: api.KindOf[*api.NetworkPolicy](), Verbs: allVerbs, Columns: printers.NetworkPolicy, Strategy: networkPolicyStrategy},
		{Kind: api.KindOf[*api.ServiceCIDR](), Verbs: allVerbs, Columns: printers.ServiceCIDR, Strategy: serviceCIDRStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.ClusterRole](), Verbs: allVerbs, Strategy: roleStrategy},
		{Kind: api.KindOf[*api.ClusterRoleBinding](), Verbs: allVerbs, Columns: printers.ClusterRoleBinding, Strategy: roleBindingStrategy},
		{Kind: api.KindOf[*api.Role](), Verbs: allVerbs, Strategy: roleStrategy},
		{Kind: api.KindOf[*api.RoleBinding](), Verbs: allVerbs, Columns: printers.RoleBinding, Strategy: roleBindingStrategy},
		{Kind: api.KindOf[*api.MutatingAdmissionPolicy](), Verbs: allVerbs, Columns: printers.MutatingAdmissionPolicy, Strategy: mutatingPolicyStrategy},
		{Kind: api.KindOf[*api.MutatingAdmissionPolicyBinding](), Verbs: allVerbs, Columns: printers.MutatingAdmissionPolicyBinding, Strategy: mutatingPolicyBindingStrategy},
		{Kind: api.KindOf[*api.MutatingWebhookConfiguration](), Verbs: allVerbs, Columns: printers.MutatingWebhookConfiguration, Strategy: mutatingWebhookStrategy},
		{Kind: api.KindOf[*api.ValidatingAdmissionPolicy](), Verbs: allVerbs, Columns: printers.ValidatingAdmissionPolicy, Strategy: validatingPolicyStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.ValidatingAdmissionPolicyBinding](), Verbs: allVerbs, Columns: printers.ValidatingAdmissionPolicyBinding, Strategy: validatingPolicyBindingStrategy},
		{Kind: api.KindOf[*api.ValidatingWebhookConfiguration](), Verbs: allVerbs, Columns: printers.ValidatingWebhookConfiguration, Strategy: validatingWebhookStrategy},
		{Kind: definitionKind, Verbs: allVerbs, Strategy: definitionStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.APIService](), Verbs: allVerbs, Columns: printers.APIService, Strategy: apiServiceStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.CSIDriver](), Verbs: allVerbs, Columns: printers.CSIDriver, Strategy: csiDriverStrategy},
		{Kind: api.KindOf[*api.CSINode](), Verbs: allVerbs, Columns: printers.CSINode, Strategy: csiNodeStrategy},
		{Kind: api.KindOf[*api.CSIStorageCapacity](), Verbs: allVerbs, Strategy: csiStorageCapacityStrategy},
		{Kind: api.KindOf[*api.StorageClass](), Verbs: allVerbs, Columns: printers.StorageClass, Strategy: storageClassStrategy},
		{Kind: api.KindOf[*api.VolumeAttachment](), Verbs: allVerbs, Columns: printers.VolumeAttachment, Strategy: volumeAttachmentStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.VolumeAttributesClass](), Verbs: allVerbs, Columns: printers.VolumeAttributesClass, Strategy: volumeAttributesClassStrategy},
		{Kind: api.KindOf[*api.PriorityClass](), Verbs: allVerbs, Columns: printers.PriorityClass, Strategy: priorityClassStrategy},
		{Kind: api.KindOf[*api.RuntimeClass](), Verbs: allVerbs, Columns: printers.RuntimeClass, Strategy: runtimeClassStrategy},
		{Kind: api.KindOf[*api.CertificateSigningRequest](), Verbs: allVerbs, Columns: printers.CertificateSigningRequest, Strategy: csrStrategy, Fields: csrFields,
			Subresources: map[string]*Subresource{"approval": approvalSubresource, "status": statusSubresource}},
		{Kind: api.KindOf[*api.DeviceClass](), Verbs: allVerbs, Columns: printers.DeviceClass, Strategy: deviceClassStrategy},
		{Kind: api.KindOf[*api.ResourceResourceClaim](), Verbs: allVerbs, Columns: printers.ResourceClaim, Strategy: resourceClaimStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.ResourceClaimTemplate](), Verbs: allVerbs, Columns: printers.ResourceClaimTemplate, Strategy: resourceClaimTemplateStrategy},
		{Kind: api.KindOf[*api.ResourceSlice](), Verbs: allVerbs, Columns: printers.ResourceSlice, Strategy: resourceSliceStrategy, Fields: resourceSliceFields,
			Index: "spec.nodeName"},
		{Kind: api.KindOf[*api.FlowSchema](), Verbs: allVerbs, Columns: printers.FlowSchema, Strategy: flowSchemaStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
		{Kind: api.KindOf[*api.PriorityLevelConfiguration](), Verbs: allVerbs, Columns: printers.PriorityLevelConfiguration, Strategy: priorityLevelStrategy,
			Subresources: map[string]*Subresource{"status": statusSubresource}},
	}
	byKind := map[*api.Kind]*Resource{}
	for _, row := range rows {
		byKind[row.Kind] = row
	}
	for _, row := range rows {
		row.row = row
		if row.neverStored() {
			row.Verbs = slices.Sorted(maps.Keys(row.Handlers))
		}
		if row.View != nil {
			row.row = byKind[row.View.Of]
		}
		row.prefix = "/" + row.row.Resource() + "/"
	}
	return rows
}

// podSubresources are many, because a pod is where things run.
var podSubresources = map[string]*Subresource{
	"status": statusSubresource, "binding": bindingSubresource, "eviction": evictionSubresource,
	"ephemeralcontainers": ephemeralContainersSubresource, "resize": resizeSubresource,
	"log": logSubresource, "exec": execSubresource, "attach": attachSubresource, "portforward": portForwardSubresource, "proxy": podProxySubresource,
}

var (
	allVerbs       = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	customVerbs    = []string{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"} // in upstream's order
	namespaceVerbs = []string{"create", "delete", "get", "list", "patch", "update", "watch"}
)
