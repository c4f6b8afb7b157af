// Command load sends a steady number of requests a second to a URL until it is interrupted, and counts what does not answer with 200.
//
//	go run ./test/load -url http://10.104.0.1 -host shop.example.com -rate 500
//
// It begins a request whenever one is due, whether earlier ones have been answered or not: a server that stops for a moment is not
// spared. Nothing is tried twice, except what Go's client repeats by itself: a request on a connection that the server had just closed. With
// -connect there is no such connection.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Result is what came of it.
type Result struct {
	Requests int            `json:"requests"`
	Failed   int            `json:"failed"`
	Failures map[string]int `json:"failures,omitempty"` // by what went wrong
	Seconds  float64        `json:"seconds"`
	P50      float64        `json:"p50ms"`
	P99      float64        `json:"p99ms"`
	Max      float64        `json:"maxms"`
}

func main() {
	url := flag.String("url", "", "what to ask for")
	host := flag.String("host", "", "host to ask for, if it is not the URL's")
	rate := flag.Int("rate", 500, "requests a second")
	anew := flag.Bool("connect", false, "make a connection for each request")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l := &load{client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext:       (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableKeepAlives: *anew, MaxIdleConnsPerHost: 256, MaxIdleConns: 256,
	}}, failures: map[string]int{}}
	result := l.run(ctx, *url, *host, *rate)
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if result.Failed > 0 {
		os.Exit(1)
	}
}

type load struct {
	client *http.Client
	work   sync.WaitGroup

	mu       sync.Mutex
	took     []time.Duration // of each request; guarded by mu
	failures map[string]int  // guarded by mu
}

func (l *load) run(ctx context.Context, url, host string, rate int) Result {
	began := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			seconds := time.Since(began).Seconds()
			l.work.Wait()
			return l.result(seconds)
		case <-tick.C:
			for due := int(time.Since(began).Seconds() * float64(rate)); sent < due; sent++ {
				l.work.Go(func() { l.ask(url, host) })
			}
		}
	}
}

func (l *load) ask(url, host string) {
	began := time.Now()
	failure := func() string {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err.Error()
		}
		r.Host = host
		answer, err := l.client.Do(r)
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		switch {
		case err != nil:
			return "the answer broke off: " + err.Error()
		case answer.StatusCode != http.StatusOK:
			return answer.Status + ": " + string(said)
		}
		return ""
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, time.Since(began))
	if failure != "" {
		l.failures[failure]++
	}
}

func (l *load) result(seconds float64) Result {
	slices.Sort(l.took)
	r := Result{Requests: len(l.took), Failures: l.failures, Seconds: seconds}
	for _, n := range l.failures {
		r.Failed += n
	}
	at := func(share float64) float64 {
		if len(l.took) == 0 {
			return 0
		}
		return l.took[int(share*float64(len(l.took)-1))].Seconds() * 1000
	}
	r.P50, r.P99, r.Max = at(0.5), at(0.99), at(1)
	return r
}
