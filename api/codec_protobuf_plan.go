package api

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Go type becomes a message by the pb tags of its fields. Reading them costs more than encoding, so each type gets a
// plan once. The rules are those of proto2 as Kubernetes uses it:
//
//   - a number, string or struct that is not a pointer is always written, even when it is zero;
//   - a pointer, slice or map is written when it has something; each element of a slice is a field of its own;
//   - a map entry is a message {1: key, 2: value}, entries sorted by key;
//   - an embedded struct is an ordinary field, except TypeMeta, which travels in the envelope;
//   - a slice type with a name of its own, such as Verbs, is a message {1: items}.

// valuePlan writes and reads one value, without its field number.
type valuePlan struct {
	wire int
	// write puts the value before what is written already; if wire is wireBytes, with its length.
	write func(w *protobufWriter, v reflect.Value)
	// read fills v from a field of the right wire type.
	read func(f wireField, v reflect.Value, depth int) error
}

// messagePlan writes and reads a struct.
type messagePlan struct {
	fields []messageField // ascending by number
	index  []int16        // by number: place in fields, or -1
}

type messageField struct {
	number int
	name   string // for errors
	index  int    // in the Go struct
	write  func(w *protobufWriter, v reflect.Value)
	read   func(f wireField, v reflect.Value, depth int) error
}

// maxProtobufDepth keeps a hostile message from exhausting the stack. Only schemas nest freely, and never so deep.
const maxProtobufDepth = 500

func (p *messagePlan) write(w *protobufWriter, v reflect.Value) {
	for i := len(p.fields) - 1; i >= 0; i-- {
		p.fields[i].write(w, v.Field(p.fields[i].index))
	}
}

func (p *messagePlan) read(data []byte, v reflect.Value, depth int) error {
	if depth > maxProtobufDepth {
		return fmt.Errorf("protobuf: messages nest deeper than %d", maxProtobufDepth)
	}
	return eachField(data, func(f wireField) error {
		if f.number >= len(p.index) || p.index[f.number] < 0 {
			return nil // from a newer or older version of the type
		}
		field := &p.fields[p.index[f.number]]
		if err := field.read(f, v.Field(field.index), depth+1); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
		return nil
	})
}

var messagePlans sync.Map // reflect.Type -> *messagePlan

func messagePlanOf(t reflect.Type) (*messagePlan, error) {
	if plan, ok := messagePlans.Load(t); ok {
		return plan.(*messagePlan), nil
	}
	b := planBuilder{building: map[reflect.Type]*messagePlan{}}
	plan, err := b.message(t)
	if err != nil {
		return nil, err
	}
	for t, p := range b.building { // not before all of it is done: types may hold themselves
		messagePlans.LoadOrStore(t, p)
	}
	return plan, nil
}

type planBuilder struct {
	building map[reflect.Type]*messagePlan
}

func (b *planBuilder) message(t reflect.Type) (*messagePlan, error) {
	if plan, ok := messagePlans.Load(t); ok {
		return plan.(*messagePlan), nil
	}
	if plan, ok := b.building[t]; ok {
		return plan, nil
	}
	plan := &messagePlan{}
	b.building[t] = plan
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == reflect.TypeFor[TypeMeta]() {
			continue
		}
		number, err := strconv.Atoi(f.Tag.Get("pb"))
		if err != nil || number <= 0 {
			return nil, fmt.Errorf("protobuf: %v has no protobuf form: field %s has no number", t, f.Name)
		}
		field, err := b.field(f.Type, number)
		if err != nil {
			return nil, fmt.Errorf("protobuf: %v.%s: %w", t, f.Name, err)
		}
		field.number, field.name, field.index = number, jsonFieldName(f), i
		plan.fields = append(plan.fields, field)
	}
	slices.SortFunc(plan.fields, func(a, b messageField) int { return cmp.Compare(a.number, b.number) })
	for i, f := range plan.fields {
		for len(plan.index) < f.number {
			plan.index = append(plan.index, -1)
		}
		plan.index = append(plan.index, int16(i))
	}
	return plan, nil
}

// jsonFieldName is what users call a field. An embedded struct that JSON flattens has only its Go name.
func jsonFieldName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}

// field plans a struct's field by its Go type: pointers, slices and maps repeat or leave out what a value holds.
func (b *planBuilder) field(t reflect.Type, number int) (messageField, error) {
	unnamed := t.Name() == ""
	switch {
	case t.Kind() == reflect.Pointer:
		elem, err := b.value(t.Elem())
		return pointerField(t, elem, number), err
	case t.Kind() == reflect.Map:
		key, err := b.value(t.Key())
		if err != nil {
			return messageField{}, err
		}
		elem, err := b.value(t.Elem())
		return mapField(t, key, elem, number), err
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return bytesField(number), nil
	case t.Kind() == reflect.Slice && unnamed:
		elem, err := b.value(t.Elem())
		return sliceField(elem, number), err
	}
	value, err := b.value(t)
	return messageField{
		write: func(w *protobufWriter, v reflect.Value) {
			if v.Kind() == reflect.Slice && v.IsNil() {
				return
			}
			value.write(w, v)
			w.key(number, value.wire)
		},
		read: value.checked,
	}, err
}

// checked is read, after a look at the wire type.
func (p *valuePlan) checked(f wireField, v reflect.Value, depth int) error {
	if f.wire != p.wire {
		return fmt.Errorf("protobuf: wire type %d where %d is expected", f.wire, p.wire)
	}
	return p.read(f, v, depth)
}

func pointerField(t reflect.Type, elem *valuePlan, number int) messageField {
	return messageField{
		write: func(w *protobufWriter, v reflect.Value) {
			if !v.IsNil() {
				elem.write(w, v.Elem())
				w.key(number, elem.wire)
			}
		},
		read: func(f wireField, v reflect.Value, depth int) error {
			if v.IsNil() {
				v.Set(reflect.New(t.Elem()))
			}
			return elem.checked(f, v.Elem(), depth)
		},
	}
}

func bytesField(number int) messageField {
	return messageField{
		write: func(w *protobufWriter, v reflect.Value) {
			if !v.IsNil() {
				bytesValue.write(w, v)
				w.key(number, wireBytes)
			}
		},
		read: bytesValue.checked,
	}
}

func sliceField(elem *valuePlan, number int) messageField {
	appendTo := func(f wireField, v reflect.Value, depth int) error {
		n := v.Len()
		v.Grow(1)
		v.SetLen(n + 1)
		v.Index(n).SetZero() // there may be an old element in the spare room
		return elem.read(f, v.Index(n), depth)
	}
	return messageField{
		write: func(w *protobufWriter, v reflect.Value) {
			for i := v.Len() - 1; i >= 0; i-- {
				elem.write(w, v.Index(i))
				w.key(number, elem.wire)
			}
		},
		read: func(f wireField, v reflect.Value, depth int) error {
			switch {
			case f.wire == elem.wire:
				return appendTo(f, v, depth)
			case f.wire != wireBytes:
				return fmt.Errorf("protobuf: wire type %d where %d is expected", f.wire, elem.wire)
			}
			// Numbers may come packed, all in one field.
			for rest := f.bytes; len(rest) > 0; {
				item := wireField{wire: elem.wire}
				var err error
				if elem.wire == wireVarint {
					item.value, rest, err = readVarint(rest)
				} else {
					item.value, rest, err = readFixed64(rest)
				}
				if err != nil {
					return err
				}
				if err := appendTo(item, v, depth); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func readFixed64(data []byte) (v uint64, rest []byte, err error) {
	if len(data) < 8 {
		return 0, nil, errProtobufTruncated
	}
	for i := 7; i >= 0; i-- {
		v = v<<8 | uint64(data[i])
	}
	return v, data[8:], nil
}

func mapField(t reflect.Type, key, elem *valuePlan, number int) messageField {
	return messageField{
		write: func(w *protobufWriter, v reflect.Value) {
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(b.String(), a.String()) })
			for _, k := range keys {
				end := w.written()
				if value := v.MapIndex(k); t.Elem().Kind() != reflect.Slice || t.Elem().Name() != "" || !value.IsNil() {
					elem.write(w, value)
					w.key(2, elem.wire)
				}
				key.write(w, k)
				w.key(1, key.wire)
				w.length(end)
				w.key(number, wireBytes)
			}
		},
		read: func(f wireField, v reflect.Value, depth int) error {
			if f.wire != wireBytes {
				return fmt.Errorf("protobuf: wire type %d where %d is expected", f.wire, wireBytes)
			}
			k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			if t.Elem().Kind() == reflect.Slice && t.Elem().Elem().Kind() == reflect.Uint8 {
				e.SetBytes([]byte{}) // an entry without a value holds an empty one
			}
			err := eachField(f.bytes, func(f wireField) error {
				switch f.number {
				case 1:
					return key.checked(f, k, depth+1)
				case 2:
					return elem.checked(f, e, depth+1)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if v.IsNil() {
				v.Set(reflect.MakeMap(t))
			}
			v.SetMapIndex(k, e)
			return nil
		},
	}
}

// value plans a single value.
func (b *planBuilder) value(t reflect.Type) (*valuePlan, error) {
	switch t {
	case reflect.TypeFor[Time]():
		return timeValue(time.Second, func(v reflect.Value) *time.Time { return &v.Addr().Interface().(*Time).Time }), nil
	case reflect.TypeFor[MicroTime]():
		return timeValue(time.Microsecond, func(v reflect.Value) *time.Time { return &v.Addr().Interface().(*MicroTime).Time }), nil
	case reflect.TypeFor[Duration]():
		return messageOfOne(numberValue), nil
	case reflect.TypeFor[Quantity]():
		return quantityValue, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolValue, nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return numberValue, nil
	case reflect.Float64:
		return floatValue, nil
	case reflect.String:
		return stringValue, nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesValue, nil
		}
		if t.Name() == "" {
			return nil, fmt.Errorf("no protobuf form for a list inside a list or map (%v)", t)
		}
		items, err := b.field(reflect.SliceOf(t.Elem()), 1)
		return nested(&messagePlan{fields: []messageField{items}, index: []int16{-1, 0}}, true), err
	case reflect.Struct:
		plan, err := b.message(t)
		return nested(plan, false), err
	}
	return nil, fmt.Errorf("no protobuf form for %v", t)
}

// nested is a message as a field of another. A list type stands for the only field of its message.
func nested(plan *messagePlan, list bool) *valuePlan {
	return &valuePlan{
		wire: wireBytes,
		write: func(w *protobufWriter, v reflect.Value) {
			end := w.written()
			if list {
				plan.fields[0].write(w, v)
			} else {
				plan.write(w, v)
			}
			w.length(end)
		},
		read: func(f wireField, v reflect.Value, depth int) error {
			if !list {
				return plan.read(f.bytes, v, depth)
			}
			if v.IsNil() {
				v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			}
			return eachField(f.bytes, func(f wireField) error {
				if f.number != 1 {
					return nil
				}
				return plan.fields[0].read(f, v, depth)
			})
		},
	}
}

// messageOfOne is a message whose field 1 is the value itself.
func messageOfOne(value *valuePlan) *valuePlan {
	return &valuePlan{
		wire: wireBytes,
		write: func(w *protobufWriter, v reflect.Value) {
			end := w.written()
			value.write(w, v.Field(0))
			w.key(1, value.wire)
			w.length(end)
		},
		read: func(f wireField, v reflect.Value, depth int) error {
			return eachField(f.bytes, func(f wireField) error {
				if f.number != 1 {
					return nil
				}
				return value.checked(f, v.Field(0), depth)
			})
		},
	}
}

var (
	boolValue = &valuePlan{
		wire: wireVarint,
		write: func(w *protobufWriter, v reflect.Value) {
			if v.Bool() {
				w.varint(1)
			} else {
				w.varint(0)
			}
		},
		read: func(f wireField, v reflect.Value, _ int) error {
			v.SetBool(f.value != 0)
			return nil
		},
	}
	numberValue = &valuePlan{
		wire:  wireVarint,
		write: func(w *protobufWriter, v reflect.Value) { w.varint(uint64(v.Int())) },
		read: func(f wireField, v reflect.Value, _ int) error {
			v.SetInt(int64(f.value)) // cut to the size of v, as every protobuf reader does
			return nil
		},
	}
	floatValue = &valuePlan{
		wire:  wireFixed64,
		write: func(w *protobufWriter, v reflect.Value) { w.fixed64(math.Float64bits(v.Float())) },
		read: func(f wireField, v reflect.Value, _ int) error {
			v.SetFloat(math.Float64frombits(f.value))
			return nil
		},
	}
	stringValue = &valuePlan{
		wire:  wireBytes,
		write: func(w *protobufWriter, v reflect.Value) { w.text(v.String()) },
		read: func(f wireField, v reflect.Value, _ int) error {
			v.SetString(string(f.bytes))
			return nil
		},
	}
	bytesValue = &valuePlan{
		wire: wireBytes,
		write: func(w *protobufWriter, v reflect.Value) {
			b := v.Bytes()
			w.reserve(len(b))
			copy(w.buf[w.pos:], b)
			w.varint(uint64(len(b)))
		},
		read: func(f wireField, v reflect.Value, _ int) error {
			v.SetBytes(append([]byte{}, f.bytes...)) // never nil: the field was there
			return nil
		},
	}
	quantityValue = &valuePlan{
		wire: wireBytes,
		write: func(w *protobufWriter, v reflect.Value) {
			end := w.written()
			w.text(v.Interface().(Quantity).String())
			w.key(1, wireBytes)
			w.length(end)
		},
		read: func(f wireField, v reflect.Value, _ int) error {
			return eachField(f.bytes, func(f wireField) error {
				if f.number != 1 || f.wire != wireBytes {
					return nil
				}
				q, err := ParseQuantity(string(f.bytes))
				v.Set(reflect.ValueOf(q))
				return err
			})
		},
	}
)

// timeValue is a moment as {1: seconds, 2: nanoseconds}, nothing in it for the zero time.
func timeValue(precision time.Duration, of func(reflect.Value) *time.Time) *valuePlan {
	return &valuePlan{
		wire: wireBytes,
		write: func(w *protobufWriter, v reflect.Value) {
			end := w.written()
			if !v.CanAddr() { // a map's element
				c := reflect.New(v.Type()).Elem()
				c.Set(v)
				v = c
			}
			if t := of(v); !t.IsZero() {
				w.varint(uint64(time.Duration(t.Nanosecond()).Truncate(precision)))
				w.key(2, wireVarint)
				w.varint(uint64(t.Unix()))
				w.key(1, wireVarint)
			}
			w.length(end)
		},
		read: func(f wireField, v reflect.Value, _ int) error {
			var seconds, nanos int64
			err := eachField(f.bytes, func(f wireField) error {
				switch {
				case f.number == 1 && f.wire == wireVarint:
					seconds = int64(f.value)
				case f.number == 2 && f.wire == wireVarint:
					nanos = int64(int32(f.value))
				}
				return nil
			})
			*of(v) = time.Time{}
			if len(f.bytes) > 0 {
				*of(v) = time.Unix(seconds, int64(time.Duration(nanos).Truncate(precision))).Local()
			}
			return err
		},
	}
}
