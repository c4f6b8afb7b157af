package apiserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// limitRanger gives containers what they leave out of their resources, and refuses pods and claims that ask for more
// or less than the namespace's LimitRanges allow. Upstream's admission plugin LimitRanger.
type limitRanger struct{ server *Server }

// limitRangerAnnotation tells on a pod what was filled in.
const limitRangerAnnotation = "kubernetes.io/limit-ranger"

// Mutate fills in requests and limits of a new pod's containers.
func (p limitRanger) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || !limitsApply(req, obj, old) {
		return nil
	}
	ranges, err := objectsIn[*api.LimitRange](p.server, req.Namespace)
	if err != nil {
		return err
	}
	for _, limits := range ranges {
		fillResources(pod, &limits.Spec)
	}
	return nil
}

// Validate looks for what is out of bounds.
func (p limitRanger) Validate(_ context.Context, req *Request, obj, old api.Object) error {
	if !limitsApply(req, obj, old) {
		return nil
	}
	ranges, err := objectsIn[*api.LimitRange](p.server, req.Namespace)
	if err != nil {
		return err
	}
	for _, limits := range ranges {
		if found := outOfBounds(&limits.Spec, obj); len(found) > 0 {
			return aggregate(found)
		}
	}
	return nil
}

// limitsApply: what a pod asks for is settled when it is created, except by a resize; a claim can grow. What is on its
// way out may be anything.
func limitsApply(req *Request, obj, old api.Object) bool {
	if obj == nil || old != nil && old.GetObjectMeta().DeletionTimestamp != nil {
		return false
	}
	switch obj.(type) {
	case *api.Pod:
		return req.Subresource == "resize" && old != nil || req.Subresource == "" && old == nil
	case *api.PersistentVolumeClaim:
		return req.Subresource == ""
	}
	return false
}

// objectsIn returns the objects of a kind in a namespace. The caller owns them.
func objectsIn[T api.Object](s *Server, namespace string) (objects []T, err error) {
	res := resourceOf[T](s)
	entries, _ := s.cache.kind(res).list(res.key(namespace, ""), "")
	for _, e := range entries {
		obj, err := e.object(res)
		if err != nil {
			return nil, err
		}
		objects = append(objects, obj.(T))
	}
	return objects, nil
}

// fillResources gives every container the default requests and limits that it does not name itself.
func fillResources(pod *api.Pod, spec *api.LimitRangeSpec) {
	requests, limits := api.ResourceList{}, api.ResourceList{}
	for i := range spec.Limits {
		if item := &spec.Limits[i]; item.Type == api.LimitTypeContainer {
			for name, q := range item.DefaultRequest {
				requests[name] = q
			}
			for name, q := range item.Default {
				limits[name] = q
			}
		}
	}
	var filled []string
	fill := func(list *api.ResourceList, defaults api.ResourceList, what string, c *api.Container) {
		var names []string
		for name, q := range defaults {
			if _, ok := (*list)[name]; ok {
				continue
			}
			if *list == nil {
				*list = api.ResourceList{}
			}
			(*list)[name] = q
			names = append(names, string(name))
		}
		if len(names) > 0 {
			slices.Sort(names)
			filled = append(filled, fmt.Sprintf("%s %s %s", strings.Join(names, ", "), what, c.Name))
		}
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		fill(&c.Resources.Requests, requests, "request for container", c)
		fill(&c.Resources.Limits, limits, "limit for container", c)
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		fill(&c.Resources.Requests, requests, "request for init container", c)
		fill(&c.Resources.Limits, limits, "limit for init container", c)
	}
	if len(filled) > 0 {
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[limitRangerAnnotation] = "LimitRanger plugin set: " + strings.Join(filled, "; ")
	}
}

// outOfBounds says what of a pod or claim a LimitRange does not allow.
func outOfBounds(spec *api.LimitRangeSpec, obj api.Object) (errs []error) {
	for i := range spec.Limits {
		item := &spec.Limits[i]
		b := bounds{item: item}
		switch obj := obj.(type) {
		case *api.PersistentVolumeClaim:
			if item.Type == api.LimitTypePersistentVolumeClaim {
				b.requests = obj.Spec.Resources.Requests
				b.least()
				b.mostRequested()
			}
		case *api.Pod:
			switch item.Type {
			case api.LimitTypeContainer:
				for _, containers := range [][]api.Container{obj.Spec.Containers, obj.Spec.InitContainers} {
					for j := range containers {
						b.requests, b.limits = containers[j].Resources.Requests, containers[j].Resources.Limits
						b.all()
					}
				}
			case api.LimitTypePod:
				b.requests, b.limits = api.PodRequests(&obj.Spec), api.PodLimits(&obj.Spec)
				b.all()
			}
		}
		errs = append(errs, b.errs...)
	}
	return errs
}

// bounds compares requests and limits with one item of a LimitRange.
type bounds struct {
	item             *api.LimitRangeItem
	requests, limits api.ResourceList
	errs             []error
}

func (b *bounds) all() {
	b.least()
	b.most()
	b.ratio()
}

func (b *bounds) wrong(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

func (b *bounds) least() {
	for _, name := range resourceNames(b.item.Min) {
		least := b.item.Min[name]
		request, requested := b.requests[name]
		limit, limited := b.limits[name]
		switch {
		case !requested:
			b.wrong("minimum %s usage per %s is %s.  No request is specified", name, b.item.Type, least)
		case request.Cmp(least) < 0:
			b.wrong("minimum %s usage per %s is %s, but request is %s", name, b.item.Type, least, request)
		case limited && limit.Cmp(least) < 0:
			b.wrong("minimum %s usage per %s is %s, but limit is %s", name, b.item.Type, least, limit)
		}
	}
}

func (b *bounds) most() {
	for _, name := range resourceNames(b.item.Max) {
		most := b.item.Max[name]
		request, requested := b.requests[name]
		limit, limited := b.limits[name]
		switch {
		case !limited:
			b.wrong("maximum %s usage per %s is %s.  No limit is specified", name, b.item.Type, most)
		case limit.Cmp(most) > 0:
			b.wrong("maximum %s usage per %s is %s, but limit is %s", name, b.item.Type, most, limit)
		case requested && request.Cmp(most) > 0:
			b.wrong("maximum %s usage per %s is %s, but request is %s", name, b.item.Type, most, request)
		}
	}
}

// mostRequested is most for claims, which have no limits.
func (b *bounds) mostRequested() {
	for _, name := range resourceNames(b.item.Max) {
		most := b.item.Max[name]
		request, requested := b.requests[name]
		switch {
		case !requested:
			b.wrong("maximum %s usage per %s is %s.  No request is specified", name, b.item.Type, most)
		case request.Cmp(most) > 0:
			b.wrong("maximum %s usage per %s is %s, but request is %s", name, b.item.Type, most, request)
		}
	}
}

func (b *bounds) ratio() {
	for _, name := range resourceNames(b.item.MaxLimitRequestRatio) {
		most := b.item.MaxLimitRequestRatio[name]
		request, limit := b.requests[name], b.limits[name]
		switch {
		case request.IsZero():
			b.wrong("%s max limit to request ratio per %s is %s, but no request is specified or request is 0", name, b.item.Type, most)
		case limit.IsZero():
			b.wrong("%s max limit to request ratio per %s is %s, but no limit is specified or limit is 0", name, b.item.Type, most)
		default:
			if ratio := limit.AsFloat64() / request.AsFloat64(); ratio > most.AsFloat64() {
				b.wrong("%s max limit to request ratio per %s is %s, but provided ratio is %f", name, b.item.Type, most, ratio)
			}
		}
	}
}

// resourceNames are the names of a list in order, so that the same object always gets the same answer.
func resourceNames(list api.ResourceList) []api.ResourceName {
	names := make([]api.ResourceName, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
