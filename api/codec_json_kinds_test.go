package api

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every kind, whatever it holds, is written as encoding/json would write it: stored objects, hashes of templates and clients
// count on it.
func TestMarshalJSONWritesWhatEncodingJSONWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range Kinds {
		for range 50 {
			obj := kind.New()
			fill(r, reflect.ValueOf(obj).Elem(), 10)
			got, err := MarshalJSON(obj)
			require.NoError(t, err)
			var want bytes.Buffer
			encoder := json.NewEncoder(&want)
			encoder.SetEscapeHTML(false)
			require.NoError(t, encoder.Encode(obj))
			require.Equal(t, want.String(), string(got)+"\n", kind.Kind)
		}
	}
}

// fill gives v and all in it, so many levels deep, values that are odd to encode, or leaves them empty in every way there is.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	if depth == 0 || r.IntN(4) == 0 {
		return
	}
	pick := func(of ...any) { v.Set(reflect.ValueOf(of[r.IntN(len(of))]).Convert(v.Type())) }
	moment := time.Unix(r.Int64N(2e9), r.Int64N(1e9)).UTC()
	switch v.Interface().(type) {
	case Quantity:
		pick(MustParse("100m"), MustParse("1Gi"), MustParse("1.5"))
		return
	case Time:
		pick(Time{moment})
		return
	case MicroTime:
		pick(MicroTime{moment})
		return
	case RawExtension, FieldsV1, JSON:
		v.Field(0).SetBytes([]byte(`{"b": 1, "a": "<x>"}`))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), depth-1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(r, v.Field(i), depth-1)
			}
		}
	case reflect.Slice:
		n := r.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(r, key, depth-1)
			fill(r, value, depth-1)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		pick("a", "<b>&", "\u2028x\u2029", "\x00\x1f\t\n\"\\/\x7f", "é😀")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint32:
		pick(1, 100)
	case reflect.Float64:
		pick(1.5, 1e21, 1e-7)
	case reflect.Interface:
		pick(int64(3), 1e-7, "<", map[string]any{"z": int64(1), "a": []any{nil, true}})
	default:
		panic("no value for a " + v.Kind().String())
	}
}
