package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimeJSON(t *testing.T) {
	moment := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.FixedZone("", 3600))
	for want, v := range map[string]any{
		`"2026-01-02T02:04:05Z"`:        Time{moment},
		`"2026-01-02T02:04:05.678901Z"`: MicroTime{moment},
		`"1h30m0s"`:                     Duration{90 * time.Minute},
	} {
		got, err := MarshalJSON(v)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	got, err := MarshalJSON([]any{Time{}, MicroTime{}})
	require.NoError(t, err)
	require.Equal(t, "[null,null]", string(got))

	var back Time
	require.NoError(t, UnmarshalJSON([]byte(`"2026-01-02T03:04:05+01:00"`), &back))
	require.True(t, back.Equal(moment.Truncate(time.Second)))
	require.NoError(t, UnmarshalJSON([]byte(`"2026-01-02\u005403:04:05Z"`), &back), "an escaped letter is the letter")
	require.Equal(t, 3, back.UTC().Hour())
	require.NoError(t, UnmarshalJSON([]byte(`null`), &back))
	require.True(t, back.IsZero())
	for _, bad := range []string{`"yesterday"`, `5`, `"2026-01-02"`} {
		require.Error(t, UnmarshalJSON([]byte(bad), &back), bad)
	}
	var d Duration
	require.NoError(t, UnmarshalJSON([]byte(`"5m"`), &d))
	require.Equal(t, 5*time.Minute, d.Duration)
	require.Error(t, UnmarshalJSON([]byte(`"soon"`), &d))
}
