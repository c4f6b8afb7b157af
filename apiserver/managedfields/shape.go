package managedfields

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"kubelite/api"
)

// Shape is what an apply must know of a value's schema. One of Scalar, Fields or Values, and Items says what the value is;
// a Shape may hold itself.
type Shape struct {
	// Scalar is set for what is neither an object nor a list.
	Scalar Scalar
	// Default is the value that a key of a list's elements has where it is left out: protocol is TCP.
	Default any

	// Fields of an object, by name.
	Fields map[string]*Shape
	// Values is what other fields of an object are like: those of a map. Nil: it has no others.
	Values *Shape
	// Atomic objects are one value, with one owner. Others have an owner for each field.
	Atomic bool

	// Items are the elements of a list.
	Items *Shape
	// List says how lists merge.
	List ListType
	// Keys are the fields that tell the elements of a ListMap apart.
	Keys []string
}

// Scalar is a kind of simple value.
type Scalar string

// The kinds of simple values. Untyped is for those that may be several: quantities, int-or-string.
const (
	String  Scalar = "string"
	Numeric Scalar = "numeric"
	Boolean Scalar = "boolean"
	Untyped Scalar = "untyped"
)

// ListType says how two versions of a list become one.
type ListType int

// A ListAtomic is one value. A ListSet has an owner for each element; a ListMap one for each field of each element.
const (
	ListAtomic ListType = iota
	ListSet
	ListMap
)

var (
	// Anything is a value of which nothing is known: objects have an owner for each field, lists are one value.
	Anything = &Shape{}
	// Opaque is a value of which nothing is known and that has one owner, whatever it is.
	Opaque = &Shape{}
)

// A Schema knows one kind in one version. It never changes.
type Schema struct {
	typed typed.ParseableType
	plan  *plan // of the Go type; nil for a custom resource
}

var schemas sync.Map // reflect.Type -> func() *Schema

// SchemaOf is the schema of a built-in kind. It is built from the tags of the kind's Go type when it is first asked for.
func SchemaOf(kind *api.Kind) *Schema {
	t := reflect.TypeOf(kind.New()).Elem()
	build, ok := schemas.Load(t)
	if !ok {
		build, _ = schemas.LoadOrStore(t, sync.OnceValue(func() *Schema {
			return &Schema{typed: parseable(shapeOf(t, map[reflect.Type]*Shape{})), plan: planOf(t)}
		}))
	}
	return build.(func() *Schema)()
}

// NewSchema is the schema of a custom resource. The shape is that of the whole object; apiVersion, kind and metadata
// need not be in it. Nil: nothing is known but those.
func NewSchema(shape *Shape) *Schema {
	if shape == nil {
		return &Schema{typed: typed.DeducedParseableType}
	}
	root := *shape
	root.Fields = map[string]*Shape{}
	for name, field := range shape.Fields {
		root.Fields[name] = field
	}
	AddObjectFields(root.Fields)
	return &Schema{typed: parseable(&root)}
}

// AddObjectFields adds what every object of the API has.
func AddObjectFields(fields map[string]*Shape) {
	fields["apiVersion"], fields["kind"], fields["metadata"] = &Shape{Scalar: String}, &Shape{Scalar: String}, metadata()
}

var metadata = sync.OnceValue(func() *Shape {
	return shapeOf(reflect.TypeFor[api.ObjectMeta](), map[reflect.Type]*Shape{})
})

// shapeOf derives the shape of a Go type.
func shapeOf(t reflect.Type, known map[reflect.Type]*Shape) *Shape {
	if t.Kind() == reflect.Pointer {
		return shapeOf(t.Elem(), known)
	}
	switch special(t) {
	case isScalar:
		return &Shape{Scalar: Untyped}
	case isOpaque:
		return Opaque
	}
	switch t.Kind() {
	case reflect.String:
		return &Shape{Scalar: String}
	case reflect.Bool:
		return &Shape{Scalar: Boolean}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Shape{Scalar: String}
		}
		return &Shape{Items: shapeOf(t.Elem(), known)}
	case reflect.Map:
		return &Shape{Values: shapeOf(t.Elem(), known)}
	case reflect.Struct:
		if shape := known[t]; shape != nil {
			return shape
		}
		shape := &Shape{Fields: map[string]*Shape{}, Atomic: api.IsAtomicStruct(t)}
		known[t] = shape
		for _, f := range fieldsOf(t) {
			of := shapeOf(f.field.Type, known)
			if of == Opaque || f.rule == (mergeRule{}) && of.Fields != nil {
				shape.Fields[f.name] = of // an object may not be complete yet: some hold themselves
				continue
			}
			field := *of
			field.List, field.Keys = f.rule.list, f.rule.keyNames()
			field.Atomic = field.Atomic && !f.rule.granular || f.rule.atomic
			if field.Default = api.FieldDefault(t, f.name); field.Default == nil && !f.omit {
				field.Default = zeroOf(f.field.Type.Kind())
			}
			shape.Fields[f.name] = &field
		}
		return shape
	}
	return &Shape{Scalar: Numeric}
}

// zeroOf is what a field that must be there is taken for if it is not.
func zeroOf(kind reflect.Kind) any {
	switch kind {
	case reflect.String:
		return ""
	case reflect.Int, reflect.Int32, reflect.Int64:
		return 0
	case reflect.Bool:
		return false
	}
	return nil
}

// mergeRule is what the tags of a field say about its merging.
type mergeRule struct {
	list   ListType
	keys   string // with commas
	atomic bool   // an object with one owner

	granular bool // not one value, though its type says so elsewhere
}

func (r mergeRule) keyNames() []string {
	if r.keys == "" {
		return nil
	}
	return strings.Split(r.keys, ",")
}

// ruleOf reads the tags. Those of server-side apply come first; where they say nothing, a list that is patched by
// elements is applied by elements.
func ruleOf(f reflect.StructField) mergeRule {
	listTag := f.Tag.Get("list")
	if t := f.Type; t.Kind() != reflect.Slice {
		return mergeRule{atomic: listTag == "atomic", granular: listTag == "granular"}
	}
	switch {
	case listTag == "set":
		return mergeRule{list: ListSet}
	case listTag == "map":
		return mergeRule{list: ListMap, keys: f.Tag.Get("mapKeys")}
	case listTag == "" && strings.HasPrefix(f.Tag.Get("patch"), "merge"):
		if key := f.Tag.Get("mergeKey"); key != "" {
			return mergeRule{list: ListMap, keys: key}
		}
		return mergeRule{list: ListSet}
	}
	return mergeRule{}
}

// structField is a field of a struct as JSON sees it: embedded structs are flattened.
type structField struct {
	name     string
	index    []int
	field    reflect.StructField
	rule     mergeRule
	omit     bool // an empty value is not written
	omitZero bool
}

func fieldsOf(t reflect.Type) (all []structField) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				all = append(all, inner)
			}
			continue
		}
		all = append(all, structField{name: name, index: []int{i}, field: f, rule: ruleOf(f),
			omit: strings.Contains(options, "omitempty"), omitZero: strings.Contains(options, "omitzero")})
	}
	return all
}

type specialType int

const (
	isOrdinary specialType = iota
	isScalar
	isOpaque
)

// special tells types that JSON does not write field by field.
func special(t reflect.Type) specialType {
	switch t {
	case reflect.TypeFor[api.Time](), reflect.TypeFor[api.MicroTime](), reflect.TypeFor[api.Duration](),
		reflect.TypeFor[api.Quantity](), reflect.TypeFor[api.IntOrString]():
		return isScalar
	}
	if t.Kind() == reflect.Interface || t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) {
		return isOpaque
	}
	return isOrdinary
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// The names of the two shapes that are fixed in every schema.
var (
	opaqueName   = "opaque"
	anythingName = "anything"
)

// parseable makes the library's form of a shape.
func parseable(root *Shape) typed.ParseableType {
	untyped := schema.Untyped
	types := &schema.Schema{}
	opaque, anything := schema.TypeRef{NamedType: &opaqueName}, schema.TypeRef{NamedType: &anythingName}
	list := &schema.List{ElementType: opaque, ElementRelationship: schema.Atomic}
	types.Types = append(types.Types,
		schema.TypeDef{Name: opaqueName, Atom: schema.Atom{Scalar: &untyped, List: list,
			Map: &schema.Map{ElementType: opaque, ElementRelationship: schema.Atomic}}},
		schema.TypeDef{Name: anythingName, Atom: schema.Atom{Scalar: &untyped, List: list,
			Map: &schema.Map{ElementType: anything, ElementRelationship: schema.Separable}}})
	b := &typeBuilder{schema: types, names: map[*Shape]string{Opaque: opaqueName, Anything: anythingName}}
	return typed.ParseableType{TypeRef: b.ref(root), Schema: b.schema}
}

type typeBuilder struct {
	schema *schema.Schema
	names  map[*Shape]string
}

// ref names the type of a shape. Objects are defined once and referred to; the rest is written out where it stands.
func (b *typeBuilder) ref(shape *Shape) schema.TypeRef {
	if shape == nil {
		return schema.TypeRef{}
	}
	if name, ok := b.names[shape]; ok {
		return schema.TypeRef{NamedType: &name}
	}
	switch {
	case shape.Scalar != "":
		scalar := schema.Scalar(shape.Scalar)
		return schema.TypeRef{Inlined: schema.Atom{Scalar: &scalar}}
	case shape.Items != nil:
		list := &schema.List{ElementType: b.ref(shape.Items), ElementRelationship: schema.Associative, Keys: shape.Keys}
		if shape.List == ListAtomic {
			list.ElementRelationship, list.Keys = schema.Atomic, nil
		}
		return schema.TypeRef{Inlined: schema.Atom{List: list}}
	}
	if len(shape.Fields) == 0 && shape.Values == nil && !shape.Atomic {
		return schema.TypeRef{NamedType: &anythingName}
	}
	name := "object" + strconv.Itoa(len(b.names))
	b.names[shape] = name
	object := &schema.Map{ElementType: b.ref(shape.Values)}
	if shape.Atomic {
		object.ElementRelationship = schema.Atomic
	}
	for name, field := range shape.Fields {
		object.Fields = append(object.Fields, schema.StructField{Name: name, Type: b.ref(field), Default: field.Default})
	}
	b.schema.Types = append(b.schema.Types, schema.TypeDef{Name: name, Atom: schema.Atom{Map: object}})
	return schema.TypeRef{NamedType: &name}
}
