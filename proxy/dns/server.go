package dns

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// Config is what a name server needs to run.
type Config struct {
	Client     *client.Client
	Logger     *slog.Logger
	Domain     string // of the cluster: "cluster.local"
	Listen     string // address for questions, over UDP and TCP
	Ready      string // address that answers /ready once the caches are filled
	ResolvConf string // file that names the servers for all other names
}

// Server answers questions.
type Server struct {
	cfg        Config
	zone       zone
	services   *client.Informer[*api.Service]
	slices     *client.Informer[*api.EndpointSlice]
	namespaces *client.Informer[*api.Namespace]
	upstream   []string // host:port
	udp, tcp   *dns.Client
}

// Indexes of the caches.
const (
	byService = "service" // slices
	byAddress = "address" // services by their own, slices by their endpoints'
)

// Run answers until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	s := &Server{
		cfg:        cfg,
		services:   client.NewInformer[*api.Service](cfg.Client, client.InformerOptions{}),
		slices:     client.NewInformer[*api.EndpointSlice](cfg.Client, client.InformerOptions{}),
		namespaces: client.NewInformer[*api.Namespace](cfg.Client, client.InformerOptions{}),
		udp:        &dns.Client{Timeout: upstreamTimeout}, tcp: &dns.Client{Net: "tcp", Timeout: upstreamTimeout},
	}
	s.zone = zone{domain: dns.CanonicalName(cfg.Domain), caches: s}
	s.slices.AddIndex(byService, func(slice *api.EndpointSlice) []string { return []string{slice.Service().String()} })
	s.slices.AddIndex(byAddress, endpointAddresses)
	s.services.AddIndex(byAddress, func(svc *api.Service) []string { return svc.Spec.ClusterIPs })
	if file, err := dns.ClientConfigFromFile(cfg.ResolvConf); err == nil {
		for _, server := range file.Servers {
			s.upstream = append(s.upstream, net.JoinHostPort(server, file.Port))
		}
	} else {
		cfg.Logger.Warn("names outside of the cluster are not answered", "error", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{s.services.Run, s.slices.Run, s.namespaces.Run} {
		group.Go(func() error { return run(ctx) })
	}
	group.Go(func() error {
		if err := errors.Join(s.services.WaitForSync(ctx), s.slices.WaitForSync(ctx), s.namespaces.WaitForSync(ctx)); err != nil {
			return nil // ctx has ended
		}
		cfg.Logger.Info("answering", "domain", s.zone.domain, "address", cfg.Listen, "upstream", s.upstream)
		return s.serve(ctx)
	})
	return group.Wait()
}

// serve listens once the caches are filled: no answer is better than a wrong one.
func (s *Server) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) { s.handle(ctx, w, r) })
	for _, network := range []string{"udp", "tcp"} {
		server := &dns.Server{Addr: s.cfg.Listen, Net: network, Handler: handler, UDPSize: dns.DefaultMsgSize}
		group.Go(server.ListenAndServe)
		group.Go(func() error {
			<-ctx.Done()
			_ = server.Shutdown() // fails if it never listened, which is an error already
			return nil
		})
	}
	ready := http.NewServeMux()
	ready.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") })
	server := &http.Server{Addr: s.cfg.Ready, Handler: ready, ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { <-ctx.Done(); return server.Close() })
	return group.Wait()
}

// handle answers one question.
func (s *Server) handle(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) {
	var reply *dns.Msg
	switch {
	case len(r.Question) != 1:
		reply = new(dns.Msg).SetRcode(r, dns.RcodeFormatError)
	case dns.IsSubDomain(s.zone.domain, dns.CanonicalName(r.Question[0].Name)):
		reply = s.fromZone(ctx, r)
	case r.Question[0].Qtype == dns.TypePTR:
		reply = new(dns.Msg).SetReply(r)
		reply.Authoritative = true
		if reply.Answer = s.zone.reverse(dns.CanonicalName(r.Question[0].Name)); len(reply.Answer) == 0 {
			reply = s.forward(ctx, r)
		}
	default:
		reply = s.forward(ctx, r)
	}
	size := dns.MinMsgSize
	if o := r.IsEdns0(); o != nil {
		size = max(size, int(o.UDPSize()))
	}
	if w.RemoteAddr().Network() == "tcp" {
		size = dns.MaxMsgSize
	}
	reply.Truncate(size)
	if err := w.WriteMsg(reply); err != nil {
		s.cfg.Logger.Debug("an answer did not get away", "name", r.Question, "error", err)
	}
}

// fromZone answers for the cluster's own names.
func (s *Server) fromZone(ctx context.Context, r *dns.Msg) *dns.Msg {
	q := r.Question[0]
	a := s.zone.answer(dns.CanonicalName(q.Name), q.Qtype)
	reply := new(dns.Msg).SetReply(r)
	reply.Authoritative, reply.RecursionAvailable = true, true
	reply.Answer = a.records
	for _, record := range reply.Answer {
		record.Header().Name = q.Name // as it was asked, capitals and all: some resolvers check
	}
	if a.elsewhere != "" && q.Qtype != dns.TypeCNAME {
		question := new(dns.Msg).SetQuestion(a.elsewhere, q.Qtype)
		var there *dns.Msg
		if dns.IsSubDomain(s.zone.domain, a.elsewhere) {
			there = new(dns.Msg)
			there.Answer = s.zone.answer(dns.CanonicalName(a.elsewhere), q.Qtype).records
		} else {
			there = s.forward(ctx, question)
		}
		reply.Answer = append(reply.Answer, there.Answer...)
		return reply
	}
	for _, record := range reply.Answer {
		if srv, ok := record.(*dns.SRV); ok { // whoever asks for a port wants the address next
			reply.Extra = append(reply.Extra, s.zone.answer(dns.CanonicalName(srv.Target), dns.TypeA).records...)
		}
	}
	if len(reply.Answer) == 0 {
		reply.Ns = []dns.RR{s.zone.soa()}
		if !a.exists {
			reply.Rcode = dns.RcodeNameError
		}
	}
	return reply
}

// upstreamTimeout is how long one name server may take before the next one is asked.
const upstreamTimeout = 2 * time.Second

// forward asks the machine's name servers, one after the other.
func (s *Server) forward(ctx context.Context, r *dns.Msg) *dns.Msg {
	question := r.Copy()
	question.Id = dns.Id()
	for _, server := range s.upstream {
		reply, _, err := s.udp.ExchangeContext(ctx, question, server)
		if err == nil && reply.Truncated {
			reply, _, err = s.tcp.ExchangeContext(ctx, question, server)
		}
		if err == nil {
			reply.Id = r.Id
			return reply
		}
	}
	return new(dns.Msg).SetRcode(r, dns.RcodeServerFailure)
}

func (s *Server) service(namespace, name string) (*api.Service, bool) {
	return s.services.Get(api.Key{Namespace: namespace, Name: name})
}

func (s *Server) slicesOf(namespace, name string) []*api.EndpointSlice {
	return s.slices.ByIndex(byService, namespace+"/"+name)
}

func (s *Server) hasNamespace(name string) bool {
	_, ok := s.namespaces.Get(api.Key{Name: name})
	return ok
}

func (s *Server) serviceAt(ip string) (*api.Service, bool) {
	for _, svc := range s.services.ByIndex(byAddress, ip) {
		return svc, true
	}
	return nil, false
}

func (s *Server) endpointAt(ip string) (*api.EndpointSlice, *api.Endpoint, bool) {
	for _, slice := range s.slices.ByIndex(byAddress, ip) {
		svc, ok := s.service(slice.Namespace, slice.Labels[api.LabelServiceName])
		if !ok || api.HasClusterIP(svc) {
			continue
		}
		for i := range slice.Endpoints {
			if e := &slice.Endpoints[i]; len(e.Addresses) > 0 && e.Addresses[0] == ip {
				return slice, e, true
			}
		}
	}
	return nil, nil, false
}

func endpointAddresses(slice *api.EndpointSlice) []string {
	var all []string
	for i := range slice.Endpoints {
		if len(slice.Endpoints[i].Addresses) > 0 {
			all = append(all, slice.Endpoints[i].Addresses[0])
		}
	}
	return all
}
