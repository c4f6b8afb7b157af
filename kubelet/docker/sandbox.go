package docker

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"

	"kubelite/kubelet"
)

// RunPodSandbox makes and starts a sandbox. Where it fails it leaves nothing behind.
func (r *Runtime) RunPodSandbox(ctx context.Context, s *kubelet.SandboxConfig) (string, error) {
	ctx, done, err := r.begin(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if s.HostNetwork {
		return r.startSandbox(ctx, s, netip.Addr{})
	}
	used, err := r.usedAddresses(ctx)
	if err != nil {
		return "", err
	}
	for {
		address, free, err := r.addresses.Take(used)
		if err != nil {
			return "", err
		}
		id, err := r.startSandbox(ctx, s, address)
		free()
		if err != nil && strings.Contains(err.Error(), "Address already in use") {
			used[address] = true // by a container that is none of ours: take another
			continue
		}
		return id, err
	}
}

// startSandbox makes the sandbox with the address and starts it.
func (r *Runtime) startSandbox(ctx context.Context, s *kubelet.SandboxConfig, address netip.Addr) (string, error) {
	config, host, net := r.sandboxSpec(s, address)
	id, err := r.create(ctx, config, host, net, containerName(sandboxName, s, s.Attempt))
	if err != nil {
		return "", err
	}
	if err := r.docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		_ = r.removeContainer(context.WithoutCancel(ctx), id) // the first error says more
		return "", daemonError(err)
	}
	return id, nil
}

// sandboxSpec is the sandbox in Docker's words.
func (r *Runtime) sandboxSpec(s *kubelet.SandboxConfig, address netip.Addr) (*container.Config, *container.HostConfig, *network.NetworkingConfig) {
	config := &container.Config{
		Image: r.cfg.PauseImage, Entrypoint: r.cfg.PauseCommand, Hostname: s.Hostname,
		Labels: r.podLabels(s, typeSandbox, sandboxName, s.Attempt),
	}
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(r.cfg.Network), IpcMode: container.IPCModeShareable, Sysctls: s.Sysctls,
		ReadonlyRootfs: true, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		Resources: container.Resources{CPUShares: 2}, LogConfig: container.LogConfig{Type: "none"}, Runtime: s.RuntimeHandler,
	}
	if s.RuntimeHandler != "" {
		config.Labels[labelHandler] = s.RuntimeHandler
	}
	for _, v := range s.MemoryVolumes {
		host.Mounts = append(host.Mounts, memoryVolume(v))
	}
	if s.HostIPC {
		host.IpcMode = container.IPCModeHost
	}
	if s.HostNetwork {
		host.NetworkMode = "host"
		return config, host, nil
	}
	config.Labels[labelIP] = address.String()
	for _, p := range s.Ports {
		if host.PortBindings == nil {
			host.PortBindings, config.ExposedPorts = nat.PortMap{}, nat.PortSet{}
		}
		port := nat.Port(fmt.Sprintf("%d/%s", p.ContainerPort, strings.ToLower(string(p.Protocol))))
		config.ExposedPorts[port] = struct{}{}
		host.PortBindings[port] = append(host.PortBindings[port], nat.PortBinding{HostIP: p.HostIP, HostPort: strconv.Itoa(int(p.HostPort))})
	}
	return config, host, &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
		r.cfg.Network: {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: address.String()}},
	}}
}

// create makes a container. One of the same name that a crash left behind gives way.
func (r *Runtime) create(ctx context.Context, config *container.Config, host *container.HostConfig, net *network.NetworkingConfig, name string) (string, error) {
	made, err := r.docker.ContainerCreate(ctx, config, host, net, nil, name)
	if errdefs.IsConflict(err) {
		old, inspectErr := r.docker.ContainerInspect(ctx, name)
		if inspectErr != nil || old.Config == nil || !maps.Equal(labelsOfPod(old.Config.Labels), labelsOfPod(config.Labels)) {
			return "", err
		}
		if err := r.removeContainer(ctx, old.ID); err != nil {
			return "", err
		}
		made, err = r.docker.ContainerCreate(ctx, config, host, net, nil, name)
	}
	if err != nil {
		return "", daemonError(err)
	}
	return made.ID, nil
}

// labelsOfPod is what of its labels says whose a container is.
func labelsOfPod(labels map[string]string) map[string]string {
	return map[string]string{labelProfile: labels[labelProfile], labelNode: labels[labelNode], labelPodUID: labels[labelPodUID]}
}

// StopPodSandbox kills the sandbox's process: it has nothing to finish.
func (r *Runtime) StopPodSandbox(ctx context.Context, id string) error {
	err := r.docker.ContainerKill(ctx, id, "KILL")
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // conflict: it does not run
		return nil
	}
	return err
}

// RemovePodSandbox removes the sandbox, and its address is free again.
func (r *Runtime) RemovePodSandbox(ctx context.Context, id string) error {
	return r.removeContainer(ctx, id)
}

// removeContainer removes a container and the volumes that were made for it alone.
func (r *Runtime) removeContainer(ctx context.Context, id string) error {
	return removeContainer(ctx, r.docker, id)
}

func removeContainer(ctx context.Context, d *client.Client, id string) error {
	err := d.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) && strings.Contains(err.Error(), "is already in progress") {
		done, failed := d.ContainerWait(ctx, id, container.WaitConditionRemoved) // somebody else began it
		select {
		case <-done:
			return nil
		case err = <-failed:
		}
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// usedAddresses asks the daemon which addresses the node's sandboxes have.
func (r *Runtime) usedAddresses(ctx context.Context) (map[netip.Addr]bool, error) {
	list, err := r.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours(labelType + "=" + typeSandbox)})
	if err != nil {
		return nil, fmt.Errorf("list sandboxes: %w", err)
	}
	used := map[netip.Addr]bool{}
	for i := range list {
		if addr, err := netip.ParseAddr(list[i].Labels[labelIP]); err == nil {
			used[addr] = true
		}
	}
	return used, nil
}
