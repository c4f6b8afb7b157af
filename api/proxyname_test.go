package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitSchemeNamePort(t *testing.T) {
	for text, want := range map[string][3]string{
		"web": {"", "web", ""}, "web:80": {"", "web", "80"}, "https:web:443": {"https", "web", "443"}, "https:web:": {"https", "web", ""},
	} {
		scheme, name, port, ok := SplitSchemeNamePort(text)
		require.True(t, ok, text)
		require.Equal(t, want, [3]string{scheme, name, port}, text)
	}
	for _, text := range []string{"", ":80", "ftp:web:21", "a:b:c:d"} {
		_, _, _, ok := SplitSchemeNamePort(text)
		require.False(t, ok, text)
	}
}
