package cel

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Kind is what JSON data of a Type is to an expression.
type Kind int

// The kinds of Types. Strings of some formats are not strings to an expression: Bytes, Duration, Date and Timestamp.
const (
	Dyn Kind = iota // anything, checked as it runs
	Bool
	Int
	Double
	String
	Bytes
	Duration
	Date
	Timestamp
	IntOrString
	List
	Map
	Object
	known // what the checker found for another expression
)

// Type is what is known of a variable before an expression is evaluated: for the checker what kind of value it is and
// which fields it has, for estimates how large it can be, and for evaluation how JSON data becomes the value.
type Type struct {
	Kind Kind
	// Name of an Object, unique among the types of an Env. Types below it that have none are named by their paths.
	Name string
	// Fields of an Object, by their names in JSON.
	Fields map[string]*Type
	// Plain: the fields of an Object are called what they are called in JSON. Otherwise their names are escaped; see
	// EscapeFieldName.
	Plain bool
	// Items of a List, or values of a Map.
	Items *Type
	// Absent is what a Map answers for keys that it does not have. Nil: that is an error.
	Absent any
	// Keys of a List whose order has no meaning, because its items are told apart by these fields.
	Keys []string
	// Set marks a List whose order has no meaning and whose items are scalars, each there once.
	Set bool
	// Nullable: null is a good value.
	Nullable bool
	// Optional: the value is there or not, and the expression has to ask. See Some and None.
	Optional bool
	// MaxElements is how many items, or bytes of a string, there can be. Negative: no limit is known.
	MaxElements int64
	// MinSize is how many bytes the shortest JSON form has.
	MinSize int64

	known   *cel.Type
	escaped map[string]*Type // Fields as expressions write them
}

// Types of variables that need no schema.
var (
	Dynamic    = &Type{Kind: Dyn, MaxElements: -1, MinSize: 1}
	AnyBool    = &Type{Kind: Bool, MinSize: 4}
	AnyInt     = &Type{Kind: Int, MinSize: 1}
	AnyDouble  = &Type{Kind: Double, MinSize: 1}
	AnyString  = &Type{Kind: String, MaxElements: -1, MinSize: 2}
	AnyTime    = &Type{Kind: Timestamp, MaxElements: -1, MinSize: 12}
	Null       = &Type{Kind: known, known: cel.NullType}
	Authorizes = &Type{Kind: known, known: authorizerKind.celType} // what NewAuthorizer makes
	Checks     = &Type{Kind: known, known: resourceCheckKind.celType}
)

// ListOf and MapOf are lists and maps of a type, of any length. Keys of maps are strings.
func ListOf(items *Type) *Type {
	return &Type{Kind: List, Items: items, MaxElements: -1, MinSize: 2}
}

// MapOf is a map from strings to a type, of any length.
func MapOf(values *Type) *Type { return &Type{Kind: Map, Items: values, MaxElements: -1, MinSize: 2} }

// celType is the type for the checker.
func (t *Type) celType() *cel.Type {
	plain := t.plainType()
	if t.Optional {
		return cel.OptionalType(plain)
	}
	return plain
}

func (t *Type) plainType() *cel.Type {
	switch t.Kind {
	case Bool:
		return cel.BoolType
	case Int:
		return cel.IntType
	case Double:
		return cel.DoubleType
	case String:
		return cel.StringType
	case Bytes:
		return cel.BytesType
	case Duration:
		return cel.DurationType
	case Date, Timestamp:
		return cel.TimestampType
	case List:
		return cel.ListType(t.Items.celType())
	case Map:
		return cel.MapType(cel.StringType, t.Items.celType())
	case Object:
		return cel.ObjectType(t.Name)
	case known:
		return t.known
	}
	return cel.DynType
}

// String names the type as messages do: "bool", "list(string)".
func (t *Type) String() string { return t.celType().String() }

// typeProvider tells the checker of the fields of our objects, and of all else what the environment before it tells.
type typeProvider struct {
	types.Provider
	types.Adapter
	objects map[string]*Type
}

func newTypeProvider(env *cel.Env) *typeProvider {
	return &typeProvider{Provider: env.CELTypeProvider(), Adapter: env.CELTypeAdapter(), objects: map[string]*Type{}}
}

// register names the objects in a type and makes them known.
func (p *typeProvider) register(t *Type) {
	if t == nil {
		return
	}
	switch t.Kind {
	case Object:
		p.objects[t.Name] = t
		t.escaped = make(map[string]*Type, len(t.Fields))
		for name, field := range t.Fields {
			escaped, ok := t.written(name)
			if !ok {
				continue
			}
			t.escaped[escaped] = field
			field.nameBelow(t.Name + "." + escaped)
			p.register(field)
		}
	case List, Map:
		t.Items.nameBelow(t.Name)
		p.register(t.Items)
	}
}

// written is how an expression writes a field.
func (t *Type) written(name string) (escaped string, ok bool) {
	if t.Plain {
		return name, true
	}
	return EscapeFieldName(name)
}

// nameBelow names a type by its path, unless it has a name.
func (t *Type) nameBelow(path string) {
	if t.Name != "" {
		return
	}
	switch t.Kind {
	case Object:
		t.Name = path
	case List:
		t.Name = path + ".@idx"
	case Map:
		t.Name = path + ".@elem"
	}
}

func (p *typeProvider) FindStructType(name string) (*types.Type, bool) {
	if t, ok := p.objects[name]; ok {
		return types.NewTypeTypeWithParam(t.plainType()), true
	}
	return p.Provider.FindStructType(name)
}

func (p *typeProvider) FindStructFieldNames(name string) ([]string, bool) {
	if _, ok := p.objects[name]; ok {
		return nil, true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p *typeProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t, ok := p.objects[name]
	if !ok {
		return p.Provider.FindStructFieldType(name, field)
	}
	if f, ok := t.escaped[field]; ok {
		return &types.FieldType{Type: f.celType()}, true
	}
	return nil, false
}

// NewValue would make an object of ours in an expression: our objects are data, they cannot be made.
func (p *typeProvider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.objects[name]; ok {
		return types.NewErr("%s", fmt.Sprintf("unknown type '%s'", name))
	}
	return p.Provider.NewValue(name, fields)
}
