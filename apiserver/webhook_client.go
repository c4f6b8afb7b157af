package apiserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"kubelite/api"
)

// webhookClients calls programs that the API is extended with: admission webhooks, and webhooks that convert custom
// resources. They are addressed by URL or by Service; both ways speak TLS, and who answers must have a certificate that
// the configuration's authorities signed.
type webhookClients struct {
	server *Server

	mu      sync.Mutex
	clients map[string]*http.Client // by host and authorities: connections are kept
}

// webhookTarget is where a webhook is.
type webhookTarget struct {
	URL      string // if it is not behind a Service
	Service  *api.ServiceReference
	CABundle []byte
	// Insecure believes whatever certificate is shown. Certificate is shown to the other side.
	Insecure    bool
	Certificate *tls.Certificate
}

// defaultServicePort is the port of a Service that is not named.
const defaultServicePort = 443

const (
	maxWebhookAnswer  = 3 << 20
	maxWebhookClients = 100
)

// url is the address by which the webhook is called, and by which its certificate must name it.
func (t *webhookTarget) url() (*url.URL, error) {
	if t.Service == nil {
		return url.Parse(t.URL)
	}
	host := t.Service.Name + "." + t.Service.Namespace + ".svc"
	port := strconv.Itoa(int(api.Deref(t.Service.Port, defaultServicePort)))
	return &url.URL{Scheme: "https", Host: net.JoinHostPort(host, port), Path: api.Deref(t.Service.Path, "")}, nil
}

// call posts a JSON body and returns the body of the answer. ctx bounds how long that may take; the webhook is told by
// the query parameter timeout.
func (c *webhookClients) call(ctx context.Context, target webhookTarget, body []byte) ([]byte, error) {
	at, err := target.url()
	if err != nil {
		return nil, err
	}
	client, err := c.client(target)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		seconds := (time.Until(deadline) + time.Second - 1).Truncate(time.Second)
		at.RawQuery = url.Values{"timeout": {seconds.String()}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", mediaJSON)
	request.Header.Set("Accept", mediaJSON+", */*")
	request.Header.Set("User-Agent", "kube-apiserver-admission")
	// To ask twice does no harm: a webhook that has just closed an idle connection is called again. The header is not sent.
	request.Header["Idempotency-Key"] = nil
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxWebhookAnswer))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 200 || answer.StatusCode > 206 {
		return nil, webhookStatus(answer.StatusCode, data)
	}
	return data, nil
}

// webhookStatus puts an answer that is none into upstream's words.
func webhookStatus(code int, body []byte) error {
	switch text := strings.TrimSpace(string(body)); code {
	case http.StatusNotFound:
		return errors.New("the server could not find the requested resource")
	case http.StatusBadRequest:
		return errors.New("the server rejected our request for an unknown reason")
	case http.StatusUnauthorized:
		return errors.New("the server has asked for the client to provide credentials")
	case http.StatusForbidden:
		return errors.New(text)
	case http.StatusServiceUnavailable:
		return errors.New("the server is currently unable to handle the request")
	default:
		if code >= http.StatusInternalServerError {
			return fmt.Errorf("an error on the server (%q) has prevented the request from succeeding", text)
		}
		return fmt.Errorf("the server responded with the status code %d but did not return more information", code)
	}
}

// client is the HTTP client for a target. It dials an endpoint of the Service in place of its name.
func (c *webhookClients) client(target webhookTarget) (*http.Client, error) {
	at, err := target.url()
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s\n%t %t %t\n%s", at.Host, target.Service != nil, target.Insecure, target.Certificate != nil, target.CABundle)
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.clients[key]; client != nil {
		return client, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: target.Insecure}
	if target.Certificate != nil {
		config.Certificates = []tls.Certificate{*target.Certificate}
	}
	if len(target.CABundle) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(target.CABundle) {
			return nil, errors.New("unable to load root certificates: unable to parse bytes as PEM block")
		}
	}
	dial := (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	transport := &http.Transport{TLSClientConfig: config, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, DialContext: dial}
	if service := target.Service; service != nil {
		name := api.Key{Namespace: service.Namespace, Name: service.Name}
		port := api.Deref(service.Port, defaultServicePort)
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			address, err := c.server.serviceEndpoint(ctx, name, port)
			if err != nil {
				return nil, err
			}
			return dial(ctx, network, address)
		}
	}
	if len(c.clients) >= maxWebhookClients { // configurations come and go: start afresh
		for _, old := range c.clients {
			old.CloseIdleConnections()
		}
		c.clients = nil
	}
	if c.clients == nil {
		c.clients = map[string]*http.Client{}
	}
	client := &http.Client{Transport: transport}
	c.clients[key] = client
	return client, nil
}

// serviceEndpoint is the address of a ready endpoint of a Service, "10.0.0.1:8443". The server asks the API for it and
// does not use the Service's own address: that one exists only on nodes.
func (s *Server) serviceEndpoint(ctx context.Context, service api.Key, port int32) (string, error) {
	svc, err := read[*api.Service](ctx, s, service.Namespace, service.Name)
	if api.IsNotFound(err) {
		return "", fmt.Errorf("service %q not found", service.Name) // upstream's word is the singular here
	}
	if err != nil {
		return "", err
	}
	for _, p := range svc.Spec.Ports {
		if p.Port != port {
			continue
		}
		if address := s.readyEndpoint(ctx, service, p.Name); address != "" {
			return address, nil
		}
		return "", api.NewServiceUnavailable("no endpoints available for service %q", service.Name)
	}
	return "", api.NewServiceUnavailable("no service port %d found for service %q", port, service.Name)
}

// readyEndpoint finds an endpoint that takes connections for the named port of a Service.
func (s *Server) readyEndpoint(ctx context.Context, service api.Key, port string) string {
	endpoints, err := read[*api.Endpoints](ctx, s, service.Namespace, service.Name)
	if err != nil {
		return ""
	}
	for _, subset := range endpoints.Subsets {
		for _, p := range subset.Ports {
			if p.Name == port && len(subset.Addresses) > 0 {
				return net.JoinHostPort(subset.Addresses[0].IP, strconv.Itoa(int(p.Port)))
			}
		}
	}
	return ""
}
