// Command adapter is an API server with one number: how long a list in Redis is. A cluster asks it, through its own API server,
// for a metric of group external.metrics.k8s.io, by which a HorizontalPodAutoscaler makes workers.
//
//	autoscaler ──▶ API server ──/apis/external.metrics.k8s.io──▶ adapter ──LLEN──▶ Redis
//
// It trusts the network that it is asked by the API server: a real one would check the client certificate of the front proxy.
package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	redis := flag.String("redis", "redis:6379", "address of Redis")
	list := flag.String("list", "orders", "the list whose length is the metric")
	metric := flag.String("metric", "queue-depth", "what the metric is called")
	listen := flag.String("listen", ":8443", "where to serve HTTPS")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	depth := func(ctx context.Context) (int, error) { return length(ctx, *redis, *list) }
	if err := serve(ctx, *listen, handler(*metric, depth)); err != nil {
		log.Fatal(err)
	}
}

// serve serves HTTPS until ctx ends, with a certificate that it signs itself.
func serve(ctx context.Context, address string, h http.Handler) error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: h, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}}
	defer context.AfterFunc(ctx, func() { _ = server.Shutdown(context.WithoutCancel(ctx)) })()
	if err := server.ListenAndServeTLS("", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

const group, version = "external.metrics.k8s.io", "v1beta1"

// handler is the API: discovery, and the metric in every namespace.
func handler(metric string, depth func(context.Context) (int, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /apis/"+group+"/"+version, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group + "/" + version,
			"resources": []any{map[string]any{"name": metric, "singularName": "", "namespaced": true, "kind": "ExternalMetricValueList", "verbs": []string{"get"}}},
		})
	})
	mux.HandleFunc("GET /apis/"+group+"/"+version+"/namespaces/{namespace}/{metric}", func(w http.ResponseWriter, r *http.Request) {
		if name := r.PathValue("metric"); name != metric {
			refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("no metric %q; there is %q", name, metric))
			return
		}
		n, err := depth(r.Context())
		if err != nil {
			refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", err.Error())
			return
		}
		answer(w, http.StatusOK, map[string]any{
			"kind": "ExternalMetricValueList", "apiVersion": group + "/" + version, "metadata": map[string]any{},
			"items": []any{map[string]any{"metricName": metric, "metricLabels": map[string]any{}, "timestamp": time.Now().UTC().Format(time.RFC3339), "value": strconv.Itoa(n)}},
		})
	})
	return mux
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // who asked is gone
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	answer(w, code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message})
}

// length asks Redis how long a list is, in its own protocol: "*2 $4 LLEN $6 orders" is answered by ":3".
func length(ctx context.Context, address, list string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(conn, "*2\r\n$4\r\nLLEN\r\n$%d\r\n%s\r\n", len(list), list); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return 0, err
	}
	number, isNumber := strings.CutPrefix(strings.TrimSpace(line), ":")
	if !isNumber {
		return 0, fmt.Errorf("redis: %s", strings.TrimSpace(line))
	}
	return strconv.Atoi(number)
}

// selfSigned makes a certificate for as long as this process lives.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "queue-adapter"}, DNSNames: []string{"queue-adapter.my-app.svc"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(1, 0, 0), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
