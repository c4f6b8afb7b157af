package apiserver

import (
	"context"
	"slices"

	"kubelite/api"
)

// An APIService says who serves a version of a group. Those that this server serves itself have one too, which the server
// writes: clients can see in one list what there is and whether it can be reached.

// labelAutomanaged marks APIServices that the server writes: "onstart" for what is built in, "true" for what follows
// custom resources.
const labelAutomanaged = "kube-aggregator.kubernetes.io/automanaged"

// priority says how early clients should try a group, and within it a version; the highest comes first.
type priority struct{ group, version int32 }

// groupPriorities are those of the built-in groups. apiregistration.k8s.io has no APIService to say it, and comes first.
var groupPriorities = map[string]int32{
	"": 18000, "apiregistration.k8s.io": 17900, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
	"autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
	"rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "admissionregistration.k8s.io": 16700,
	"apiextensions.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "node.k8s.io": 16300,
	"discovery.k8s.io": 16200, "resource.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100,
}

// priorityOf is that of a version which this server serves itself.
func priorityOf(gv api.GroupVersion) priority {
	if group, builtIn := groupPriorities[gv.Group]; builtIn {
		return priority{group, versionPriority(gv)}
	}
	return priority{customGroupPriority, customVersionPriority}
}

const (
	customGroupPriority   = 1000
	customVersionPriority = 100
)

// localAPIServices are the APIServices of what this server serves itself. apiregistration.k8s.io has none: it is what
// serves them.
func (s *Server) localAPIServices() (services []*api.APIService) {
	for _, gv := range s.localVersions() {
		if gv.Group == "apiregistration.k8s.io" {
			continue
		}
		service := api.New[*api.APIService]()
		service.Name = gv.Version + "." + gv.Group
		early := priorityOf(gv)
		service.Spec = api.APIServiceSpec{Group: gv.Group, Version: gv.Version, GroupPriorityMinimum: early.group, VersionPriority: early.version}
		service.Labels = map[string]string{labelAutomanaged: "true"}
		if _, builtIn := groupPriorities[gv.Group]; builtIn {
			service.Labels[labelAutomanaged] = "onstart"
		}
		services = append(services, service)
	}
	return services
}

func versionPriority(gv api.GroupVersion) int32 {
	switch gv {
	case api.GroupVersion{Version: "v1"}:
		return 1
	case api.GroupVersion{Group: "autoscaling", Version: "v2"}:
		return 30
	case api.GroupVersion{Group: "resource.k8s.io", Version: "v1"}, api.GroupVersion{Group: "flowcontrol.apiserver.k8s.io", Version: "v1"}:
		return 21
	}
	return 15
}

// keepAPIService makes an APIService if there is none. Those that follow custom resources also stay as they are, unless
// somebody has taken the label off that says so.
func (s *Server) keepAPIService(ctx context.Context, wanted *api.APIService) error {
	now, err := read[*api.APIService](ctx, s, "", wanted.Name)
	if err != nil {
		return s.ensure(ctx, wanted)
	}
	if wanted.Labels[labelAutomanaged] != "true" || now.Labels[labelAutomanaged] != "true" || api.Equal(now.Spec, wanted.Spec) {
		return nil
	}
	req := s.internalRequest(ctx, "update", resourceOf[*api.APIService](s), "", wanted.Name)
	_, err = s.update(ctx, req, func(obj api.Object) (api.Object, error) {
		obj.(*api.APIService).Spec = wanted.Spec
		return obj, nil
	})
	return err
}

// keepLocalAPIServices makes the APIServices that are missing and removes those of custom resources that are gone, until
// ctx ends. It looks again when the rows have changed, and when somebody has deleted one.
func (s *Server) keepLocalAPIServices(ctx context.Context) error {
	res := resourceOf[*api.APIService](s)
	return s.follow(withClock(ctx, "API server start"), res, func(ctx context.Context) {
		wanted := s.localAPIServices()
		for _, service := range wanted {
			if err := s.keepAPIService(ctx, service); err != nil && ctx.Err() == nil {
				s.log.Warn("an APIService could not be made", "name", service.Name, "error", err)
			}
		}
		for _, old := range cached[*api.APIService](s) {
			if old.Labels[labelAutomanaged] != "true" || slices.ContainsFunc(wanted, func(w *api.APIService) bool { return w.Name == old.Name }) {
				continue
			}
			req := s.internalRequest(ctx, "delete", res, "", old.Name)
			if _, err := s.delete(ctx, req, &api.DeleteOptions{}); err != nil && !api.IsNotFound(err) && ctx.Err() == nil {
				s.log.Warn("an APIService could not be deleted", "name", old.Name, "error", err)
			}
		}
	}, s.rowsChanged)
}
