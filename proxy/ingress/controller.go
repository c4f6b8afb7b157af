package ingress

import (
	"context"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// The ingress controller's loops:
//
//	desired    build: the table, from all objects at once         actual  what Server has        converge  swap it
//	desired    the addresses of the service that we are behind    actual  an Ingress's status    converge  write it

// Config is what an ingress controller needs to run.
type Config struct {
	Client    *client.Client
	Logger    *slog.Logger
	Addresses Addresses
	// Service is the one that we are behind: its addresses are those of every Ingress.
	Service api.Key
	// Classless says that Ingresses without a class are ours, too.
	Classless bool
}

// Controller keeps a Server's table up to date.
type Controller struct {
	cfg       Config
	log       *slog.Logger
	server    *Server
	events    *client.Recorder
	ingresses *client.Informer[*api.Ingress]
	classes   *client.Informer[*api.IngressClass]
	services  *client.Informer[*api.Service]
	slices    *client.Informer[*api.EndpointSlice]
	secrets   *client.Informer[*api.Secret]
	queue     *client.Queue // of one key: the table
	statuses  *client.Queue // of Ingresses

	// told is what the events of each Ingress have said. Of the table's one worker.
	told map[api.Key]telling
}

// telling is of which Ingress what was told.
type telling struct {
	uid        api.UID
	generation int64
	problems   []problem
}

// byService is the index of slices by their service.
const byService = "service"

// wholeTable is the one key of its queue.
var wholeTable = api.Key{Name: "table"}

// Run serves until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	server, err := NewServer(cfg.Logger)
	if err != nil {
		return err
	}
	c := newController(cfg, server)
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{c.ingresses.Run, c.classes.Run, c.services.Run, c.slices.Run, c.secrets.Run} {
		group.Go(func() error { return run(ctx) })
	}
	group.Go(func() error { return c.run(ctx) })
	return group.Wait()
}

func newController(cfg Config, server *Server) *Controller {
	c := &Controller{
		cfg: cfg, log: cfg.Logger, server: server, events: client.NewRecorder(cfg.Client, "nginx-ingress-controller", ""),
		ingresses: client.NewInformer[*api.Ingress](cfg.Client, client.InformerOptions{}),
		classes:   client.NewInformer[*api.IngressClass](cfg.Client, client.InformerOptions{}),
		services:  client.NewInformer[*api.Service](cfg.Client, client.InformerOptions{}),
		slices:    client.NewInformer[*api.EndpointSlice](cfg.Client, client.InformerOptions{}),
		// Other secrets are none of our business, and not in our memory.
		secrets: client.NewInformer[*api.Secret](cfg.Client, client.InformerOptions{FieldSelector: "type=" + string(api.SecretTypeTLS)}),
		queue:   client.NewQueue("ingress"), statuses: client.NewQueue("ingress-status"), told: map[api.Key]telling{},
	}
	c.slices.AddIndex(byService, func(slice *api.EndpointSlice) []string { return []string{slice.Service().String()} })
	c.ingresses.Enqueue(c.statuses, func(i *api.Ingress) []api.Key { return []api.Key{i.Key()} })
	c.ingresses.Enqueue(c.queue, whole[*api.Ingress])
	c.classes.Enqueue(c.queue, whole[*api.IngressClass])
	c.services.Enqueue(c.queue, whole[*api.Service])
	c.slices.Enqueue(c.queue, whole[*api.EndpointSlice])
	c.secrets.Enqueue(c.queue, whole[*api.Secret])
	// Whose an Ingress is depends on the classes, and its address on our service.
	c.classes.OnChange(func(_, _ *api.IngressClass, revision int64) { c.enqueueStatuses(revision) })
	c.services.OnChange(func(old, now *api.Service, revision int64) {
		for _, svc := range []*api.Service{old, now} {
			if svc != nil && svc.Key() == cfg.Service {
				c.enqueueStatuses(revision)
			}
		}
	})
	return c
}

func whole[T api.Object](T) []api.Key { return []api.Key{wholeTable} }

func (c *Controller) enqueueStatuses(revision int64) {
	for _, ingress := range c.ingresses.List("", nil) {
		c.statuses.Add(ingress.Key(), revision)
	}
}

// run serves once the table is there: no answer is better than a wrong one.
func (c *Controller) run(ctx context.Context) error {
	for _, synced := range []func(context.Context) error{
		c.ingresses.WaitForSync, c.classes.WaitForSync, c.services.WaitForSync, c.slices.WaitForSync, c.secrets.WaitForSync,
	} {
		if err := synced(ctx); err != nil {
			return nil // ctx has ended
		}
	}
	if err := c.Reconcile(ctx, wholeTable); err != nil {
		return err
	}
	c.log.Info("serving", "http", c.cfg.Addresses.HTTP, "https", c.cfg.Addresses.HTTPS, "hosts", len(c.server.table.Load().hosts))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.server.Run(ctx, c.cfg.Addresses) })
	group.Go(func() error { return c.queue.Run(ctx, 1, c.Reconcile, c.log) })
	group.Go(func() error { return c.statuses.Run(ctx, 1, c.reconcileStatus, c.log) })
	err := group.Wait()
	c.events.Flush()
	return err
}

// Reconcile makes the server's table what the objects say now.
func (c *Controller) Reconcile(ctx context.Context, _ api.Key) error {
	o := c.objects()
	t := build(o)
	c.server.table.Store(t)
	c.tell(ctx, t)
	return nil
}

func (c *Controller) objects() objects {
	return objects{
		ingresses: c.ingresses.List("", nil), classes: c.classes.List("", nil), classless: c.cfg.Classless,
		service: c.services.Get, secret: c.secrets.Get,
		slices: func(service api.Key) []*api.EndpointSlice { return c.slices.ByIndex(byService, service.String()) },
	}
}

// tell says in events what has become of each Ingress: that it was taken up, and what of it was not.
func (c *Controller) tell(ctx context.Context, t *table) {
	told := map[api.Key]telling{}
	for key, problems := range t.problems {
		ingress, ok := c.ingresses.Get(key)
		if !ok {
			continue // it went a moment ago
		}
		now, before := telling{ingress.UID, ingress.Generation, problems}, c.told[key]
		told[key] = now
		if before.uid != now.uid || before.generation != now.generation {
			c.events.Event(ctx, ingress, api.EventTypeNormal, "Sync", "Scheduled for sync")
		}
		for _, p := range problems {
			if before.uid != now.uid || !slices.Contains(before.problems, p) {
				c.events.Event(ctx, ingress, api.EventTypeWarning, p.reason, "%s", p.message)
			}
		}
	}
	c.told = told
}

// reconcileStatus writes where the Ingress that key names is reached.
func (c *Controller) reconcileStatus(ctx context.Context, key api.Key) error {
	o := c.objects()
	ingress, ok := c.ingresses.Get(key)
	if !ok || !o.isOurs(ingress) {
		return nil
	}
	var want []api.IngressLoadBalancerIngress
	if svc, ok := c.services.Get(c.cfg.Service); ok {
		want = addressesOf(svc)
	}
	if api.Equal(ingress.Status.LoadBalancer.Ingress, want) {
		return nil
	}
	ingress = api.DeepCopy(ingress)
	ingress.Status.LoadBalancer.Ingress = want
	_, err := client.Of[*api.Ingress](c.cfg.Client).UpdateStatus(client.Because(ctx, "service %s has these addresses", c.cfg.Service), ingress)
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil // it changed or went: its event brings us back
	}
	return err
}

// addressesOf are where a service is reached from outside.
func addressesOf(svc *api.Service) []api.IngressLoadBalancerIngress {
	var all []api.IngressLoadBalancerIngress
	for _, ingress := range svc.Status.LoadBalancer.Ingress {
		all = append(all, api.IngressLoadBalancerIngress{IP: ingress.IP, Hostname: ingress.Hostname})
	}
	return all
}
