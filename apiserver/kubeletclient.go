package apiserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

// kubeletClient is how the server talks to kubelets: with a client certificate that they know, and, if it was told
// who signs their certificates, to nobody else.
type kubeletClient struct {
	verified, trusting *http.Client
	// pods makes requests to pods, over connections that kubelets make for it.
	pods   *http.Transport
	dialer net.Dialer
	tls    *tls.Config
}

func newKubeletClient(config Config) (*kubeletClient, error) {
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if config.KubeletClientCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(config.KubeletClientCertFile, config.KubeletClientKeyFile)
		if err != nil {
			return nil, fmt.Errorf("load the kubelet client certificate: %w", err)
		}
		tlsConfig.Certificates = []tls.Certificate{certificate}
	}
	trusting := tlsConfig.Clone()
	trusting.InsecureSkipVerify = true
	if config.KubeletCAFile != "" {
		pem, err := os.ReadFile(config.KubeletCAFile)
		if err != nil {
			return nil, fmt.Errorf("load the kubelets' authority: %w", err)
		}
		tlsConfig.RootCAs = x509.NewCertPool()
		if !tlsConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("load the kubelets' authority: no certificate in %s", config.KubeletCAFile)
		}
	} else {
		tlsConfig = trusting
	}
	c := &kubeletClient{
		verified: newKubeletHTTPClient(tlsConfig), trusting: newKubeletHTTPClient(trusting), tls: tlsConfig, dialer: net.Dialer{Timeout: 10 * time.Second},
	}
	c.pods = &http.Transport{
		DialContext: c.dialProxied, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // nobody signs for pods
	}
	return c, nil
}

func newKubeletHTTPClient(tlsConfig *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: tlsConfig, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second,
		// Thousands of simulated nodes have one address, and a handshake costs more than what is asked.
		MaxIdleConnsPerHost: 32,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}}
}

// defaultKubeletPort is where a kubelet listens that says nothing else in its Node.
const defaultKubeletPort = 10250

// kubeletAddress is where a node's kubelet listens.
func kubeletAddress(node *api.Node) (string, error) {
	i := slices.IndexFunc(node.Status.Addresses, func(a api.NodeAddress) bool { return a.Type == api.NodeInternalIP && net.ParseIP(a.Address) != nil })
	if i < 0 {
		return "", fmt.Errorf("no preferred addresses found; known addresses: %v", node.Status.Addresses)
	}
	port := int(node.Status.DaemonEndpoints.KubeletEndpoint.Port)
	if port == 0 {
		port = defaultKubeletPort
	}
	return net.JoinHostPort(node.Status.Addresses[i].Address, strconv.Itoa(port)), nil
}

// get asks a node's kubelet. The answer's body is a stream that ends with ctx.
func (c *kubeletClient) get(ctx context.Context, node *api.Node, path string, query url.Values, insecure bool) (*http.Response, error) {
	address, err := kubeletAddress(node)
	if err != nil {
		return nil, err
	}
	at := url.URL{Scheme: "https", Host: address, Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	if insecure {
		return c.trusting.Do(request)
	}
	return c.verified.Do(request)
}

// connect asks a node's kubelet for a connection to something that it can reach. The request's own becomes that.
func (c *kubeletClient) connect(ctx context.Context, node *api.Node, path string) (net.Conn, error) {
	address, err := kubeletAddress(node)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, "https://"+address+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "tcp")
	conn, err := (&tls.Dialer{NetDialer: &c.dialer, Config: c.tls}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // nobody waits for the answer any more
	defer stop()
	reader := bufio.NewReader(conn)
	answer, err := roundTrip(conn, reader, request)
	if err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 10_000)) // what there is of it explains enough
		err = errors.New(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &connectionBehind{conn, reader}, nil
}

func roundTrip(conn net.Conn, reader *bufio.Reader, request *http.Request) (*http.Response, error) {
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(reader, request)
}

// connectionBehind is a connection of which the beginning has been read already.
type connectionBehind struct {
	net.Conn
	reader *bufio.Reader
}

func (c *connectionBehind) Read(p []byte) (int, error) { return c.reader.Read(p) }
