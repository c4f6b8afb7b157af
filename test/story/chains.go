package story

import (
	"bytes"

	"github.com/stretchr/testify/require"

	kubectllite "kubelite/kubectl-lite"
)

// checkChains has the command line walk through the whole ledger in the end: each write of a component must have a chain of causes that leads to
// a person, a clock or a node's observation.
func (h *Harness) checkChains() {
	h.T.Helper()
	if h.store == nil {
		return // the cluster never began
	}
	var out, errOut bytes.Buffer
	code := kubectllite.Run(h.Ctx, []string{"why", "--check", "--kubeconfig", h.Kubeconfig()}, kubectllite.Streams{Out: &out, Err: &errOut})
	h.T.Log(out.String())
	require.Zero(h.T, code, "%s%s", &out, &errOut)
}
