// Package api is the vocabulary that all components share: one Go struct for every kind, complete to the last field, and
// what can be derived from it.
//
//	types_<group>*.go   the structs; a field's comment is its documentation, its tags are all else there is to know
//	kinds.go            the table of kinds: names, defaults, validation
//	codec_*.go          JSON, YAML and protobuf, by the tags
//	patch_*.go          JSON, merge and strategic merge patches, by the tags
//	openapi.go          schemas, by the tags and the comments
//	defaults_*.go       what a user may leave out
//	validate_*.go       what a user may not write
//
// The tags: json names the field, pb numbers it in protobuf; patch and mergeKey say how a strategic merge patch merges a
// list; list and mapKeys say how server-side apply does; api says required or optional where omitempty does not.
//
// It imports nothing of ours and knows neither HTTP nor storage. Start reading at Object in object.go, then Kinds, then
// types_core_pod.go.
//
// In real Kubernetes these are k8s.io/api (the types), k8s.io/apimachinery (errors, codecs, selectors, patches) and
// pkg/apis (defaults and validation). There every kind has an internal twin and conversions between versions, and half a
// million generated lines take the place of reflection.
package api
