package kubelet

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// startContainer brings up one container of a pod whose sandbox runs. Where it fails it returns what the user will
// see the container wait for.
//
//	image      is it here, may it be pulled                    ErrImagePull, ImagePullBackOff, ErrImageNeverPull
//	configure  environment, volumes, user                      CreateContainerConfigError
//	create     the runtime makes it                            CreateContainerError
//	start      the runtime runs it                             RunContainerError
//	postStart  the container's own hook                        PostStartHookError
func (w *podWorker) startContainer(ctx context.Context, pod *api.Pod, step startStep, sandbox *Sandbox) *startError {
	c := step.Container
	image, failed := w.ensureImage(ctx, pod, c)
	if failed == nil {
		failed = w.setUpImageVolumes(ctx, pod, c)
	}
	if failed != nil {
		w.event(ctx, pod, c.Name, eventWarning, "Failed", "Error: %s", failed.Reason)
		return failed
	}
	fail := func(reason string, err error) *startError {
		w.event(ctx, pod, c.Name, eventWarning, "Failed", "Error: %v", err)
		return &startError{waitingReason: waitingReason{Reason: reason, Message: err.Error()}}
	}
	config, err := w.containerConfig(ctx, pod, step, image, sandbox)
	if err != nil {
		return fail(reasonCreateConfigError, err)
	}
	around := w.k.sandboxConfig(pod, sandbox.Attempt)
	around.RuntimeHandler = sandbox.RuntimeHandler
	id, err := w.k.runtime.CreateContainer(ctx, sandbox.ID, config, around)
	if err != nil {
		return fail(reasonCreateError, err)
	}
	w.event(ctx, pod, c.Name, eventNormal, "Created", "Container created")
	if err := w.k.runtime.StartContainer(ctx, id); err != nil {
		return fail(reasonRunError, err)
	}
	w.event(ctx, pod, c.Name, eventNormal, "Started", "Container started")

	if c.Lifecycle != nil && c.Lifecycle.PostStart != nil {
		ip := sandboxIP(sandbox, w.k.cfg.NodeIP)
		if err := w.k.runHook(ctx, pod, c, id, ip, c.Lifecycle.PostStart); err != nil {
			// What the hook printed may hold secrets: it goes into the status, which fewer people read than events.
			w.event(ctx, pod, c.Name, eventWarning, "FailedPostStartHook", "PostStartHook failed")
			w.stopContainer(ctx, pod, ip, killStep{ID: id, Name: c.Name, Message: "FailedPostStartHook", Grace: gracePeriod(pod)})
			return &startError{waitingReason: waitingReason{Reason: reasonPostStartError, Message: err.Error()}}
		}
	}
	return nil
}

// sandboxConfig is what the pod's spec says about its sandbox.
func (k *Kubelet) sandboxConfig(pod *api.Pod, attempt int) *SandboxConfig {
	s := &SandboxConfig{
		UID: pod.UID, Namespace: pod.Namespace, Name: pod.Name, Attempt: attempt, Annotations: pod.Annotations,
		Hostname: podHostname(pod), HostNetwork: pod.Spec.HostNetwork, HostIPC: pod.Spec.HostIPC, HostPID: pod.Spec.HostPID,
		SharePID: api.Deref(pod.Spec.ShareProcessNamespace, false), MemoryVolumes: memoryVolumes(pod, k.info.Memory),
		RestartPolicy: pod.Spec.RestartPolicy,
	}
	if api.Deref(pod.Spec.SetHostnameAsFQDN, false) {
		if fqdn := podFQDN(pod, k.cfg.ClusterDomain); fqdn != "" {
			s.Hostname = fqdn
		}
	}
	if pod.Spec.HostNetwork {
		s.Hostname = k.cfg.NodeName // of the machine's own name there is one for all nodes
	}
	if sc := pod.Spec.SecurityContext; sc != nil && len(sc.Sysctls) > 0 {
		s.Sysctls = map[string]string{}
		for _, ctl := range sc.Sysctls {
			s.Sysctls[strings.ReplaceAll(ctl.Name, "/", ".")] = ctl.Value
		}
	}
	for _, list := range [][]api.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			for _, p := range list[i].Ports {
				if p.HostPort > 0 && !pod.Spec.HostNetwork {
					s.Ports = append(s.Ports, PortMapping{HostIP: p.HostIP, HostPort: p.HostPort, ContainerPort: p.ContainerPort, Protocol: p.Protocol})
				}
			}
		}
	}
	return s
}

// runSandbox makes a sandbox as the pod's RuntimeClass says, if it has one.
func (k *Kubelet) runSandbox(ctx context.Context, pod *api.Pod, attempt int) (string, error) {
	config := k.sandboxConfig(pod, attempt)
	if name := api.Deref(pod.Spec.RuntimeClassName, ""); name != "" {
		class, err := client.Of[*api.RuntimeClass](k.client).Get(ctx, "", name)
		if err != nil {
			return "", fmt.Errorf("look up RuntimeClass %q: %w", name, err)
		}
		config.RuntimeHandler = class.Handler
	}
	return k.runtime.RunPodSandbox(ctx, config)
}

// containerConfig resolves everything that a container's spec refers to.
func (w *podWorker) containerConfig(ctx context.Context, pod *api.Pod, step startStep, image *Image, sandbox *Sandbox) (*ContainerConfig, error) {
	c := step.Container
	config := &ContainerConfig{
		Name: c.Name, Attempt: step.Attempt, Hash: hashContainer(c), Image: c.Image, ImageRef: image.Ref,
		WorkingDir: c.WorkingDir, Init: isInit(pod, c.Name) && !c.IsSidecar(), Stdin: c.Stdin, StdinOnce: c.StdinOnce, TTY: c.TTY,
		TargetID: step.TargetID,
	}
	if c.Lifecycle != nil && c.Lifecycle.StopSignal != nil {
		config.StopSignal = string(*c.Lifecycle.StopSignal)
	}
	podIP := sandboxIP(sandbox, w.k.cfg.NodeIP)
	var err error
	if config.Env, err = w.k.environment(ctx, pod, c, podIP); err != nil {
		return nil, err
	}
	config.Command, config.Args = expandAll(c.Command, config.Env), expandAll(c.Args, config.Env)
	if config.Mounts, err = w.mounts(ctx, pod, step, config.Env, podIP); err != nil {
		return nil, err
	}
	config.Resources = kernelResources(pod, c)
	config.OOMScoreAdj = oomScoreAdj(pod, c, w.k.info.Memory)
	if err := w.k.setSecurity(config, pod, c, image); err != nil {
		return nil, err
	}
	return config, nil
}

func firstSet[T any](list ...*T) *T {
	for _, p := range list {
		if p != nil {
			return p
		}
	}
	return nil
}

func otherwise(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// sandboxIP is the address that the pod's containers have.
func sandboxIP(sandbox *Sandbox, nodeIP string) string { return otherwise(sandbox.IP, nodeIP) }

// stopOrder says in which order a pod's containers end: the main ones together, then the sidecars one by one, the
// last one started first, so that a log shipper still sees the last line.
func stopOrder(pod *api.Pod, running []*RuntimeContainer) [][]*RuntimeContainer {
	rank := func(name string) int {
		for i := range pod.Spec.InitContainers {
			if c := &pod.Spec.InitContainers[i]; c.Name == name && c.IsSidecar() {
				return i
			}
		}
		return math.MaxInt
	}
	groups := map[int][]*RuntimeContainer{}
	for _, c := range running {
		groups[rank(c.Name)] = append(groups[rank(c.Name)], c)
	}
	var ranks []int
	for r := range groups {
		ranks = append(ranks, r)
	}
	sort.Sort(sort.Reverse(sort.IntSlice(ranks)))
	var order [][]*RuntimeContainer
	for _, r := range ranks {
		order = append(order, groups[r])
	}
	return order
}
