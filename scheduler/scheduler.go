package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"kubelite/api"
	"kubelite/client"
)

// Config is what a scheduler needs to run.
type Config struct {
	Client   *client.Client
	Logger   *slog.Logger
	Lease    *client.LeaseConfig // decide only while holding it; nil: there is no other copy
	Profiles *Configuration      // nil: one profile, the default one
}

// bindConcurrency bounds the bindings under way. A binding waits for the disk of the API server, which serves many at the
// price of one; but no more than the client keeps connections for, since a new one costs both sides more than a binding.
const bindConcurrency = 24

// Scheduler gives every pod that has no node the best node that can run it.
type Scheduler struct {
	client    *client.Client
	log       *slog.Logger
	profiles  map[string]*profile // by spec.schedulerName
	informers *informers
	queue     *queue
	cache     *cache
	nominator *nominator // guarded as the cache is

	kit      *kit
	process  string         // tells this process's passes from its predecessor's
	passes   uint64         // attempts begun
	bindings sync.WaitGroup // under way
	slots    chan struct{}  // one for each write of a binding
}

// Run schedules pods until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	s, err := newScheduler(cfg)
	if err != nil {
		return err
	}
	return client.Lead(ctx, cfg.Client, cfg.Lease, s.run)
}

func newScheduler(cfg Config) (*Scheduler, error) {
	s := &Scheduler{
		client: cfg.Client, log: cfg.Logger,
		informers: newInformers(cfg.Client), cache: newCache(), nominator: newNominator(),
		process: strconv.FormatUint(uint64(rand.Uint32N(36*36*36)), 36), slots: make(chan struct{}, bindConcurrency),
	}
	s.kit = s.informers.kit(s)
	profiles, err := newProfiles(cfg.Profiles, s.kit)
	if err != nil {
		return nil, err
	}
	for name, p := range profiles {
		p.events = client.NewRecorder(cfg.Client, name, "")
	}
	first, last := cfg.Profiles.backoffs()
	s.profiles, s.queue = profiles, newQueue(profiles, first, last)
	s.subscribe()
	return s, nil
}

func (s *Scheduler) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { s.queue.run(ctx) })
	// All caches first: a pod decided on half of the nodes would be decided wrongly.
	stopped := s.informers.start(ctx)
	err := s.informers.waitForSync(ctx)
	for err == nil {
		a, ok := s.queue.pop()
		if !ok {
			break
		}
		s.scheduleOne(ctx, a)
	}
	cancel()
	wg.Wait()
	s.bindings.Wait()
	return errors.Join(err, stopped())
}

// scheduleOne is one pod's way from the queue to its node. Decisions build on one another, so they are made one by one;
// bindings run beside them.
func (s *Scheduler) scheduleOne(ctx context.Context, a attempt) {
	s.cache.begin() // the picture stands still until the next pod's turn
	defer s.cache.end()
	pod := a.info.pod
	if !s.needsNode(pod) || s.cache.isPlaced(pod.UID) {
		s.queue.decided(a.queued)
		return
	}
	s.passes++
	ctx = client.WithPass(ctx, "scheduler-"+s.process+"-"+strconv.FormatUint(s.passes, 36), a.causes)
	c := &cycle{pod: a.info, profile: s.profiles[pod.Spec.SchedulerName], cache: s.cache, nominator: s.nominator}

	d := c.find() // 1. PreFilter, Filter and Score
	if d.Node == "" {
		s.postFilter(ctx, c) // or PostFilter: others may have to go
		s.unschedulable(ctx, a, c)
		return
	}
	node := s.cache.byName[d.Node]
	if st := s.reserve(ctx, c, node); st != nil { // 2. Reserve: what the pod will use there
		s.unschedulable(ctx, a, c.only(node, st))
		return
	}
	s.cache.assume(a.info, d.Node) // the room is taken, so that the next decision sees it taken
	s.nominator.set(a.info, "")
	s.queue.decided(a.queued)
	s.bindings.Go(func() { s.bind(ctx, a, c.profile, d) }) // 3. PreBind and Bind, beside the next decision
}

// postFilter asks whether room can be made.
func (s *Scheduler) postFilter(ctx context.Context, c *cycle) {
	d := c.decision
	if d.failure != "" || d.Nodes == 0 {
		return
	}
	var messages []string
	defer func() { d.Preemption = strings.Join(messages, ", ") }()
	for _, p := range c.profile.postFilters {
		result := p.PostFilter(ctx, c)
		if result.last {
			messages = []string{result.message}
			return
		}
		if result.message != "" {
			messages = append(messages, result.message)
		}
		if result.keep {
			continue
		}
		d.renominate = true
		d.Nominated = result.nominate
		for _, v := range result.victims {
			d.Victims = append(d.Victims, v.pod.Key().String())
		}
		s.nominator.set(c.pod, result.nominate)
		if result.nominate != "" { // room is being made: no more need be said
			messages = nil
			return
		}
	}
}

func (s *Scheduler) reserve(ctx context.Context, c *cycle, n *nodeInfo) *status {
	for _, p := range c.profile.reserves {
		if st := p.Reserve(c, n); st != nil {
			s.unreserve(ctx, c.profile, c.pod)
			return st
		}
	}
	return nil
}

func (s *Scheduler) unreserve(ctx context.Context, p *profile, pod *podInfo) {
	for _, plugin := range p.reserves {
		plugin.Unreserve(ctx, pod)
	}
}

// bind makes the decision true. A pod that could not be bound goes back to the queue: its room is free again.
func (s *Scheduler) bind(ctx context.Context, a attempt, p *profile, d *decision) {
	pod := a.info.pod
	err := s.preBindAndBind(ctx, a, p, d)
	if err == nil {
		for _, plugin := range p.postBinds {
			plugin.PostBind(a.info)
		}
		s.log.Debug("pod bound", "namespace", pod.Namespace, "name", pod.Name, "node", d.Node)
		p.events.Event(ctx, pod, api.EventTypeNormal, "Scheduled", "Successfully assigned %s to %s", pod.Key(), d.Node)
		return
	}
	s.unreserve(ctx, p, a.info)
	s.cache.tell(func() { s.cache.forget(pod.UID) })
	s.queue.happen(clusterEvent{what: podGone, old: assumedOn(pod, d.Node), timer: "binding failed"}) // others may want the room
	now := s.stillWaits(pod)
	if ctx.Err() != nil || now == nil {
		return
	}
	s.log.Warn("bind pod", "namespace", pod.Namespace, "name", pod.Name, "node", d.Node, "error", err)
	s.report(ctx, now, &outcome{reason: "SchedulerError", message: err.Error(), nominate: true})
	s.queue.failed(a.queued)
}

func (s *Scheduler) preBindAndBind(ctx context.Context, a attempt, p *profile, d *decision) error {
	s.announce(ctx, a.info, p, d)
	for _, plugin := range p.preBinds { // may wait, for volumes
		if err := plugin.PreBind(ctx, a.info, d.Node); err != nil {
			return fmt.Errorf("running PreBind plugin %q: %w", plugin.Name(), err)
		}
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.slots }()
	return p.binder.Bind(client.WithDetails(client.Because(ctx, "%s", d.summary), d), a.info, d.Node)
}

// announce writes into a pod whose binding has to wait for something which node it will get: others that look for room, such as
// cluster autoscalers, see that it has some. A pod that is bound at once needs no announcing.
func (s *Scheduler) announce(ctx context.Context, info *podInfo, p *profile, d *decision) {
	pod := info.pod
	waits := func(plugin preBindPlugin) bool { return plugin.PreBindPreFlight(info) }
	if pod.Status.NominatedNodeName == d.Node || !slices.ContainsFunc(p.preBinds, waits) {
		return
	}
	why := client.Because(ctx, "%s, and something has to be done there first", d.summary)
	if err := s.patchStatus(why, pod, map[string]any{"nominatedNodeName": d.Node}); err != nil {
		s.log.Warn("announce a pod's node", "namespace", pod.Namespace, "name", pod.Name, "node", d.Node, "error", err)
	}
}

// assumedOn is the pod as it would have been on the node.
func assumedOn(pod *api.Pod, node string) *api.Pod {
	there := *pod
	there.Spec.NodeName = node
	return &there
}

// needsNode tells whether the pod is ours to place.
func (s *Scheduler) needsNode(pod *api.Pod) bool {
	return pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil && !pod.Status.Phase.Ended() && s.profiles[pod.Spec.SchedulerName] != nil
}

// stillWaits returns the pod as the informer has it now, nil if it is gone, another one of its name, or has a node.
func (s *Scheduler) stillWaits(pod *api.Pod) *api.Pod {
	now, ok := s.informers.pods.Get(pod.Key())
	if !ok || now.UID != pod.UID || !s.needsNode(now) {
		return nil
	}
	return now
}
