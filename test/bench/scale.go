package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kubelite/client"
)

// How a cluster of thousands of simulated nodes holds up: how long its API server's clients wait while pods are created at a
// steady rate, and then while all of them run and a few come and go.

const (
	scaleNamespaces = 100
	heldFor         = 2 * time.Minute
	churn           = 20 // pods that are made and deleted a second in the held cluster
)

// scale fills a cluster with pods, rate a second, and measures it.
func scale(ctx context.Context, c *cluster, pods, rate int) (rows []row, err error) {
	s, err := connect(c.kubeconfig)
	if err != nil {
		return nil, err
	}
	defer s.close()
	for i := range scaleNamespaces {
		if err := s.makeNamespace(ctx, scaleNamespace(i)); err != nil {
			return nil, err
		}
	}
	phase := func(what string, n int, work func() error) error {
		before, err := s.latencies(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := work(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		took := time.Since(began)
		after, err := s.latencies(ctx)
		if err != nil {
			return err
		}
		during := after.since(before)
		figure := fmt.Sprintf("%d requests", during.count)
		if n > 0 {
			figure = fmt.Sprintf("%.0f/s, %s", float64(n)/took.Seconds(), figure)
		}
		rows = append(rows, row{what: what, figure: figure, p50: during.quantile(0.5), p99: during.quantile(0.99)})
		fmt.Fprintf(os.Stderr, "bench: %s: %s in %s\n", what, figure, took.Round(time.Second))
		return nil
	}
	err = phase(fmt.Sprintf("%d pods created, bound and started", pods), pods, func() error {
		err := steadily(ctx, pods, rate, func(i int) error {
			return s.makePod(ctx, scaleNamespace(i%scaleNamespaces), fmt.Sprintf("p-%d", i))
		})
		if err != nil {
			return err
		}
		return s.untilNonePends(ctx)
	})
	if err != nil {
		return rows, err
	}
	client.Wait(ctx, time.Minute) // what starting them left to do
	err = phase(fmt.Sprintf("%d pods running, nothing asked of them for %s", pods, heldFor), 0, func() error {
		client.Wait(ctx, heldFor)
		return ctx.Err()
	})
	if err != nil {
		return rows, err
	}
	coming := int(heldFor.Seconds()) * churn
	err = phase(fmt.Sprintf("%d pods running, %d a second made, read, listed with %d others, and deleted", pods, churn, pods/scaleNamespaces), coming, func() error {
		return steadily(ctx, coming, churn, func(i int) error {
			namespace := scaleNamespace(i % scaleNamespaces)
			path := "/api/v1/namespaces/" + namespace + "/pods"
			name := fmt.Sprintf("q-%d", i)
			if err := s.makePod(ctx, namespace, name); err != nil {
				return err
			}
			if _, err := s.call(ctx, "GET", path+"/"+name, nil); err != nil {
				return err
			}
			if err := s.read(ctx, path); err != nil {
				return err
			}
			_, err := s.call(ctx, "DELETE", path+"/"+name, nil)
			return err
		})
	})
	if err != nil {
		return rows, err
	}
	held, err := memory(c.pidFiles(), "memory, all pods running", 1)
	return append(rows, held...), err
}

func scaleNamespace(i int) string { return fmt.Sprintf("scale-%d", i) }

// makeNamespace returns when pods can be made in it: its service account is there.
func (s *server) makeNamespace(ctx context.Context, name string) error {
	if _, err := s.call(ctx, "POST", "/api/v1/namespaces", fmt.Appendf(nil, `{"metadata":{"name":%q}}`, name)); err != nil {
		return err
	}
	for {
		_, err := s.call(ctx, "GET", "/api/v1/namespaces/"+name+"/serviceaccounts/default", nil)
		if err == nil || !client.Wait(ctx, 50*time.Millisecond) {
			return err
		}
	}
}

func (s *server) makePod(ctx context.Context, namespace, name string) error {
	_, err := s.call(ctx, "POST", "/api/v1/namespaces/"+namespace+"/pods", fmt.Appendf(nil,
		`{"metadata":{"name":%q,"labels":{"app":"scale"}},"spec":{"containers":[{"name":"c","image":"pause:3.10.1","resources":{"requests":{"cpu":"100m","memory":"100Mi"}}}]}}`, name))
	return err
}

// steadily calls op n times, rate a second, whether earlier calls have returned or not, and returns the first error.
func steadily(ctx context.Context, n, rate int, op func(i int) error) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var work sync.WaitGroup
	began := time.Now()
	for sent := 0; sent < n && client.Wait(ctx, 5*time.Millisecond); {
		for due := min(n, int(time.Since(began).Seconds()*float64(rate))); sent < due; sent++ {
			i := sent
			work.Go(func() {
				if err := op(i); err != nil {
					fail(err)
				}
			})
		}
	}
	work.Wait()
	return context.Cause(ctx)
}

// untilNonePends returns when every pod has left the phase Pending.
func (s *server) untilNonePends(ctx context.Context) error {
	for {
		b, err := s.call(ctx, "GET", "/api/v1/pods?limit=1&fieldSelector=status.phase%3DPending", nil)
		if err != nil {
			return err
		}
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return nil
		}
		if !client.Wait(ctx, 5*time.Second) {
			return ctx.Err()
		}
	}
}

// latencies is how many requests the API server has answered within how long, in all: its own histogram, without watches and
// connections that stay.
type latencies struct {
	within []float64 // bounds in seconds, rising
	counts []int     // requests that took at most that
	count  int
}

func (s *server) latencies(ctx context.Context) (latencies, error) {
	text, err := s.call(ctx, "GET", "/metrics", nil)
	if err != nil {
		return latencies{}, err
	}
	const bucket = "apiserver_request_duration_seconds_bucket{"
	sums := map[float64]int{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		labels, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), bucket), "} ")
		if !ok || !strings.HasPrefix(lines.Text(), bucket) || strings.Contains(labels, `verb="WATCH"`) || strings.Contains(labels, `verb="CONNECT"`) {
			continue
		}
		_, le, _ := strings.Cut(labels, `le="`)
		le, _, _ = strings.Cut(le, `"`)
		bound, err := strconv.ParseFloat(le, 64)
		n, nErr := strconv.ParseFloat(value, 64)
		if err != nil || nErr != nil {
			return latencies{}, fmt.Errorf("metrics: %q is no bucket", lines.Text())
		}
		sums[bound] += int(n)
	}
	var l latencies
	for bound := range sums {
		l.within = append(l.within, bound)
	}
	slices.Sort(l.within)
	for _, bound := range l.within {
		l.counts = append(l.counts, sums[bound])
		l.count = sums[bound]
	}
	return l, nil
}

func (l latencies) since(before latencies) latencies {
	if before.count == 0 {
		return l
	}
	d := latencies{within: l.within, count: l.count - before.count}
	for i, n := range l.counts {
		d.counts = append(d.counts, n-before.counts[i])
	}
	return d
}

// quantile estimates as Prometheus does: what lies between two bounds is taken to be spread evenly.
func (l latencies) quantile(q float64) time.Duration {
	rank, low, below := q*float64(l.count), 0.0, 0
	for i, n := range l.counts {
		if float64(n) >= rank {
			if i == len(l.counts)-1 { // beyond the last bound
				return time.Duration(low * float64(time.Second))
			}
			part := (rank - float64(below)) / float64(max(n-below, 1))
			return time.Duration((low + part*(l.within[i]-low)) * float64(time.Second))
		}
		low, below = l.within[i], n
	}
	return 0
}
