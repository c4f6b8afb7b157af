package apiserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"kubelite/api"
)

// kubeletClient is how the server talks to kubelets: with a client certificate that they know, and, if it was told
// who signs their certificates, to nobody else.
type kubeletClient struct {
	verified, trusting *http.Client
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
	if config.KubeletCAFile == "" {
		return &kubeletClient{verified: newKubeletHTTPClient(trusting), trusting: newKubeletHTTPClient(trusting)}, nil
	}
	pem, err := os.ReadFile(config.KubeletCAFile)
	if err != nil {
		return nil, fmt.Errorf("load the kubelets' authority: %w", err)
	}
	tlsConfig.RootCAs = x509.NewCertPool()
	if !tlsConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("load the kubelets' authority: no certificate in %s", config.KubeletCAFile)
	}
	return &kubeletClient{verified: newKubeletHTTPClient(tlsConfig), trusting: newKubeletHTTPClient(trusting)}, nil
}

func newKubeletHTTPClient(tlsConfig *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: tlsConfig, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}}
}

// defaultKubeletPort is where a kubelet listens that says nothing else in its Node.
const defaultKubeletPort = 10250

// get asks a node's kubelet. The answer's body is a stream that ends with ctx.
func (c *kubeletClient) get(ctx context.Context, node *api.Node, path string, query url.Values, insecure bool) (*http.Response, error) {
	address := nodeAddressText(node, api.NodeInternalIP)
	if net.ParseIP(address) == nil {
		return nil, fmt.Errorf("no preferred addresses found; known addresses: %v", node.Status.Addresses)
	}
	port := int(node.Status.DaemonEndpoints.KubeletEndpoint.Port)
	if port == 0 {
		port = defaultKubeletPort
	}
	at := url.URL{Scheme: "https", Host: net.JoinHostPort(address, strconv.Itoa(port)), Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	if insecure {
		return c.trusting.Do(request)
	}
	return c.verified.Do(request)
}
