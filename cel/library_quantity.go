package cel

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"kubelite/api"
)

var quantityKind = &opaqueKind[api.Quantity]{
	celType: cel.ObjectType("kubernetes.Quantity"),
	equal:   func(a, b api.Quantity) bool { return a.Cmp(b) == 0 },
}

// Quantity makes the value of a quantity.
func Quantity(q api.Quantity) Value { return Value{quantityKind.of(q)} }

// Quantities: quantity("1.5Gi"), comparisons and sums.
func quantityFunctions() functions {
	return functions{
		"quantity":           {function("string_to_quantity", quantityKind.celType, unary(parseQuantity), cel.StringType)},
		"isQuantity":         {function("is_quantity_string", cel.BoolType, unary(isQuantity), cel.StringType)},
		"sign":               {function("quantity_sign", cel.IntType, unary(func(q api.Quantity) ref.Val { return types.Int(q.Sign()) }), quantityKind.celType)},
		"isGreaterThan":      {quantityCompare("quantity_is_greater_than", cel.BoolType, func(order int) ref.Val { return types.Bool(order > 0) })},
		"isLessThan":         {quantityCompare("quantity_is_less_than", cel.BoolType, func(order int) ref.Val { return types.Bool(order < 0) })},
		"compareTo":          {quantityCompare("quantity_compare_to", cel.IntType, func(order int) ref.Val { return types.Int(order) })},
		"asApproximateFloat": {method("quantity_get_float", cel.DoubleType, unary(func(q api.Quantity) ref.Val { return types.Double(q.AsFloat64()) }), quantityKind.celType)},
		"isInteger":          {method("quantity_is_integer", cel.BoolType, unary(func(q api.Quantity) ref.Val { return types.Bool(isInteger(q)) }), quantityKind.celType)},
		"asInteger":          {method("quantity_get_int", cel.IntType, unary(asInteger), quantityKind.celType)},
		"add": {
			method("quantity_add", quantityKind.celType, binary(func(a, b api.Quantity) ref.Val { return quantityKind.of(a.Add(b)) }), quantityKind.celType, quantityKind.celType),
			method("quantity_add_int", quantityKind.celType, binary(func(a api.Quantity, b int64) ref.Val {
				return quantityKind.of(a.Add(api.NewQuantity(b, api.DecimalExponent)))
			}), quantityKind.celType, cel.IntType),
		},
		"sub": {
			method("quantity_sub", quantityKind.celType, binary(func(a, b api.Quantity) ref.Val { return quantityKind.of(a.Sub(b)) }), quantityKind.celType, quantityKind.celType),
			method("quantity_sub_int", quantityKind.celType, binary(func(a api.Quantity, b int64) ref.Val {
				return quantityKind.of(a.Sub(api.NewQuantity(b, api.DecimalExponent)))
			}), quantityKind.celType, cel.IntType),
		},
	}
}

func quantityCompare(id string, result *cel.Type, answer func(order int) ref.Val) cel.FunctionOpt {
	return method(id, result, binary(func(a, b api.Quantity) ref.Val { return answer(a.Cmp(b)) }), quantityKind.celType, quantityKind.celType)
}

func parseQuantity(s string) ref.Val {
	q, err := api.ParseQuantity(s)
	if err != nil {
		return types.WrapErr(err)
	}
	return quantityKind.of(q)
}

func isQuantity(s string) ref.Val {
	_, err := api.ParseQuantity(s)
	return types.Bool(err == nil)
}

// isInteger tells whether nothing is lost in an int64: Value rounds up, and stops at the limits.
func isInteger(q api.Quantity) bool { return api.NewQuantity(q.Value(), api.DecimalSI).Cmp(q) == 0 }

func asInteger(q api.Quantity) ref.Val {
	if !isInteger(q) {
		return types.NewErr("cannot convert value to integer")
	}
	return types.Int(q.Value())
}
