package apiserver

import (
	"context"
	"errors"
	"sync"

	"kubelite/api"
	"kubelite/apiserver/gate"
	"kubelite/apiserver/rbac"
	"kubelite/store"
)

// edges is what the server has around the chain and the verbs: endpoints that are not resources, and what admission
// and subresources need.
type edges struct {
	services *serviceAllocator
	repairs  repairs
	metrics  *metrics
	kubelets *kubeletClient
	auditLog *auditLog // nil: there is none
	openapi  openapiDocuments
	tokens   *serviceAccountTokens
	webhooks *webhookClients
	// debugger is who waits at the gate, and whose requests go wrong.
	debugger gate.Gate
	// definitions serves custom resources.
	definitions *definitions
	// aggregator makes other API servers part of this one; rowsChanged is told when the table has other rows.
	aggregator  *aggregator
	rowsChanged chan why
}

// newEdges makes the edges, and who guards them.
func (s *Server) newEdges() (err error) {
	if s.authn, err = newAuthenticator(s.config.TokenFile); err != nil {
		return err
	}
	if s.tokens, err = newServiceAccountTokens(s); err != nil {
		return err
	}
	if s.authn.proxies, err = newFrontProxy(s.config.RequestHeaderCAFile); err != nil {
		return err
	}
	if s.auditLog, err = newAuditLog(s); err != nil {
		return err
	}
	s.authz = &authorizer{node: &nodeAuthorizer{server: s, rules: rbac.NodeRules()}, policy: rbac.NewPolicy()}
	s.feedPolicy()
	s.metrics = newMetrics(s)
	s.definitions = &definitions{server: s, served: map[string]*servedKind{}}
	if s.services, err = newServiceAllocator(s.config.ServiceCIDR); err != nil {
		return err
	}
	s.feedRanges()
	s.repairs = newRepairs()
	s.webhooks = &webhookClients{server: s}
	s.rowsChanged = make(chan why, 1)
	if s.aggregator, err = newAggregator(s); err != nil {
		return err
	}
	s.kubelets, err = newKubeletClient(s.config)
	return err
}

// admissionPlugins are the plugins, in upstream's order.
func (s *Server) admissionPlugins() admissionChain {
	return admissionChain{
		namespaceLifecycle{s}, // is there a namespace, and does it take new objects?
		limitRanger{s},        // a container asks for something, and for no more than it may
		serviceAccountAdmission{s, &lastDecoded[*api.ServiceAccount]{}}, // a pod runs as somebody
		nodeRestriction{s},         // a node writes only what is its own
		nodeTaint{},                // a new node takes no pods until its conditions are known
		podSecurity{s},             // a pod asks for no more of its node than its namespace allows
		newPriorityAdmission(s),    // a pod is this important
		defaultTolerationSeconds{}, // a pod outlasts a short outage of its node
		defaultStorageClass{s},     // a claim that names no class gets the default
		volumeProtection{},         // storage stays while it is in use
		claimResize{s},             // a claim grows where its class says that it can
		runtimeClassAdmission{s},   // a pod of a runtime class costs more, and runs on certain nodes
		deviceAdmission{s},         // devices are given, and looked at, by who may do so
		certificateAdmission{s},    // a certificate is approved and signed by who may do so for its signer
		defaultIngressClass{s},     // an Ingress that names no class gets the default
		podTopologyLabels{s},       // a pod knows in which zone it runs
		podResize{s},               // a running pod grows no further than its node
		newMutatingPolicies(s),     // expressions may change the object
		newMutatingWebhooks(s),     // and so may programs outside
		newValidatingPolicies(s),   // when it is final, expressions may refuse it
		newValidatingWebhooks(s),   // and so may programs outside
		quotaAdmission{s},          // there is room for it; last, so that nobody is charged for what is refused
	}
}

// read returns an object as it is now, with its resourceVersion, or a NotFound. The caller owns it.
func read[T api.Object](ctx context.Context, s *Server, namespace, name string) (obj T, err error) {
	res := resourceOf[T](s)
	found, err := s.readObject(ctx, res, namespace, name)
	if err != nil {
		return obj, err
	}
	return found.(T), nil
}

// lastDecoded keeps the objects of a kind that were asked for, decoded, for those who only look at them. It keeps a few: who
// asks for many different ones gets no use of it.
type lastDecoded[T api.Object] struct {
	mu   sync.Mutex
	kept map[*entry]T // guarded by mu
}

const maxLastDecoded = 64

// get returns an object as it is now, which the caller must not change, or nil if the cache does not have it.
func (l *lastDecoded[T]) get(s *Server, namespace, name string) (obj T) {
	res := resourceOf[T](s)
	e := s.cache.kind(res).get(res.key(namespace, name))
	if e == nil {
		return obj
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if obj, ok := l.kept[e]; ok {
		return obj
	}
	decoded, err := e.object(res)
	if err != nil {
		return obj
	}
	if l.kept == nil || len(l.kept) >= maxLastDecoded {
		l.kept = map[*entry]T{}
	}
	l.kept[e] = decoded.(T)
	return l.kept[e]
}

// readAll returns the objects of a kind as they are now, and the revision of the kind's last change. The caller owns
// them.
func readAll[T api.Object](s *Server) (objs []T, changed int64, err error) {
	res := resourceOf[T](s)
	entries, changed := s.cache.kind(res).list(res.prefix, "")
	for _, e := range entries {
		obj, err := e.object(res)
		if err != nil {
			return nil, 0, err
		}
		objs = append(objs, obj.(T))
	}
	return objs, changed, nil
}

// readObject is read for a kind that is known only when the program runs. Every write waits for the cache before it
// is answered, so the cache has all that a client can know of; what another API server has just written into the
// same store is found there.
func (s *Server) readObject(ctx context.Context, res *Resource, namespace, name string) (api.Object, error) {
	key := res.key(namespace, name)
	if e := s.cache.kind(res).get(key); e != nil {
		return e.object(res)
	}
	kv, err := s.store.Get(ctx, key, 0)
	if errors.Is(err, store.ErrKeyNotFound) {
		return nil, api.NewNotFound(res.Kind, name)
	}
	if err != nil {
		return nil, api.NewInternalError(err)
	}
	return decodeStored(res, kv.Value)
}
