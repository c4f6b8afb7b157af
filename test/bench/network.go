package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// What service addresses cost, on real packets: a pod that reads from another one as fast as it can, by its own address
// and by that of its service; how long a new service's packets take to flow while there are a thousand; and how many
// questions the cluster's DNS answers in a second.

const (
	networkImage  = "kubelite-bench:local"
	pullRounds    = 7 // by turns, of each address
	pullFor       = time.Second
	manyServices  = 1000
	newServices   = 15 // that come when those are there
	dnsFor        = 5 * time.Second
	dnsClients    = 16
	servicePort   = 9000
	flowsPatience = 10 * time.Second
)

// network measures a cluster whose node runs containers.
func network(ctx context.Context, c *cluster) (rows []row, err error) {
	if err := networkPodImage(ctx); err != nil {
		return nil, err
	}
	defer func() {
		_, removed := dockerCommand(context.WithoutCancel(ctx), "rmi", "-f", networkImage)
		err = errors.Join(err, removed)
	}()
	s, err := connect(c.kubeconfig)
	if err != nil {
		return nil, err
	}
	defer s.close()
	source, err := s.runPod(ctx, "source", "-serve", fmt.Sprintf(":%d", servicePort))
	if err != nil {
		return nil, err
	}
	address, err := s.createService(ctx, "source")
	if err != nil {
		return nil, err
	}
	if _, err := untilFlows(ctx, address); err != nil {
		return nil, err
	}
	throughput, err := s.throughput(ctx, fmt.Sprintf("%s:%d", source.Status.PodIP, servicePort), address)
	if err != nil {
		return nil, err
	}
	rows = append(rows, throughput...)
	questions, err := s.askDNS(ctx)
	if err != nil {
		return rows, err
	}
	rows = append(rows, questions)
	latency, err := s.newServices(ctx)
	return append(rows, latency...), err
}

// networkPodImage makes an image of this program, built once more: an image with nothing else in it has no C library.
func networkPodImage(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "kubelite-bench-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "bench"), "./test/bench")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the image of the bench: %w\n%s", err, out)
	}
	archive := exec.CommandContext(ctx, "tar", "-C", dir, "-c", "bench")
	load := exec.CommandContext(ctx, "docker", "import", "--change", `ENTRYPOINT ["/bench"]`, "-", networkImage)
	if load.Stdin, err = archive.StdoutPipe(); err != nil {
		return err
	}
	if err := archive.Start(); err != nil {
		return err
	}
	out, err := load.CombinedOutput()
	if err = errors.Join(err, archive.Wait()); err != nil {
		return fmt.Errorf("make the image of the bench: %w\n%s", err, out)
	}
	return nil
}

// runPod makes a pod of this program and returns it when it is Ready or has ended well.
func (s *server) runPod(ctx context.Context, name string, args ...string) (*api.Pod, error) {
	pod := api.New[*api.Pod]()
	pod.Name, pod.Labels = name, map[string]string{"app": name}
	pod.Spec.RestartPolicy = api.RestartPolicyNever
	pod.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](0)
	pod.Spec.Containers = []api.Container{{Name: "bench", Image: networkImage, ImagePullPolicy: api.PullNever, Args: args}}
	body, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	if _, err := s.call(ctx, "POST", "/api/v1/namespaces/default/pods", body); err != nil {
		return nil, err
	}
	patience, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		text, err := s.call(patience, "GET", "/api/v1/namespaces/default/pods/"+name, nil)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, pod); err != nil {
			return nil, err
		}
		serves := slices.Contains(args, "-serve") && pod.Status.Phase == api.PodRunning
		switch {
		case serves || pod.Status.Phase == api.PodSucceeded:
			return pod, nil
		case pod.Status.Phase == api.PodFailed:
			log, _ := s.call(ctx, "GET", "/api/v1/namespaces/default/pods/"+name+"/log", nil) // what there is of it
			return nil, fmt.Errorf("pod %s failed: %s", name, log)
		}
		if !client.Wait(patience, 100*time.Millisecond) {
			return nil, fmt.Errorf("pod %s: %w", name, patience.Err())
		}
	}
}

// createService makes a service in front of the pod source and returns its address.
func (s *server) createService(ctx context.Context, name string) (string, error) {
	body := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Service","metadata":{"name":%q},"spec":{"selector":{"app":"source"},"ports":[{"port":%d}]}}`, name, servicePort)
	text, err := s.call(ctx, "POST", "/api/v1/namespaces/default/services", body)
	if err != nil {
		return "", err
	}
	var made api.Service
	err = json.Unmarshal(text, &made)
	return fmt.Sprintf("%s:%d", made.Spec.ClusterIP, servicePort), err
}

// untilFlows returns how long it takes until the address answers. A packet that comes before the rules is lost, so the
// next one follows soon.
func untilFlows(ctx context.Context, address string) (time.Duration, error) {
	patience, cancel := context.WithTimeout(ctx, flowsPatience)
	defer cancel()
	began := time.Now()
	dialer := net.Dialer{Timeout: 3 * time.Millisecond}
	for patience.Err() == nil {
		if conn, err := dialer.DialContext(patience, "tcp", address); err == nil {
			return time.Since(began), conn.Close()
		}
		client.Wait(patience, time.Millisecond)
	}
	return 0, fmt.Errorf("no packet has reached %s: %w", address, patience.Err())
}

// throughput has a pod read from both addresses by turns.
func (s *server) throughput(ctx context.Context, direct, service string) ([]row, error) {
	if _, err := s.runPod(ctx, "reader", "-pull", direct+","+service); err != nil {
		return nil, err
	}
	log, err := s.call(ctx, "GET", "/api/v1/namespaces/default/pods/reader/log", nil)
	if err != nil {
		return nil, err
	}
	var rates [][]float64
	if err := json.Unmarshal(log, &rates); err != nil || len(rates) != 2 {
		return nil, fmt.Errorf("the reader said %q: %w", log, err)
	}
	a, b := median(rates[0]), median(rates[1])
	return []row{
		{what: "pod to pod, one connection", figure: fmt.Sprintf("%.0f MB/s", a/1e6)},
		{what: "pod to service, one connection", figure: fmt.Sprintf("%.0f MB/s, %.2f of that", b/1e6, b/a)},
	}, nil
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// newServices makes a thousand services, and then some more that are timed.
func (s *server) newServices(ctx context.Context) ([]row, error) {
	create := func(prefix string, i int) (time.Duration, error) {
		address, err := s.createService(ctx, fmt.Sprintf("%s-%d", prefix, i))
		if err != nil {
			return 0, err
		}
		return untilFlows(ctx, address)
	}
	var rows []row
	for _, phase := range []struct{ what, prefix string }{{"a new service beside one, until its packets flow", "early"},
		{fmt.Sprintf("a new service beside %d, until its packets flow", manyServices), "late"}} {
		var all []time.Duration
		for i := range newServices {
			d, err := create(phase.prefix, i)
			if err != nil {
				return rows, err
			}
			all = append(all, d)
		}
		rows = append(rows, times(phase.what, all))
		if phase.prefix == "late" {
			break
		}
		last := ""
		for i := range manyServices {
			address, err := s.createService(ctx, fmt.Sprintf("many-%d", i))
			if err != nil {
				return rows, err
			}
			last = address
		}
		if _, err := untilFlows(ctx, last); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// askDNS asks for one service's address over and over, as several programs at once would: each question has a socket of its own.
func (s *server) askDNS(ctx context.Context) (row, error) {
	text, err := s.call(ctx, "GET", "/api/v1/namespaces/kube-system/services/kube-dns", nil)
	if err != nil {
		return row{}, err
	}
	var service api.Service
	if err := json.Unmarshal(text, &service); err != nil {
		return row{}, err
	}
	patience, cancel := context.WithTimeout(ctx, dnsFor)
	defer cancel()
	var answered, failed atomic.Int64
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	for range dnsClients {
		wg.Go(func() {
			var mine []time.Duration
			// One each: a Resolver asks only once for what several want to know at the same time.
			asker := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(service.Spec.ClusterIP, "53"))
			}}
			for patience.Err() == nil {
				asked := time.Now()
				answer, err := asker.LookupNetIP(ctx, "ip4", "source.default.svc.cluster.local.")
				if err != nil || len(answer) != 1 {
					failed.Add(1)
					continue
				}
				answered.Add(1)
				mine = append(mine, time.Since(asked))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	if answered.Load() == 0 {
		return row{}, errors.New("the cluster's DNS answers nothing")
	}
	r := times("questions to the cluster's DNS", all)
	r.figure = fmt.Sprintf("%.0f/s, %d failed", float64(answered.Load())/dnsFor.Seconds(), failed.Load())
	return r, nil
}

// serve is the program of the pod that others read from: everybody gets zeros until they have enough.
func serve(ctx context.Context, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	zeros := make([]byte, 256<<10)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			for {
				if _, err := conn.Write(zeros); err != nil {
					return // the reader has enough
				}
			}
		}()
	}
}

// pull is the program of the pod that reads: from each address by turns, for a second at a time. It prints bytes a second
// of each round of each address as JSON.
func pull(addresses string) error {
	all := strings.Split(addresses, ",")
	rates := make([][]float64, len(all))
	buffer := make([]byte, 256<<10)
	for range pullRounds {
		for i, address := range all {
			conn, err := net.DialTimeout("tcp", address, 5*time.Second)
			if err != nil {
				return err
			}
			began, n := time.Now(), 0
			for time.Since(began) < pullFor {
				more, err := conn.Read(buffer)
				if err != nil {
					return errors.Join(err, conn.Close())
				}
				n += more
			}
			rates[i] = append(rates[i], float64(n)/time.Since(began).Seconds())
			conn.Close()
		}
	}
	return json.NewEncoder(os.Stdout).Encode(rates)
}
