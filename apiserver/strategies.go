package apiserver

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
)

// What is particular to each kind when it is written; the table in resources.go says which kind has what. These are
// upstream's rules (pkg/registry/<group>/<kind>/strategy.go there).

func (st *Strategy) prepareForCreate(obj api.Object) {
	if st.Generation != nil {
		obj.GetObjectMeta().Generation = 1
	}
	if st.PrepareForCreate != nil {
		st.PrepareForCreate(obj)
	}
}

// begin calls the Begin hook; done can always be called.
func (st *Strategy) begin(ctx context.Context, s *Server, req *Request, obj, old api.Object) (done func(stored bool), err error) {
	done = func(bool) {}
	if st.Begin == nil || req.Subresource != "" {
		return done, nil
	}
	hook, err := st.Begin(ctx, s, req, obj, old)
	if hook != nil {
		done = hook
	}
	return done, err
}

// check calls the Check hook.
func (st *Strategy) check(ctx context.Context, s *Server, req *Request, obj, old api.Object) api.ErrorList {
	if st.Check == nil || req.Subresource != "" {
		return nil
	}
	return st.Check(ctx, s, req, obj, old)
}

// warnAbout collects what the kind warns of. To scale an object is to write it.
func (r *Request) warnAbout(obj, old api.Object) {
	if warnings := r.Resource.Strategy.Warnings; warnings != nil && (r.Subresource == "" || r.Subresource == "scale") {
		for _, text := range warnings(obj, old) {
			r.Warn(text)
		}
	}
}

// statusSubresource is the other half of most kinds: users write the spec, components write the status, and neither
// can overwrite the other's half by accident.
var statusSubresource = &Subresource{
	Verbs:  []string{"get", "patch", "update"},
	Handle: serveStatus,
	Prepare: func(res *Resource, obj, old api.Object) {
		if res.Strategy.PrepareForStatusUpdate != nil {
			res.Strategy.PrepareForStatusUpdate(obj, old)
		}
	},
}

func serveStatus(s *Server, w http.ResponseWriter, req *Request) (*Answer, error) {
	return verbs[req.Verb](s, w, req)
}

var podStrategy = Strategy{
	Resets:           map[string][]string{"status": {"spec", "metadata.deletionTimestamp", "metadata.ownerReferences"}},
	PrepareForCreate: func(obj api.Object) { api.PrepareNewPod(obj.(*api.Pod)) },
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.Pod).Status = old.(*api.Pod).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		pod, oldPod := obj.(*api.Pod), old.(*api.Pod)
		pod.Spec = oldPod.Spec
		// A kubelet works with a copy that may be old: it must not undelete a pod, nor cut it off from its owner.
		pod.DeletionTimestamp, pod.OwnerReferences = nil, oldPod.OwnerReferences
		if pod.Status.QOSClass == "" {
			pod.Status.QOSClass = oldPod.Status.QOSClass
		}
		keepObservedGenerations(pod, oldPod)
	},
	Generation:     func(obj api.Object) any { return obj.(*api.Pod).Spec },
	Grace:          podGrace,
	AnswersDeleted: true,
	Warnings: func(obj, old api.Object) []string {
		if old != nil {
			return nil
		}
		return append(warnName(obj.GetObjectMeta().Name, "this is used in the Pod's hostname"), warnPodTemplate(obj, nil)...)
	},
}

// podGrace is how long a pod may live on: as the request says, else as the pod says. A pod that no kubelet runs goes
// at once, for nobody would ever finish its deletion.
func podGrace(obj api.Object, asked *int64) int64 {
	pod := obj.(*api.Pod)
	if pod.Spec.NodeName == "" || pod.Status.Phase.Ended() {
		return 0
	}
	period := api.Deref(pod.Spec.TerminationGracePeriodSeconds, 0)
	if asked != nil {
		period = *asked
	}
	if period < 0 {
		return 1
	}
	return period
}

// keepObservedGenerations keeps what the status said of the generation it is about, where a writer that does not know
// the field left it out.
func keepObservedGenerations(pod, old *api.Pod) {
	if pod.Status.ObservedGeneration == 0 {
		pod.Status.ObservedGeneration = old.Status.ObservedGeneration
	}
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.ObservedGeneration != 0 {
			continue
		}
		for _, o := range old.Status.Conditions {
			if o.Type == c.Type {
				c.ObservedGeneration = o.ObservedGeneration
				break
			}
		}
	}
}

var podTemplateStrategy = Strategy{
	Generation:     func(obj api.Object) any { return obj.(*api.PodTemplate).Template },
	Warnings:       warnPodTemplate,
	AnswersDeleted: true,
}

// nodeStrategy: a node's status may be set when it is created, because a kubelet registers itself with it.
var nodeStrategy = Strategy{
	PrepareForUpdate:       func(obj, old api.Object) { obj.(*api.Node).Status = old.(*api.Node).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.Node).Spec = old.(*api.Node).Spec },
}

const namespaceFinalizer = api.FinalizerName("kubernetes")

// namespaceStrategy: a Namespace has a finalizer in its spec, which the namespace controller takes away through the
// subresource finalize when the namespace is empty.
var namespaceStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		ns := obj.(*api.Namespace)
		ns.Status = api.NamespaceStatus{Phase: api.NamespaceActive}
		if !slices.Contains(ns.Spec.Finalizers, namespaceFinalizer) {
			ns.Spec.Finalizers = append(ns.Spec.Finalizers, namespaceFinalizer)
		}
		// Defaulting does this too, but a generated name comes after it.
		if ns.Labels == nil {
			ns.Labels = map[string]string{}
		}
		ns.Labels["kubernetes.io/metadata.name"] = ns.Name
	},
	PrepareForUpdate: func(obj, old api.Object) {
		ns, oldNS := obj.(*api.Namespace), old.(*api.Namespace)
		ns.Spec.Finalizers, ns.Status = oldNS.Spec.Finalizers, oldNS.Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.Namespace).Spec = old.(*api.Namespace).Spec },
	Finalized:              func(obj api.Object) bool { return len(obj.(*api.Namespace).Spec.Finalizers) == 0 },
	OnDelete: func(obj api.Object) {
		ns := obj.(*api.Namespace)
		ns.Status.Phase, ns.DeletionGracePeriodSeconds = api.NamespaceTerminating, nil // it has no period, whatever else holds it
	},
	AnswersDeleted: true,
}

// finalizeSubresource writes nothing but spec.finalizers.
var finalizeSubresource = &Subresource{
	Verbs:  []string{"update"},
	Handle: (*Server).serveUpdate,
	Prepare: func(_ *Resource, obj, old api.Object) {
		ns := obj.(*api.Namespace)
		finalizers := ns.Spec.Finalizers
		meta := ns.ObjectMeta.ResourceVersion
		*ns = *api.DeepCopy(old.(*api.Namespace))
		ns.Spec.Finalizers, ns.ObjectMeta.ResourceVersion = finalizers, meta
	},
	Validate: func(_ *Resource, obj, old api.Object) api.ErrorList {
		return api.ValidateNamespaceFinalize(obj.(*api.Namespace), old.(*api.Namespace))
	},
}

var serviceStrategy = Strategy{
	PrepareForCreate:       prepareService,
	PrepareForUpdate:       prepareServiceUpdate,
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.Service).Spec = old.(*api.Service).Spec },
	Begin:                  allocateService,
	Deleted:                releaseService,
	Warnings:               warnService,
	CreateOnUpdate:         true,
	AnswersDeleted:         true,
}

var (
	serviceAccountStrategy = Strategy{AnswersDeleted: true}
	endpointsStrategy      = Strategy{CreateOnUpdate: true}
	eventStrategy          = Strategy{CreateOnUpdate: true, NoGarbageCollection: true}
	leaseStrategy          = Strategy{CreateOnUpdate: true, ConditionalUpdate: true}
	roleStrategy           = Strategy{CreateOnUpdate: true, Begin: checkRole}
	roleBindingStrategy    = Strategy{CreateOnUpdate: true, Begin: checkRoleBinding}
)

// secretStrategy keeps the type that an update leaves out: it cannot change.
var secretStrategy = Strategy{
	PrepareForUpdate: func(obj, old api.Object) {
		if secret := obj.(*api.Secret); secret.Type == "" {
			secret.Type = old.(*api.Secret).Type
		}
	},
}

// warnName is about names that are valid, but no host name.
func warnName(name, why string) []string {
	if messages := api.IsDNS1123Label(name); len(messages) > 0 {
		return []string{"metadata.name: " + why + ", which can result in surprising behavior; a DNS label is recommended: [" + strings.Join(messages, " ") + "]"}
	}
	return nil
}

// The fields that selectors may ask for, by kind.

func podFields(obj api.Object) map[string]string {
	pod := obj.(*api.Pod)
	ip, hostNetwork := "", pod.Spec.HostNetwork
	if len(pod.Status.PodIPs) > 0 {
		ip = pod.Status.PodIPs[0].IP
	}
	return map[string]string{
		"spec.nodeName": pod.Spec.NodeName, "spec.restartPolicy": string(pod.Spec.RestartPolicy),
		"spec.schedulerName": pod.Spec.SchedulerName, "spec.serviceAccountName": pod.Spec.ServiceAccountName,
		"spec.hostNetwork": strconv.FormatBool(hostNetwork), "status.phase": string(pod.Status.Phase),
		"status.podIP": ip, "status.podIPs": ip, "status.nominatedNodeName": pod.Status.NominatedNodeName,
	}
}

func nodeFields(obj api.Object) map[string]string {
	return map[string]string{"spec.unschedulable": strconv.FormatBool(obj.(*api.Node).Spec.Unschedulable)}
}

func namespaceFields(obj api.Object) map[string]string {
	return map[string]string{"status.phase": string(obj.(*api.Namespace).Status.Phase)}
}

func serviceFields(obj api.Object) map[string]string {
	spec := &obj.(*api.Service).Spec
	return map[string]string{"spec.clusterIP": spec.ClusterIP, "spec.type": string(spec.Type)}
}

func secretFields(obj api.Object) map[string]string {
	return map[string]string{"type": string(obj.(*api.Secret).Type)}
}

func eventFields(obj api.Object) map[string]string {
	event := obj.(*api.Event)
	about, source := &event.InvolvedObject, event.Source.Component
	if source == "" {
		source = event.ReportingController
	}
	return map[string]string{
		"involvedObject.kind": about.Kind, "involvedObject.namespace": about.Namespace, "involvedObject.name": about.Name,
		"involvedObject.uid": string(about.UID), "involvedObject.apiVersion": about.APIVersion,
		"involvedObject.resourceVersion": about.ResourceVersion, "involvedObject.fieldPath": about.FieldPath,
		"reason": event.Reason, "reportingComponent": event.ReportingController, "source": source, "type": event.Type,
	}
}
