package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgressInAPipeIsPlainLines(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	p.doing("Waiting for the API server")
	p.done("API server ready")
	p.doing("Waiting for nodes")
	fmt.Fprintln(p, " ! a remark")
	p.stop()
	require.Regexp(t, `^ ✓ API server ready +0.0s\n ! a remark\n$`, out.String())
}

func TestProgressOnATerminalTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out)
		p.terminal = true
		p.doing("Waiting")
		time.Sleep(spinnerPause + spinnerPause/2)
		synctest.Wait()
		fmt.Fprintln(p, " ! a remark")
		p.done("Here")
		require.Equal(t, clearLine+" ⠋ Waiting"+clearLine+" ⠙ Waiting"+ // it turned once
			clearLine+" ! a remark\n"+clearLine+" ⠙ Waiting"+ // a line goes above
			clearLine+fmt.Sprintf(" ✓ %-58s %5.1fs\n", "Here", 0.15), out.String())
	})
}

func TestWorkThatFailsLeavesNoSpinner(t *testing.T) {
	var out bytes.Buffer
	require.EqualError(t, working(&out, "Working", func() error { return errors.New("no") }), "no")
	require.Empty(t, out.String())
}
