package controllers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodeTTL(t *testing.T) {
	ttl := &NodeTTL{}
	for _, tt := range []struct {
		nodes int
		want  string
	}{
		{100, "0"}, {101, "15"}, {90, "15"}, {89, "0"}, {500, "15"}, {501, "30"}, {1001, "60"}, {5000, "300"}, {1800, "300"}, {1799, "60"}, {3, "0"},
	} {
		for ttl.count < tt.nodes {
			ttl.resize(1)
		}
		for ttl.count > tt.nodes {
			ttl.resize(-1)
		}
		require.Equal(t, tt.want, ttl.wanted(), "%d nodes", tt.nodes)
	}
}
