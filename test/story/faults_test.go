package story

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// TestControllersMayDieAfterAnyWrite kills the controllers after each of their first writes: the write is done, its answer
// is lost, and what was remembered is gone. The next process begins with nothing but what the API server has. The end must
// be the same as without any accident, with nothing done twice and nothing left over.
func TestControllersMayDieAfterAnyWrite(t *testing.T) {
	const deaths = 30
	h := Start(t, 2)
	h.stopControllers()
	mark := func(template *api.PodTemplateSpec) { template.Labels["fault"] = "yes" }
	d := deployment("web", 3, "web:v1")
	mark(&d.Spec.Template)
	set := statefulSet("db", 2, "db:v1")
	mark(&set.Spec.Template)
	ds := daemonSet("agent", "agent:v1")
	mark(&ds.Spec.Template)
	job := api.New[*api.Job]()
	job.Name = "sum"
	job.Spec = api.JobSpec{Completions: api.Ptr[int32](3), Parallelism: api.Ptr[int32](2), Template: api.PodTemplateSpec{
		ObjectMeta: api.ObjectMeta{Labels: map[string]string{"app": "sum", "fault": "yes"}},
		Spec:       api.PodSpec{RestartPolicy: api.RestartPolicyNever, Containers: []api.Container{{Name: "c", Image: "x", Command: []string{"true"}}}},
	}}
	Apply(h, d)
	Apply(h, set)
	Apply(h, ds)
	Apply(h, job)

	summed := func() error {
		j, err := client.Of[*api.Job](h.Client).Get(h.Ctx, "default", "sum")
		if err != nil {
			return err
		}
		return errors.Join(equal("succeeded", 3, int(j.Status.Succeeded)), equal("conditions", 2, len(j.Status.Conditions)))
	}
	rolledOut, webReady, dbReady, daemons := h.rolledOut("web", "web:v1", 3), h.PodsReady("app=web", 3), h.PodsReady("app=db", 2), h.daemons("agent", "n1", "n2")
	settled := func() error { return errors.Join(rolledOut(), webReady(), dbReady(), daemons(), summed()) }
	for i := 0; i < deaths && settled() != nil; i++ {
		h.runUntilWrite(settled)
	}
	h.run("controllers", h.controllers(h.As("system:kube-controller-manager")))
	h.Eventually(settled)
	require.Len(t, h.Pods("app=sum"), 3, "no pod of the Job was made twice")
	sets, err := client.Of[*api.ReplicaSet](h.Client).List(h.Ctx, "default", client.ListOptions{})
	require.NoError(t, err)
	require.Len(t, sets.Items, 1, "one template, one ReplicaSet")
	for _, p := range h.Pods("fault=yes") {
		require.NotNil(t, api.ControllerOf(p), "%s has an owner", p.Name)
	}
}

// runUntilWrite runs the controllers until the first write of theirs has reached the store, or all is settled and they have
// none to make. Events and the ledger's decisions change nothing that anybody decides by, and do not count.
func (h *Harness) runUntilWrite(settled func() error) {
	h.T.Helper()
	ctx, die := context.WithCancel(h.Ctx)
	defer die()
	var writing sync.Mutex // one write at a time: none may pass the one that they die of
	dead := false
	c := h.throughProxy(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if counts(r) {
				writing.Lock()
				defer writing.Unlock()
				if dead {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}, func(r *http.Response) error {
		if counts(r.Request) && r.StatusCode < 300 {
			dead = true
			die()
			return errors.New("the controllers died before they got the answer")
		}
		return nil
	})
	go func() { // what is settled needs no write to die of
		for settled() != nil && client.Wait(ctx, 50*time.Millisecond) {
		}
		die()
	}()
	if err := h.controllers(c)(ctx); err != nil && ctx.Err() == nil {
		h.T.Fatalf("controllers: %v", err)
	}
}

func counts(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/events") && !strings.HasPrefix(r.URL.Path, "/apis/events.k8s.io") && !strings.HasPrefix(r.URL.Path, api.LedgerPath)
}

// throughProxy is a client of the controllers whose requests and answers pass through something that may do harm to them.
func (h *Harness) throughProxy(requests func(next http.Handler) http.Handler, answers func(*http.Response) error) *client.Client {
	h.T.Helper()
	target, err := url.Parse(h.url)
	require.NoError(h.T, err)
	h.As("system:kube-controller-manager")
	name := "client-" + fmt.Sprintf("%x", "system:kube-controller-manager")
	identity, err := tls.LoadX509KeyPair(h.pki.CertFile(name), h.pki.KeyFile(name))
	require.NoError(h.T, err)
	ca, err := os.ReadFile(h.pki.CertFile("ca"))
	require.NoError(h.T, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	between := httptest.NewServer(requests(&httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval:  -1,
		Transport:      &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{identity}, RootCAs: roots}},
		ModifyResponse: answers,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}))
	h.T.Cleanup(func() {
		between.CloseClientConnections()
		between.Close()
	})
	c, err := client.New(&client.Config{Server: between.URL, Agent: "controllers"})
	require.NoError(h.T, err)
	return c
}
