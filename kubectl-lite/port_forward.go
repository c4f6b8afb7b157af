package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client/remote"
)

// forwarded is a port of ours that leads to one of a pod.
type forwarded struct{ local, remote uint16 }

func newPortForward(s *session) *cobra.Command {
	var addresses []string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
		Short: "Forward one or more local ports to a pod",
		Example: `  kubectl-lite port-forward svc/web 8080:http
  kubectl-lite port-forward pod/web-1 :5000`,
		ValidArgsFunction: s.completePods(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageErrorf("port-forward", "TYPE/NAME and list of ports are required for port-forward")
			}
			return s.portForward(cmd.Context(), args[0], args[1:], addresses, timeout)
		},
	}
	cmd.Flags().StringSliceVar(&addresses, "address", []string{"localhost"}, "Addresses to listen on (comma separated). Only accepts IP addresses or localhost as a value.")
	cmd.Flags().DurationVar(&timeout, "pod-running-timeout", time.Minute, "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")
	return cmd
}

func (s *session) portForward(ctx context.Context, target string, specs, addresses []string, timeout time.Duration) error {
	pod, err := s.podFor(ctx, fileFlags{}, []string{target}, timeout)
	if err != nil {
		return err
	}
	var svc *api.Service
	if word, name, ok := strings.Cut(target, "/"); ok {
		r, err := s.resource(ctx, word)
		if err != nil {
			return err
		}
		if r.Resource() == "services" {
			o, err := s.getObject(ctx, r, s.namespace(), name)
			if err != nil {
				return err
			}
			if svc, err = typed[*api.Service](o); err != nil {
				return err
			}
		}
	}
	var ports []forwarded
	for _, spec := range specs {
		port, err := parseForward(spec, pod, svc)
		if err != nil {
			return err
		}
		ports = append(ports, port)
	}
	if pod.Status.Phase != api.PodRunning {
		return fmt.Errorf("unable to forward port because pod is not running. Current status=%v", pod.Status.Phase)
	}
	tunnel, err := remote.Forward(ctx, s.api, api.KindOf[*api.Pod]().Path(pod.Namespace, pod.Name)+"/portforward")
	if err != nil {
		return err
	}
	defer tunnel.Close()
	return s.serveForwards(ctx, tunnel, addresses, ports)
}

// parseForward reads "5000", "8080:5000", ":5000" or names in place of the second number. A Service's port is turned into
// the pod's port behind it.
func parseForward(spec string, pod *api.Pod, svc *api.Service) (p forwarded, err error) {
	local, target, both := strings.Cut(spec, ":")
	if !both {
		target = local
	}
	if strings.Contains(target, ":") {
		return p, fmt.Errorf("invalid port format '%s'", spec)
	}
	if target == "" {
		return p, errors.New("remote port cannot be empty")
	}
	named := target
	if svc != nil {
		if target, err = servicePort(svc, target); err != nil {
			return p, err
		}
	}
	if p.remote, err = podPort(pod, target); err != nil {
		return p, err
	}
	if !both {
		local = strconv.Itoa(int(p.remote))
		if _, err := strconv.Atoi(named); err == nil {
			local = named
		}
	}
	if local != "" {
		n, err := strconv.ParseUint(local, 10, 16)
		if err != nil {
			return p, fmt.Errorf("error parsing local port '%s': %w", local, err)
		}
		p.local = uint16(n)
	}
	if p.remote == 0 {
		return p, errors.New("remote port must be > 0")
	}
	return p, nil
}

// servicePort is the target, in the pod, of a Service's port.
func servicePort(svc *api.Service, port string) (string, error) {
	for _, p := range svc.Spec.Ports {
		if p.Name != port && strconv.Itoa(int(p.Port)) != port {
			continue
		}
		if svc.Spec.ClusterIP == "None" {
			return strconv.Itoa(int(p.Port)), nil
		}
		if target := p.TargetPort.String(); target != "0" {
			return target, nil
		}
		return strconv.Itoa(int(p.Port)), nil
	}
	if _, err := strconv.Atoi(port); err != nil {
		return "", fmt.Errorf("Service '%s' does not have a named port '%s'", svc.Name, port)
	}
	return "", fmt.Errorf("Service %s does not have a service port %s", svc.Name, port)
}

func podPort(pod *api.Pod, port string) (uint16, error) {
	if _, err := strconv.Atoi(port); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("error parsing remote port '%s': %w", port, err)
		}
		return uint16(n), nil
	}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name == port {
				return uint16(p.ContainerPort), nil
			}
		}
	}
	return 0, fmt.Errorf("Pod '%s' does not have a named port '%s'", pod.Name, port)
}

// serveForwards listens until the tunnel is gone or the user has had enough.
func (s *session) serveForwards(ctx context.Context, tunnel *remote.Tunnel, addresses []string, ports []forwarded) error {
	var listeners []net.Listener
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	out := &lockedWriter{out: s.Out}
	for _, port := range ports {
		found, err := listenFor(addresses, port)
		if err != nil {
			fmt.Fprintf(s.Err, "Unable to listen on port %d: %v\n", port.local, err)
			continue
		}
		for _, l := range found {
			fmt.Fprintf(out, "Forwarding from %s -> %d\n", l.Addr(), port.remote)
			listeners = append(listeners, l)
			go s.acceptForwards(l, tunnel, port, out)
		}
	}
	if len(listeners) == 0 {
		var texts []string
		for _, p := range ports {
			texts = append(texts, fmt.Sprintf("{%d %d}", p.local, p.remote))
		}
		return fmt.Errorf("unable to listen on any of the requested ports: [%s]", strings.Join(texts, " "))
	}
	select {
	case <-ctx.Done():
		return nil
	case <-tunnel.Lost():
		return errors.New("lost connection to pod")
	}
}

// listenFor opens the port on every address; "localhost" is both loopback addresses, of which one may be missing.
func listenFor(addresses []string, port forwarded) ([]net.Listener, error) {
	var found []net.Listener
	var errs []error
	for _, address := range addresses {
		hosts := []string{address}
		if address == "localhost" {
			hosts = []string{"127.0.0.1", "::1"}
		} else if net.ParseIP(address) == nil {
			return nil, fmt.Errorf("%s is not a valid IP", address)
		}
		for _, host := range hosts {
			l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(int(port.local))))
			if err != nil {
				errs = append(errs, fmt.Errorf("unable to create listener: Error %w", err))
				continue
			}
			port.local = uint16(l.Addr().(*net.TCPAddr).Port) // one chosen for the first serves for the others
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("Listeners failed to create with the following errors: %v", errs)
	}
	return found, nil
}

func (s *session) acceptForwards(l net.Listener, tunnel *remote.Tunnel, port forwarded, out *lockedWriter) {
	var working sync.WaitGroup
	defer working.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return // closed
		}
		fmt.Fprintf(out, "Handling connection for %d\n", l.Addr().(*net.TCPAddr).Port)
		working.Go(func() {
			if err := tunnel.Carry(conn, port.remote); err != nil {
				fmt.Fprintf(s.Err, "error: %v\n", err)
			}
		})
	}
}
