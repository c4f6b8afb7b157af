package api

import (
	"fmt"
	"reflect"
	"strings"
)

// GroupVersion names one version of an API group. The core group's name is empty.
type GroupVersion struct {
	Group   string
	Version string
}

// ParseGroupVersion reads "v1" or "apps/v1".
func ParseGroupVersion(apiVersion string) GroupVersion {
	if group, version, ok := strings.Cut(apiVersion, "/"); ok {
		return GroupVersion{Group: group, Version: version}
	}
	return GroupVersion{Version: apiVersion}
}

// String is the form that apiVersion takes: "v1" or "apps/v1".
func (gv GroupVersion) String() string {
	if gv.Group == "" {
		return gv.Version
	}
	return gv.Group + "/" + gv.Version
}

// GroupVersionKind names a kind in full.
type GroupVersionKind struct {
	Group   string
	Version string
	Kind    string
}

// String is the form in messages: "apps/v1, Kind=Deployment", "/v1, Kind=Pod".
func (gvk GroupVersionKind) String() string {
	return gvk.Group + "/" + gvk.Version + ", Kind=" + gvk.Kind
}

// GroupVersion drops the kind.
func (gvk GroupVersionKind) GroupVersion() GroupVersion {
	return GroupVersion{Group: gvk.Group, Version: gvk.Version}
}

// Kind says what one kind is called and how its objects behave before they are stored. The table Kinds holds one
// for every built-in kind; the API server's resource table adds verbs, columns and subresources.
type Kind struct {
	GroupVersion
	Kind       string
	Plural     string // in URLs: "pods"
	Singular   string
	ListKind   string // of its lists; empty: the kind and "List"
	ShortNames []string
	Categories []string // groups of kinds that one word selects: "all"
	Namespaced bool
	Custom     bool // its objects are Unstructured; see NewCustomKind
	// Older are versions of the group in which clients may send the kind, too: nothing in it has changed since.
	Older []string

	// Posted kinds are questions: they are created and answered, and never stored, so there are no lists of them.
	Posted bool

	// New makes an empty object. NewList makes an empty list.
	New     func() Object
	NewList func() ListObject

	// ValidName checks the form of names, one message per broken rule. Nil: a DNS subdomain, as most names are.
	ValidName func(name string) []string

	// Prune drops the fields that the kind does not have, and returns an error that names each. Nil where the Go type has
	// no room for others.
	Prune func(obj Object) []error
	// Default fills in what the user left out. Nil where the kind has no defaults.
	Default func(obj Object)
	// Validate returns every mistake in a new object's spec; metadata is checked for all kinds alike.
	Validate func(obj Object) ErrorList
	// ValidateUpdate returns every mistake in the change from old to obj, and those that Validate finds.
	ValidateUpdate func(obj, old Object) ErrorList
	// ValidateStatusUpdate is ValidateUpdate for writes to the status subresource. Nil: every status is good.
	ValidateStatusUpdate func(obj, old Object) ErrorList
}

// APIVersion is the value of the apiVersion field: "v1" or "apps/v1".
func (k *Kind) APIVersion() string { return k.GroupVersion.String() }

// TypeMeta is what the kind's objects say of themselves.
func (k *Kind) TypeMeta() TypeMeta { return TypeMeta{Kind: k.Kind, APIVersion: k.APIVersion()} }

// ListTypeMeta is what the kind's lists say of themselves.
func (k *Kind) ListTypeMeta() TypeMeta { return TypeMeta{Kind: k.List(), APIVersion: k.APIVersion()} }

// GroupVersionKind names the kind in full.
func (k *Kind) GroupVersionKind() GroupVersionKind {
	return GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

// List is the kind of its lists: "PodList".
func (k *Kind) List() string {
	if k.ListKind != "" {
		return k.ListKind
	}
	return k.Kind + "List"
}

// Resource is the name that errors and RBAC rules use: "pods" or "deployments.apps".
func (k *Kind) Resource() string {
	if k.Group == "" {
		return k.Plural
	}
	return k.Plural + "." + k.Group
}

// Path is the URL path of the kind's collection, or of one object when name is not empty:
// "/api/v1/namespaces/default/pods/web-1".
func (k *Kind) Path(namespace, name string) string {
	var b strings.Builder
	if k.Group == "" {
		b.WriteString("/api/")
	} else {
		b.WriteString("/apis/")
	}
	b.WriteString(k.APIVersion())
	if namespace != "" && k.Namespaced {
		b.WriteString("/namespaces/")
		b.WriteString(namespace)
	}
	b.WriteString("/")
	b.WriteString(k.Plural)
	if name != "" {
		b.WriteString("/")
		b.WriteString(name)
	}
	return b.String()
}

// KindFor returns the kind of an object of a built-in Go type, or what an Unstructured says of itself. It panics on any
// other type: only a programmer can ask for one.
func KindFor(obj Object) *Kind {
	if u, ok := obj.(*Unstructured); ok {
		return u.kind()
	}
	return kindForType(reflect.TypeOf(obj))
}

// KindOf is KindFor without an object at hand: KindOf[*Pod]().
func KindOf[T Object]() *Kind { return kindForType(reflect.TypeFor[T]()) }

func kindForType(t reflect.Type) *Kind {
	if k, ok := kindsByType[t]; ok {
		return k
	}
	panic(fmt.Sprintf("api: %v is not a registered kind", t))
}

// KindByName finds a built-in kind by group, version and kind, nil if there is none.
func KindByName(gvk GroupVersionKind) *Kind {
	for _, k := range Kinds {
		if k.GroupVersionKind() == gvk {
			return k
		}
	}
	return nil
}

// kind makes a table row with the functions that follow from the Go type.
func kind[T any, P interface {
	*T
	Object
}](k Kind) *Kind {
	k.New = func() Object {
		obj := P(new(T))
		*obj.GetTypeMeta() = k.TypeMeta()
		return obj
	}
	k.NewList = func() ListObject {
		return &List[T]{TypeMeta: k.ListTypeMeta(), Items: []T{}}
	}
	kindsByType[reflect.TypeFor[P]()] = &k
	return &k
}

// kindsByType is filled by kind as the table below is built.
var kindsByType = map[reflect.Type]*Kind{}

var (
	coreV1           = GroupVersion{Version: "v1"}
	batchV1          = GroupVersion{Group: "batch", Version: "v1"}
	appsV1           = GroupVersion{Group: "apps", Version: "v1"}
	coordinationV1   = GroupVersion{Group: "coordination.k8s.io", Version: "v1"}
	discoveryV1      = GroupVersion{Group: "discovery.k8s.io", Version: "v1"}
	networkingV1     = GroupVersion{Group: "networking.k8s.io", Version: "v1"}
	eventsV1         = GroupVersion{Group: "events.k8s.io", Version: "v1"}
	authenticationV1 = GroupVersion{Group: "authentication.k8s.io", Version: "v1"}
	authorizationV1  = GroupVersion{Group: "authorization.k8s.io", Version: "v1"}
	rbacV1           = GroupVersion{Group: RBACGroup, Version: "v1"}
	admissionV1      = GroupVersion{Group: "admissionregistration.k8s.io", Version: "v1"}
	registrationV1   = GroupVersion{Group: "apiregistration.k8s.io", Version: "v1"}
	storageV1        = GroupVersion{Group: "storage.k8s.io", Version: "v1"}
	schedulingV1     = GroupVersion{Group: "scheduling.k8s.io", Version: "v1"}
	nodeV1           = GroupVersion{Group: "node.k8s.io", Version: "v1"}
	flowcontrolV1    = GroupVersion{Group: "flowcontrol.apiserver.k8s.io", Version: "v1"}
	certificatesV1   = GroupVersion{Group: "certificates.k8s.io", Version: "v1"}
	resourceV1       = GroupVersion{Group: "resource.k8s.io", Version: "v1"}
	autoscalingV1    = GroupVersion{Group: "autoscaling", Version: "v1"}
	autoscalingV2    = GroupVersion{Group: "autoscaling", Version: "v2"}
	policyV1         = GroupVersion{Group: "policy", Version: "v1"}
	extensionsV1     = GroupVersion{Group: "apiextensions.k8s.io", Version: "v1"}
)

// apiExtensions is the category of the kinds that change what the API is.
var apiExtensions = []string{"api-extensions"}

// again is ValidateUpdate for kinds that may change in any way that leaves them valid.
func again(validate func(obj Object) ErrorList) func(obj, old Object) ErrorList {
	return func(obj, _ Object) ErrorList { return validate(obj) }
}

// Kinds is every built-in kind, in the order that discovery lists them.
var Kinds = []*Kind{
	kind[Binding](Kind{GroupVersion: coreV1, Kind: "Binding", Plural: "bindings", Singular: "binding", Namespaced: true, Posted: true,
		Validate: validateBinding}),
	kind[ComponentStatus](Kind{GroupVersion: coreV1, Kind: "ComponentStatus", Plural: "componentstatuses", Singular: "componentstatus", ShortNames: []string{"cs"}}),
	kind[ConfigMap](Kind{GroupVersion: coreV1, Kind: "ConfigMap", Plural: "configmaps", Singular: "configmap", ShortNames: []string{"cm"}, Namespaced: true,
		Validate: validateConfigMap, ValidateUpdate: validateConfigMapUpdate}),
	kind[Endpoints](Kind{GroupVersion: coreV1, Kind: "Endpoints", Plural: "endpoints", Singular: "endpoints", ShortNames: []string{"ep"}, Namespaced: true,
		Default: defaultEndpoints, Validate: validateEndpoints, ValidateUpdate: validateEndpointsUpdate}),
	kind[Event](Kind{GroupVersion: coreV1, Kind: "Event", Plural: "events", Singular: "event", ShortNames: []string{"ev"}, Namespaced: true,
		ValidName: IsPathSegmentName, Validate: validateEvent, ValidateUpdate: validateEventUpdate}),
	kind[LimitRange](Kind{GroupVersion: coreV1, Kind: "LimitRange", Plural: "limitranges", Singular: "limitrange", ShortNames: []string{"limits"}, Namespaced: true,
		Default: defaultLimitRange, Validate: validateLimitRange, ValidateUpdate: validateLimitRangeUpdate}),
	kind[Namespace](Kind{GroupVersion: coreV1, Kind: "Namespace", Plural: "namespaces", Singular: "namespace", ShortNames: []string{"ns"},
		ValidName: IsDNS1123Label, Default: defaultNamespace, Validate: validateNamespace, ValidateUpdate: validateNamespaceUpdate, ValidateStatusUpdate: validateNamespaceStatusUpdate}),
	kind[Node](Kind{GroupVersion: coreV1, Kind: "Node", Plural: "nodes", Singular: "node", ShortNames: []string{"no"},
		Default: defaultNode, Validate: validateNode, ValidateUpdate: validateNodeUpdate, ValidateStatusUpdate: validateNodeStatusUpdate}),
	kind[PersistentVolumeClaim](Kind{GroupVersion: coreV1, Kind: "PersistentVolumeClaim", Plural: "persistentvolumeclaims", Singular: "persistentvolumeclaim", ShortNames: []string{"pvc"}, Namespaced: true,
		Default: defaultPersistentVolumeClaim, Validate: validatePersistentVolumeClaim, ValidateUpdate: validatePersistentVolumeClaimUpdate,
		ValidateStatusUpdate: validatePersistentVolumeClaimStatusUpdate}),
	kind[PersistentVolume](Kind{GroupVersion: coreV1, Kind: "PersistentVolume", Plural: "persistentvolumes", Singular: "persistentvolume", ShortNames: []string{"pv"},
		Default: defaultPersistentVolume, Validate: validatePersistentVolume, ValidateUpdate: validatePersistentVolumeUpdate}),
	kind[Pod](Kind{GroupVersion: coreV1, Kind: "Pod", Plural: "pods", Singular: "pod", ShortNames: []string{"po"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultPod, Validate: validatePod, ValidateUpdate: validatePodUpdate, ValidateStatusUpdate: validatePodStatusUpdate}),
	kind[PodTemplate](Kind{GroupVersion: coreV1, Kind: "PodTemplate", Plural: "podtemplates", Singular: "podtemplate", Namespaced: true,
		Default: defaultPodTemplate, Validate: validatePodTemplate, ValidateUpdate: validatePodTemplateUpdate}),
	kind[ResourceQuota](Kind{GroupVersion: coreV1, Kind: "ResourceQuota", Plural: "resourcequotas", Singular: "resourcequota", ShortNames: []string{"quota"}, Namespaced: true,
		Default: defaultResourceQuota, Validate: validateResourceQuota, ValidateUpdate: validateResourceQuotaUpdate, ValidateStatusUpdate: validateResourceQuotaStatusUpdate}),
	kind[ReplicationController](Kind{GroupVersion: coreV1, Kind: "ReplicationController", Plural: "replicationcontrollers", Singular: "replicationcontroller", ShortNames: []string{"rc"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultReplicationController, Validate: validateReplicationController, ValidateUpdate: validateReplicationControllerUpdate, ValidateStatusUpdate: validateReplicationControllerStatusUpdate}),
	kind[Secret](Kind{GroupVersion: coreV1, Kind: "Secret", Plural: "secrets", Singular: "secret", Namespaced: true,
		Default: defaultSecret, Validate: validateSecret, ValidateUpdate: validateSecretUpdate}),
	kind[ServiceAccount](Kind{GroupVersion: coreV1, Kind: "ServiceAccount", Plural: "serviceaccounts", Singular: "serviceaccount", ShortNames: []string{"sa"}, Namespaced: true}),
	kind[Service](Kind{GroupVersion: coreV1, Kind: "Service", Plural: "services", Singular: "service", ShortNames: []string{"svc"}, Categories: []string{"all"}, Namespaced: true,
		ValidName: IsDNS1123Label, Default: defaultService, Validate: validateService, ValidateUpdate: validateServiceUpdate, ValidateStatusUpdate: validateServiceStatusUpdate}),
	kind[ControllerRevision](Kind{GroupVersion: appsV1, Kind: "ControllerRevision", Plural: "controllerrevisions", Singular: "controllerrevision", Namespaced: true,
		Validate: validateControllerRevision, ValidateUpdate: validateControllerRevisionUpdate}),
	kind[DaemonSet](Kind{GroupVersion: appsV1, Kind: "DaemonSet", Plural: "daemonsets", Singular: "daemonset", ShortNames: []string{"ds"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultDaemonSet, Validate: validateDaemonSet, ValidateUpdate: validateDaemonSetUpdate, ValidateStatusUpdate: validateDaemonSetStatusUpdate}),
	kind[Deployment](Kind{GroupVersion: appsV1, Kind: "Deployment", Plural: "deployments", Singular: "deployment", ShortNames: []string{"deploy"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultDeployment, Validate: validateDeployment, ValidateUpdate: validateDeploymentUpdate, ValidateStatusUpdate: validateDeploymentStatusUpdate}),
	kind[ReplicaSet](Kind{GroupVersion: appsV1, Kind: "ReplicaSet", Plural: "replicasets", Singular: "replicaset", ShortNames: []string{"rs"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultReplicaSet, Validate: validateReplicaSet, ValidateUpdate: validateReplicaSetUpdate, ValidateStatusUpdate: validateReplicaSetStatusUpdate}),
	kind[StatefulSet](Kind{GroupVersion: appsV1, Kind: "StatefulSet", Plural: "statefulsets", Singular: "statefulset", ShortNames: []string{"sts"}, Categories: []string{"all"}, Namespaced: true,
		ValidName: IsDNS1123Label, Default: defaultStatefulSet, Validate: validateStatefulSet, ValidateUpdate: validateStatefulSetUpdate, ValidateStatusUpdate: validateStatefulSetStatusUpdate}),
	kind[HorizontalPodAutoscaler](Kind{GroupVersion: autoscalingV2, Kind: "HorizontalPodAutoscaler", Plural: "horizontalpodautoscalers", Singular: "horizontalpodautoscaler", ShortNames: []string{"hpa"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultHorizontalPodAutoscaler, Validate: validateHorizontalPodAutoscaler, ValidateUpdate: validateHorizontalPodAutoscalerUpdate, ValidateStatusUpdate: validateHorizontalPodAutoscalerStatusUpdate}),
	kind[AutoscalingV1HorizontalPodAutoscaler](Kind{GroupVersion: autoscalingV1, Kind: "HorizontalPodAutoscaler", Plural: "horizontalpodautoscalers", Singular: "horizontalpodautoscaler", ShortNames: []string{"hpa"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultHorizontalPodAutoscalerV1, Validate: validateHorizontalPodAutoscalerV1, ValidateUpdate: validateHorizontalPodAutoscalerV1Update, ValidateStatusUpdate: validateHorizontalPodAutoscalerV1StatusUpdate}),
	kind[CronJob](Kind{GroupVersion: batchV1, Kind: "CronJob", Plural: "cronjobs", Singular: "cronjob", ShortNames: []string{"cj"}, Categories: []string{"all"}, Namespaced: true,
		Default: defaultCronJob, Validate: validateCronJob, ValidateUpdate: validateCronJobUpdate}),
	kind[Job](Kind{GroupVersion: batchV1, Kind: "Job", Plural: "jobs", Singular: "job", Categories: []string{"all"}, Namespaced: true,
		Default: defaultJob, Validate: validateJob, ValidateUpdate: validateJobUpdate, ValidateStatusUpdate: validateJobStatusUpdate}),
	kind[SelfSubjectReview](Kind{GroupVersion: authenticationV1, Kind: "SelfSubjectReview", Plural: "selfsubjectreviews", Singular: "selfsubjectreview", Posted: true}),
	kind[TokenReview](Kind{GroupVersion: authenticationV1, Kind: "TokenReview", Plural: "tokenreviews", Singular: "tokenreview", Posted: true}),
	kind[LocalSubjectAccessReview](Kind{GroupVersion: authorizationV1, Kind: "LocalSubjectAccessReview", Plural: "localsubjectaccessreviews", Singular: "localsubjectaccessreview", Namespaced: true, Posted: true,
		Validate: validateLocalSubjectAccessReview}),
	kind[SelfSubjectAccessReview](Kind{GroupVersion: authorizationV1, Kind: "SelfSubjectAccessReview", Plural: "selfsubjectaccessreviews", Singular: "selfsubjectaccessreview", Posted: true,
		Validate: validateSelfSubjectAccessReview}),
	kind[SelfSubjectRulesReview](Kind{GroupVersion: authorizationV1, Kind: "SelfSubjectRulesReview", Plural: "selfsubjectrulesreviews", Singular: "selfsubjectrulesreview", Posted: true}),
	kind[SubjectAccessReview](Kind{GroupVersion: authorizationV1, Kind: "SubjectAccessReview", Plural: "subjectaccessreviews", Singular: "subjectaccessreview", Posted: true,
		Validate: validateSubjectAccessReview}),
	kind[Lease](Kind{GroupVersion: coordinationV1, Kind: "Lease", Plural: "leases", Singular: "lease", Namespaced: true,
		Default: defaultLease, Validate: validateLease, ValidateUpdate: validateLeaseUpdate}),
	kind[PodDisruptionBudget](Kind{GroupVersion: policyV1, Kind: "PodDisruptionBudget", Plural: "poddisruptionbudgets", Singular: "poddisruptionbudget", ShortNames: []string{"pdb"}, Namespaced: true,
		ValidName: IsPathSegmentName, Validate: validatePodDisruptionBudget, ValidateUpdate: validatePodDisruptionBudgetUpdate, ValidateStatusUpdate: validatePodDisruptionBudgetStatusUpdate}),
	kind[EventsEvent](Kind{GroupVersion: eventsV1, Kind: "Event", Plural: "events", Singular: "event", ShortNames: []string{"ev"}, Namespaced: true,
		Validate: validateEventsEvent, ValidateUpdate: validateEventsEventUpdate}),
	kind[EndpointSlice](Kind{GroupVersion: discoveryV1, Kind: "EndpointSlice", Plural: "endpointslices", Singular: "endpointslice", Namespaced: true,
		Default: defaultEndpointSlice, Validate: validateEndpointSlice, ValidateUpdate: validateEndpointSliceUpdate}),
	kind[IngressClass](Kind{GroupVersion: networkingV1, Kind: "IngressClass", Plural: "ingressclasses", Singular: "ingressclass",
		Default: defaultIngressClass, Validate: validateIngressClass, ValidateUpdate: validateIngressClassUpdate}),
	kind[Ingress](Kind{GroupVersion: networkingV1, Kind: "Ingress", Plural: "ingresses", Singular: "ingress", ShortNames: []string{"ing"}, Namespaced: true,
		Validate: validateIngress, ValidateUpdate: validateIngressUpdate, ValidateStatusUpdate: validateIngressStatusUpdate}),
	kind[IPAddress](Kind{GroupVersion: networkingV1, Kind: "IPAddress", Plural: "ipaddresses", Singular: "ipaddress", ShortNames: []string{"ip"},
		ValidName: isCanonicalIP, Validate: validateIPAddress, ValidateUpdate: validateIPAddressUpdate}),
	kind[NetworkPolicy](Kind{GroupVersion: networkingV1, Kind: "NetworkPolicy", Plural: "networkpolicies", Singular: "networkpolicy", ShortNames: []string{"netpol"}, Namespaced: true,
		Default: defaultNetworkPolicy, Validate: validateNetworkPolicy, ValidateUpdate: validateNetworkPolicyUpdate}),
	kind[ServiceCIDR](Kind{GroupVersion: networkingV1, Kind: "ServiceCIDR", Plural: "servicecidrs", Singular: "servicecidr",
		Validate: validateServiceCIDR, ValidateUpdate: validateServiceCIDRUpdate}),
	kind[ClusterRole](Kind{GroupVersion: rbacV1, Kind: "ClusterRole", Plural: "clusterroles", Singular: "clusterrole",
		ValidName: IsPathSegmentName, Validate: validateClusterRole, ValidateUpdate: validateClusterRoleUpdate}),
	kind[ClusterRoleBinding](Kind{GroupVersion: rbacV1, Kind: "ClusterRoleBinding", Plural: "clusterrolebindings", Singular: "clusterrolebinding",
		ValidName: IsPathSegmentName, Default: defaultClusterRoleBinding, Validate: validateClusterRoleBinding, ValidateUpdate: validateClusterRoleBindingUpdate}),
	kind[Role](Kind{GroupVersion: rbacV1, Kind: "Role", Plural: "roles", Singular: "role", Namespaced: true,
		ValidName: IsPathSegmentName, Validate: validateRole, ValidateUpdate: validateRoleUpdate}),
	kind[RoleBinding](Kind{GroupVersion: rbacV1, Kind: "RoleBinding", Plural: "rolebindings", Singular: "rolebinding", Namespaced: true,
		ValidName: IsPathSegmentName, Default: defaultRoleBinding, Validate: validateRoleBinding, ValidateUpdate: validateRoleBindingUpdate}),
	kind[MutatingAdmissionPolicy](Kind{GroupVersion: admissionV1, Kind: "MutatingAdmissionPolicy", Plural: "mutatingadmissionpolicies", Singular: "mutatingadmissionpolicy", Categories: apiExtensions,
		Default: defaultMutatingAdmissionPolicy, Validate: validateMutatingAdmissionPolicy, ValidateUpdate: again(validateMutatingAdmissionPolicy)}),
	kind[MutatingAdmissionPolicyBinding](Kind{GroupVersion: admissionV1, Kind: "MutatingAdmissionPolicyBinding", Plural: "mutatingadmissionpolicybindings", Singular: "mutatingadmissionpolicybinding", Categories: apiExtensions,
		Default: defaultMutatingAdmissionPolicyBinding, Validate: validateMutatingAdmissionPolicyBinding, ValidateUpdate: again(validateMutatingAdmissionPolicyBinding)}),
	kind[MutatingWebhookConfiguration](Kind{GroupVersion: admissionV1, Kind: "MutatingWebhookConfiguration", Plural: "mutatingwebhookconfigurations", Singular: "mutatingwebhookconfiguration", Categories: apiExtensions,
		Default: defaultMutatingWebhooks, Validate: validateMutatingWebhooks, ValidateUpdate: again(validateMutatingWebhooks)}),
	kind[ValidatingAdmissionPolicy](Kind{GroupVersion: admissionV1, Kind: "ValidatingAdmissionPolicy", Plural: "validatingadmissionpolicies", Singular: "validatingadmissionpolicy", Categories: apiExtensions,
		Default: defaultValidatingAdmissionPolicy, Validate: validateValidatingAdmissionPolicy, ValidateUpdate: again(validateValidatingAdmissionPolicy),
		ValidateStatusUpdate: validateValidatingAdmissionPolicyStatus}),
	kind[ValidatingAdmissionPolicyBinding](Kind{GroupVersion: admissionV1, Kind: "ValidatingAdmissionPolicyBinding", Plural: "validatingadmissionpolicybindings", Singular: "validatingadmissionpolicybinding", Categories: apiExtensions,
		Default: defaultValidatingAdmissionPolicyBinding, Validate: validateValidatingAdmissionPolicyBinding, ValidateUpdate: again(validateValidatingAdmissionPolicyBinding)}),
	kind[ValidatingWebhookConfiguration](Kind{GroupVersion: admissionV1, Kind: "ValidatingWebhookConfiguration", Plural: "validatingwebhookconfigurations", Singular: "validatingwebhookconfiguration", Categories: apiExtensions,
		Default: defaultValidatingWebhooks, Validate: validateValidatingWebhooks, ValidateUpdate: again(validateValidatingWebhooks)}),
	kind[CustomResourceDefinition](Kind{GroupVersion: extensionsV1, Kind: "CustomResourceDefinition", Plural: "customresourcedefinitions", Singular: "customresourcedefinition", ShortNames: []string{"crd", "crds"}, Categories: apiExtensions,
		Default: defaultCustomResourceDefinition, Validate: validateCustomResourceDefinition, ValidateUpdate: validateCustomResourceDefinitionUpdate, ValidateStatusUpdate: validateCustomResourceDefinitionStatusUpdate}),
	kind[APIService](Kind{GroupVersion: registrationV1, Kind: "APIService", Plural: "apiservices", Singular: "apiservice", Categories: apiExtensions,
		ValidName: IsPathSegmentName, Default: defaultAPIService, Validate: validateAPIService, ValidateUpdate: again(validateAPIService), ValidateStatusUpdate: validateAPIServiceStatus}),
	kind[CSIDriver](Kind{GroupVersion: storageV1, Kind: "CSIDriver", Plural: "csidrivers", Singular: "csidriver",
		Default: defaultCSIDriver, Validate: validateCSIDriver, ValidateUpdate: validateCSIDriverUpdate}),
	kind[CSINode](Kind{GroupVersion: storageV1, Kind: "CSINode", Plural: "csinodes", Singular: "csinode",
		Validate: validateCSINode, ValidateUpdate: validateCSINodeUpdate}),
	kind[CSIStorageCapacity](Kind{GroupVersion: storageV1, Kind: "CSIStorageCapacity", Plural: "csistoragecapacities", Singular: "csistoragecapacity", Namespaced: true,
		Validate: validateCSIStorageCapacity, ValidateUpdate: validateCSIStorageCapacityUpdate}),
	kind[StorageClass](Kind{GroupVersion: storageV1, Kind: "StorageClass", Plural: "storageclasses", Singular: "storageclass", ShortNames: []string{"sc"},
		Default: defaultStorageClass, Validate: validateStorageClass, ValidateUpdate: validateStorageClassUpdate}),
	kind[VolumeAttachment](Kind{GroupVersion: storageV1, Kind: "VolumeAttachment", Plural: "volumeattachments", Singular: "volumeattachment",
		Default: defaultVolumeAttachment, Validate: validateVolumeAttachment, ValidateUpdate: validateVolumeAttachmentUpdate, ValidateStatusUpdate: validateVolumeAttachmentUpdate}),
	kind[VolumeAttributesClass](Kind{GroupVersion: storageV1, Kind: "VolumeAttributesClass", Plural: "volumeattributesclasses", Singular: "volumeattributesclass", ShortNames: []string{"vac"},
		Validate: validateVolumeAttributesClass, ValidateUpdate: validateVolumeAttributesClassUpdate}),
	kind[PriorityClass](Kind{GroupVersion: schedulingV1, Kind: "PriorityClass", Plural: "priorityclasses", Singular: "priorityclass", ShortNames: []string{"pc"},
		Default: defaultPriorityClass, Validate: validatePriorityClass, ValidateUpdate: validatePriorityClassUpdate}),
	kind[RuntimeClass](Kind{GroupVersion: nodeV1, Kind: "RuntimeClass", Plural: "runtimeclasses", Singular: "runtimeclass",
		Validate: validateRuntimeClass, ValidateUpdate: validateRuntimeClassUpdate}),
	kind[CertificateSigningRequest](Kind{GroupVersion: certificatesV1, Kind: "CertificateSigningRequest", Plural: "certificatesigningrequests", Singular: "certificatesigningrequest", ShortNames: []string{"csr"},
		ValidName: IsPathSegmentName, Validate: validateCSR, ValidateUpdate: validateCSRUpdate, ValidateStatusUpdate: validateCSRStatus}),
	kind[DeviceClass](Kind{GroupVersion: resourceV1, Kind: "DeviceClass", Plural: "deviceclasses", Singular: "deviceclass",
		Validate: validateDeviceClass, ValidateUpdate: validateDeviceClassUpdate}),
	kind[ResourceResourceClaim](Kind{GroupVersion: resourceV1, Kind: "ResourceClaim", Plural: "resourceclaims", Singular: "resourceclaim", Namespaced: true,
		Default: defaultResourceClaim, Validate: validateResourceClaim, ValidateUpdate: validateResourceClaimUpdate, ValidateStatusUpdate: validateResourceClaimStatus}),
	kind[ResourceClaimTemplate](Kind{GroupVersion: resourceV1, Kind: "ResourceClaimTemplate", Plural: "resourceclaimtemplates", Singular: "resourceclaimtemplate", Namespaced: true,
		Default: defaultResourceClaimTemplate, Validate: validateResourceClaimTemplate, ValidateUpdate: validateResourceClaimTemplateUpdate}),
	kind[ResourceSlice](Kind{GroupVersion: resourceV1, Kind: "ResourceSlice", Plural: "resourceslices", Singular: "resourceslice",
		Default: defaultResourceSlice, Validate: validateResourceSlice, ValidateUpdate: validateResourceSliceUpdate}),
	kind[FlowSchema](Kind{GroupVersion: flowcontrolV1, Kind: "FlowSchema", Plural: "flowschemas", Singular: "flowschema",
		Default: defaultFlowSchema, Validate: validateFlowSchema, ValidateUpdate: validateFlowSchemaUpdate, ValidateStatusUpdate: validateFlowSchemaStatus}),
	kind[PriorityLevelConfiguration](Kind{GroupVersion: flowcontrolV1, Kind: "PriorityLevelConfiguration", Plural: "prioritylevelconfigurations", Singular: "prioritylevelconfiguration",
		Default: defaultPriorityLevel, Validate: validatePriorityLevel, ValidateUpdate: validatePriorityLevelUpdate, ValidateStatusUpdate: validatePriorityLevelStatus}),
}

// SubresourceKinds are the kinds that only subresources speak: they travel, and are stored nowhere.
var SubresourceKinds = []*Kind{
	kind[Scale](Kind{GroupVersion: autoscalingV1, Kind: "Scale", Plural: "scales", Singular: "scale", Namespaced: true}),
	kind[Eviction](Kind{GroupVersion: policyV1, Kind: "Eviction", Plural: "evictions", Singular: "eviction", Namespaced: true, Older: []string{"v1beta1"}}),
	kind[TokenRequest](Kind{GroupVersion: authenticationV1, Kind: "TokenRequest", Plural: "tokenrequests", Singular: "tokenrequest", Namespaced: true,
		Default: defaultTokenRequest, Validate: validateTokenRequest}),
}
