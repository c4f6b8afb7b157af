package story

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// With a seed, every story is told with watches that are late, each by as much as chance says:
//
//	STORY_SEED=3 go test ./test/story
//
// Nothing says how fast a watch is, or that two of them are as fast as each other, so a story ends as it does otherwise. Where it does
// not, something was decided by a cache that must not be, or the story itself believes that what it wrote is known. A seed
// draws the same for a story each time.

// drawLateWatches is called before the components begin to watch.
func (h *Harness) drawLateWatches() {
	seed, err := strconv.ParseUint(os.Getenv("STORY_SEED"), 10, 64)
	if err != nil {
		return
	}
	h.Eventually(func() error {
		_, err := h.Client.Gate().State(h.Ctx)
		return err
	})
	name := fnv.New64a()
	name.Write([]byte(h.T.Name())) // a hash's Write never fails
	chance := rand.New(rand.NewPCG(seed, name.Sum64()))
	for _, kind := range api.Kinds {
		for _, actor := range []string{"controllers", "scheduler", "kubelet"} {
			if chance.IntN(3) == 0 {
				h.fault(actor, kind.Resource(), api.Fault{DelayWatch: api.Duration{Duration: time.Duration(1+chance.IntN(500)) * time.Millisecond}})
			}
		}
	}
}

// late has the controllers hear of each change of a resource so much later, until resume.
func (h *Harness) late(resource string, by time.Duration) {
	h.T.Helper()
	h.fault("controllers", resource, api.Fault{DelayWatch: api.Duration{Duration: by}})
}

// fault lets something go wrong with what an actor asks of a resource, "" for all that it asks, until resume.
func (h *Harness) fault(actor, resource string, fault api.Fault) {
	h.T.Helper()
	fault.Actor, fault.Resource = actor, resource
	_, err := h.Client.Gate().AddFault(h.Ctx, fault)
	require.NoError(h.T, err)
}
