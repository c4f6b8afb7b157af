package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
	"kubelite/cluster"
	"kubelite/kubelet"
	"kubelite/kubelet/simulated"
)

// fleetCommand runs many simulated nodes in one process. Its user must be one who may act as nodes: each kubelet writes
// in its node's name, and may write no more than that node.
func fleetCommand() *cobra.Command {
	var ip, dir, cert, key, ca, memory string
	var port, first, count, cpus int
	cmd := clientCommand("simulated-nodes", "Run many simulated nodes in one process", always("simulated-nodes"), func(ctx context.Context, c *client.Client, log *slog.Logger) error {
		bytes, err := memoryFlag(memory)
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		giveWay()
		c = c.AtMost(kubelet.FleetConnections)
		fleet := kubelet.NewFleet(c, int32(port))
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return fleet.Run(ctx, l, cert, key, ca) })
		for i := first; i < first+count; i++ {
			name := cluster.NodeName(i)
			runtime, err := simulated.New(simulated.Config{CPUs: cpus, Memory: bytes, Dir: filepath.Join(dir, name, "simulated"), Logger: log})
			if err != nil {
				return err
			}
			g.Go(func() error {
				return kubelet.Run(ctx, kubelet.Config{
					Client: c.As("system:node:"+name, "system:nodes").Named("kubelet/" + name), Logger: log, Fleet: fleet,
					NodeName: name, NodeIP: ip, Version: api.KubernetesVersion, Runtime: runtime, RootDir: filepath.Join(dir, name),
				})
			})
		}
		return g.Wait()
	})
	f := cmd.Flags()
	f.IntVar(&first, "first", 1, "number of the first node")
	f.IntVar(&count, "count", 1, "how many nodes")
	f.StringVar(&ip, "node-ip", "127.0.0.1", "address of the nodes")
	f.IntVar(&port, "port", 10250, "port of the server that answers for all of them")
	f.StringVar(&dir, "root-dir", "", "directory for volumes")
	f.StringVar(&cert, "tls-cert-file", "", "certificate that the server proves itself with")
	f.StringVar(&key, "tls-private-key-file", "", "its key")
	f.StringVar(&ca, "client-ca-file", "", "authority that signs the certificates of callers")
	simulatedSizeFlags(f, &cpus, &memory)
	return cmd
}

// simulatedSizeFlags say how large a simulated node is.
func simulatedSizeFlags(f *pflag.FlagSet, cpus *int, memory *string) {
	f.IntVar(cpus, "cpus", 0, "processors of a simulated node (default 32)")
	f.StringVar(memory, "memory", "", "memory of a simulated node, such as 16Gi (default 256Gi)")
}

func memoryFlag(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	q, err := api.ParseQuantity(text)
	if err != nil {
		return 0, fmt.Errorf("--memory %q: %w", text, err)
	}
	return q.Value(), nil
}
