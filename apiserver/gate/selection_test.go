package gate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

var (
	loop      = Request{User: "system:serviceaccount:kube-system:deployment-controller", Agent: "controllers", Verb: "update", Resource: "replicasets.apps", Namespace: "shop", Name: "web-1"}
	scheduler = Request{User: "system:kube-scheduler", Agent: "scheduler", Verb: "create", Resource: "pods", Subresource: "binding", Namespace: "shop", Name: "web-1-x"}
	kubelet   = Request{User: "system:node:node-1", Agent: "kubelet/node-1", Verb: "patch", Resource: "pods", Subresource: "status", Namespace: "shop", Name: "web-1-x"}
	upstreams = Request{User: "system:kube-controller-manager", Agent: "kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/abc", Verb: "create", Resource: "pods", Namespace: "shop"}
	robot     = Request{User: "system:serviceaccount:shop:robot", Agent: "python", Verb: "delete", Resource: "pods", Namespace: "shop", Name: "web-1-x"}
	jane      = Request{User: "jane", Agent: "kubectl/v1.36.3 (linux/amd64)", Verb: "create", Resource: "pods", Subresource: "eviction", Namespace: "shop", Name: "web-1-x"}
	admin     = Request{User: "kubernetes-admin", Agent: "my-operator/v0.1", Administrator: true, Verb: "patch", Resource: "pods", Namespace: "shop", Name: "web-1-x"}
	ours      = Request{User: "kubernetes-admin", Agent: "kubelite", Administrator: true, Verb: "patch", Resource: "pods", Namespace: "shop", Name: "web-1-x"}
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		r     Request
		actor string
		names []string
	}{
		{loop, "deployment-controller", []string{"controllers", loop.User}},
		{scheduler, "scheduler", []string{"kube-scheduler", scheduler.User}},
		{kubelet, "kubelet-node-1", []string{"kubelet", "kubelet/node-1", kubelet.User}},
		{upstreams, "controllers", []string{"kube-controller-manager", upstreams.User}},
		{robot, robot.User, []string{"robot", "python"}},
		{jane, "jane", []string{"kubectl"}},
		{admin, "my-operator", []string{"kubernetes-admin"}},
	} {
		require.Equal(t, c.actor, c.r.Actor())
		for _, name := range append(c.names, c.actor) {
			require.True(t, c.r.isCalled(name), "%s is %s", c.r.User, name)
		}
		require.False(t, c.r.isCalled("somebody"))
	}
}

func TestSelectsWrite(t *testing.T) {
	in := func(r Request, resource, subresource, name string) *Request {
		r.Resource, r.Subresource, r.Name = resource, subresource, name
		return &r
	}
	type selection = api.GateSelection
	for name, c := range map[string]struct {
		s    selection
		r    *Request
		want bool
	}{
		"an actor":                     {selection{Actor: "deployment-controller"}, &loop, true},
		"another actor":                {selection{Actor: "deployment-controller"}, &scheduler, false},
		"a type":                       {selection{Resource: "pods"}, &kubelet, true},
		"another type":                 {selection{Resource: "pods"}, &loop, false},
		"an object":                    {selection{Resource: "replicasets.apps", Namespace: "shop", Name: "web-1"}, &loop, true},
		"another object":               {selection{Resource: "replicasets.apps", Name: "web-2"}, &loop, false},
		"another namespace":            {selection{Resource: "replicasets.apps", Namespace: "default"}, &loop, false},
		"a name not known yet":         {selection{Resource: "pods", Name: "x"}, &upstreams, true},
		"all must fit":                 {selection{Actor: "deployment-controller", Resource: "pods"}, &loop, false},
		"a verb":                       {selection{Resource: "pods", Verbs: []string{"create"}}, &upstreams, true},
		"a binding creates no pod":     {selection{Resource: "pods", Verbs: []string{"create"}}, &scheduler, false},
		"a binding changes it":         {selection{Resource: "pods", Verbs: []string{"update"}}, &scheduler, true},
		"an eviction deletes it":       {selection{Resource: "pods", Verbs: []string{"delete"}}, &jane, true},
		"an administrator":             {selection{Resource: "pods"}, &admin, false},
		"an administrator by name":     {selection{Actor: "kubernetes-admin"}, &admin, false},
		"an administrator's program":   {selection{Actor: "my-operator"}, &admin, true},
		"never our own":                {selection{Actor: "kubelite"}, &ours, false},
		"a lease":                      {selection{Resource: "leases.coordination.k8s.io"}, in(loop, "leases.coordination.k8s.io", "", "l"), false},
		"a kubelet's word on its node": {selection{Actor: "kubelet-node-1"}, in(kubelet, "nodes", "status", "node-1"), false},
		"somebody else's word on it":   {selection{Actor: "deployment-controller"}, in(loop, "nodes", "status", "node-1"), true},
		"what else it does to it":      {selection{Actor: "kubelet-node-1"}, in(kubelet, "nodes", "", "node-1"), true},
		"an event":                     {selection{Actor: "scheduler"}, in(scheduler, "events", "", "e"), false},
		"an event that is asked for":   {selection{Resource: "events"}, in(scheduler, "events", "", "e"), true},
	} {
		require.Equal(t, c.want, selectsWrite(&c.s, c.r), name)
	}
}
