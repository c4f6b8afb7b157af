package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says where the API server is and who is asking.
type Config struct {
	// Server is the API server's URL: "https://127.0.0.1:6443".
	Server string
	// CAData is the PEM of the authorities that may have signed the server's certificate. Empty: the system's.
	CAData []byte
	// CertData and KeyData are the PEM of a client certificate: the common name is the user, organisations are groups.
	CertData, KeyData []byte
	// Token is a bearer token; used where there is no client certificate, or beside it.
	Token string
	// TokenFile holds one that is replaced now and then; it is read when the last one read is a minute old.
	TokenFile string
	// TLSServerName is the name to expect in the server's certificate where it is not the host of Server.
	TLSServerName string
	// Insecure accepts any server certificate.
	Insecure bool
	// As and AsGroups are on whose behalf to act, as with Client.As.
	As       string
	AsGroups []string
	// Wrap, if it is set, stands between the client and its connections: a log of all requests, for example.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Multiplex carries all watches over one HTTP/2 connection, which the server must speak. A program that follows many kinds
	// wants that: a connection for each would cost some 35 KB, on either side.
	Multiplex bool
	// Agent is the program that asks, for the server's log and ledger: "scheduler", "kubelet/n1", "kubectl-lite".
	Agent string
	// Context is the kubeconfig's that this was read from, and Namespace the one that it names, "" if it names none. The client
	// itself does not use them.
	Context, Namespace string
	// FailFast returns a refused connection as an error at once. A person at a terminal wants that; a component
	// would rather wait for the API server that is just being restarted.
	FailFast bool
	// Logger gets what informers and the event recorder have to say. Nil: nobody does.
	Logger *slog.Logger
}

// Client talks to one API server as one user. It is safe for concurrent use, and cheap enough to have one for each
// component, but not one for each request: it owns the connections.
type Client struct {
	base      *url.URL
	http      *http.Client
	watches   *http.Client // for watches; the same, or one that multiplexes
	tls       *tls.Config
	token     string
	tokenFile *tokenFile // nil: token is all
	agent     string
	as        string // the user on whose behalf requests are made; empty: one's own
	asGroups  []string
	failFast  bool
	log       *slog.Logger
	decisions decisionMemory
}

// As is the same client, on the same connections, acting on behalf of another user. The server lets it do so if its own
// user may impersonate that one, and then asks what that one may do. The groups of service accounts need not be named.
func (c *Client) As(user string, groups ...string) *Client {
	other := c.alike()
	other.as, other.asGroups = user, groups
	return other
}

// Named is the same client under another name: who writes, in the ledger.
func (c *Client) Named(agent string) *Client {
	other := c.alike()
	other.agent = agent
	return other
}

// alike is another client on the same connections, which remembers decisions of its own.
func (c *Client) alike() *Client {
	return &Client{
		base: c.base, http: c.http, watches: c.watches, tls: c.tls, token: c.token, tokenFile: c.tokenFile,
		agent: c.agent, as: c.as, asGroups: c.asGroups, failFast: c.failFast, log: c.log,
	}
}

// AtMost is a client like this one with connections of its own, of which it opens no more than so many at a time and keeps those
// that it has: what comes when all are taken waits. It is for who speaks for thousands, and would else open as many connections
// at once, each with a handshake that costs more than its request. Watches that are not multiplexed take one each.
func (c *Client) AtMost(connections int) *Client {
	limited := transport(c.tls)
	limited.MaxConnsPerHost, limited.MaxIdleConnsPerHost = connections, connections
	other := c.alike()
	other.http = &http.Client{Transport: limited}
	if c.watches == c.http {
		other.watches = other.http
	}
	return other
}

// New checks the configuration and makes a client. It does not connect yet.
func New(cfg *Config) (*Client, error) {
	base, err := url.Parse(cfg.Server)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("server %q: want a URL such as https://127.0.0.1:6443", cfg.Server)
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	tlsConfig, err := cfg.TLS()
	if err != nil {
		return nil, err
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	over := func(t http.RoundTripper) *http.Client {
		if cfg.Wrap != nil {
			t = cfg.Wrap(t)
		}
		return &http.Client{Transport: t}
	}
	c := &Client{
		base: base,
		http: over(transport(tlsConfig)),
		tls:  tlsConfig,
		as:   cfg.As, asGroups: cfg.AsGroups,
		token: cfg.Token, tokenFile: newTokenFile(cfg.TokenFile),
		agent:    cfg.Agent,
		failFast: cfg.FailFast,
		log:      log,
	}
	c.watches = c.http
	if cfg.Multiplex {
		c.watches = over(multiplexing(tlsConfig))
	}
	return c, nil
}

// multiplexing speaks HTTP/2 and nothing else: our API server serves it to those who offer no HTTP/1.1.
func multiplexing(tlsConfig *tls.Config) *http.Transport {
	t := transport(tlsConfig.Clone())
	t.TLSNextProto = nil
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP2(true)
	return t
}

// transport speaks HTTP/1.1: a control plane on one machine has few, long-lived connections, and Go spends about half
// the CPU on them that it spends on HTTP/2 streams.
func transport(tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: 10 * time.Second,
		// A burst of parallel writes keeps its connections, an idle component soon gives them and their buffers back.
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     30 * time.Second,
		// Compressing between processes of one machine costs more than it saves.
		DisableCompression: true,
		// A non-nil map turns HTTP/2 off.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// TLS is the configuration's part that concerns transport security, for callers that open connections of their own.
func (cfg *Config) TLS() (*tls.Config, error) {
	t := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         cfg.TLSServerName,
		InsecureSkipVerify: cfg.Insecure,
		// A resumed handshake skips the certificates, which matters when many connections are opened at once.
		ClientSessionCache: tls.NewLRUClientSessionCache(2),
	}
	if len(cfg.CAData) > 0 {
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(cfg.CAData) {
			return nil, fmt.Errorf("certificate authority data: no PEM certificate in it")
		}
	}
	if len(cfg.CertData) > 0 || len(cfg.KeyData) > 0 {
		cert, err := tls.X509KeyPair(cfg.CertData, cfg.KeyData)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// CloseIdle gives idle connections back.
func (c *Client) CloseIdle() {
	c.http.CloseIdleConnections()
	c.watches.CloseIdleConnections()
}

// Server is the URL that the client talks to.
func (c *Client) Server() string { return c.base.String() }
