// Package formats knows the formats of strings that OpenAPI schemas name: what is a date-time, an email address, a
// uuid. The schemas of custom resources (apiserver/structural) and the expression language (cel) both ask it.
//
//	Valid("ipv4", "10.0.0.1")   true; of a format that nobody knows, every string is good
//	Known("ipv4")               whether it is one of ours
//	ParseDuration("1 day")      durations and times as the formats mean them, which is more than Go's own parsers take
//
// It must not know what a schema is. Start reading at the table in formats.go.
//
// Real Kubernetes: k8s.io/kube-openapi/pkg/validation/strfmt; which of them a custom resource may use is in
// k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go.
package formats
