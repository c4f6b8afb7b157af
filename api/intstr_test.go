package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIntOrStringJSON(t *testing.T) {
	for text, want := range map[string]IntOrString{`5`: FromInt(5), `"http"`: FromString("http"), `"25%"`: FromString("25%"), `"5"`: FromString("5")} {
		var v IntOrString
		require.NoError(t, UnmarshalJSON([]byte(text), &v))
		require.Equal(t, want, v)
		b, err := MarshalJSON(v)
		require.NoError(t, err)
		require.Equal(t, text, string(b), "the form is kept")
	}
	require.Error(t, UnmarshalJSON([]byte(`1.5`), new(IntOrString)))
	require.Error(t, UnmarshalJSON([]byte(`true`), new(IntOrString)))
	require.Equal(t, FromInt(5), ParseIntOrString("5"))
	require.Equal(t, FromString("5%"), ParseIntOrString("5%"))
	require.Equal(t, 8, FromString("8").IntValue())
	require.Equal(t, "8", FromInt(8).String())
}

func TestScaledIntOrPercent(t *testing.T) {
	for _, c := range []struct {
		v        IntOrString
		total    int
		up, down int
	}{
		{FromInt(3), 10, 3, 3}, {FromString("25%"), 10, 3, 2}, {FromString("25%"), 4, 1, 1}, {FromString("0%"), 10, 0, 0},
		{FromString("100%"), 7, 7, 7}, {FromString("1%"), 1, 1, 0}, {FromString("150%"), 3, 5, 4}, {FromString("-25%"), 10, -2, -3},
	} {
		up, err := ScaledIntOrPercent(&c.v, c.total, true)
		require.NoError(t, err)
		down, err := ScaledIntOrPercent(&c.v, c.total, false)
		require.NoError(t, err)
		require.Equal(t, [2]int{c.up, c.down}, [2]int{up, down}, "%v of %d", c.v, c.total)
	}
	for _, bad := range []string{"5", "x%", "%", ""} {
		v := FromString(bad)
		_, err := ScaledIntOrPercent(&v, 10, true)
		require.Error(t, err, bad)
	}
	_, err := ScaledIntOrPercent(nil, 10, true)
	require.Error(t, err)
}
