package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// The proxy writes packet rules where the Docker bridge is: in the network of the machine, or of the virtual machine that
// Docker runs in. That takes a right that users do not have and that Docker can give. So the supervisor's child is not the
// proxy but a process that runs it in a container and lives as long as that does:
//
//	supervisor ──▶ kubelite proxy-container ──Docker──▶ container: kubelite proxy   (host network, NET_ADMIN)

const proxyComponent = "proxy"

// hasProxy tells whether the cluster has packets.
func (c *Config) hasProxy() bool { return c.Runtime == RuntimeDocker }

func (c *Config) proxyContainer() string { return "kubelite-" + c.Profile + "-proxy" }

// table is the name of the cluster's tables in the kernel.
func (c *Config) table() string { return "kubelite-" + c.Profile }

// proxyCommandLine is what the supervisor runs.
func (c *Config) proxyCommandLine(p Profile) []string {
	return []string{"proxy-container", "--profile", p.Name, "--home", p.Home, p.Path("pki", "proxy.conf")}
}

// proxyContainerCommand is what the supervisor runs; people have no use for it.
func proxyContainerCommand(machine Machine) *cobra.Command {
	cmd := profileCommand("proxy-container KUBECONFIG", "Run the proxy in a container", cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		kubeconfig, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		proxy := []string{"proxy", "--kubeconfig", "/kubeconfig", "--table", config.table(),
			"--gateway", config.Gateway.String(), "--cluster-cidr", config.PodCIDR.String(),
			"--service-cluster-ip-range", config.ServiceCIDR.String(), "--load-balancer-range", config.BalancerCIDR.String(),
			"--healthz-bind-address", config.proxyHealthz()}
		files := map[string][]byte{"kubeconfig": kubeconfig}
		return machine.RunOnHost(cmd.Context(), p.Name, config.proxyContainer(), config.Image, proxy, files, cmd.ErrOrStderr())
	})
	cmd.Hidden = true
	return cmd
}

func (c *Config) proxyHealthz() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.ProxyHealthz))
}

// waitProxy returns when the rules are in force. Where they cannot be it returns why, as soon as the proxy says so: a cluster
// without one is of use, too. said is how long the proxy's log was before.
func waitProxy(ctx context.Context, p Profile, config *Config, said int64) error {
	var failure error
	err := poll(ctx, func() error {
		if failure = loggedError(p.LogFile(proxyComponent), said); failure != nil {
			return nil
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+config.proxyHealthz()+"/healthz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	})
	if err = errors.Join(failure, err); err != nil {
		return fmt.Errorf("%w (the log is %s)", err, p.LogFile(proxyComponent))
	}
	return nil
}

// loggedError finds what a process said when it failed, after so many bytes of its log.
func loggedError(file string, after int64) error {
	f, err := os.Open(file)
	if err != nil {
		return nil // it has not begun
	}
	defer f.Close()
	if _, err := f.Seek(after, io.SeekStart); err != nil {
		return nil
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "error: "); ok {
			return errors.New(text)
		}
	}
	return nil
}

func fileSize(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// cleanProxy removes the rules that the proxy left in the kernel. They stay when a cluster is stopped: its containers go on.
func cleanProxy(ctx context.Context, p Profile, config *Config, machine Machine) error {
	var said bytes.Buffer
	clean := []string{"proxy", "--clean", "--table", config.table()}
	err := machine.RunOnHost(ctx, p.Name, config.proxyContainer(), config.Image, clean, nil, &said)
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}
