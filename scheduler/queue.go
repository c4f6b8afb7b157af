package scheduler

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// queue holds the pods that wait for a node.
//
//	new pod ──▶ active ──pop──▶ a scheduling cycle ──▶ bound
//	              ▲ ▲                   │
//	    its time  │ │ a change that     │ no node fits: which plugins said no?
//	    has come  │ │ may help          ▼
//	           back-off ◀────────  unschedulable ◀── gated: not to be tried at all
//
// active is ordered by the QueueSort plugin: the most important pod first, of equals the one that has waited longest. A
// change that helps moves a pod to active, or to back-off when it was tried just before: after one second, then two, four,
// eight, ten. While active is empty, pods are taken from back-off before their time: it is there to protect a scheduler
// that has better things to do; only those whose last attempt ended in an error serve all of it. A pod that nothing helped
// for five minutes is tried anyway.
type queue struct {
	profiles map[string]*profile
	less     func(a, b *queuedPod) bool
	first    time.Duration // back-off after the first attempt
	last     time.Duration // and at most

	mu            sync.Mutex
	ready         sync.Cond              // a pod may be taken, or the queue closed
	pods          map[api.Key]*queuedPod // all of them; guarded by mu, like the rest
	active        podHeap
	backoff       podHeap // fit nowhere; may be taken before their time
	erred         podHeap // in back-off after an error
	unschedulable map[*queuedPod]struct{}
	current       *queuedPod     // in its scheduling cycle
	meanwhile     []clusterEvent // what happened since that began
	timer         *time.Timer    // for the first pod in erred, while nothing else waits
	closed        bool
}

// queuedPod is a pod in the queue, or in its scheduling cycle.
type queuedPod struct {
	info       *podInfo
	causes     client.Causes
	since      time.Time // when it was put where it is
	attempts   int       // in vain
	errors     int       // in a row: the last attempts ended in an error
	readyAt    time.Time // end of its back-off
	rejectedBy []string  // the plugins that said no, in order; none after an error
	place      place
	index      int // in its heap
}

// place is where in the queue a pod is.
type place int

const (
	inActive place = iota
	inBackoff
	inErred
	inUnschedulable
	inCycle // taken out
)

// Back-off of a pod that fits nowhere, and how long it waits for a change that helps. Upstream's figures.
const (
	firstBackoff  = time.Second
	lastBackoff   = 10 * time.Second
	longestWait   = 5 * time.Minute
	flushInterval = 30 * time.Second
)

// newQueue makes an empty queue. All profiles sort alike, since they share it.
func newQueue(profiles map[string]*profile, first, last time.Duration) *queue {
	q := &queue{profiles: profiles, first: first, last: last, pods: map[api.Key]*queuedPod{}, unschedulable: map[*queuedPod]struct{}{}}
	for _, p := range profiles {
		q.less = p.sort.Less
	}
	q.ready.L = &q.mu
	q.active.less = q.less
	q.erred.less = func(a, b *queuedPod) bool { return a.readyAt.Before(b.readyAt) }
	q.backoff.less = func(a, b *queuedPod) bool {
		// Within a second the more important pod comes first.
		at, bt := a.readyAt.Truncate(time.Second), b.readyAt.Truncate(time.Second)
		return at.Before(bt) || at.Equal(bt) && q.less(a, b)
	}
	return q
}

// run makes time pass for the queue until ctx ends: it looks after pods that waited too long, and closes.
func (q *queue) run(ctx context.Context) {
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			q.close()
			return
		case now := <-ticker.C:
			q.flush(now)
		}
	}
}

// add takes in a pod that needs a node, or its newer state.
func (q *queue) add(pod *api.Pod, revision int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := pod.Key()
	p := q.pods[key]
	if p != nil && p.info.pod.UID != pod.UID {
		q.drop(p) // another one of the same name
		p = nil
	}
	if p == nil {
		p = &queuedPod{info: newPodInfo(pod), since: time.Now(), place: inCycle}
		p.causes.Add(revision)
		q.pods[key] = p
		q.enqueue(p)
		return
	}
	old := p.info.pod
	changed := waitingPodChanged(old, pod)
	if changed {
		p.info = newPodInfo(pod)
	} else {
		info := *p.info // only what nobody decides on
		info.pod = pod
		p.info = &info
	}
	switch {
	case p.place == inActive || p.place == inBackoff || p.place == inErred: // it will be tried as it is then
	case changed:
		q.happened(p, &clusterEvent{what: podItself, old: old, new: pod, revision: revision})
	}
}

// remove lets go of a pod that needs no node any more.
func (q *queue) remove(key api.Key, uid api.UID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p := q.pods[key]; p != nil && p.info.pod.UID == uid {
		q.drop(p)
	}
}

func (q *queue) drop(p *queuedPod) {
	q.takeOut(p)
	delete(q.pods, p.info.pod.Key())
}

// happen moves the pods that a change may help.
func (q *queue) happen(e clusterEvent) {
	if e.what == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.current != nil {
		q.meanwhile = append(q.meanwhile, e)
	}
	for p := range q.unschedulable {
		q.happened(p, &e)
	}
}

// happened moves one pod, if the change may help it.
func (q *queue) happened(p *queuedPod, e *clusterEvent) {
	if p == q.current {
		q.meanwhile = append(q.meanwhile, *e)
		return
	}
	if q.helps(p, e) {
		p.causes.Add(e.revision)
		if p.causes.Timer == "" {
			p.causes.Timer = e.timer
		}
		q.enqueue(p)
	}
}

// helps tells whether any plugin that rejected the pod may now let it pass.
func (q *queue) helps(p *queuedPod, e *clusterEvent) bool {
	if e.what&podItself != 0 {
		return e.new.GetObjectMeta().UID == p.info.pod.UID
	}
	for _, name := range p.rejectedBy {
		for _, h := range q.profileOf(p).hints[name] {
			if h.on&e.what != 0 && (h.helps == nil || h.helps(p.info, e)) {
				return true
			}
		}
	}
	return false
}

// enqueue puts a pod where it is tried as soon as it may be.
func (q *queue) enqueue(p *queuedPod) {
	q.takeOut(p)
	if by := q.gated(p); by != "" {
		p.rejectedBy = []string{by}
		p.place = inUnschedulable
		q.unschedulable[p] = struct{}{}
		return
	}
	switch {
	case !p.readyAt.After(time.Now()):
		q.push(&q.active, p, inActive)
	case p.errors > 0:
		q.push(&q.erred, p, inErred)
	default:
		q.push(&q.backoff, p, inBackoff)
	}
	q.ready.Signal()
}

// attempt is one cycle of a queued pod: the pod as it was when the cycle began, and why it began.
type attempt struct {
	queued *queuedPod
	info   *podInfo
	causes client.Causes
}

// pop waits for the next pod and begins its cycle; ok is false once the queue is closed.
func (q *queue) pop() (a attempt, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed {
		if p := q.next(time.Now()); p != nil {
			q.takeOut(p)
			q.current, q.meanwhile = p, nil
			return attempt{queued: p, info: p.info, causes: p.causes}, true
		}
		q.wait()
	}
	return attempt{}, false
}

// next is the pod to take: of those whose time has come the first, else the first one in back-off.
func (q *queue) next(now time.Time) *queuedPod {
	for _, h := range []*podHeap{&q.backoff, &q.erred} {
		for len(h.pods) > 0 && !h.pods[0].readyAt.After(now) {
			p := h.pods[0]
			q.takeOut(p)
			q.push(&q.active, p, inActive)
		}
	}
	if len(q.active.pods) > 0 {
		return q.active.pods[0]
	}
	if len(q.backoff.pods) > 0 {
		return q.backoff.pods[0]
	}
	return nil
}

// wait waits until there may be something to take.
func (q *queue) wait() {
	if len(q.erred.pods) > 0 {
		in := time.Until(q.erred.pods[0].readyAt)
		if q.timer == nil {
			q.timer = time.AfterFunc(in, func() {
				q.mu.Lock()
				defer q.mu.Unlock()
				q.ready.Broadcast()
			})
		} else {
			q.timer.Reset(in)
		}
	}
	q.ready.Wait()
}

// decided ends the cycle of a pod that got a node.
func (q *queue) decided(p *queuedPod) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.current == p {
		q.current, q.meanwhile = nil, nil
	}
	if q.pods[p.info.pod.Key()] == p {
		delete(q.pods, p.info.pod.Key())
	}
}

// rejected ends the cycle of a pod that fits nowhere, because of these plugins. What happened during the cycle counts: the
// decision may have been made before it.
func (q *queue) rejected(p *queuedPod, by []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	meanwhile := q.meanwhile
	q.current, q.meanwhile = nil, nil
	if q.pods[p.info.pod.Key()] != p {
		return // it is gone
	}
	p.attempts++
	p.errors = 0
	p.rejectedBy = by
	p.since = time.Now()
	p.readyAt = p.since.Add(backoff(p.attempts, q.first, q.last))
	p.causes = client.Causes{}
	p.place = inUnschedulable
	q.unschedulable[p] = struct{}{}
	for i := range meanwhile {
		if p.place == inUnschedulable {
			q.happened(p, &meanwhile[i])
		}
	}
}

// failed ends the cycle, or the binding, of a pod that could not be dealt with for a reason that is not its own: it is tried
// again after its back-off, for the same causes.
func (q *queue) failed(p *queuedPod) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.current == p {
		q.current, q.meanwhile = nil, nil
	}
	key := p.info.pod.Key()
	if now, ok := q.pods[key]; ok && now != p {
		return
	}
	q.pods[key] = p
	p.errors++
	p.rejectedBy = nil
	p.since = time.Now()
	p.readyAt = p.since.Add(backoff(p.errors, q.first, q.last))
	q.enqueue(p)
}

// flush moves the pods that nothing helped for long. They may wait for something that we have no hint for.
func (q *queue) flush(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range slices.Collect(maps.Keys(q.unschedulable)) {
		if now.Sub(p.since) > longestWait && q.gated(p) == "" {
			p.causes.Timer = "unschedulable for five minutes"
			q.enqueue(p)
		}
	}
}

// gated returns the plugin that keeps the pod from being tried at all, "" if none does.
func (q *queue) gated(p *queuedPod) string {
	for _, plugin := range q.profileOf(p).preEnqueues {
		if plugin.PreEnqueue(p.info.pod) != nil {
			return plugin.Name()
		}
	}
	return ""
}

func (q *queue) profileOf(p *queuedPod) *profile { return q.profiles[p.info.pod.Spec.SchedulerName] }

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.timer != nil {
		q.timer.Stop()
	}
	q.ready.Broadcast()
}

// backoff is how long a pod waits after so many attempts.
func backoff(attempts int, first, last time.Duration) time.Duration {
	return min(first<<min(attempts-1, 10), last)
}

func (q *queue) push(h *podHeap, p *queuedPod, at place) {
	p.place = at
	heap.Push(h, p)
}

// takeOut removes a pod from where it is.
func (q *queue) takeOut(p *queuedPod) {
	switch p.place {
	case inActive:
		heap.Remove(&q.active, p.index)
	case inBackoff:
		heap.Remove(&q.backoff, p.index)
	case inErred:
		heap.Remove(&q.erred, p.index)
	case inUnschedulable:
		delete(q.unschedulable, p)
	}
	p.place = inCycle
}

// podHeap orders pods for container/heap.
type podHeap struct {
	pods []*queuedPod
	less func(a, b *queuedPod) bool
}

func (h *podHeap) Len() int           { return len(h.pods) }
func (h *podHeap) Less(i, j int) bool { return h.less(h.pods[i], h.pods[j]) }
func (h *podHeap) Swap(i, j int) {
	h.pods[i], h.pods[j] = h.pods[j], h.pods[i]
	h.pods[i].index, h.pods[j].index = i, j
}

// Push is called by container/heap.
func (h *podHeap) Push(x any) {
	p := x.(*queuedPod)
	p.index = len(h.pods)
	h.pods = append(h.pods, p)
}

// Pop is called by container/heap.
func (h *podHeap) Pop() any {
	last := len(h.pods) - 1
	p := h.pods[last]
	h.pods[last] = nil
	h.pods = h.pods[:last]
	return p
}
