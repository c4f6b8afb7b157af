package apiserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
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
	if svc.Spec.Type == api.ServiceTypeExternalName { // the server is elsewhere, on a machine of that name
		return net.JoinHostPort(svc.Spec.ExternalName, strconv.Itoa(int(port))), nil
	}
	for _, p := range svc.Spec.Ports {
		if p.Port != port {
			continue
		}
		if address := s.readyEndpoint(ctx, svc, p.Name); address != "" {
			return address, nil
		}
		return "", api.NewServiceUnavailable("no endpoints available for service %q", service.Name)
	}
	return "", api.NewServiceUnavailable("no service port %d found for service %q", port, service.Name)
}

// readyEndpoint finds an endpoint that takes connections for the named port of a Service: any of those in its
// EndpointSlices, those with addresses of the Service's first family before others. Endpoints that somebody has just
// written count too, for their slices are made a moment later. "": there is none.
func (s *Server) readyEndpoint(ctx context.Context, svc *api.Service, port string) string {
	known := s.endpointSlices(svc)
	for _, slice := range known {
		if address := anyReady(slice, port); address != "" {
			return address
		}
	}
	if len(known) > 0 {
		return ""
	}
	endpoints, err := read[*api.Endpoints](ctx, s, svc.Namespace, svc.Name)
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

// endpointSlices are the slices of a Service, in the order in which they are to be tried.
func (s *Server) endpointSlices(svc *api.Service) (found []*api.EndpointSlice) {
	res := resourceOf[*api.EndpointSlice](s)
	entries, _ := s.cache.kind(res).list(res.key(svc.Namespace, ""), "")
	for _, e := range entries {
		if e.attrs(res).labels[api.LabelServiceName] != svc.Name {
			continue
		}
		if obj, err := e.object(res); err == nil {
			found = append(found, obj.(*api.EndpointSlice))
		}
	}
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	if len(svc.Spec.IPFamilies) > 0 {
		first := string(svc.Spec.IPFamilies[0])
		slices.SortStableFunc(found, func(a, b *api.EndpointSlice) int {
			switch aFirst, bFirst := string(a.AddressType) == first, string(b.AddressType) == first; {
			case aFirst == bFirst:
				return 0
			case aFirst:
				return -1
			}
			return 1
		})
	}
	return found
}

// anyReady is a ready endpoint of a slice, "" if it has none for the port.
func anyReady(slice *api.EndpointSlice, port string) string {
	i := slices.IndexFunc(slice.Ports, func(p api.DiscoveryEndpointPort) bool { return api.Deref(p.Name, "") == port && p.Port != nil })
	if i < 0 || len(slice.Endpoints) == 0 {
		return ""
	}
	for _, at := range rand.Perm(len(slice.Endpoints)) {
		if e := &slice.Endpoints[at]; api.Deref(e.Conditions.Ready, true) && len(e.Addresses) > 0 {
			return net.JoinHostPort(e.Addresses[0], strconv.Itoa(int(*slice.Ports[i].Port)))
		}
	}
	return ""
}
