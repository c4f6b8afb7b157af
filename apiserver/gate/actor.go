package gate

import (
	"slices"
	"strings"
)

// upstreamNames are components by the names that real Kubernetes gives them, and ours.
var upstreamNames = map[string]string{
	"system:kube-scheduler": "scheduler", "system:kube-controller-manager": "controllers", "system:kube-proxy": "proxy",
}

const (
	nodePrefix    = "system:node:"
	accountPrefix = "system:serviceaccount:"
	loopPrefix    = accountPrefix + "kube-system:"
)

// names are what the sender of a request is called, the name for people first:
//
//	system:serviceaccount:kube-system:deployment-controller   deployment-controller   and, by its agent, controllers
//	system:node:node-1                                        kubelet-node-1          and kubelet
//	system:kube-scheduler                                     scheduler               and kube-scheduler
//	jane, with kubectl                                        jane                    and kubectl
func names(user, agent string) []string {
	list := []string{user}
	if node, ok := strings.CutPrefix(user, nodePrefix); ok {
		list = []string{"kubelet-" + node, user}
	} else if loop, ok := strings.CutPrefix(user, loopPrefix); ok {
		list = []string{loop, user}
	} else if account, ok := strings.CutPrefix(user, accountPrefix); ok {
		list = append(list, account[strings.IndexByte(account, ':')+1:])
	}
	for _, name := range []string{user, agent} {
		if component := upstreamNames[name]; component != "" {
			list = append(list, component, strings.TrimPrefix(name, "system:"))
		}
	}
	if component := upstreamNames[user]; component != "" {
		list[0], list[1] = component, user
	}
	return append(list, agent, Program(agent))
}

// Program is the name of a program in its user agent: "kubectl" of "kubectl/v1.36.3 (linux/amd64)", "kubelet" of "kubelet/node-1".
func Program(agent string) string {
	if end := strings.IndexAny(agent, "/ "); end >= 0 {
		return agent[:end]
	}
	return agent
}

// isCalled tells whether the sender has a name.
func (r *Request) isCalled(name string) bool { return slices.Contains(names(r.User, r.Agent), name) }

// Actor is the sender's name for people. An administrator is called by the program: it is what a rule that means them names.
func (r *Request) Actor() string {
	if r.Administrator {
		return Program(r.Agent)
	}
	return names(r.User, r.Agent)[0]
}
