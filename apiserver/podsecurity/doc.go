// Package podsecurity is the Pod Security Standards: three levels of what a pod may ask of its node, and the checks that
// tell whether a pod keeps to one.
//
//	namespace labels ──ParseLabels──> Policy{Enforce, Audit, Warn} ──Evaluate(pod)──> violations
//
//	privileged   everything
//	baseline     nothing that is a known way out of a container: host namespaces, host paths, privileged containers, ...
//	restricted   also the hardening that is known good: not as root, no capabilities, a seccomp profile, ...
//
// The standards change with versions of Kubernetes. A namespace may pin the version it is held to, so that an upgrade
// does not refuse what ran yesterday: every check therefore knows since which version it is in force.
//
// It must not know of requests, nor of what is done about a violation: that is apiserver/admission_podsecurity.go.
//
// Start reading at ParseLabels, then checks, then Evaluate. The book's chapter is docs/10-identity.md.
//
// Real Kubernetes: k8s.io/pod-security-admission (policy has a file for each check, admission is what is done with them).
package podsecurity
