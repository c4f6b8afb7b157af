// Package managedfields keeps account of who set which field of an object, and merges server-side applies by it.
//
// Every write leaves its mark in metadata.managedFields: an entry for each manager, with the set of fields that it was
// the last to change. An apply is a manager's whole opinion: what it says becomes the manager's, what it no longer says
// goes away, and what another manager owns with another value is a conflict.
//
//	shape.go     what must be known of a schema: which lists are sets or maps, and what is one value
//	set.go       sets of fields, in the form that they are stored in
//	plan.go      what an update changed, straight from the Go values: every write goes through it
//	tree.go      the same for custom resources, which have no Go type
//	update.go    the entries after an update
//	apply.go     an apply: the merge, the conflicts, and the entries after it
//	lastapplied.go, scale.go  ownership that comes from elsewhere: kubectl's annotation, the scale subresource
//
// A built-in kind has its Schema from SchemaOf, by the tags of its Go type. A custom resource has one from NewSchema,
// which takes the Shape of its structural schema (nil when there is none: then every map is granular and every list one
// value). A Kind puts a Schema together with what the strategy of a resource knows; its Update and Apply are all that
// the rest of the server calls.
//
// It must not know HTTP, storage, or any kind by name. It alone imports structured-merge-diff, which does the merging.
// Start reading at Kind in update.go.
//
// In real Kubernetes: apimachinery/pkg/util/managedfields for the entries, structured-merge-diff for the merge,
// kube-openapi/pkg/schemaconv for the schema. There updates go through the general comparison too.
package managedfields
