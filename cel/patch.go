package cel

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Expressions that change an object make one of two things: a part of it, Object{spec: Object.spec{replicas: 3}}, or
// operations on it, [JSONPatch{op: "remove", path: "/spec"}]. Both are types that only such expressions know.

// Types of what expressions make to change an object.
var (
	PartOfObject = &Type{Kind: known, known: types.NewObjectType(objectName)}
	Operations   = &Type{Kind: known, known: types.NewListType(types.NewObjectType(operationName))}
)

const (
	objectName    = "Object"
	operationName = "JSONPatch"
)

// operationFields are the fields of a JSONPatch.
var operationFields = map[string]*types.Type{"op": types.StringType, "path": types.StringType, "from": types.StringType, "value": types.DynType}

// patchFunctions escape what may not stand in a path as it is.
var patchFunctions = functions{
	"jsonpatch.escapeKey": {function("string_jsonpatch_escapeKey_string", cel.StringType, unary(func(key string) ref.Val {
		return types.String(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
	}), cel.StringType)},
}

// WithPatches is the environment for expressions that change an object.
func (e *Env) WithPatches() (*Env, error) {
	provider := &patchProvider{e.env.CELTypeProvider()}
	env, err := e.env.Extend(cel.CustomTypeProvider(provider), cel.Lib(library{patchFunctions}))
	if err != nil {
		return nil, fmt.Errorf("declare the types of patches: %w", err)
	}
	return &Env{env: env, variables: e.variables, limit: e.limit}, nil
}

// patchProvider adds the types of patches to those that there are: JSONPatch, and one type for every place in an object.
type patchProvider struct{ types.Provider }

func isPart(name string) bool { return name == objectName || strings.HasPrefix(name, objectName+".") }

func (p *patchProvider) FindStructType(name string) (*types.Type, bool) {
	if isPart(name) || name == operationName {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p *patchProvider) FindStructFieldNames(name string) ([]string, bool) {
	if isPart(name) || name == operationName {
		return nil, true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p *patchProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	switch {
	case isPart(name): // which fields there are is known when the part meets the object
		return &types.FieldType{Type: types.DynType}, true
	case name == operationName:
		t, ok := operationFields[field]
		return &types.FieldType{Type: t}, ok
	}
	return p.Provider.FindStructFieldType(name, field)
}

func (p *patchProvider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if isPart(name) || name == operationName {
		return &made{types.NewObjectType(name), fields}
	}
	return p.Provider.NewValue(name, fields)
}

// made is an object that an expression has made.
type made struct {
	t      *types.Type
	fields map[string]ref.Val
}

func (m *made) Type() ref.Type { return m.t }
func (m *made) Value() any     { return m }

func (m *made) Equal(other ref.Val) ref.Val {
	o, ok := other.(*made)
	if !ok || o.t.TypeName() != m.t.TypeName() || len(o.fields) != len(m.fields) {
		return types.False
	}
	for name, value := range m.fields {
		if theirs, ok := o.fields[name]; !ok || value.Equal(theirs) != types.True {
			return types.False
		}
	}
	return types.True
}

// Get serves x.field of an object that was made.
func (m *made) Get(key ref.Val) ref.Val {
	if value, ok := m.fields[fmt.Sprint(key.Value())]; ok {
		return value
	}
	return types.NewErr("no such key: %v", key)
}

// IsSet serves has(x.field).
func (m *made) IsSet(key ref.Val) ref.Val {
	_, ok := m.fields[fmt.Sprint(key.Value())]
	return types.Bool(ok)
}

// IsZeroValue lets an optional field be left out when what was made for it is empty.
func (m *made) IsZeroValue() bool { return len(m.fields) == 0 }

func (m *made) ConvertToNative(to reflect.Type) (any, error) { return convert(m, m, to) }
func (m *made) ConvertToType(to ref.Type) ref.Val {
	if to == types.TypeType {
		return types.NewTypeTypeWithParam(m.t)
	}
	return convertType(m, to)
}

// JSON returns the value as JSON data. Objects that the expression made must have the type of the place that they are in.
func (v Value) JSON() (any, error) {
	if m, ok := v.val.(*made); ok && m.t.TypeName() == objectName {
		if err := m.inPlace([]string{objectName}); err != nil {
			return nil, fmt.Errorf("type mismatch: %w", err)
		}
	}
	return jsonOf(v.val)
}

// inPlace checks that Object.spec is nowhere but in the field spec of Object.
func (m *made) inPlace(path []string) error {
	var errs []error
	if want, got := strings.Join(path, "."), m.t.TypeName(); want != got {
		errs = append(errs, fmt.Errorf("unexpected type name %q, expected %q, which matches field name path from root Object type", got, want))
	}
	for _, name := range sortedNames(m.fields) {
		errs = append(errs, partsInPlace(m.fields[name], append(slices.Clone(path), name)))
	}
	return errors.Join(errs...)
}

func partsInPlace(value ref.Val, path []string) error {
	var errs []error
	switch value := value.(type) {
	case *made:
		return value.inPlace(path)
	case traits.Lister:
		for it := value.Iterator(); it.HasNext() == types.True; {
			errs = append(errs, partsInPlace(it.Next(), path))
		}
	case traits.Mapper:
		for it := value.Iterator(); it.HasNext() == types.True; {
			errs = append(errs, partsInPlace(value.Get(it.Next()), path))
		}
	}
	return errors.Join(errs...)
}

func sortedNames(fields map[string]ref.Val) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func jsonOf(value ref.Val) (any, error) {
	switch v := value.(type) {
	case nil, types.Null:
		return nil, nil
	case *made:
		out := make(map[string]any, len(v.fields))
		for name, field := range v.fields {
			// In a JSONPatch, what is to become the value is checked as an object of its own.
			if m, ok := field.(*made); ok && v.t.TypeName() == operationName {
				if err := m.inPlace([]string{m.t.TypeName()}); err != nil {
					return nil, fmt.Errorf("type mismatch: %w", err)
				}
			}
			data, err := jsonOf(field)
			if err != nil {
				return nil, fmt.Errorf("fail to convert field %q: %w", name, err)
			}
			out[name] = data
		}
		return out, nil
	case *mapValue:
		return v.data, nil
	case *listValue:
		return v.data, nil
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Uint:
		return int64(v), nil
	case types.Double:
		return float64(v), nil
	case types.String:
		return string(v), nil
	case types.Bytes:
		return base64.StdEncoding.EncodeToString(v), nil
	case types.Timestamp, types.Duration:
		text, ok := v.ConvertToType(types.StringType).(types.String)
		if !ok {
			return nil, fmt.Errorf("a %s has no JSON form", value.Type())
		}
		return string(text), nil
	case *types.Optional:
		if !v.HasValue() {
			return nil, nil
		}
		return jsonOf(v.GetValue())
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			data, err := jsonOf(it.Next())
			if err != nil {
				return nil, err
			}
			out = append(out, data)
		}
		return out, nil
	case traits.Mapper:
		out := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name, ok := key.(types.String)
			if !ok {
				return nil, fmt.Errorf("map key %q is of type %s, not string", key, key.Type())
			}
			data, err := jsonOf(v.Get(key))
			if err != nil {
				return nil, err
			}
			out[string(name)] = data
		}
		return out, nil
	}
	return nil, fmt.Errorf("a %s has no JSON form", value.Type())
}
