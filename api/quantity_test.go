package api

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantityCanonicalForm(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "0m": "0", "-0": "0", "0Gi": "0",
		"1500m": "1500m", "1.5": "1500m", "0.5": "500m", "1000m": "1", "100m": "100m", "0.1": "100m",
		"1024Mi": "1Gi", "1536Mi": "1536Mi", "1.5Gi": "1536Mi", "1Gi": "1Gi", "1023": "1023", "512Ki": "512Ki", "0.5Ki": "512", "1024": "1024",
		"1000": "1k", "1500": "1500", "2000000": "2M", "1k": "1k", "1000k": "1M", "1E": "1E",
		"1e3": "1e3", "1000e0": "1e3", "12e6": "12e6", "1E3": "1E3",
		"1n": "1n", "0.1n": "1n", "-0.1n": "-1n", "1u": "1u", "100u": "100u",
		"-1": "-1", "-1.5Gi": "-1536Mi", "+5": "+5",
		"9223372036854775808": "9223372036854775808", "10000000000Gi": "9223372036854775807",
	} {
		q, err := ParseQuantity(text)
		require.NoError(t, err, text)
		require.Equal(t, want, q.String(), text)
	}
	require.Equal(t, "1Gi", NewQuantity(1<<30, BinarySI).String())
	require.Equal(t, "100m", NewMilliQuantity(100, DecimalSI).String())
	require.Equal(t, "2", NewMilliQuantity(2000, DecimalSI).String())
	require.Equal(t, "1000E", MustParse("1000E").String(), "no letter goes further")
	require.Equal(t, "0", Quantity{}.String())
}

func TestQuantityMistakes(t *testing.T) {
	for _, text := range []string{"", "abc", "1.2.3", "1 Gi", "1Gb", "1e", "1e99999999999", "0x10", "--1", "1mi", "١"} {
		_, err := ParseQuantity(text)
		require.Error(t, err, text)
	}
	require.Panics(t, func() { MustParse("x") })
	var q Quantity
	require.ErrorContains(t, UnmarshalJSON([]byte(`"abc"`), &q), "quantities must match the regular expression")
}

func TestQuantityValues(t *testing.T) {
	for _, c := range []struct {
		text         string
		value, milli int64
	}{
		{"1", 1, 1000}, {"100m", 1, 100}, {"1500m", 2, 1500}, {"1Ki", 1024, 1024000}, {"0", 0, 0}, {"1n", 1, 1}, {"-1500m", -2, -1500},
		{"10E", math.MaxInt64, math.MaxInt64}, {"9P", 9e15, 9e18}, {"10P", 1e16, math.MaxInt64}, {"-10E", math.MinInt64, math.MinInt64},
	} {
		q := MustParse(c.text)
		require.Equal(t, c.value, q.Value(), c.text)
		require.Equal(t, c.milli, q.MilliValue(), c.text)
	}
	require.InDelta(t, 0.25, MustParse("250m").AsFloat64(), 1e-9)
}

func TestQuantityArithmetic(t *testing.T) {
	require.Equal(t, "1100m", MustParse("1").Add(MustParse("100m")).String())
	require.Equal(t, "1536Mi", MustParse("1Gi").Add(MustParse("512Mi")).String())
	require.Equal(t, "512Mi", MustParse("1Gi").Sub(MustParse("512Mi")).String())
	require.Equal(t, "0", MustParse("1Gi").Sub(MustParse("1Gi")).String())
	require.Equal(t, "1Gi", Quantity{}.Add(MustParse("1Gi")).String(), "zero takes the other's format")
	require.Equal(t, "-1Gi", Quantity{}.Sub(MustParse("1Gi")).String())
	big := NewQuantity(math.MaxInt64, DecimalSI)
	require.Equal(t, "9223372036854775808", big.Add(NewQuantity(1, DecimalSI)).String(), "no overflow")
	require.Equal(t, "9223372036854775807", big.String(), "operands do not change")

	require.Equal(t, 0, MustParse("1").Cmp(MustParse("1000m")))
	require.Equal(t, 0, MustParse("1Ki").Cmp(MustParse("1024")))
	require.Equal(t, -1, MustParse("1M").Cmp(MustParse("1Mi")))
	require.Equal(t, 1, MustParse("0").Cmp(MustParse("-1n")))
	require.Equal(t, 1, MustParse("1e300").Cmp(MustParse("1n")))
	require.True(t, MustParse("0.0").IsZero())
	require.Equal(t, -1, MustParse("-5").Sign())
}

func TestQuantityJSON(t *testing.T) {
	for in, out := range map[string]string{`"1000m"`: `"1"`, `2`: `"2"`, `0.5`: `"500m"`, `" 1Gi "`: `"1Gi"`, `null`: `"0"`, `1e3`: `"1e3"`} {
		var q Quantity
		require.NoError(t, UnmarshalJSON([]byte(in), &q), in)
		b, err := MarshalJSON(q)
		require.NoError(t, err)
		require.Equal(t, out, string(b), in)
	}
}
