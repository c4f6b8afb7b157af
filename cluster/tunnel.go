package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// tunnelCommand makes the addresses of load balancers reachable. Where Docker runs on this machine they are by themselves. Where it runs
// in a virtual machine nothing of its network is, so ports of loopback are connected with them for as long as the command runs:
//
//	127.0.0.1:80 ──▶ kubelite tunnel ──Docker──▶ beside the proxy, in the virtual machine ──▶ 10.104.0.1:80
func tunnelCommand(machine Machine) *cobra.Command {
	return profileCommand("tunnel", "Make LoadBalancer services reachable from this machine, until interrupted", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, c, stop, err := clusterWithPackets(cmd.Context(), p)
		if err != nil {
			return err
		}
		defer stop()
		if config.gatewayIsOurs() {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "No tunnel is needed: load balancers, %s, lead from this machine to their pods by themselves.\n", config.BalancerCIDR)
			return err
		}
		t := &tunnel{out: cmd.OutOrStdout(), open: map[int32]*tunnelPort{}, dial: func(ctx context.Context, address string, conn io.ReadWriter) error {
			return machine.DialFromHost(ctx, config.proxyContainer(), address, conn)
		}}
		return t.run(cmd.Context(), c)
	})
}

// tunnel connects ports of loopback with load balancers.
type tunnel struct {
	out  io.Writer
	dial func(ctx context.Context, address string, conn io.ReadWriter) error
	open map[int32]*tunnelPort // of the goroutine that follows services
	work sync.WaitGroup
}

type tunnelPort struct {
	service api.Key
	to      string
	stop    func()
}

func (t *tunnel) run(ctx context.Context, c *client.Client) error {
	services := client.NewInformer[*api.Service](c, client.InformerOptions{})
	queue := client.NewQueue("tunnel")
	services.Enqueue(queue, func(svc *api.Service) []api.Key { return []api.Key{svc.Key()} })
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return services.Run(ctx) })
	group.Go(func() error {
		return queue.Run(ctx, 1, func(ctx context.Context, key api.Key) error {
			svc, _ := services.Get(key)
			return t.follow(ctx, key, svc)
		}, slog.New(slog.NewTextHandler(t.out, nil)))
	})
	err := group.Wait()
	t.work.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// follow opens and closes the ports of a service. svc is nil if it is gone. A port that is taken fails, and is tried again.
func (t *tunnel) follow(ctx context.Context, key api.Key, svc *api.Service) error {
	wanted := map[int32]string{}
	if svc != nil && svc.Spec.Type == api.ServiceTypeLoadBalancer && len(svc.Status.LoadBalancer.Ingress) > 0 {
		for _, port := range svc.Spec.Ports {
			if port.Protocol == "" || port.Protocol == api.ProtocolTCP {
				wanted[port.Port] = net.JoinHostPort(svc.Status.LoadBalancer.Ingress[0].IP, strconv.Itoa(int(port.Port)))
			}
		}
	}
	for number, port := range t.open {
		if port.service == key && wanted[number] != port.to {
			port.stop()
			delete(t.open, number)
		}
	}
	var errs []error
	for number, to := range wanted {
		if t.open[number] == nil {
			errs = append(errs, t.listen(ctx, key, number, to))
		} else if other := t.open[number].service; other != key {
			errs = append(errs, fmt.Errorf("port %d of service %s: service %s has it", number, key, other))
		}
	}
	return errors.Join(errs...)
}

func (t *tunnel) listen(ctx context.Context, key api.Key, number int32, to string) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(number))))
	if err != nil {
		return fmt.Errorf("port %d of service %s: %w", number, key, err)
	}
	fmt.Fprintf(t.out, "%s: http://%s\n", key, listener.Addr())
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	t.open[number] = &tunnelPort{service: key, to: to, stop: func() { stop(); listener.Close() }}
	t.work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			t.work.Go(func() {
				defer conn.Close()
				if err := t.dial(ctx, to, conn); err != nil && ctx.Err() == nil {
					fmt.Fprintf(t.out, "%s: %v\n", key, err)
				}
			})
		}
	})
	return nil
}
