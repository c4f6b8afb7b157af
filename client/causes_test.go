package client

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestCausesKeepTheNewest(t *testing.T) {
	var c Causes
	for revision := int64(api.MaxLedgerCauses + 3); revision > 0; revision-- {
		c.Add(revision)
		c.Add(revision)
	}
	require.Len(t, c.Revisions, api.MaxLedgerCauses)
	require.EqualValues(t, 4, c.Revisions[0])
	require.EqualValues(t, api.MaxLedgerCauses+3, c.Revisions[len(c.Revisions)-1])
	require.Positive(t, c.More)
	c.Add(1000)
	require.EqualValues(t, 1000, c.Revisions[len(c.Revisions)-1])
	require.EqualValues(t, 5, c.Revisions[0])
	require.IsIncreasing(t, c.Revisions)
}

func TestCauseHeaders(t *testing.T) {
	ctx := WithCauses(context.Background(), Causes{Revisions: []int64{12, 15, 19}, More: 4})
	ctx = Because(ctx, "%d wanted,\n%d exist: create %d", 3, 2, 1)
	h := http.Header{}
	setCauseHeaders(ctx, h)
	require.Equal(t, "12,15,19;+4", h.Get(api.HeaderCauses))
	require.Regexp(t, `^client/causes_test\.go:\d+$`, h.Get(api.HeaderRule))
	require.Equal(t, "3%20wanted,%0A2%20exist:%20create%201", h.Get(api.HeaderReason))
	require.Empty(t, h.Get(api.HeaderTimer))

	h = http.Header{}
	setCauseHeaders(WithTimer(context.Background(), "lease renewal"), h)
	require.Equal(t, "lease%20renewal", h.Get(api.HeaderTimer))
	require.Empty(t, h.Get(api.HeaderCauses))
}

// Where a rule is in the source is looked up once, and told each time.
func TestPlaceOfARule(t *testing.T) {
	rule := func(ctx context.Context) string {
		h := http.Header{}
		setCauseHeaders(ctx, h)
		return h.Get(api.HeaderRule)
	}
	helper := func() context.Context { return BecauseCaller(context.Background(), "helped") }
	for range 2 {
		_, _, line, _ := runtime.Caller(0)
		require.Equal(t, fmt.Sprintf("client/causes_test.go:%d", line+1), rule(Because(context.Background(), "said")))
		require.Equal(t, fmt.Sprintf("client/causes_test.go:%d", line+2), rule(helper()))
	}
}
