// Package tokens signs and reads the tokens of service accounts. A token is a JSON Web Token: some claims and a
// signature. Whoever has the public key can read it; only the holders of the private key can make one.
//
//	{"iss": "https://kubernetes.default.svc.cluster.local", "sub": "system:serviceaccount:default:robot",
//	 "aud": [...], "exp": ..., "kubernetes.io": {"namespace": "default", "serviceaccount": {"name", "uid"}, "pod": {"name", "uid"}}}
//
// The API server signs those that are asked for, the controllers the old kind that stands in Secrets (legacy.go); the API
// server reads both.
//
// It is pure, and it must not know whether what a token names still exists: that is asked on each use, by the API server
// (authn_serviceaccount.go), so that a token dies with its pod.
//
// Start reading at Claims, then (*Key).Sign and (*Key).Read. The book's chapter is docs/10-identity.md.
//
// Real Kubernetes: kubernetes/pkg/serviceaccount.
package tokens
