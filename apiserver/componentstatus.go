package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"kubelite/api"
)

// A ComponentStatus says how a part of the control plane is. It is found out when somebody asks, and stored nowhere.
//
//	kubectl get cs
//	NAME                 STATUS    MESSAGE   ERROR
//	controller-manager   Healthy   ok
//	etcd-0               Healthy   ok
//	scheduler            Healthy   ok
//
// The kind is deprecated, and this is why: upstream's server calls /healthz of a scheduler and a controller manager on its
// own machine, wherever the real ones run. Here those two answer no calls; what tells that one of them works is the Lease
// that it has to renew all the time.

// component is a part of the control plane, and how to find out how it is: "ok", or an error that says what is wrong.
type component struct {
	name  string
	check func(ctx context.Context, s *Server) error
}

// components are in the order of their names.
var components = []component{
	{"controller-manager", leaseRenewed("kube-controller-manager")},
	{"etcd-0", func(_ context.Context, s *Server) error { return storeCheck.check(s) }},
	{"scheduler", leaseRenewed("kube-scheduler")},
}

// leaseRenewed checks that somebody holds a lease in kube-system, and renews it in time.
func leaseRenewed(name string) func(ctx context.Context, s *Server) error {
	return func(ctx context.Context, s *Server) error {
		lease, err := read[*api.Lease](ctx, s, "kube-system", name)
		if err != nil && !api.IsNotFound(err) {
			return err
		}
		if err != nil || api.Deref(lease.Spec.HolderIdentity, "") == "" || lease.Spec.RenewTime == nil {
			return fmt.Errorf("nobody holds lease kube-system/%s", name)
		}
		since := time.Since(lease.Spec.RenewTime.Time)
		if since > time.Duration(api.Deref(lease.Spec.LeaseDurationSeconds, 0))*time.Second {
			return fmt.Errorf("lease kube-system/%s was last renewed %s ago", name, api.HumanDuration(since))
		}
		return nil
	}
}

// status finds out how a component is.
func (c component) status(ctx context.Context, s *Server) *api.ComponentStatus {
	condition := api.ComponentCondition{Type: api.ComponentHealthy, Status: api.ConditionTrue, Message: "ok"}
	if err := c.check(ctx, s); err != nil {
		condition.Status, condition.Message = api.ConditionFalse, err.Error()
	}
	status := api.KindOf[*api.ComponentStatus]().New().(*api.ComponentStatus)
	status.Name, status.Conditions = c.name, []api.ComponentCondition{condition}
	return status
}

func componentStatusGet(s *Server, _ http.ResponseWriter, req *Request) (*Answer, error) {
	for _, c := range components {
		if c.name == req.Name {
			return answerObject(http.StatusOK, c.status(req.HTTP.Context(), s)), nil
		}
	}
	return nil, api.NewNotFound(&api.Kind{Plural: "componentstatus"}, req.Name) // upstream's message has the singular
}

func componentStatusList(s *Server, _ http.ResponseWriter, req *Request) (*Answer, error) {
	selected, _, err := readList(req)
	if err != nil {
		return nil, err
	}
	answer := &Answer{Code: http.StatusOK, page: &page{revision: s.cache.revision.Load()}}
	for _, c := range components {
		json, err := api.MarshalJSON(c.status(req.HTTP.Context(), s))
		if err != nil {
			return nil, err
		}
		if e := (&entry{name: c.name, json: json}); selected.matches(e) {
			answer.page.entries = append(answer.page.entries, e)
		}
	}
	return answer, nil
}
