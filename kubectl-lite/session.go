package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"kubelite/client"
)

// session is what all commands share: the streams, the global flags, and the connection that follows from them, made
// when the first request needs it.
type session struct {
	Streams
	flags       globalFlags
	commandLine string // for the ledger
	chunk       int64  // how many objects a list asks for at once, 0: all

	api       *client.Client
	config    *client.Config
	resources []client.APIResource
}

type globalFlags struct {
	kubeconfig, context       string
	cluster, user             string
	as                        string
	asGroups                  []string
	verbosity                 int
	profile, home             string
	namespace                 string
	server, token             string
	caFile, certFile, keyFile string
	tlsServerName             string
	insecure                  bool
	timeout                   time.Duration
}

func (s *session) addFlags(flags *pflag.FlagSet) {
	f := &s.flags
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "Path to the kubeconfig file to use for CLI requests.")
	flags.StringVar(&f.context, "context", "", "The name of the kubeconfig context to use")
	flags.StringVar(&f.cluster, "cluster", "", "The name of the kubeconfig cluster to use")
	flags.StringVar(&f.user, "user", "", "The name of the kubeconfig user to use")
	flags.StringVar(&f.as, "as", "", "Username to impersonate for the operation. User could be a regular user or a service account in a namespace.")
	flags.StringArrayVar(&f.asGroups, "as-group", nil, "Group to impersonate for the operation, this flag can be repeated to specify multiple groups.")
	flags.IntVarP(&f.verbosity, "v", "v", 0, "number for the log level verbosity: 6 shows requests, 7 their headers, 8 and more their bodies")
	flags.StringVar(&f.profile, "profile", "", "The kubelite cluster to use: its kubeconfig is <home>/<profile>/kubeconfig")
	flags.StringVar(&f.home, "home", "", "Where kubelite keeps its clusters (default $KUBELITE_HOME, else ~/.kubelite)")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "If present, the namespace scope for this CLI request")
	flags.StringVarP(&f.server, "server", "s", "", "The address and port of the Kubernetes API server")
	flags.StringVar(&f.token, "token", "", "Bearer token for authentication to the API server")
	flags.StringVar(&f.caFile, "certificate-authority", "", "Path to a cert file for the certificate authority")
	flags.StringVar(&f.certFile, "client-certificate", "", "Path to a client certificate file for TLS")
	flags.StringVar(&f.keyFile, "client-key", "", "Path to a client key file for TLS")
	flags.StringVar(&f.tlsServerName, "tls-server-name", "", "Server name to use for server certificate validation")
	flags.BoolVar(&f.insecure, "insecure-skip-tls-verify", false, "If true, the server's certificate will not be checked for validity")
	flags.DurationVar(&f.timeout, "request-timeout", 0, "The length of time to wait before giving up on a single server request (0: no limit)")
}

// connect makes the client from the flags and the kubeconfig that they lead to.
func (s *session) connect() (*client.Client, error) {
	if s.api != nil {
		return s.api, nil
	}
	cfg, err := s.loadConfig()
	if err != nil {
		return nil, err
	}
	cfg.Agent, cfg.FailFast = "kubectl-lite", true
	s.config = cfg
	s.api, err = client.New(cfg)
	return s.api, err
}

func (s *session) loadConfig() (*client.Config, error) {
	f := &s.flags
	path, err := s.kubeconfigPath()
	if err != nil {
		return nil, err
	}
	cfg, err := client.LoadKubeconfigWith(path, client.KubeconfigChoice{Context: f.context, Cluster: f.cluster, User: f.user})
	switch {
	case f.server != "" && (errors.Is(err, client.ErrNoKubeconfig) || errors.Is(err, client.ErrNoCurrentContext)):
		cfg = &client.Config{}
	case errors.Is(err, client.ErrNoKubeconfig):
		return nil, errors.New("no cluster is configured: start one with \"kubelite start\", or name a kubeconfig with --kubeconfig")
	case errors.Is(err, client.ErrNoContext):
		return nil, plainError{fmt.Errorf("Error in configuration: %w", err)}
	case err != nil:
		return nil, errStat(err)
	}
	override := func(value string, to *string) {
		if value != "" {
			*to = value
		}
	}
	override(f.server, &cfg.Server)
	override(f.token, &cfg.Token)
	override(f.tlsServerName, &cfg.TLSServerName)
	override(f.as, &cfg.As)
	if len(f.asGroups) > 0 {
		cfg.AsGroups = f.asGroups
	}
	if len(cfg.AsGroups) > 0 && cfg.As == "" {
		return nil, errors.New("requesting groups without impersonating a user: --as-group needs --as")
	}
	cfg.Wrap = s.wrap
	cfg.Insecure = cfg.Insecure || f.insecure
	if f.insecure {
		cfg.CAData = nil
	}
	for _, file := range []struct {
		path string
		to   *[]byte
	}{{f.caFile, &cfg.CAData}, {f.certFile, &cfg.CertData}, {f.keyFile, &cfg.KeyData}} {
		if file.path == "" {
			continue
		}
		if *file.to, err = os.ReadFile(file.path); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

// wrap puts between the commands and the connections what can see the past, and the log.
func (s *session) wrap(next http.RoundTripper) http.RoundTripper {
	if s.flags.verbosity >= 6 {
		next = s.logRequests(next)
	}
	base := ""
	if u, err := url.Parse(s.config.Server); err == nil {
		base = strings.TrimSuffix(u.Path, "/")
	}
	return &rewound{base, next}
}

// kubeconfigPath is the file to read, "" for kubectl's own rules ($KUBECONFIG, ~/.kube/config).
func (s *session) kubeconfigPath() (string, error) {
	f := &s.flags
	return client.ChosenKubeconfig(f.kubeconfig, f.profile, f.home, f.context != "" || f.server != "")
}

// namespace is the one that the command works in.
func (s *session) namespace() string {
	switch {
	case s.flags.namespace != "":
		return s.flags.namespace
	case s.config != nil && s.config.Namespace != "":
		return s.config.Namespace
	}
	return "default"
}

// do sends a request. Writes tell the ledger which command line made them.
func (s *session) do(ctx context.Context, req client.Request) (*client.Response, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	if s.flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.flags.timeout)
		defer cancel()
	}
	resp, err := c.Do(client.BecauseCaller(ctx, s.commandLine), req)
	if err != nil {
		return nil, err
	}
	s.printWarnings(resp)
	return resp, nil
}

// stream sends a request whose answer is read as it comes.
func (s *session) stream(ctx context.Context, req client.Request) (io.ReadCloser, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	if s.flags.timeout == 0 {
		return c.Stream(ctx, req)
	}
	ctx, cancel := context.WithTimeout(ctx, s.flags.timeout)
	body, err := c.Stream(ctx, req)
	if err != nil {
		cancel()
		return nil, err
	}
	return &timedStream{body, cancel}, nil
}

// timedStream ends with --request-timeout, and gives its timer back when it is closed before.
type timedStream struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (t *timedStream) Close() error {
	t.cancel()
	return t.ReadCloser.Close()
}
