// Package rbac decides what roles and bindings allow. It is pure: it knows API types and nothing of requests, stores or
// servers, and it never waits.
//
//	roles, bindings ──Put, Remove──> Policy <──Decide("may jane get pods in default?")── the API server
//
// A Policy finds the bindings of a user and of the user's groups without looking at all others, so that one decision
// costs a microsecond however many bindings there are.
//
// It must not know where roles come from (the API server feeds it from its watch cache), nor what any role is for; the
// one exception is the list of roles that every cluster starts with (bootstrap.go).
//
// Start reading at (*Policy).Decide, then Covers: who may give away which rules. The book's chapter is
// docs/10-identity.md.
//
// Real Kubernetes: plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation. Its resolver goes through all
// cluster role bindings on each decision; the rules are the same.
package rbac
