package compat

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"kubelite/api"
)

// upstreamScheme knows every kind of every stable API group.
func upstreamScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionregistrationv1.AddToScheme, apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme, appsv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme,
		autoscalingv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, certificatesv1.AddToScheme,
		coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme, eventsv1.AddToScheme, flowcontrolv1.AddToScheme,
		networkingv1.AddToScheme, nodev1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme, resourcev1.AddToScheme,
		schedulingv1.AddToScheme, storagev1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}

// pair is one type of ours and the upstream type that it must agree with.
type pair struct {
	name   string
	ours   func() any
	theirs func() any
}

// pairs is every registered kind, every list, and the types around them that travel on the wire.
func pairs(scheme *runtime.Scheme) []pair {
	all := []pair{
		{"Status", func() any { return new(api.Status) }, func() any { return new(metav1.Status) }},
		{"ListOptions", func() any { return new(api.ListOptions) }, func() any { return new(metav1.ListOptions) }},
		{"GetOptions", func() any { return new(api.GetOptions) }, func() any { return new(metav1.GetOptions) }},
		{"DeleteOptions", func() any { return new(api.DeleteOptions) }, func() any { return new(metav1.DeleteOptions) }},
		{"CreateOptions", func() any { return new(api.CreateOptions) }, func() any { return new(metav1.CreateOptions) }},
		{"PatchOptions", func() any { return new(api.PatchOptions) }, func() any { return new(metav1.PatchOptions) }},
		{"UpdateOptions", func() any { return new(api.UpdateOptions) }, func() any { return new(metav1.UpdateOptions) }},
		{"APIVersions", func() any { return new(api.APIVersions) }, func() any { return new(metav1.APIVersions) }},
		{"APIGroupList", func() any { return new(api.APIGroupList) }, func() any { return new(metav1.APIGroupList) }},
		{"APIGroup", func() any { return new(api.APIGroup) }, func() any { return new(metav1.APIGroup) }},
		{"APIResourceList", func() any { return new(api.APIResourceList) }, func() any { return new(metav1.APIResourceList) }},
		{"TableOptions", func() any { return new(api.TableOptions) }, func() any { return new(metav1.TableOptions) }},
		{"PartialObjectMetadata", func() any { return new(api.PartialObjectMetadata) }, func() any { return new(metav1.PartialObjectMetadata) }},
		{"PodLogOptions", func() any { return new(api.PodLogOptions) }, func() any { return new(corev1.PodLogOptions) }},
	}
	for _, kind := range slices.Concat(api.Kinds, api.SubresourceKinds) {
		gvk := schema.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind}
		all = append(all, pair{kind.Resource(), func() any { return kind.New() }, upstreamNew(scheme, gvk)})
		gvk.Kind += "List"
		if scheme.Recognizes(gvk) {
			all = append(all, pair{kind.Resource() + " list", func() any { return kind.NewList() }, upstreamNew(scheme, gvk)})
		}
	}
	return all
}

func upstreamNew(scheme *runtime.Scheme, gvk schema.GroupVersionKind) func() any {
	return func() any {
		obj, err := scheme.New(gvk)
		if err != nil {
			panic(err)
		}
		obj.GetObjectKind().SetGroupVersionKind(gvk)
		return obj
	}
}
