package docker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"kubelite/api"
	"kubelite/kubelet"
	"kubelite/kubelet/streaming"
)

// CreateContainer makes a container that shares the sandbox's network and memory.
func (r *Runtime) CreateContainer(ctx context.Context, sandboxID string, c *kubelet.ContainerConfig, s *kubelet.SandboxConfig) (string, error) {
	ctx, done, err := r.begin(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	volumes, err := r.memoryVolumes(ctx, sandboxID, c)
	if err != nil {
		return "", err
	}
	config, host := r.containerSpec(sandboxID, c, s, volumes)
	if host.SecurityOpt, err = securityOptions(c); err != nil {
		return "", err
	}
	user, groups, err := r.identity(ctx, c)
	if err != nil {
		return "", err
	}
	config.User = user
	for _, gid := range groups {
		host.GroupAdd = append(host.GroupAdd, strconv.FormatInt(gid, 10))
	}
	return r.create(ctx, config, host, nil, containerName(c.Name, s, c.Attempt))
}

// containerSpec is the container in Docker's words. volumes are Docker's names of the sandbox's volumes.
func (r *Runtime) containerSpec(sandboxID string, c *kubelet.ContainerConfig, s *kubelet.SandboxConfig, volumes map[string]string) (*container.Config, *container.HostConfig) {
	config := &container.Config{
		Image: c.Image, Entrypoint: c.Command, Cmd: c.Args, WorkingDir: c.WorkingDir,
		Tty: c.TTY, OpenStdin: c.Stdin, StdinOnce: c.StdinOnce, StopSignal: c.StopSignal,
		Labels: r.podLabels(s, typeContainer, c.Name, c.Attempt),
		// A health check of the image's would only cost: the kubelet has probes.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
	config.Labels[labelSandbox], config.Labels[labelHash] = sandboxID, c.Hash
	config.Labels[labelImage], config.Labels[labelImageRef] = c.Image, c.ImageRef
	for _, e := range c.Env {
		config.Env = append(config.Env, e.Name+"="+e.Value)
	}
	sandbox := "container:" + sandboxID
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(sandbox), IpcMode: container.IpcMode(sandbox), Runtime: s.RuntimeHandler,
		Privileged: c.Privileged, ReadonlyRootfs: c.ReadOnlyRootFS, CapAdd: c.AddCapabilities, CapDrop: c.DropCapabilities,
		// Going below zero, where upstream has guaranteed pods, is a privilege that a daemon need not have. The order
		// stays: best-effort pods die first, guaranteed ones with the system's own processes.
		OomScoreAdj: max(c.OOMScoreAdj, 0), Resources: resources(c.Resources),
		// Docker's own choice of a log driver may be one that cannot be read back. The sizes are the kubelet's.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "5"}},
	}
	switch {
	case c.TargetID != "":
		host.PidMode = container.PidMode("container:" + c.TargetID)
	case s.HostPID:
		host.PidMode = "host"
	case s.SharePID:
		host.PidMode = container.PidMode(sandbox)
	}
	for _, gid := range c.SupplementalGroups {
		host.GroupAdd = append(host.GroupAdd, strconv.FormatInt(gid, 10))
	}
	if c.Unmasked {
		host.MaskedPaths, host.ReadonlyPaths = []string{}, []string{}
	}
	for _, m := range c.Mounts {
		if m.MemoryVolume != "" {
			host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeVolume, Source: volumes[m.MemoryVolume], Target: m.ContainerPath, ReadOnly: m.ReadOnly})
			continue
		}
		host.Mounts = append(host.Mounts, mount.Mount{
			Type: mount.TypeBind, Source: m.HostPath, Target: m.ContainerPath, ReadOnly: m.ReadOnly,
			BindOptions: &mount.BindOptions{Propagation: propagation(m.Propagation)},
		})
	}
	return config, host
}

// securityOptions is how a container is confined, in Docker's words.
func securityOptions(c *kubelet.ContainerConfig) (options []string, err error) {
	if c.NoNewPrivileges {
		options = append(options, "no-new-privileges")
	}
	seccomp := c.Seccomp
	if filepath.IsAbs(seccomp) {
		profile, err := os.ReadFile(seccomp)
		if err != nil {
			return nil, fmt.Errorf("cannot load seccomp profile %q: %w", seccomp, err)
		}
		seccomp = string(profile)
	}
	for _, option := range [][2]string{
		{"seccomp=", seccomp}, {"apparmor=", c.AppArmor},
		{"label=user:", c.SELinux.User}, {"label=role:", c.SELinux.Role}, {"label=type:", c.SELinux.Type}, {"label=level:", c.SELinux.Level},
	} {
		if option[1] != "" {
			options = append(options, option[0]+option[1])
		}
	}
	return options, nil
}

// resources are what the kernel is told, in Docker's words. The cpu limit is a quota of each tenth of a second, not
// Docker's NanoCPUs: those may not exceed the machine's cores, and a pod's limit may.
func resources(r kubelet.ContainerResources) container.Resources {
	res := container.Resources{Memory: r.MemoryLimit, MemorySwap: r.MemoryLimit, CPUShares: r.CPUShares}
	if r.CPUQuota > 0 {
		res.CPUPeriod, res.CPUQuota = kubelet.CPUPeriod, r.CPUQuota
	}
	return res
}

// resourcesOf is the reverse of resources.
func resourcesOf(r container.Resources) *kubelet.ContainerResources {
	return &kubelet.ContainerResources{MemoryLimit: r.Memory, CPUShares: r.CPUShares, CPUQuota: r.CPUQuota}
}

// UpdateContainer has Docker change the limits of a running container.
func (r *Runtime) UpdateContainer(ctx context.Context, id string, to kubelet.ContainerResources) error {
	_, err := r.docker.ContainerUpdate(ctx, id, container.UpdateConfig{Resources: resources(to)})
	return daemonError(err)
}

// propagation translates how mounts made on one side show on the other.
func propagation(p api.MountPropagationMode) mount.Propagation {
	switch p {
	case api.MountPropagationHostToContainer:
		return mount.PropagationRSlave
	case api.MountPropagationBidirectional:
		return mount.PropagationRShared
	}
	// Docker's choice is rprivate, and rslave for a directory that holds Docker's own, such as the root: it refuses another.
	return ""
}

// StartContainer starts a container. Docker keeps the error of a failed start with the container.
func (r *Runtime) StartContainer(ctx context.Context, id string) error {
	ctx, done, err := r.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	return daemonError(r.docker.ContainerStart(ctx, id, container.StartOptions{}))
}

// StopContainer has Docker send the stop signal and, when grace is over, kill.
func (r *Runtime) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	timeout := int((grace + time.Second - 1) / time.Second)
	err := r.docker.ContainerStop(ctx, id, container.StopOptions{Timeout: &timeout})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// RemoveContainer removes a container, dead or alive.
func (r *Runtime) RemoveContainer(ctx context.Context, id string) error {
	return r.removeContainer(ctx, id)
}

// maxExecOutput is how much of a probe's output is kept: it becomes part of an event.
const maxExecOutput = 10 << 10

// ExecSync runs a command in a container and keeps the beginning of what it says.
func (r *Runtime) ExecSync(ctx context.Context, id string, command []string) ([]byte, int, error) {
	out := &limitedBuffer{left: maxExecOutput}
	code, err := r.Exec(ctx, id, command, streaming.Streams{Stdout: out, Stderr: out})
	if ctx.Err() != nil {
		err = fmt.Errorf("command %q timed out", command)
	}
	return out.Bytes(), code, err
}

// limitedBuffer keeps the beginning of what is written to it.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	keep := min(len(p), b.left)
	b.left -= keep
	b.Buffer.Write(p[:keep])
	return len(p), nil
}
