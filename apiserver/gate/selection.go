package gate

import (
	"slices"
	"strings"

	"kubelite/api"
)

// Request is a request as rules and faults see it.
type Request struct {
	User, Agent string
	// Administrator: a member of system:masters.
	Administrator bool
	// Resource is "deployments.apps"; "" for a path that is no resource.
	Verb, Resource, Subresource, Namespace string
	// Name is empty where it is not known, or where there are many.
	Name string
}

// KnowsVerb tells whether a rule may name a verb.
func KnowsVerb(verb string) bool { return slices.Contains(api.GateVerbs, verb) }

// verb is what a write does to the object: to post a binding changes a pod, to post an eviction deletes it.
func (r *Request) verb() string {
	switch {
	case r.Verb != "create" || r.Subresource == "":
		return r.Verb
	case r.Subresource == "eviction":
		return "delete"
	}
	return "update"
}

// meansAnything tells that a selection leaves everything out.
func meansAnything(s *api.GateSelection) bool {
	return s.Actor == "" && s.Resource == "" && s.Namespace == "" && s.Name == "" && len(s.Verbs) == 0
}

// concerns tells whether a selection is about the sender, and about the type.
func concerns(s *api.GateSelection, r *Request) bool {
	return (s.Actor == "" || r.isCalled(s.Actor)) && (s.Resource == "" || s.Resource == r.Resource) && !spares(s, r)
}

// selects tells whether a selection is about a request. A name that is not known fits any.
func selects(s *api.GateSelection, r *Request) bool {
	return concerns(s, r) && isAbout(s, r.Namespace, r.Name)
}

// isAbout tells whether a selection is about an object.
func isAbout(s *api.GateSelection, namespace, name string) bool {
	return (s.Namespace == "" || s.Namespace == namespace) && (s.Name == "" || name == "" || s.Name == name)
}

// spares keeps administrators out of it: or nobody could undo what a selection does. It may name their program, but ours.
func spares(s *api.GateSelection, r *Request) bool {
	return r.Administrator && (s.Actor != Program(r.Agent) || s.Actor == "kubelite")
}

// selectsWrite is selects for what changes something. Signs of life are no such thing, or a debugger that stops a loop for
// as long as a person thinks would kill it: Leases, and a kubelet's word on its own node. Nor are Events, by which nobody decides
// anything; who wants to see them come names them.
func selectsWrite(s *api.GateSelection, r *Request) bool {
	switch r.Resource {
	case "leases.coordination.k8s.io":
		return false
	case "nodes":
		if r.Subresource == "status" && strings.TrimPrefix(r.User, nodePrefix) == r.Name {
			return false
		}
	case "events", "events.events.k8s.io":
		if s.Resource == "" {
			return false
		}
	}
	return selects(s, r) && (len(s.Verbs) == 0 || slices.Contains(s.Verbs, r.verb()))
}
