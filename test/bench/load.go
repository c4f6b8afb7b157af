package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kubelite/api"
)

// server is a plain HTTP client of an API server. It shares no code with the product's client, so that it favours nobody.
type server struct {
	url      string
	http     *http.Client
	pidFiles string // of its processes, "" if unknown
}

// kubeconfig is what we need of one, with everything inline or in files.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string `json:"server"`
			CA     string `json:"certificate-authority"`
			CAData string `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Cert     string `json:"client-certificate"`
			CertData string `json:"client-certificate-data"`
			Key      string `json:"client-key"`
			KeyData  string `json:"client-key-data"`
		} `json:"user"`
	} `json:"users"`
}

func connect(file string) (*server, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	j, err := api.YAMLToJSON(b)
	if err != nil {
		return nil, err
	}
	var k kubeconfig
	if err := json.Unmarshal(j, &k); err != nil {
		return nil, err
	}
	if len(k.Clusters) == 0 || len(k.Users) == 0 {
		return nil, fmt.Errorf("%s: no cluster or no user in it", file)
	}
	cluster, user := k.Clusters[0].Cluster, k.Users[0].User
	ca, caErr := inline(cluster.CAData, cluster.CA)
	certPEM, certErr := inline(user.CertData, user.Cert)
	keyPEM, keyErr := inline(user.KeyData, user.Key)
	if err := errors.Join(caErr, certErr, keyErr); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &server{url: cluster.Server, http: &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 256,
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
	}}}, nil
}

func inline(data, file string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	return os.ReadFile(file)
}

func (s *server) close() { s.http.CloseIdleConnections() }

func (s *server) open(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return s.http.Do(req)
}

func (s *server) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	resp, err := s.open(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %.200s", method, path, resp.StatusCode, b)
	}
	return b, err
}

// read receives a whole answer and keeps nothing of it. Big lists are read this way: what a client does with two
// megabytes, such as finding memory for them, is many times the work of sending them, and would be all that is measured.
func (s *server) read(ctx context.Context, path string) error {
	resp, err := s.open(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %d", path, resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// load runs every workload in a namespace of its own.
// pidFiles is where the servers' processes are named, "" if that is unknown.
func load(ctx context.Context, kubeconfig, pidFiles string, objects, clients, watchers int) ([]row, error) {
	s, err := connect(kubeconfig)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.pidFiles = pidFiles
	namespace := fmt.Sprintf("bench-%d", time.Now().UnixNano())
	if _, err := s.call(ctx, "POST", "/api/v1/namespaces", fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, namespace)); err != nil {
		return nil, err
	}
	defer s.call(context.WithoutCancel(ctx), "DELETE", "/api/v1/namespaces/"+namespace, nil)
	path := "/api/v1/namespaces/" + namespace + "/configmaps"
	object := func(i int) string { return fmt.Sprintf("%s/cm-%06d", path, i) }
	one := func(method, path string, body []byte) error {
		_, err := s.call(ctx, method, path, body)
		return err
	}
	var rows []row
	measure := func(what string, n, clients int, op func(i int) error) error {
		r, err := s.parallel(what, n, clients, op)
		rows = append(rows, r)
		return err
	}
	revisions := make([]string, objects)
	err = errors.Join(
		measure("creates of 1 KB, 1 client", objects/4, 1, func(i int) error { return one("POST", path, configMap(objects+i, "cm", "")) }),
		measure(fmt.Sprintf("creates of 1 KB, %d clients", clients), objects, clients, func(i int) error {
			b, err := s.call(ctx, "POST", path, configMap(i, "cm", ""))
			revisions[i] = revisionOf(b)
			return err
		}),
		measure("gets", objects*5, clients, func(i int) error { return one("GET", object(i%objects), nil) }),
		measure("updates", objects, clients, func(i int) error { return one("PUT", object(i), configMap(i, "cm", revisions[i])) }),
	)
	if err != nil {
		return rows, err
	}
	if err := fanOut(ctx, s, path, objects/4, clients, watchers, &rows); err != nil {
		return rows, err
	}
	if err := measure("deletes", objects, clients, func(i int) error { return one("DELETE", object(i), nil) }); err != nil {
		return rows, err
	}
	for _, size := range []int{1000, 10000} {
		if err := lists(ctx, s, size, clients, &rows); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// lists measures lists of a namespace that holds exactly size objects.
func lists(ctx context.Context, s *server, size, clients int, rows *[]row) error {
	namespace := fmt.Sprintf("bench-list-%d-%d", size, time.Now().UnixNano())
	if _, err := s.call(ctx, "POST", "/api/v1/namespaces", fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, namespace)); err != nil {
		return err
	}
	defer s.call(context.WithoutCancel(ctx), "DELETE", "/api/v1/namespaces/"+namespace, nil)
	path := "/api/v1/namespaces/" + namespace + "/configmaps"
	if _, err := s.parallel("fill", size, clients, func(i int) error {
		_, err := s.call(ctx, "POST", path, configMap(i, "cm", ""))
		return err
	}); err != nil {
		return err
	}
	for _, reader := range []struct {
		name string
		read func() error
	}{
		{"", func() error { return s.read(ctx, path) }},
		{", each kept whole", func() error { _, err := s.call(ctx, "GET", path, nil); return err }},
	} {
		r, err := s.parallel(fmt.Sprintf("lists of %d objects, 4 clients%s", size, reader.name), 400_000/size, 4, func(int) error { return reader.read() })
		*rows = append(*rows, r)
		if err != nil {
			return err
		}
	}
	return nil
}

// configMap is an object of about 1 KB. It carries the time, so that a watcher can tell how old the news is.
func configMap(i int, prefix, revision string) []byte {
	meta := map[string]any{"name": fmt.Sprintf("%s-%06d", prefix, i), "labels": map[string]string{"app": fmt.Sprintf("a%d", i%10)}}
	if revision != "" {
		meta["resourceVersion"] = revision
	}
	b, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
		"data": map[string]string{"at": fmt.Sprint(time.Now().UnixNano()), "pad": strings.Repeat("x", 1000)}})
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

func revisionOf(b []byte) string {
	var o struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if json.Unmarshal(b, &o) != nil {
		return ""
	}
	return o.Metadata.ResourceVersion
}

// parallel runs op(0) to op(n-1) over closed-loop clients: each sends its next request when the last is answered.
func (s *server) parallel(what string, n, clients int, op func(i int) error) (row, error) {
	var next atomic.Int64
	var mu sync.Mutex
	var firstErr error
	var times []time.Duration
	began, before := time.Now(), cpu(s.pidFiles)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			var mine []time.Duration
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					break
				}
				sent := time.Now()
				err := op(i)
				mine = append(mine, time.Since(sent))
				if err != nil {
					mu.Lock()
					firstErr = errors.Join(firstErr, err)
					mu.Unlock()
					break
				}
			}
			mu.Lock()
			times = append(times, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	took := time.Since(began)
	p50, p99 := percentiles(times)
	return row{what: what, figure: perSecond(float64(n) / took.Seconds()), p50: p50, p99: p99, cpu: cpu(s.pidFiles).since(before, n)}, firstErr
}

// perSecond is a rate with two digits at least.
func perSecond(rate float64) string {
	if rate < 100 {
		return fmt.Sprintf("%.1f /s", rate)
	}
	return fmt.Sprintf("%.0f /s", rate)
}

func percentiles(times []time.Duration) (p50, p99 time.Duration) {
	if len(times) == 0 {
		return 0, 0
	}
	slices.Sort(times)
	return times[len(times)/2], times[len(times)*99/100]
}

// fanOut opens watches, writes objects, and measures from the sending of each write to each watcher's seeing it.
func fanOut(ctx context.Context, s *server, path string, n, clients, watchers int, rows *[]row) error {
	list, err := s.call(ctx, "GET", path+"?limit=1", nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var mu sync.Mutex
	var times []time.Duration
	var firstErr error
	var wg sync.WaitGroup
	for range watchers {
		w := &watcher{server: s, path: path, revision: revisionOf(list)}
		if err := w.open(ctx); err != nil {
			return err
		}
		wg.Go(func() {
			mine, err := w.read(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			times = append(times, mine...)
			firstErr = errors.Join(firstErr, err)
		})
	}
	began, before := time.Now(), cpu(s.pidFiles)
	_, err = s.parallel("", n, clients, func(i int) error {
		_, err := s.call(ctx, "POST", path, configMap(i, "fan", ""))
		return err
	})
	if err != nil {
		return err
	}
	wg.Wait()
	took := time.Since(began)
	p50, p99 := percentiles(times)
	*rows = append(*rows, row{what: fmt.Sprintf("watch fan-out, %d watchers", watchers), figure: fmt.Sprintf("%.0f events/s", float64(n*watchers)/took.Seconds()),
		p50: p50, p99: p99, cpu: cpu(s.pidFiles).since(before, n*watchers)})
	return firstErr
}

// watcher watches a collection. Where the server ends the watch, as the real one does with those that are too slow for it, the watcher
// goes on behind what it has seen, as every client does.
type watcher struct {
	server   *server
	path     string
	revision string
	stream   io.ReadCloser
}

func (w *watcher) open(ctx context.Context) error {
	resp, err := w.server.open(ctx, "GET", w.path+"?watch=1&resourceVersion="+w.revision, nil)
	if err == nil {
		w.stream = resp.Body
	}
	return err
}

// read reads n events of the fan-out and returns how old each was.
func (w *watcher) read(ctx context.Context, n int) (ages []time.Duration, err error) {
	for {
		ages, err = w.readStream(ages, n)
		w.stream.Close()
		if err != nil || len(ages) == n {
			return ages, err
		}
		if err := w.open(ctx); err != nil {
			return ages, fmt.Errorf("a watch ended after %d of %d events: %w", len(ages), n, err)
		}
	}
}

// readStream adds the ages of events until there are n, or the server ends the watch. One that ends without any is an error.
func (w *watcher) readStream(ages []time.Duration, n int) ([]time.Duration, error) {
	lines := bufio.NewReaderSize(w.stream, 1<<20)
	for before := len(ages); len(ages) < n; {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF && len(ages) > before {
			return ages, nil
		}
		if err != nil {
			return ages, fmt.Errorf("a watch ended after %d of %d events: %w", len(ages), n, err)
		}
		now := time.Now()
		// What a reader does with an event is kept small: fifty of them share the cores with the server.
		if !bytes.Contains(line[:min(len(line), 200)], []byte(`"fan-`)) {
			continue
		}
		nanos, err := strconv.ParseInt(quoted(line, `"at":"`), 10, 64)
		w.revision = quoted(line, `"resourceVersion":"`)
		if err != nil || w.revision == "" {
			return ages, fmt.Errorf("an event without its time or revision: %.300s", line)
		}
		ages = append(ages, now.Sub(time.Unix(0, nanos)))
	}
	return ages, nil
}

// quoted is what stands between the first before and the next quotation mark, "" where there is none.
func quoted(line []byte, before string) string {
	_, rest, _ := bytes.Cut(line, []byte(before))
	text, _, found := bytes.Cut(rest, []byte(`"`))
	if !found {
		return ""
	}
	return string(text)
}
