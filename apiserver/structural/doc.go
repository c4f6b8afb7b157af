// Package structural knows the schemas of custom resources and what they do to objects. It is pure: JSON data goes in,
// changed data and mistakes come out.
//
//	CheckDefinition(...)      is the schema in a definition good? structural, with rules that compile and are not too dear
//	New(props)                a Schema, ready for use
//	schema.Prune(object)      drops the fields that the schema does not know, and names them
//	schema.Default(object)    fills in what was left out
//	schema.Validate(...)      every mistake in a new object, or in a change: types and bounds, lists, embedded objects
//	schema.ValidateRules(...) then the rules in the expression language
//
// A schema is structural if it says of every field, once, what type it has; conditions on values may say more, in allOf,
// anyOf, oneOf and not, but nothing about types. Only so can fields be dropped and filled in by going down the object
// and the schema side by side.
//
// An update is not held to rules that the object broke before, where it does not touch the values in question
// (correlation.go): a schema can be made stricter while objects exist.
//
// It must not know of requests, storage or versions. Start reading at Schema in schema.go, then Prune, Default and
// Validate.
//
// Real Kubernetes: k8s.io/apiextensions-apiserver/pkg/apiserver/schema and .../validation.
package structural
