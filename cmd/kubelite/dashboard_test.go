package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/client"
)

func TestDashboardPrintsALinkThatLeadsIn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, client.WriteKubeconfig(file, map[string]any{
		"current-context": "far",
		"clusters":        []any{map[string]any{"name": "far", "cluster": map[string]any{"server": "https://127.0.0.1:1"}}},
		"contexts":        []any{map[string]any{"name": "far", "context": map[string]any{"cluster": "far"}}},
	}))
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	cmd := dashboardCommand()
	cmd.SetArgs([]string{"--url", "--kubeconfig", file})
	cmd.SetOut(in)
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()

	link, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	resp, err := http.Get(strings.TrimSpace(link))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	stop()
	require.NoError(t, <-done)

	cmd = dashboardCommand()
	cmd.SetArgs([]string{"--url", "--home", t.TempDir()})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.ErrorContains(t, cmd.ExecuteContext(t.Context()), `there is no kubelite cluster "kubelite"`)
}
