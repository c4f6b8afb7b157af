package apiserver

import "kubelite/api"

// A running pod can be changed in two ways that its spec does not allow, because they need a right of their own: to be
// looked into by one more container, and to get more or less cpu and memory.
var (
	ephemeralContainersSubresource = &Subresource{
		Verbs: []string{"get", "patch", "update"}, Handle: serveStatus,
		Prepare: func(res *Resource, obj, old api.Object) {
			pod := obj.(*api.Pod)
			containers := pod.Spec.EphemeralContainers
			pod.Spec = old.(*api.Pod).Spec
			pod.Spec.EphemeralContainers = containers
			prepareNarrowWrite(res, obj, old)
		},
		Validate: func(_ *Resource, obj, old api.Object) api.ErrorList {
			return api.ValidatePodEphemeralContainersUpdate(obj.(*api.Pod), old.(*api.Pod))
		},
	}
	resizeSubresource = &Subresource{
		Verbs: []string{"get", "patch", "update"}, Handle: serveStatus,
		Prepare: func(res *Resource, obj, old api.Object) {
			keepAllButResources(&obj.(*api.Pod).Spec, &old.(*api.Pod).Spec)
			prepareNarrowWrite(res, obj, old)
		},
		Validate: func(_ *Resource, obj, old api.Object) api.ErrorList {
			return api.ValidatePodResize(obj.(*api.Pod), old.(*api.Pod))
		},
	}
)

// prepareNarrowWrite keeps all metadata and the status, and counts the generation.
func prepareNarrowWrite(res *Resource, obj, old api.Object) {
	meta, was := obj.GetObjectMeta(), old.GetObjectMeta()
	meta.Labels, meta.Annotations = was.Labels, was.Annotations
	meta.Finalizers, meta.OwnerReferences, meta.DeletionTimestamp = was.Finalizers, was.OwnerReferences, was.DeletionTimestamp
	res.prepareSpec(obj, old)
}

// keepAllButResources keeps what a resize may not change, unless containers were added, removed or renamed: that is
// for validation to refuse.
func keepAllButResources(spec, old *api.PodSpec) {
	for _, list := range []struct{ now, was []api.Container }{{spec.Containers, old.Containers}, {spec.InitContainers, old.InitContainers}} {
		if len(list.now) != len(list.was) {
			return
		}
	}
	resources := spec.Resources
	containers, initContainers := resized(spec.Containers, old.Containers), resized(spec.InitContainers, old.InitContainers)
	*spec = *old
	spec.Resources, spec.Containers, spec.InitContainers = resources, containers, initContainers
}

// resized is the old containers with the new resources.
func resized(now, was []api.Container) []api.Container {
	list := append([]api.Container(nil), was...)
	for i := range list {
		if list[i].Name != now[i].Name {
			return now
		}
		list[i].Resources, list[i].ResizePolicy = now[i].Resources, now[i].ResizePolicy
	}
	return list
}
