package kubectllite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestCheckLedger(t *testing.T) {
	const controllers, kubelet = "system:serviceaccount:kube-system:replicaset-controller", "system:node:n1"
	write := func(revision int64, user string, causes ...int64) api.LedgerRecord {
		return api.LedgerRecord{Revision: revision, User: user, Verb: "update", Causes: causes}
	}
	timed := func(revision int64, user, timer string) api.LedgerRecord {
		return api.LedgerRecord{Revision: revision, User: user, Verb: "update", Timer: timer}
	}
	for name, c := range map[string]struct {
		records          []api.LedgerRecord
		writes, complete int
		compacted        int
		origins          map[string]int
		broken           []int64
	}{
		"a person, and what came of it": {
			records: []api.LedgerRecord{write(5, "ann"), write(6, controllers, 5), write(7, kubelet, 5, 6)},
			writes:  2, complete: 2, origins: map[string]int{"a person": 1},
		},
		"an operator in a namespace of one's own is a person's program": {
			records: []api.LedgerRecord{write(5, "system:serviceaccount:shop:operator")},
			origins: map[string]int{"a person": 1},
		},
		"clocks": {
			records: []api.LedgerRecord{timed(5, controllers, "schedule"), timed(6, kubelet, "node lease renewal"), write(7, controllers, 5, 6)},
			writes:  3, complete: 3, origins: map[string]int{"a clock": 1, "a node's observation": 1},
		},
		"a component that does not say why, and what follows from it": {
			records: []api.LedgerRecord{write(5, controllers), write(6, kubelet, 5)},
			writes:  2, complete: 0, origins: map[string]int{}, broken: []int64{5},
		},
		"a cause that never was": {
			records: []api.LedgerRecord{write(5, "ann"), write(7, controllers, 5, 6)},
			writes:  1, complete: 0, origins: map[string]int{"a person": 1}, broken: []int64{7},
		},
		"a cause of the time before": {
			records: []api.LedgerRecord{write(5, "ann"), write(7, controllers, 2, 5)},
			writes:  1, complete: 1, compacted: 1, origins: map[string]int{"a person": 1},
		},
		"a decision is no write": {
			records: []api.LedgerRecord{write(5, "ann"), {Revision: 5, User: controllers, Verb: "decide"}},
			origins: map[string]int{"a person": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			check := checkLedger(c.records)
			var broken []int64
			for _, r := range check.Broken {
				broken = append(broken, r.Revision)
			}
			require.Equal(t, c.writes, check.Writes)
			require.Equal(t, c.complete, check.Complete)
			require.Equal(t, c.compacted, check.Compacted)
			require.Equal(t, c.origins, check.Origins)
			require.Equal(t, c.broken, broken)
		})
	}
}
