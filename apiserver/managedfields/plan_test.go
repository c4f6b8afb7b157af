package managedfields

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// TestPlanAgreesWithTheLibrary: comparing Go values by plan finds exactly what the library finds in their trees, in the
// same words, for random objects of every kind.
func TestPlanAgreesWithTheLibrary(t *testing.T) {
	for _, kind := range api.Kinds {
		t.Run(kind.APIVersion()+"."+kind.Kind, func(t *testing.T) {
			s := SchemaOf(kind)
			bare := &Schema{typed: s.typed} // without its plan: the general comparison
			r, compared := rand.New(rand.NewPCG(1, 2)), 0
			for range 20 {
				old, obj := kind.New(), kind.New()
				fill(reflect.ValueOf(old).Elem(), r, 0)
				fill(reflect.ValueOf(obj).Elem(), r, 0)
				if r.IntN(2) == 0 { // mostly equal
					obj = api.DeepCopy(old)
					change1(reflect.ValueOf(obj).Elem(), r)
				}
				if r.IntN(4) == 0 {
					old = kind.New()
				}
				api.SetTypeMeta(old)
				api.SetTypeMeta(obj)
				changed, removed, err := s.compare(old, obj)
				require.NoError(t, err)
				wantChanged, wantRemoved, err := bare.compare(old, obj)
				if err != nil {
					continue // an element of a list without a key: no valid object has it
				}
				compared++
				require.Equal(t, string(wantChanged.json()), string(changed.json()), "changed: %s", show(old, obj))
				require.Equal(t, string(wantRemoved.json()), string(removed.json()), "removed: %s", show(old, obj))
			}
			require.Greater(t, compared, 2)
		})
	}
}

func show(objs ...api.Object) string {
	text, _ := json.MarshalIndent(objs, "", " ")
	return string(text)
}

// fill sets about half of the fields to small random values, of which there are few: so keys meet.
func fill(v reflect.Value, r *rand.Rand, depth int) {
	switch p := v.Addr().Interface().(type) {
	case *api.Time:
		*p = api.Time{Time: time.Unix(int64(r.IntN(3))*1000, 0).UTC()}
		return
	case *api.MicroTime:
		*p = api.MicroTime{Time: time.Unix(int64(r.IntN(3))*1000, 0).UTC()}
		return
	case *api.Quantity:
		*p = api.MustParse([]string{"1", "2Gi", "300m"}[r.IntN(3)])
		return
	case *api.IntOrString:
		*p = api.IntOrString{IntVal: int32(r.IntN(3))}
		return
	case *api.RawExtension:
		*p = api.RawExtension{Raw: []byte(`{"a":1}`)}
		return
	case *api.FieldsV1:
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r, depth)
	case reflect.String:
		v.SetString([]string{"a", "b\"", "a-b", "10"}[r.IntN(4)])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt([]int64{0, 9, 10, 443}[r.IntN(4)])
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); (r.IntN(2) == 0 || depth == 0) && f.Name != "ManagedFields" && depth < 12 {
				fill(v.Field(i), r, depth+1)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{byte(r.IntN(3))})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 4)) // empty or none is the same to us, and not to the library
		for i := range v.Len() {
			fill(v.Index(i), r, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, r, depth+1)
			fill(value, r, depth+1)
			v.SetMapIndex(key, value)
		}
	}
}

// change1 changes one field of each struct that it comes to.
func change1(v reflect.Value, r *rand.Rand) {
	if v.Kind() == reflect.Struct && v.NumField() > 0 {
		f := v.Field(r.IntN(v.NumField()))
		if f.Kind() == reflect.Struct && special(f.Type()) == isOrdinary {
			change1(f, r)
		} else {
			fill(f, r, 5)
		}
	}
}
