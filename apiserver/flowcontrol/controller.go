package flowcontrol

import (
	"context"
	"math"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kubelite/api"
)

// Controller shares out the seats of a server. All its methods may be called at the same time.
type Controller struct {
	total   int
	schemas atomic.Pointer[[]*flowSchema] // in the order in which they are asked

	mu           sync.Mutex
	levels       map[string]*level // guarded by mu, as are the shares in them
	nominal      int               // seats of all levels
	fairFraction float64           // of their targets, that levels got the last time
	configured   [2]any            // what Configure was told last

	waits *prometheus.HistogramVec
}

// flowSchema is a FlowSchema as requests meet it. It never changes.
type flowSchema struct {
	name   string
	spec   *api.FlowSchemaSpec
	level  *level
	meters *meters

	schemaUID, levelUID []string // header values
}

// New makes a Controller of a server that serves so many requests at once. Until it is configured it knows what is mandatory.
func New(seats int) *Controller {
	c := &Controller{total: seats, levels: map[string]*level{}, waits: newWaits()}
	c.Configure(nil, nil)
	return c
}

// Run adjusts the levels to what is asked of them, until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	ticker := time.NewTicker(adjustEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			c.mu.Lock()
			c.bury()
			c.adjust()
			c.mu.Unlock()
		}
	}
}

// Configure makes the priority levels and FlowSchemas those that are given, which must be valid, and what is mandatory and
// missing. Requests that wait or are served at a level that is gone stay there to the end.
func (c *Controller) Configure(levels []*api.PriorityLevelConfiguration, schemas []*api.FlowSchema) {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := [2]any{essence(levels, levelSpec), essence(schemas, schemaSpec)}
	if reflect.DeepEqual(told, c.configured) {
		return // or the demand of the last seconds would be forgotten for a label
	}
	c.configured = told
	wanted := map[string]*api.PriorityLevelConfiguration{}
	for _, config := range slices.Concat(api.MandatoryPriorityLevels(), levels) { // those that exist come later and count
		wanted[config.Name] = config
	}
	for name, config := range wanted {
		if c.levels[name] == nil {
			c.levels[name] = c.newLevel(name)
		}
		c.levels[name].configure(&config.Spec)
	}
	for name, l := range c.levels {
		l.setGone(wanted[name] == nil)
	}
	c.bury()
	c.shareOut()
	c.adjust()
	c.order(levels, schemas)
}

// essential is what of an object counts here.
type essential[S any] struct {
	name string
	uid  api.UID
	spec S
}

func levelSpec(l *api.PriorityLevelConfiguration) api.PriorityLevelConfigurationSpec { return l.Spec }
func schemaSpec(s *api.FlowSchema) api.FlowSchemaSpec                                { return s.Spec }

func essence[T api.Object, S any](objs []T, spec func(T) S) (essence []essential[S]) {
	for _, obj := range objs {
		meta := obj.GetObjectMeta()
		essence = append(essence, essential[S]{meta.Name, meta.UID, spec(obj)})
	}
	return essence
}

// bury forgets levels that are gone and idle.
func (c *Controller) bury() {
	for name, l := range c.levels {
		if l.isOver() {
			delete(c.levels, name)
			c.shareOut()
		}
	}
}

// order lists the schemas whose level exists. Those that are mandatory always have one.
func (c *Controller) order(levels []*api.PriorityLevelConfiguration, schemas []*api.FlowSchema) {
	uids := map[string]api.UID{}
	for _, config := range levels {
		uids[config.Name] = config.UID
	}
	byName := map[string]*api.FlowSchema{}
	for _, schema := range slices.Concat(api.MandatoryFlowSchemas(), schemas) {
		byName[schema.Name] = schema
	}
	var order []*flowSchema
	for name, schema := range byName {
		at := schema.Spec.PriorityLevelConfiguration.Name
		uid, exists := uids[at]
		if !exists && !api.MandatoryFlow(name) {
			continue
		}
		l := c.levels[at]
		order = append(order, &flowSchema{
			name: name, spec: &schema.Spec, level: l, meters: l.metersOf(name), schemaUID: []string{string(schema.UID)}, levelUID: []string{string(uid)},
		})
	}
	slices.SortFunc(order, inOrder)
	c.schemas.Store(&order)
}

// Admit returns when the request may be served or is turned away: when it has waited for so long, or ctx is over. size says how
// much work it is, if it may take that many seats at most. Whoever is let in has to call Done.
func (c *Controller) Admit(ctx context.Context, wait time.Duration, d Digest, size func(most int) Work) *Ticket {
	schema := c.classify(&d)
	t := &Ticket{schema: schema, digest: d, flow: flowOf(schema.spec.DistinguisherMethod, &d), work: size(int(schema.level.most.Load()))}
	schema.level.admit(ctx, wait, t)
	return t
}

// classify finds the schema of a request, which for one that nobody wants is catch-all.
func (c *Controller) classify(d *Digest) (found *flowSchema) {
	for _, schema := range *c.schemas.Load() {
		if matches(schema.spec, d) {
			return schema
		}
		if schema.name == api.FlowSchemaNameCatchAll {
			found = schema
		}
	}
	return found
}

// UIDs are those of the FlowSchema and the priority level of the request, each as the only value of a header.
func (t *Ticket) UIDs() (schema, level []string) { return t.schema.schemaUID, t.schema.levelUID }

// Served counts the requests that are being served.
func (c *Controller) Served() (reads, writes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.levels {
		l.mu.Lock()
		for t := range l.executing {
			switch t.digest.Verb {
			case "get", "head", "list", "watch":
				reads++
			default:
				writes++
			}
		}
		l.mu.Unlock()
	}
	return reads, writes
}

func (c *Controller) newLevel(name string) *level {
	now := time.Now()
	return &level{
		name: name, exempt: name == api.PriorityLevelConfigurationNameExempt, waits: c.waits,
		executing: map[*Ticket]struct{}{}, meters: map[string]*meters{}, moved: now, demand: demand{began: now, changed: now},
	}
}

// configure makes the level what its configuration says, seats aside.
func (l *level) configure(spec *api.PriorityLevelConfigurationSpec) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.share
	l.share = newShare(spec)
	l.share.observed, l.share.smoothed = old.observed, old.smoothed
	l.queueCount = 0
	if limited := spec.Limited; limited != nil && limited.LimitResponse.Queuing != nil {
		q := limited.LimitResponse.Queuing
		l.queueCount, l.handSize, l.queueLength = int(q.Queues), int(q.HandSize), int(q.QueueLengthLimit)
	}
	for i := len(l.queues); i < l.queueCount; i++ {
		l.queues = append(l.queues, &queue{index: i})
	}
	l.trim()
}

func (l *level) setGone(gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = gone
}

// isOver tells that the level is gone, and nobody is left there.
func (l *level) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone && len(l.executing) == 0 && len(l.waiters) == 0
}

// widest is how many seats one request of the level may take: so many that some of a hand's queues can be served at once. A level
// without queues sets no limit.
func (l *level) widest() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queueCount == 0 {
		return math.MaxInt
	}
	nominal := l.share.nominal
	return max(1, min(int(math.Ceil(0.15*float64(nominal))), nominal/l.handSize))
}

func (l *level) metersOf(schema string) *meters {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.meters[schema] == nil {
		l.meters[schema] = &meters{rejected: map[string]int64{}, waits: map[bool]prometheus.Observer{}}
	}
	return l.meters[schema]
}
