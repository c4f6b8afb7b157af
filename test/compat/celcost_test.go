package compat

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"

	"kubelite/api"
	"kubelite/apiserver/structural"
)

// costlyRules are rules for a field of the schema in whose place %s is a bound, or none.
var costlyRules = []struct{ schema, bound, rule string }{
	{`"type":"string"%s`, "maxLength", "self.matches('^(a|b)+$')"},
	{`"type":"string"%s`, "maxLength", "self.contains('abc')"},
	{`"type":"string"%s`, "maxLength", "self.startsWith('a') && self.endsWith('b')"},
	{`"type":"string"%s`, "maxLength", "self == 'a' + self"},
	{`"type":"string"%s`, "maxLength", "size(self) < 5"},
	{`"type":"string"%s`, "maxLength", "self.split(',').all(x, x.size() < 5)"},
	{`"type":"string"%s`, "maxLength", "self.replace('a', 'bb').size() < 9"},
	{`"type":"string"%s`, "maxLength", "self.lowerAscii() == self.upperAscii().lowerAscii()"},
	{`"type":"string"%s`, "maxLength", "self.find('[0-9]+') == '1'"},
	{`"type":"string"%s`, "maxLength", "self.findAll('[0-9]+').size() < 3"},
	{`"type":"string"%s`, "maxLength", "self.indexOf('a') < 3 && self.trim() != ''"},
	{`"type":"string"%s`, "maxLength", "isURL(self) && url(self).getScheme() == 'https'"},
	{`"type":"string"%s`, "maxLength", "quantity(self).isGreaterThan(quantity('1Gi'))"},
	{`"type":"string"%s`, "maxLength", "isIP(self) || ip(self).family() == 4"},
	{`"type":"string"%s`, "maxLength", "cidr(self).containsIP('10.0.0.1')"},
	{`"type":"string","format":"duration"%s`, "maxLength", "self > duration('5m')"},
	{`"type":"string","format":"date-time"%s`, "maxLength", "self > timestamp('2020-01-01T00:00:00Z')"},
	{`"type":"string"%s`, "maxLength", "oldSelf == self"},
	{`"type":"array","items":{"type":"string","maxLength":20}%s`, "maxItems", "self.all(x, x.matches('a+'))"},
	{`"type":"array","items":{"type":"string"}%s`, "maxItems", "self.all(x, x.contains('a'))"},
	{`"type":"array","items":{"type":"integer"}%s`, "maxItems", "self.all(x, self.exists(y, x == y))"},
	{`"type":"array","items":{"type":"integer"}%s`, "maxItems", "self.map(x, x * 2).sum() < 9 && self.isSorted()"},
	{`"type":"array","items":{"type":"integer"}%s`, "maxItems", "self.filter(x, x > 2).size() < self.max()"},
	{`"type":"array","items":{"type":"integer"}%s`, "maxItems", "self.exists_one(x, x == 1) && 3 in self"},
	{`"type":"array","items":{"type":"string","maxLength":5}%s`, "maxItems", "self.join(',').size() < 10"},
	{`"type":"array","items":{"type":"object","properties":{"a":{"type":"string","maxLength":9}}}%s`, "maxItems", "self.all(x, !has(x.a) || x.a.startsWith('b'))"},
	{`"type":"object","additionalProperties":{"type":"string","maxLength":9}%s`, "maxProperties", "self.all(k, self[k].contains('a'))"},
	{`"type":"object","additionalProperties":{"type":"integer"}%s`, "maxProperties", "'a' in self && self.size() < 3"},
	{`"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}}%s`, "", "self.b > 2 ? self.a.matches('a*') : self.a == 'b'"},
	{`"type":"integer"%s`, "", "self > 1 && self < 10 || self == 42"},
	{`"type":"integer"%s`, "", "string(self) == '1' && double(self) > 0.5"},
}

// What the rules of a schema could cost at most, and what is said of those that are too dear, is the same.
func TestCostsOfRules(t *testing.T) {
	for _, tt := range costlyRules {
		for _, bound := range []int{0, 1, 10, 1000, 100_000, 3_000_000} {
			if tt.bound == "" && bound > 0 {
				continue
			}
			text := ""
			if bound > 0 {
				text = fmt.Sprintf(`,%q:%d`, tt.bound, bound)
			}
			field := fmt.Sprintf(`{`+tt.schema+`,"x-kubernetes-validations":[{"rule":%q}]}`, text, tt.rule)
			// Once where it may be once, once where it may be often.
			for _, schema := range []string{
				`{"type":"object","properties":{"f":` + field + `}}`,
				`{"type":"object","properties":{"l":{"type":"array","maxItems":2000,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
					"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"},"f":` + field + `}}}}}`,
				`{"type":"object","properties":{"m":{"type":"object","additionalProperties":` + field + `}}}`,
			} {
				require.Equal(t, upstreamSchemaErrors(t, schema), schemaErrors(t, schema), "%s", schema)
			}
		}
	}
}

func upstreamSchemaErrors(t *testing.T, schema string) (errs []string) {
	v1 := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, api.UnmarshalJSON([]byte(`{"metadata":{"name":"ws.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"ws","singular":"w","kind":"W","listKind":"WList"},
		"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":`+schema+`}}]},"status":{"storedVersions":["v1"]}}`), v1))
	crd := &apiextensions.CustomResourceDefinition{}
	require.NoError(t, apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(v1, crd, nil))
	for _, err := range validation.ValidateCustomResourceDefinition(context.Background(), crd) {
		if strings.HasPrefix(err.Field, "spec.validation") {
			errs = append(errs, err.Error())
		}
	}
	return errs
}

func schemaErrors(t *testing.T, schema string) (errs []string) {
	props := &api.JSONSchemaProps{}
	require.NoError(t, api.UnmarshalJSON([]byte(schema), props))
	for _, err := range structural.CheckDefinition("spec.validation", &api.CustomResourceValidation{OpenAPIV3Schema: props}, false, false) {
		errs = append(errs, err.Error())
	}
	return errs
}
