package apiserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"kubelite/api"
)

// Node ports are from this range, as upstream.
const (
	firstNodePort = 30000
	lastNodePort  = 32767
	// Ports below this one are left to people who name one, as long as there are others. Addresses have such a
	// band too: see newServiceAllocator.
	firstRandomNodePort = 30086
)

var (
	errPortTaken      = errors.New("provided port is already allocated")
	errPortNotInRange = fmt.Errorf("provided port is not in the valid range. The range of valid ports is %d-%d", firstNodePort, lastNodePort)
)

// takePorts takes the ports that the Service has on every node. The allocator's mu is held, as for all of taking.
func (t *taking) takePorts(svc *api.Service) error {
	if hasNodePorts(svc) {
		allocate := svc.Spec.Type == api.ServiceTypeNodePort || api.Deref(svc.Spec.AllocateLoadBalancerNodePorts, true)
		// One number can be opened for TCP and for UDP, so the same port of a new Service shares a node port under both protocols.
		byPort := map[int32]int32{}
		for _, p := range svc.Spec.Ports {
			if p.NodePort != 0 {
				byPort[p.Port] = p.NodePort
			}
		}
		for i := range svc.Spec.Ports {
			p := &svc.Spec.Ports[i]
			if p.NodePort == 0 && byPort[p.Port] != 0 && t.isNew {
				p.NodePort = byPort[p.Port]
			}
			if p.NodePort == 0 && !allocate {
				continue
			}
			if err := t.takePort(&p.NodePort, api.Path("spec").Child("ports").Index(i).Child("nodePort")); err != nil {
				return err
			}
			byPort[p.Port] = p.NodePort
		}
	}
	if hasHealthCheckPort(svc) {
		return t.takePort(&svc.Spec.HealthCheckNodePort, api.Path("spec").Child("healthCheckNodePort"))
	}
	return nil
}

// takePort takes the port that is named, or any if it is 0.
func (t *taking) takePort(port *int32, path api.Path) error {
	taken := t.allocator.ports
	if *port == 0 {
		free, err := t.allocator.randomPort()
		if err != nil {
			return fmt.Errorf("failed to allocate a nodePort: %w", err)
		}
		*port = free
	} else if slices.Contains(t.hadPorts, *port) || slices.Contains(t.ports, *port) {
		return nil
	} else if *port < firstNodePort || *port > lastNodePort {
		t.errs = append(t.errs, path.Invalid(*port, errPortNotInRange.Error()))
		return errPortNotInRange
	} else if taken[*port] {
		t.errs = append(t.errs, path.Invalid(*port, errPortTaken.Error()))
		return errPortTaken
	}
	taken[*port] = true
	t.ports = append(t.ports, *port)
	return nil
}

func (a *serviceAllocator) randomPort() (int32, error) {
	for range 32 {
		if p := int32(firstRandomNodePort + rand.IntN(lastNodePort-firstRandomNodePort+1)); !a.ports[p] {
			return p, nil
		}
	}
	for p := int32(lastNodePort); p >= firstNodePort; p-- { // from the top: the band at the bottom comes last
		if !a.ports[p] {
			return p, nil
		}
	}
	return 0, errRangeFull
}

// portsOf is what a Service holds of the nodes' ports.
func portsOf(svc *api.Service) []int32 {
	ports := nodePortsOf(svc)
	if svc.Spec.HealthCheckNodePort != 0 {
		ports = append(ports, svc.Spec.HealthCheckNodePort)
	}
	return ports
}
