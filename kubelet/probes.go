package kubelet

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// ProbeKind names the question that a probe asks.
type ProbeKind string

// The three questions: has it started (until then the others wait), may it get traffic, must it be restarted.
const (
	StartupProbe   ProbeKind = "Startup"
	ReadinessProbe ProbeKind = "Readiness"
	LivenessProbe  ProbeKind = "Liveness"
)

// firstProbeAfter is the least that a container has to begin to listen. Upstream has about as much in the time that it
// takes to notice that a container runs; asked too early, a healthy server would miss a whole period.
const firstProbeAfter = 500 * time.Millisecond

type probeResult int

const (
	probeUnknown probeResult = iota
	probeSuccess
	probeFailure
	probeWarning // a success with something to say
)

// probeResults are the answers of one container. Before the first answers it counts as alive, but not as ready.
type probeResults struct{ startup, liveness, readiness probeResult }

// prober asks running containers how they are, and wakes their pod's worker when an answer changes. A container
// without probes costs nothing here.
type prober struct {
	k     *Kubelet
	began time.Time
	mu    sync.Mutex
	of    map[string]*probedContainer // by container id; guarded by mu
}

// probedContainer is one container that is being probed.
type probedContainer struct {
	pod     api.UID
	cancel  context.CancelFunc
	quiet   context.CancelFunc // ends all but the readiness probe
	started chan struct{}      // closed once the startup probe succeeded
	results probeResults       // guarded by prober.mu
}

func newProber(k *Kubelet) *prober {
	return &prober{k: k, began: time.Now(), of: map[string]*probedContainer{}}
}

// results returns a container's newest answers.
func (p *prober) results(containerID string) probeResults {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.of[containerID]; c != nil {
		return c.results
	}
	return probeResults{liveness: probeSuccess}
}

// watch begins to probe the pod's containers that run, and leaves those alone that no longer do.
func (p *prober) watch(ctx context.Context, w *podWorker, pod *api.Pod, seen *RuntimePod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	running := map[string]bool{}
	for _, rc := range seen.Running() {
		running[rc.ID] = true
		c := findContainer(pod, rc.Name)
		if p.of[rc.ID] != nil || c == nil || c.StartupProbe == nil && c.LivenessProbe == nil && c.ReadinessProbe == nil {
			continue
		}
		probing, cancel := context.WithCancel(context.WithoutCancel(ctx))
		stop := context.AfterFunc(p.k.running, cancel) // the worker's look ends, the probing goes on
		alive, quiet := context.WithCancel(probing)
		probed := &probedContainer{
			pod: pod.UID, cancel: func() { stop(); cancel() }, quiet: quiet, started: make(chan struct{}), results: w.formerResults(rc),
		}
		p.of[rc.ID] = probed
		target := probeTarget{w: w, pod: pod, container: c, id: rc.ID, startedAt: rc.StartedAt, ip: otherwise(w.status.PodIP, p.k.cfg.NodeIP)}
		if sandbox := seen.Sandbox(); sandbox != nil && sandbox.IP != "" {
			target.ip = sandbox.IP
		}
		probes := map[ProbeKind]*api.Probe{StartupProbe: c.StartupProbe, ReadinessProbe: c.ReadinessProbe, LivenessProbe: c.LivenessProbe}
		if c.StartupProbe == nil || probed.results.startup == probeSuccess {
			close(probed.started)
			delete(probes, StartupProbe)
		}
		for kind, probe := range probes {
			asking := alive
			if kind == ReadinessProbe {
				asking = probing
			}
			if probe != nil {
				p.k.working.Go(func() { p.run(asking, probed, &target, kind, probe) })
			}
		}
	}
	for id, c := range p.of {
		if c.pod == pod.UID && !running[id] {
			c.cancel()
			delete(p.of, id)
		}
	}
}

// formerResults are what an earlier kubelet found out about the very container: a restart of the kubelet must not
// take pods out of service.
func (w *podWorker) formerResults(rc *RuntimeContainer) probeResults {
	results := probeResults{liveness: probeSuccess}
	s := containerStatus(&w.status, rc.Name)
	if s == nil || s.ContainerID != w.k.info.Name+"://"+rc.ID {
		return results
	}
	if api.Deref(s.Started, false) {
		results.startup = probeSuccess
	}
	if s.Ready {
		results.readiness = probeSuccess
	}
	return results
}

// quiet leaves only the readiness probe of a container that is about to be stopped: nobody wants to restart it any more, but
// it gets traffic until it says that it is not ready.
func (p *prober) quiet(containerID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.of[containerID]; c != nil {
		c.quiet()
	}
}

// forget ends the probing of a pod that has been stopped.
func (p *prober) forget(uid api.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, c := range p.of {
		if c.pod == uid {
			c.cancel()
			delete(p.of, id)
		}
	}
}

// run asks one question over and over. A single answer changes nothing: it takes as many in a row as the probe's
// thresholds say.
func (p *prober) run(ctx context.Context, c *probedContainer, t *probeTarget, kind ProbeKind, probe *api.Probe) {
	if kind != StartupProbe {
		select {
		case <-c.started:
		case <-ctx.Done():
			return
		}
	}
	// The delay counts from the container's start, so that a restarted kubelet does not wait again.
	delay := max(time.Duration(probe.InitialDelaySeconds)*time.Second, firstProbeAfter)
	if !client.Wait(ctx, time.Until(t.startedAt.Add(delay))) {
		return
	}
	period := time.Duration(max(probe.PeriodSeconds, 1)) * time.Second
	// All containers of a kubelet that has just begun are due at once: each takes its place within its period by chance.
	if !t.startedAt.After(p.began) && time.Since(p.began) < period && !client.Wait(ctx, rand.N(period)) {
		return
	}
	ticks := time.NewTicker(period) // from question to question, however long an answer takes
	defer ticks.Stop()
	var last probeResult
	inRow := int32(0)
	for {
		result, message := p.ask(ctx, t, kind, probe)
		if ctx.Err() != nil {
			return
		}
		switch result {
		case probeUnknown: // the question could not even be asked: that says nothing about the container
			t.w.event(ctx, t.pod, t.container.Name, eventWarning, "Unhealthy", "%s probe errored and resulted in unknown state: %s", kind, message)
		case probeFailure:
			t.w.event(ctx, t.pod, t.container.Name, eventWarning, "Unhealthy", "%s probe failed: %s", kind, message)
		case probeWarning:
			t.w.event(ctx, t.pod, t.container.Name, eventWarning, "ProbeWarning", "%s probe warning: %s", kind, message)
			result = probeSuccess
		}
		if result == last {
			inRow++
		} else if result != probeUnknown {
			last, inRow = result, 1
		}
		if result == probeSuccess && inRow >= probe.SuccessThreshold || result == probeFailure && inRow >= probe.FailureThreshold {
			if p.set(c, kind, result) {
				t.w.answered(p.k.running)
			}
			if kind == StartupProbe && result == probeSuccess {
				close(c.started)
			}
			if kind == StartupProbe || kind == LivenessProbe && result == probeFailure {
				return // it has started, or it will be killed: the next container gets a probe of its own
			}
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// set stores an answer and tells whether it is news.
func (p *prober) set(c *probedContainer, kind ProbeKind, result probeResult) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := map[ProbeKind]*probeResult{StartupProbe: &c.results.startup, ReadinessProbe: &c.results.readiness, LivenessProbe: &c.results.liveness}[kind]
	changed := *at != result
	*at = result
	return changed
}

// probeTarget is whom a probe asks.
type probeTarget struct {
	w         *podWorker
	pod       *api.Pod
	container *api.Container
	id        string
	startedAt time.Time
	ip        string
}

// probeTries is how often a question is put that could not even be asked.
const probeTries = 3

// ask puts the question, more than once if it could not be asked. The message says what went wrong.
func (p *prober) ask(ctx context.Context, t *probeTarget, kind ProbeKind, probe *api.Probe) (result probeResult, message string) {
	for range probeTries {
		if result, message = p.probe(ctx, t, kind, probe); result != probeUnknown || ctx.Err() != nil {
			break
		}
	}
	return result, message
}

func (p *prober) probe(ctx context.Context, t *probeTarget, kind ProbeKind, probe *api.Probe) (probeResult, string) {
	timeout := time.Duration(max(probe.TimeoutSeconds, 1)) * time.Second
	if simulated, ok := p.k.runtime.(SimulatedProber); ok {
		if good, message := simulated.Probe(ctx, t.id, kind); !good {
			return probeFailure, message
		}
		if probe.Exec == nil || !simulated.HasFiles(t.id) {
			return probeSuccess, ""
		}
	}
	switch {
	case probe.Exec != nil:
		return p.probeExec(ctx, t, probe.Exec, timeout)
	case probe.HTTPGet != nil:
		return probeHTTP(ctx, t, probe.HTTPGet, timeout)
	case probe.TCPSocket != nil:
		return probeTCP(ctx, t, probe.TCPSocket, timeout)
	case probe.GRPC != nil:
		return probeGRPC(ctx, t, probe.GRPC, timeout)
	}
	return probeUnknown, "missing probe handler for " + t.container.Name
}

// probeExec is content when the command exits with 0. Of the container's variables it knows those with a value of their own.
func (p *prober) probeExec(ctx context.Context, t *probeTarget, action *api.ExecAction, timeout time.Duration) (probeResult, string) {
	var env []EnvVar
	for _, v := range t.container.Env {
		if v.ValueFrom == nil {
			env = append(env, EnvVar{Name: v.Name, Value: v.Value})
		}
	}
	asking, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	output, code, err := p.k.runtime.ExecSync(asking, t.id, expandAll(action.Command, env))
	switch {
	case err != nil && asking.Err() == nil:
		return probeUnknown, err.Error()
	case err != nil:
		return probeFailure, fmt.Sprintf("command timed out: %q timed out after %s", strings.Join(action.Command, " "), timeout)
	case code != 0:
		return probeFailure, string(output)
	}
	return probeSuccess, ""
}

// probeTCP is content when the port takes connections.
func probeTCP(ctx context.Context, t *probeTarget, action *api.TCPSocketAction, timeout time.Duration) (probeResult, string) {
	port, err := resolvePort(action.Port, t.container)
	if err != nil {
		return probeUnknown, err.Error()
	}
	d := probeDialer()
	d.Timeout = timeout
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(otherwise(action.Host, t.ip), strconv.Itoa(port)))
	if err != nil {
		return probeFailure, err.Error()
	}
	conn.Close() // it was taken: how it ends does not matter
	return probeSuccess, ""
}

// probeHTTP is content with any status from 200 to 399. A redirect that leads elsewhere is one, but worth a word.
func probeHTTP(ctx context.Context, t *probeTarget, action *api.HTTPGetAction, timeout time.Duration) (probeResult, string) {
	req, err := httpRequest(ctx, t.ip, t.container, action)
	if err != nil {
		return probeUnknown, err.Error()
	}
	probing := probeClient(nil)
	probing.Timeout = timeout
	resp, err := probing.Do(req)
	if err != nil {
		return probeFailure, err.Error()
	}
	defer resp.Body.Close()
	// To its end, as a browser would: a server may take it amiss when its answer is not wanted.
	body, err := io.ReadAll(io.LimitReader(resp.Body, 10<<10))
	switch {
	case err != nil:
		return probeUnknown, err.Error()
	case resp.StatusCode < 200 || resp.StatusCode >= 400:
		return probeFailure, fmt.Sprintf("HTTP probe failed with statuscode: %d", resp.StatusCode)
	case resp.StatusCode >= 300:
		return probeWarning, fmt.Sprintf("Probe terminated redirects, Response body: %s", body)
	}
	return probeSuccess, ""
}

// httpRequest makes the request that a probe or a hook describes.
func httpRequest(ctx context.Context, ip string, c *api.Container, action *api.HTTPGetAction) (*http.Request, error) {
	port, err := resolvePort(action.Port, c)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(action.Path)
	if err != nil {
		u = &url.URL{Path: action.Path}
	}
	u.Scheme = strings.ToLower(otherwise(string(action.Scheme), "http"))
	u.Host = net.JoinHostPort(otherwise(action.Host, ip), strconv.Itoa(port))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	for _, h := range action.HTTPHeaders {
		req.Header.Add(h.Name, h.Value)
	}
	if req.Header["User-Agent"] == nil {
		req.Header.Set("User-Agent", "kube-probe/1.36")
	}
	if accept := req.Header["Accept"]; accept == nil {
		req.Header.Set("Accept", "*/*")
	} else if accept[0] == "" {
		req.Header.Del("Accept")
	}
	req.Host = req.Header.Get("Host")
	return req, nil
}

// probeDialer makes connections that leave little behind: a machine that asks hundreds of containers each second would have
// tens of thousands of ended connections in memory, for a minute each.
func probeDialer() *net.Dialer {
	return &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(endSoon)
	}}
}

// probeClient makes a client that keeps no connection and trusts every certificate: containers serve self-signed
// ones, and nothing secret is sent. Redirects to another host are not followed.
func probeClient(protocols *http.Protocols) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true, DisableCompression: true, Protocols: protocols, DialContext: probeDialer().DialContext,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.URL.Hostname() != via[0].URL.Hostname() {
				return http.ErrUseLastResponse
			}
			if len(via) >= 10 {
				return errors.New("stopped after 10 redirects")
			}
			return nil
		},
	}
}

// probeGRPC asks the standard health service. One call of a fixed form needs no gRPC library: it is an HTTP/2 POST
// of a length-prefixed protobuf message.
func probeGRPC(ctx context.Context, t *probeTarget, action *api.GRPCAction, timeout time.Duration) (probeResult, string) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	service := api.Deref(action.Service, "")
	message := append(binary.AppendUvarint([]byte{0x0a}, uint64(len(service))), service...) // field 1: the service's name
	if service == "" {
		message = nil
	}
	body := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	address := net.JoinHostPort(t.ip, strconv.Itoa(int(action.Port)))
	connected := false
	asking := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	req, err := http.NewRequestWithContext(asking, http.MethodPost, "http://"+address+"/grpc.health.v1.Health/Check", bytes.NewReader(append(body, message...)))
	if err != nil {
		return probeUnknown, err.Error()
	}
	req.Header.Set("User-Agent", "kube-probe/1.36")
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("TE", "trailers")
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	resp, err := probeClient(protocols).Do(req)
	var answer []byte
	if err == nil {
		defer resp.Body.Close()
		answer, err = io.ReadAll(io.LimitReader(resp.Body, 1024))
	}
	switch {
	case err != nil && (!connected || ctx.Err() == nil): // nobody listens, not yet, or not to gRPC: that is tried until the time is up
		return probeFailure, fmt.Sprintf("timeout: failed to connect service %q within %v: %v", address, timeout, context.DeadlineExceeded)
	case err != nil:
		return probeFailure, fmt.Sprintf("timeout: health rpc did not complete within %v", timeout)
	}
	const unimplemented, serving = "12", 1
	switch code := otherwise(resp.Trailer.Get("Grpc-Status"), resp.Header.Get("Grpc-Status")); {
	case code == unimplemented:
		return probeFailure, "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + otherwise(resp.Trailer.Get("Grpc-Message"), resp.Header.Get("Grpc-Message"))
	case code != "0":
		return probeFailure, fmt.Sprintf("error: health rpc probe failed: rpc error: code = %s desc = %s", code, otherwise(resp.Trailer.Get("Grpc-Message"), resp.Header.Get("Grpc-Message")))
	case len(answer) != 7 || answer[5] != 0x08 || answer[6] != serving:
		return probeFailure, fmt.Sprintf("service unhealthy (responded with %q)", "NOT_SERVING")
	}
	return probeSuccess, ""
}

// resolvePort finds the number of a port that may be a name.
func resolvePort(port api.IntOrString, c *api.Container) (int, error) {
	if port.Type == api.IntegerForm {
		return int(port.IntVal), nil
	}
	for _, p := range c.Ports {
		if p.Name == port.StrVal {
			return int(p.ContainerPort), nil
		}
	}
	return strconv.Atoi(port.StrVal)
}
