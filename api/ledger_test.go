package api

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEscapeHeader(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		`{"nodes":3,"a":"b/c"}`: `{"nodes":3,"a":"b/c"}`,
		" 100% sure\r\n":        "%20100%25%20sure%0D%0A",
		"Köln":                  "K%C3%B6ln",
	} {
		require.Equal(t, want, EscapeHeader(text))
		back, err := url.PathUnescape(want)
		require.NoError(t, err)
		require.Equal(t, text, back)
	}
}
