package compat

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"kubelite/api"
)

// filler fills values of ours and of upstream with random content that both can hold.
type filler struct {
	*rand.Rand
	full bool // leave nothing out
}

// maxSchemaDepth keeps a schema, which holds schemas, from growing for ever.
const maxSchemaDepth = 10

func (r *filler) fill(v reflect.Value, depth int) {
	moment := time.Unix(r.Int64N(4e9), 0)
	quantities := []string{"1", "100m", "2Gi", "1500m", "0", "12e6", "3k", "128974848"}
	quantity := quantities[r.IntN(len(quantities))]
	raw := []byte(fmt.Sprintf(`{"a":%d}`, r.IntN(100)))
	number, isNumber := r.IntN(1000), r.IntN(2) == 0
	var special any
	switch v.Interface().(type) {
	case api.TypeMeta, metav1.TypeMeta:
		return
	case api.Quantity:
		special = api.MustParse(quantity)
	case resource.Quantity:
		special = resource.MustParse(quantity)
	case api.Time:
		special = api.Time{Time: moment}
	case metav1.Time:
		special = metav1.Time{Time: moment}
	case api.MicroTime:
		special = api.MicroTime{Time: moment.Add(time.Duration(r.IntN(1e6)) * time.Microsecond)}
	case metav1.MicroTime:
		special = metav1.MicroTime{Time: moment.Add(time.Duration(r.IntN(1e6)) * time.Microsecond)}
	case api.Duration:
		special = api.Duration{Duration: time.Duration(r.Int64N(1e12))}
	case metav1.Duration:
		special = metav1.Duration{Duration: time.Duration(r.Int64N(1e12))}
	case api.IntOrString:
		special = api.FromString("25%")
		if isNumber {
			special = api.FromInt(number)
		}
	case intstr.IntOrString:
		special = intstr.FromString("25%")
		if isNumber {
			special = intstr.FromInt32(int32(number))
		}
	case api.RawExtension:
		special = api.RawExtension{Raw: raw}
	case runtime.RawExtension:
		special = runtime.RawExtension{Raw: raw}
	case api.FieldsV1:
		special = api.FieldsV1{Raw: raw}
	case metav1.FieldsV1:
		special = metav1.FieldsV1{Raw: raw}
	case api.JSON:
		special = api.JSON{Raw: raw}
	case apiextensionsv1.JSON:
		special = apiextensionsv1.JSON{Raw: raw}
	case api.JSONSchemaPropsOrBool: // of these, only one half travels as JSON
		special = api.JSONSchemaPropsOrBool{Allows: true, Schema: &api.JSONSchemaProps{Type: "string"}}
	case apiextensionsv1.JSONSchemaPropsOrBool:
		special = apiextensionsv1.JSONSchemaPropsOrBool{Allows: true, Schema: &apiextensionsv1.JSONSchemaProps{Type: "string"}}
	case api.JSONSchemaPropsOrArray:
		special = api.JSONSchemaPropsOrArray{JSONSchemas: []api.JSONSchemaProps{{Type: "string"}}}
	case apiextensionsv1.JSONSchemaPropsOrArray:
		special = apiextensionsv1.JSONSchemaPropsOrArray{JSONSchemas: []apiextensionsv1.JSONSchemaProps{{Type: "string"}}}
	case api.JSONSchemaPropsOrStringArray:
		special = api.JSONSchemaPropsOrStringArray{Property: []string{"x"}}
	case apiextensionsv1.JSONSchemaPropsOrStringArray:
		special = apiextensionsv1.JSONSchemaPropsOrStringArray{Property: []string{"x"}}
	case api.JSONSchemaProps, apiextensionsv1.JSONSchemaProps:
		if depth > maxSchemaDepth {
			return
		}
	}
	if special != nil {
		v.Set(reflect.ValueOf(special))
		return
	}
	skip := !r.full && r.IntN(4) == 0
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			r.fill(v.Field(i), depth+1)
		}
	case reflect.Pointer:
		if !skip && depth < 20 {
			v.Set(reflect.New(v.Type().Elem()))
			r.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if skip || depth > 16 {
			return
		}
		n := 1 + r.IntN(2)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			r.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		if skip {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + r.IntN(3) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			r.fill(key, depth+1)
			r.fill(elem, depth+1)
			v.SetMapIndex(key, elem)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("s<%d>&é", r.IntN(1000)))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int64N(1<<31) - 1<<30)
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	default:
		panic(fmt.Sprintf("cannot fill %v", v.Type()))
	}
}
