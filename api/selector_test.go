package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseSelector(t *testing.T) {
	for _, c := range []struct {
		text, canonical string
		matches, misses []map[string]string
	}{
		{"", "", []map[string]string{nil, {"a": "b"}}, nil},
		{"a=b", "a=b", []map[string]string{{"a": "b", "c": "d"}}, []map[string]string{nil, {"a": "c"}}},
		{" a == b ", "a==b", []map[string]string{{"a": "b"}}, []map[string]string{{"a": ""}}},
		{"a!=b", "a!=b", []map[string]string{nil, {"a": "c"}}, []map[string]string{{"a": "b"}}},
		{"c in (e, d)", "c in (d,e)", []map[string]string{{"c": "e"}}, []map[string]string{nil, {"c": "f"}}},
		{"c notin (d,e)", "c notin (d,e)", []map[string]string{nil, {"c": "f"}}, []map[string]string{{"c": "d"}}},
		{"a", "a", []map[string]string{{"a": ""}}, []map[string]string{nil}},
		{"!a", "!a", []map[string]string{nil}, []map[string]string{{"a": ""}}},
		{"x>3", "x>3", []map[string]string{{"x": "4"}}, []map[string]string{nil, {"x": "3"}, {"x": "y"}}},
		{"x<3", "x<3", []map[string]string{{"x": "-4"}}, []map[string]string{{"x": "3"}}},
		{"b,a=1", "a=1,b", []map[string]string{{"a": "1", "b": ""}}, []map[string]string{{"a": "1"}}},
		{"a=", "a=", []map[string]string{{"a": ""}}, []map[string]string{nil, {"a": "b"}}},
		{"a in ()", "a in ()", []map[string]string{{"a": ""}}, []map[string]string{nil}},
		{"example.com/a=b", "example.com/a=b", []map[string]string{{"example.com/a": "b"}}, []map[string]string{nil}},
	} {
		s, err := ParseSelector(c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, c.canonical, s.String())
		require.Equal(t, c.text == "", s.Empty())
		for _, labels := range c.matches {
			require.True(t, s.Matches(labels), "%s on %v", c.text, labels)
		}
		for _, labels := range c.misses {
			require.False(t, s.Matches(labels), "%s on %v", c.text, labels)
		}
	}
	for text, message := range map[string]string{
		"a b": "found 'b', expected: in, notin, =, ==, !=, gt, lt", "=a": "found '=', expected: !, identifier, or 'end of string'", "a,": "found '', expected: identifier after ','",
		"a=b=c": "found '=', expected: ',' or 'end of string'", "a in b": "found 'b' expected: '('", "x>y": "the value must be an integer", "-a": "Invalid value", "a=-b": "Invalid value", "a in (b": "expected: ',' or ')'",
	} {
		_, err := ParseSelector(text)
		require.ErrorContains(t, err, message, text)
	}
}

func TestLabelSelectorAsSelector(t *testing.T) {
	s, err := LabelSelectorAsSelector(nil)
	require.NoError(t, err)
	require.False(t, s.Matches(nil), "no selector picks nothing")
	s, err = LabelSelectorAsSelector(&LabelSelector{})
	require.NoError(t, err)
	require.True(t, s.Matches(nil), "an empty selector picks everything")

	s, err = LabelSelectorAsSelector(&LabelSelector{
		MatchLabels: map[string]string{"b": "1", "a": "2"},
		MatchExpressions: []LabelSelectorRequirement{
			{Key: "c", Operator: LabelSelectorOpIn, Values: []string{"y", "x"}}, {Key: "d", Operator: LabelSelectorOpExists},
			{Key: "e", Operator: LabelSelectorOpDoesNotExist}, {Key: "f", Operator: LabelSelectorOpNotIn, Values: []string{"z"}},
		},
	})
	require.NoError(t, err)
	require.Equal(t, "a=2,b=1,c in (x,y),d,!e,f notin (z)", s.String())
	for _, bad := range []LabelSelectorRequirement{{Key: "a", Operator: "Near"}, {Key: "a", Operator: LabelSelectorOpIn}, {Key: "a", Operator: LabelSelectorOpExists, Values: []string{"x"}}} {
		_, err := LabelSelectorAsSelector(&LabelSelector{MatchExpressions: []LabelSelectorRequirement{bad}})
		require.Error(t, err)
	}
	require.Equal(t, "<none>", FormatLabelSelector(&LabelSelector{}))
	require.Equal(t, "a=b", FormatLabelSelector(&LabelSelector{MatchLabels: map[string]string{"a": "b"}}))
	require.Equal(t, "<error>", FormatLabelSelector(&LabelSelector{MatchExpressions: []LabelSelectorRequirement{{Operator: "x"}}}))
	require.Equal(t, "a=1,b=2", SelectorFromSet(map[string]string{"b": "2", "a": "1"}).String())
	require.True(t, Everything().Empty())
	require.False(t, Nothing().Empty())
}

func TestParseFieldSelector(t *testing.T) {
	terms, err := ParseFieldSelector(`status.phase!=Running,metadata.name==a\,b\=c\\d,=`)
	require.NoError(t, err)
	require.Equal(t, []FieldRequirement{{Field: "metadata.name", Value: `a,b=c\d`}, {Field: "status.phase", NotEqual: true, Value: "Running"}}, terms)
	require.Equal(t, `metadata.name=a\,b\=c\\d,status.phase!=Running`, FormatFieldSelector(terms))
	require.True(t, terms[1].Matches("Pending"))
	require.False(t, terms[1].Matches("Running"))
	for _, bad := range []string{"a", `a=\x`, `a=b\`, "a=b=c"} {
		_, err := ParseFieldSelector(bad)
		require.Error(t, err, bad)
	}
}
