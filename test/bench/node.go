package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// What a kubelet adds to the containers that it runs, measured against `docker run` of the same two images in the same
// run: a pod is a sandbox, which holds the network, and a container that joins it.

const (
	podsOneByOne  = 15
	podsAtOnce    = 50
	podsIdle      = 100
	idleFor       = time.Minute
	benchImage    = "kubelite-hello:v1" // made by examples/images.sh
	podsNamespace = "default"
)

// node measures a cluster whose node runs containers.
func node(ctx context.Context, c *cluster) (rows []row, err error) {
	if out, err := exec.CommandContext(ctx, "examples/images.sh").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make the images: %w\n%s", err, out)
	}
	s, err := connect(c.kubeconfig)
	if err != nil {
		return nil, err
	}
	defer s.close()
	pods, err := watchPods(ctx, s)
	if err != nil {
		return nil, err
	}
	// The first pod warms up both sides, and shows what a sandbox is made of.
	if _, err := pods.run(ctx, "first"); err != nil {
		return nil, err
	}
	bare, err := likeSandboxes(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.remove(context.WithoutCancel(ctx))) }()

	var docker, pod []time.Duration
	for i := range podsOneByOne { // by turns: both have the same weather
		d, err := bare.run(ctx)
		if err != nil {
			return rows, err
		}
		p, err := pods.run(ctx, fmt.Sprintf("one-%d", i))
		if err != nil {
			return rows, err
		}
		docker, pod = append(docker, d), append(pod, p)
	}
	rows = append(rows, times("docker run of a sandbox and a container", docker), times("a pod, from its binding to Running", pod))

	began := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for range podsAtOnce {
		group.Go(func() error { _, err := bare.run(groupCtx); return err })
	}
	if err := group.Wait(); err != nil {
		return rows, err
	}
	rows = append(rows, row{what: fmt.Sprintf("docker run of %d at once", podsAtOnce), figure: ms(time.Since(began))})
	if err := bare.remove(ctx); err != nil {
		return rows, err
	}
	began = time.Now()
	if err := pods.create(ctx, "many", podsAtOnce); err != nil {
		return rows, err
	}
	if err := pods.wait(ctx, "many", podsAtOnce); err != nil {
		return rows, err
	}
	rows = append(rows, row{what: fmt.Sprintf("%d pods at once, from the first request to all Running", podsAtOnce), figure: ms(time.Since(began))})

	more := podsIdle - podsAtOnce - podsOneByOne - 1
	if err := pods.create(ctx, "more", more); err != nil {
		return rows, err
	}
	if err := pods.wait(ctx, "more", more); err != nil {
		return rows, err
	}
	idle, err := c.idleKubelet(ctx)
	return append(rows, idle), err
}

func times(what string, all []time.Duration) row {
	p50, p99 := percentiles(all)
	return row{what: what, figure: fmt.Sprintf("%d times", len(all)), p50: p50, p99: p99}
}

// idleKubelet is what the kubelet takes while its pods run and nothing happens.
func (c *cluster) idleKubelet(ctx context.Context) (row, error) {
	client.Wait(ctx, 30*time.Second) // until the work of starting them is done
	b, err := os.ReadFile(filepath.Join(c.pidFiles(), "kubelet-node-1.pid"))
	if err != nil {
		return row{}, err
	}
	pid := strings.TrimSpace(string(b))
	before := processTime(pid)
	client.Wait(ctx, idleFor)
	used := processTime(pid) - before
	kib, err := memorySize(pid, "Rss:")
	return row{what: fmt.Sprintf("a kubelet with %d pods, idle", podsIdle),
		figure: fmt.Sprintf("%.1f MiB, %.2f%% of a core", float64(kib)/1024, 100*used.Seconds()/idleFor.Seconds())}, err
}

// podWatch makes pods and knows when each was bound and ran.
type podWatch struct {
	server *server
	events chan *api.Pod
	bound  map[string]time.Time
	ran    map[string]time.Time
}

func watchPods(ctx context.Context, s *server) (*podWatch, error) {
	resp, err := s.open(ctx, "GET", "/api/v1/namespaces/"+podsNamespace+"/pods?watch=1", nil)
	if err != nil {
		return nil, err
	}
	w := &podWatch{server: s, events: make(chan *api.Pod, 1024), bound: map[string]time.Time{}, ran: map[string]time.Time{}}
	go func() {
		defer resp.Body.Close()
		defer close(w.events)
		for lines := json.NewDecoder(resp.Body); ; {
			var event struct{ Object *api.Pod }
			if err := lines.Decode(&event); err != nil {
				if !errors.Is(err, io.EOF) && ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, "bench: the watch of pods ended:", err)
				}
				return
			}
			w.events <- event.Object
		}
	}()
	return w, nil
}

// create makes n pods whose names begin with prefix.
func (w *podWatch) create(ctx context.Context, prefix string, n int) error {
	for i := range n {
		body := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s-%d"},"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":%q}]}}`,
			prefix, i, benchImage)
		if _, err := w.server.call(ctx, "POST", "/api/v1/namespaces/"+podsNamespace+"/pods", body); err != nil {
			return err
		}
	}
	return nil
}

// wait returns when n pods whose names begin with prefix have run.
func (w *podWatch) wait(ctx context.Context, prefix string, n int) error {
	patience, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for done := 0; done < n; {
		select {
		case p, ok := <-w.events:
			if !ok {
				return errors.New("the watch ended")
			}
			if _, seen := w.bound[p.Name]; p.Spec.NodeName != "" && !seen {
				w.bound[p.Name] = time.Now()
			}
			if _, seen := w.ran[p.Name]; p.Status.Phase == api.PodRunning && !seen {
				w.ran[p.Name] = time.Now()
				if strings.HasPrefix(p.Name, prefix+"-") {
					done++
				}
			}
		case <-patience.Done():
			return fmt.Errorf("%d of %d pods %s run: %w", done, n, prefix, patience.Err())
		}
	}
	return nil
}

// run makes one pod, and tells how long it took from its binding until it ran.
func (w *podWatch) run(ctx context.Context, name string) (time.Duration, error) {
	if err := w.create(ctx, name, 1); err != nil {
		return 0, err
	}
	if err := w.wait(ctx, name, 1); err != nil {
		return 0, err
	}
	return w.ran[name+"-0"].Sub(w.bound[name+"-0"]), nil
}

// bareContainers are started by the docker command, as the kubelet's sandboxes and containers are by its API.
type bareContainers struct{ image, command string } // of a sandbox

// likeSandboxes reads from a sandbox that runs what it was made of.
func likeSandboxes(ctx context.Context) (*bareContainers, error) {
	id, err := dockerCommand(ctx, "ps", "-q", "--filter", "label=io.kubelite.profile=bench", "--filter", "label=io.kubernetes.docker.type=podsandbox")
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(id, "\n")
	if first == "" {
		return nil, errors.New("the pod has no sandbox")
	}
	made, err := dockerCommand(ctx, "inspect", "--format", `{{.Config.Image}} {{join .Config.Entrypoint " "}}`, first)
	if err != nil {
		return nil, err
	}
	image, command, _ := strings.Cut(made, " ")
	return &bareContainers{image, command}, nil
}

const bareLabel = "io.kubelite.bench"

// run starts a sandbox and a container in it, and tells how long that took.
func (b *bareContainers) run(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	program, args, _ := strings.Cut(b.command, " ")
	id, err := dockerCommand(ctx, slices.Concat([]string{"run", "-d", "--label", bareLabel, "--entrypoint", program, b.image}, strings.Fields(args))...)
	if err != nil {
		return 0, err
	}
	_, err = dockerCommand(ctx, "run", "-d", "--label", bareLabel, "--network", "container:"+id, benchImage)
	return time.Since(began), err
}

func (b *bareContainers) remove(ctx context.Context) error {
	ids, err := dockerCommand(ctx, "ps", "-aq", "--filter", "label="+bareLabel)
	if err != nil || ids == "" {
		return err
	}
	_, err = dockerCommand(ctx, slices.Concat([]string{"rm", "-f"}, strings.Fields(ids))...)
	return err
}

func dockerCommand(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("docker %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
