package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
	"kubelite/kubelet"
	"kubelite/kubelet/docker"
	"kubelite/kubelet/simulated"
)

func kubeletCommand() *cobra.Command {
	var cfg kubelet.Config
	var runtime, profile, network, pauseImage string
	var port, cpus int
	var memory string
	agent := func() string { return "kubelet/" + cfg.NodeName }
	cmd := clientCommand("kubelet", "Run the pods of one node (upstream: kubelet)", agent, func(ctx context.Context, c *client.Client, log *slog.Logger) (err error) {
		cfg.Client, cfg.Logger, cfg.Version = c, log, api.KubernetesVersion
		cfg.Listen = net.JoinHostPort(cfg.NodeIP, strconv.Itoa(port))
		switch runtime {
		case "docker":
			cfg.Runtime, err = docker.New(ctx, docker.Config{Profile: profile, Node: cfg.NodeName, Network: network, PauseImage: pauseImage, Logger: log})
		case "simulated":
			node := simulated.Config{Dir: filepath.Join(cfg.RootDir, "simulated"), CPUs: cpus, Logger: log}
			if node.Memory, err = memoryFlag(memory); err == nil {
				cfg.Runtime, err = simulated.New(node)
			}
		default:
			err = fmt.Errorf("--runtime %q: must be docker or simulated", runtime)
		}
		if err != nil {
			return err
		}
		return kubelet.Run(ctx, cfg)
	})
	f := cmd.Flags()
	f.StringVar(&cfg.NodeName, "node-name", "", "name of the node")
	f.StringVar(&cfg.NodeIP, "node-ip", "127.0.0.1", "address of the node, which the kubelet's server listens on")
	f.IntVar(&port, "port", 10250, "port of the kubelet's server")
	f.StringVar(&cfg.PodCIDR, "pod-cidr", "", "addresses of this node's pods, where no controller hands out ranges (default: those that the control plane gives the node)")
	f.StringSliceVar(&cfg.ClusterDNS, "cluster-dns", nil, "name servers of pods (default those of the machine)")
	f.StringVar(&cfg.RootDir, "root-dir", "", "directory for volumes")
	f.StringVar(&cfg.ServingCert, "tls-cert-file", "", "certificate that the kubelet's server proves itself with")
	f.StringVar(&cfg.ServingKey, "tls-private-key-file", "", "its key")
	f.StringVar(&cfg.ClientCA, "client-ca-file", "", "authority that signs the certificates of callers")
	f.StringVar(&runtime, "runtime", "docker", "what pods run on: docker or simulated")
	simulatedSizeFlags(f, &cpus, &memory)
	f.StringVar(&profile, "profile", "kubelite", "name of the cluster, a label of everything made on the Docker daemon")
	f.StringVar(&network, "network", "kubelite-kubelite", "Docker network of the pods")
	f.StringVar(&pauseImage, "pause-image", "", "image whose pause process holds a pod's network")
	return cmd
}
