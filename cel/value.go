package cel

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"kubelite/api"
	"kubelite/api/formats"
)

// valueOf turns JSON data into a value. Nothing is converted before an expression looks at it: an expression about one
// field of a large object costs no more than that.
func valueOf(data any, t *Type) ref.Val {
	if v, ok := data.(Value); ok {
		return v.val
	}
	if t == nil || t.Kind == Dyn || t.Kind == known {
		return types.DefaultTypeAdapter.NativeToValue(data)
	}
	if data == nil {
		if t.Nullable {
			return types.NullValue
		}
		return types.NewErr("invalid data, got null for schema with nullable=false")
	}
	switch t.Kind {
	case Object, Map:
		if m, ok := data.(map[string]any); ok {
			return &mapValue{m, t}
		}
		return types.NewErr("invalid data, expected a map for the provided schema with type=object")
	case List:
		if l, ok := data.([]any); ok {
			return &listValue{l, t}
		}
		return types.NewErr("invalid data, expected an array for the provided schema with type=array")
	case Bool:
		if b, ok := data.(bool); ok {
			return types.Bool(b)
		}
		return types.NewErr("invalid data, expected bool, got %T", data)
	case Int:
		if i, ok := data.(int64); ok {
			return types.Int(i)
		}
		return types.NewErr("invalid data, expected int, got %T", data)
	case Double:
		switch n := data.(type) {
		case float64:
			return types.Double(n)
		case int64: // 1.0 is often written 1
			return types.Double(n)
		}
		return types.NewErr("invalid data, expected float, got %T", data)
	case IntOrString:
		switch v := data.(type) {
		case string:
			return types.String(v)
		case int64:
			return types.Int(v)
		}
		return types.NewErr("invalid data, expected XIntOrString value to be either a string or integer")
	}
	s, ok := data.(string)
	if !ok {
		return types.NewErr("invalid data, expected string, got %T", data)
	}
	return textValue(s, t.Kind)
}

// textValue is what a string of some format is.
func textValue(s string, kind Kind) ref.Val {
	switch kind {
	case Duration:
		d, err := formats.ParseDuration(s)
		if err != nil {
			return types.NewErr("Invalid duration %s: %v", s, err)
		}
		return types.Duration{Duration: d}
	case Date:
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return types.NewErr("Invalid date formatted string %s: %v", s, err)
		}
		return types.Timestamp{Time: d}
	case Timestamp:
		d, err := formats.ParseTime(s)
		if err != nil {
			return types.NewErr("Invalid date-time formatted string %s: %v", s, err)
		}
		return types.Timestamp{Time: d}
	case Bytes:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return types.NewErr("Invalid byte formatted string %s: %v", s, err)
		}
		return types.Bytes(b)
	}
	return types.String(s)
}

// mapValue is a JSON object: an Object, of which the fields that have a type can be seen, or a Map.
type mapValue struct {
	data map[string]any
	t    *Type
}

// element returns the type of one value, nil if no expression may see it.
func (m *mapValue) element(key string) *Type {
	if m.t.Kind == Map {
		return m.t.Items
	}
	return m.t.Fields[key]
}

func (m *mapValue) Find(key ref.Val) (ref.Val, bool) {
	v, found := m.find(key)
	if !found && m.t.Absent != nil {
		return valueOf(m.t.Absent, m.t.Items), true
	}
	return v, found
}

func (m *mapValue) find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), true
	}
	raw := string(name)
	if m.t.Kind == Object {
		raw = m.fieldName(raw)
	}
	data, ok := m.data[raw]
	t := m.element(raw)
	if !ok || t == nil || data == nil && m.t.Kind == Object { // a field that is null is one that is not there
		return nil, false
	}
	return valueOf(data, t), true
}

// fieldName is the name of a field in JSON.
func (m *mapValue) fieldName(escaped string) string {
	if _, ok := m.t.Fields[escaped]; ok {
		if again, _ := m.t.written(escaped); again == escaped {
			return escaped
		}
	}
	for name := range m.t.Fields {
		if again, ok := m.t.written(name); ok && again == escaped {
			return name
		}
	}
	return ""
}

func (m *mapValue) Get(key ref.Val) ref.Val {
	if v, found := m.Find(key); found {
		return v
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

func (m *mapValue) Contains(key ref.Val) ref.Val {
	v, found := m.find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(found)
}

// Equal compares what expressions may see as its type says (a set is equal in any order), the rest as it stands.
func (m *mapValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Mapper)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if m.Size() != o.Size() {
		return types.False
	}
	typed, _ := other.(*mapValue)
	for key, data := range m.data {
		t := m.element(key)
		if t == nil || m.t.Kind == Object && typed != nil && (data == nil || typed.data[key] == nil) {
			if typed == nil {
				return types.MaybeNoSuchOverloadErr(other)
			}
			if !api.Equal(data, typed.data[key]) {
				return types.False
			}
			continue
		}
		var found bool
		var v ref.Val
		if typed != nil {
			var raw any
			if raw, found = typed.data[key]; found {
				v = valueOf(raw, t)
			}
		} else {
			v, found = o.Find(types.String(key))
		}
		if !found {
			return types.False
		}
		if equal := valueOf(data, t).Equal(v); equal != types.True {
			return equal // false, or an error
		}
	}
	return types.True
}

func (m *mapValue) Iterator() traits.Iterator {
	var keys []ref.Val
	for key := range m.data {
		if m.element(key) == nil {
			continue
		}
		if m.t.Kind == Object {
			if key, _ = EscapeFieldName(key); key == "" {
				continue
			}
		}
		keys = append(keys, types.String(key))
	}
	return types.DefaultTypeAdapter.NativeToValue(keys).(traits.Lister).Iterator()
}

func (m *mapValue) Size() ref.Val { return types.Int(len(m.data)) }
func (m *mapValue) Type() ref.Type {
	return types.MapType
}
func (m *mapValue) Value() any { return m.data }

func (m *mapValue) ConvertToNative(to reflect.Type) (any, error) { return convert(m.data, m, to) }

func (m *mapValue) ConvertToType(to ref.Type) ref.Val { return convertType(m, to) }

// listValue is a JSON array. What equality and + mean depends on its type: order counts for most lists, and not for sets
// and for lists whose items have keys.
type listValue struct {
	data []any
	t    *Type
}

func (l *listValue) Get(index ref.Val) ref.Val {
	i, ok := index.(types.Int)
	if !ok {
		return types.ValOrErr(index, "unsupported index: %v", index)
	}
	if i < 0 || int(i) >= len(l.data) {
		return types.NewErr("index out of bounds: %v", index)
	}
	return valueOf(l.data[i], l.t.Items)
}

// identity is what tells an item of a set or of a list with keys apart from the others. Nil for other lists.
func (l *listValue) identity(item any) any {
	switch {
	case l.t.Set:
		return item
	case len(l.t.Keys) == 0:
		return nil
	}
	m, _ := item.(map[string]any)
	keys := make([]any, len(l.t.Keys))
	for i, key := range l.t.Keys {
		keys[i] = m[key]
	}
	return fmt.Sprintf("%#v", keys)
}

func (l *listValue) unordered() bool { return l.t.Set || len(l.t.Keys) > 0 }

func (l *listValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if l.Size() != o.Size() {
		return types.False
	}
	byIdentity := map[any]any{}
	if l.unordered() {
		for _, item := range l.data {
			byIdentity[l.identity(item)] = item
		}
	}
	for i := range l.data {
		theirs := o.Get(types.Int(i))
		ours := l.data[i]
		if l.unordered() {
			if ours, ok = byIdentity[l.identity(theirs.Value())]; !ok {
				return types.False
			}
		}
		if equal := valueOf(ours, l.t.Items).Equal(theirs); equal != types.True {
			return equal // false, or an error
		}
	}
	return types.True
}

// Add appends; of a set, what is not there yet; of a list with keys, items replace those with the same keys.
func (l *listValue) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	sum := slices.Clone(l.data)
	at := map[any]int{}
	if l.unordered() {
		for i, item := range sum {
			at[l.identity(item)] = i
		}
	}
	for it := o.Iterator(); it.HasNext() == types.True; {
		item := it.Next().Value()
		if l.unordered() {
			if i, ok := at[l.identity(item)]; ok {
				sum[i] = item
				continue
			}
			at[l.identity(item)] = len(sum)
		}
		sum = append(sum, item)
	}
	return &listValue{sum, l.t}
}

func (l *listValue) Contains(wanted ref.Val) ref.Val {
	if types.IsUnknownOrError(wanted) {
		return wanted
	}
	var problem ref.Val
	for _, item := range l.data {
		equal := valueOf(item, l.t.Items).Equal(wanted)
		if equal == types.True {
			return types.True
		}
		if _, ok := equal.(types.Bool); !ok && problem == nil {
			problem = types.MaybeNoSuchOverloadErr(equal)
		}
	}
	if problem != nil {
		return problem
	}
	return types.False
}

func (l *listValue) Iterator() traits.Iterator {
	items := make([]ref.Val, len(l.data))
	for i, item := range l.data {
		items[i] = valueOf(item, l.t.Items)
	}
	return types.DefaultTypeAdapter.NativeToValue(items).(traits.Lister).Iterator()
}

func (l *listValue) Size() ref.Val { return types.Int(len(l.data)) }
func (l *listValue) Type() ref.Type {
	return types.ListType
}
func (l *listValue) Value() any { return l.data }

func (l *listValue) ConvertToNative(to reflect.Type) (any, error) {
	if to == reflect.TypeFor[[]string]() { // join() asks for this
		texts := make([]string, len(l.data))
		for i, item := range l.data {
			text, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("expected all elements to be of type string, but got %T", item)
			}
			texts[i] = text
		}
		return texts, nil
	}
	return convert(l.data, l, to)
}

func (l *listValue) ConvertToType(to ref.Type) ref.Val { return convertType(l, to) }

// lazyMap is the map that Lazy makes. An evaluation is one goroutine: no lock.
type lazyMap struct {
	get   func(key string) (Value, error)
	known map[string]ref.Val
}

func (m *lazyMap) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), true
	}
	if v, ok := m.known[string(name)]; ok {
		return v, v != nil
	}
	var result ref.Val
	switch v, err := m.get(string(name)); {
	case err != nil:
		result = types.WrapErr(err)
	default:
		result = v.val
	}
	m.known[string(name)] = result
	return result, result != nil
}

func (m *lazyMap) Get(key ref.Val) ref.Val {
	if v, found := m.Find(key); found {
		return v
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

func (m *lazyMap) Contains(key ref.Val) ref.Val {
	_, found := m.Find(key)
	return types.Bool(found)
}
func (m *lazyMap) Equal(ref.Val) ref.Val     { return types.NewErr("a lazy map cannot be compared") }
func (m *lazyMap) Iterator() traits.Iterator { return (&mapValue{t: Dynamic}).Iterator() }
func (m *lazyMap) Size() ref.Val             { return types.Int(len(m.known)) }
func (m *lazyMap) Type() ref.Type            { return types.MapType }
func (m *lazyMap) Value() any                { return m }
func (m *lazyMap) ConvertToNative(to reflect.Type) (any, error) {
	return convert(m, m, to)
}
func (m *lazyMap) ConvertToType(to ref.Type) ref.Val { return convertType(m, to) }

// convert gives the library the Go value that it asks for, if that is what we have.
func convert(data any, v ref.Val, to reflect.Type) (any, error) {
	if reflect.TypeOf(data).AssignableTo(to) {
		return data, nil
	}
	return nil, fmt.Errorf("type conversion error from '%s' to '%s'", v.Type(), to)
}

// convertType serves type(x), and x itself.
func convertType(v ref.Val, to ref.Type) ref.Val {
	switch to {
	case v.Type():
		return v
	case types.TypeType:
		return v.Type().(ref.Val)
	}
	return types.NewErr("type conversion error from '%s' to '%s'", v.Type(), to.TypeName())
}
