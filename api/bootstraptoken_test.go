package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseBootstrapToken(t *testing.T) {
	id, secret, ok := ParseBootstrapToken("07401b.f395accd246ae52d")
	require.True(t, ok)
	require.Equal(t, "07401b", id)
	require.Equal(t, "f395accd246ae52d", secret)
	for _, other := range []string{"", "07401b", "07401b.f395accd246ae52", "07401B.f395accd246ae52d", "07401b.f395accd246ae52d\n", "x07401b.f395accd246ae52d", "a.b.c"} {
		_, _, ok := ParseBootstrapToken(other)
		require.False(t, ok, "%q", other)
	}
}

func TestBootstrapTokenExpires(t *testing.T) {
	for text, want := range map[string]struct {
		at      time.Time
		expires bool
	}{
		"":                          {},
		"2026-03-10T03:22:11Z":      {time.Date(2026, 3, 10, 3, 22, 11, 0, time.UTC), true},
		"2026-03-10T05:22:11+02:00": {time.Date(2026, 3, 10, 3, 22, 11, 0, time.UTC), true},
		"tomorrow":                  {time.Time{}, true},
	} {
		at, expires := BootstrapTokenExpires(&Secret{Data: map[string][]byte{BootstrapTokenExpiration: []byte(text)}})
		require.Equal(t, want.expires, expires, text)
		require.True(t, want.at.Equal(at), "%s: %s", text, at)
	}
}

func TestBootstrapTokenGroups(t *testing.T) {
	for extra, want := range map[string][]string{
		"":                       {"system:bootstrappers"},
		"system:bootstrappers:b": {"system:bootstrappers", "system:bootstrappers:b"},
		"system:bootstrappers:b,system:bootstrappers:a,system:bootstrappers:b": {"system:bootstrappers", "system:bootstrappers:a", "system:bootstrappers:b"},
		"system:masters":                                   nil,
		"system:bootstrappers":                             nil,
		"system:bootstrappers:":                            nil,
		"system:bootstrappers:a,":                          nil,
		"system:bootstrappers:a,system:masters":            nil,
		"system:bootstrappers:A":                           nil,
		"system:bootstrappers:" + strings.Repeat("a", 256): {"system:bootstrappers", "system:bootstrappers:" + strings.Repeat("a", 256)},
		"system:bootstrappers:" + strings.Repeat("a", 257): nil,
	} {
		groups, err := BootstrapTokenGroups(&Secret{Data: map[string][]byte{BootstrapTokenExtraGroups: []byte(extra)}})
		if want == nil {
			require.ErrorContains(t, err, "must match", extra)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, groups, extra)
	}
}

func TestBootstrapTokenSigns(t *testing.T) {
	now := time.Date(2026, 3, 10, 3, 22, 11, 0, time.UTC)
	for name, tt := range map[string]struct {
		change func(s *Secret)
		want   bool
	}{
		"it may":                     {func(*Secret) {}, true},
		"until its time is up":       {func(s *Secret) { s.Data[BootstrapTokenExpiration] = []byte("2026-03-10T03:22:12Z") }, true},
		"its time is up":             {func(s *Secret) { s.Data[BootstrapTokenExpiration] = []byte("2026-03-10T03:22:11Z") }, false},
		"it is for something else":   {func(s *Secret) { delete(s.Data, BootstrapTokenUsageSigning) }, false},
		"it has another ID":          {func(s *Secret) { s.Data[BootstrapTokenID] = []byte("07401c") }, false},
		"nothing in it is a secret":  {func(s *Secret) { delete(s.Data, BootstrapTokenSecret) }, false},
		"what it says is not 'true'": {func(s *Secret) { s.Data[BootstrapTokenUsageSigning] = []byte("yes") }, false},
	} {
		s := &Secret{ObjectMeta: ObjectMeta{Name: "bootstrap-token-07401b"}, Data: map[string][]byte{
			BootstrapTokenID: []byte("07401b"), BootstrapTokenSecret: []byte("f395accd246ae52d"), BootstrapTokenUsageSigning: []byte("true"),
		}}
		tt.change(s)
		_, _, ok := BootstrapTokenSigns(s, now)
		require.Equal(t, tt.want, ok, name)
	}
}
