package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// Nodes come and go while a cluster runs. What a node is stands in cluster.json; the supervisor reads it again when it
// is told to (SIGHUP), starts kubelets that are new and ends those that are gone:
//
//	add      identity ─▶ cluster.json ─▶ SIGHUP ─▶ kubelet registers its Node
//	remove   cluster.json ─▶ SIGHUP ─▶ kubelet ends ─▶ its containers and its Node are deleted
//	stop     the power fails: the kubelet and all containers are killed, and nobody is told
//	start    the power is back

func nodeCommand(machine Machine) *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "List, add, remove, stop or start the nodes of a cluster, or look at it from one", Args: cobra.NoArgs, RunE: showHelp}
	shell := nodeShellCommand()
	shell.ValidArgsFunction = completeOnce(ownNodeNames)
	cmd.AddCommand(shell)
	cmd.AddCommand(profileCommand("list", "List the nodes", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		return listNodes(cmd.Context(), p, cmd.OutOrStdout())
	}))
	action := func(use, short, doing, done string, run func(ctx context.Context, p Profile, config *Config, name string) error) {
		var timeout time.Duration
		c := profileCommand(use+" NAME", short, cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
			config, err := loadConfig(p)
			if err == nil {
				err = p.checkNotPaused()
			}
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			step := fmt.Sprintf("%s node %s", doing, args[0])
			if err := working(cmd.OutOrStdout(), step, func() error { return run(ctx, p, config, args[0]) }); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "node %q %s\n", args[0], done)
			return err
		})
		c.Flags().DurationVar(&timeout, "wait", 60*time.Second, "how long to wait until it is done")
		if use != "add" { // a name that is there already is no use
			c.ValidArgsFunction = completeOnce(ownNodeNames)
		}
		cmd.AddCommand(c)
	}
	action("add", "Add a node", "Adding", "added", addNode)
	action("remove", "Remove a node with everything that runs on it; drain it first if its pods should leave in peace", "Removing", "removed",
		func(ctx context.Context, p Profile, config *Config, name string) error {
			return removeNode(ctx, p, machine, config, name)
		})
	action("stop", "Kill a node as a power cut would: nobody says goodbye", "Stopping", "stopped", func(ctx context.Context, p Profile, config *Config, name string) error {
		return stopNode(ctx, p, machine, config, name)
	})
	action("start", "Let a stopped node run again", "Starting", "started", startNode)
	return cmd
}

// node finds a node of the cluster by name.
func (c *Config) node(name string) (Node, error) {
	i := slices.IndexFunc(c.Nodes, func(n Node) bool { return n.Name == name })
	switch {
	case i < 0 && slices.Contains(nodeNames(c), name):
		return Node{}, fmt.Errorf("node %q has no process of its own: it is one of %d in %s", name, c.Fleet.Count, fleetComponent)
	case i < 0:
		return Node{}, fmt.Errorf("no node %q; there are %v", name, abridged(nodeNames(c)))
	}
	return c.Nodes[i], nil
}

func listNodes(ctx context.Context, p Profile, out io.Writer) error {
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	status, err := GetStatus(ctx, p)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATUS\tPROCESS\tPOD-CIDR")
	for _, n := range config.Nodes {
		ready, process, podCIDR := "Unknown", "Down", ""
		for _, s := range status.Nodes {
			if s.Name == n.Name {
				ready, podCIDR = "NotReady", s.PodCIDR
				if s.Ready {
					ready = "Ready"
				}
			}
		}
		for _, c := range status.Components {
			if c.Name == n.Component() {
				process = c.State
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", n.Name, ready, process, podCIDR)
	}
	if f := config.Fleet; f != nil {
		fmt.Fprintf(w, "%s to %s\t\t%s\t\n", NodeName(f.First), NodeName(f.First+f.Count-1), fleetComponent)
	}
	return w.Flush()
}

// addNode adds a node. In a cluster that runs it is Ready when addNode returns; in one that does not it comes with the
// next start.
func addNode(ctx context.Context, p Profile, config *Config, name string) error {
	if problems := api.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("node name %q: %s", name, problems[0])
	}
	if slices.Contains(nodeNames(config), name) {
		return fmt.Errorf("there is a node %q already", name)
	}
	if err := config.addNode(name); err != nil {
		return err
	}
	if err := errors.Join(config.identities(p), config.save(p)); err != nil {
		return err
	}
	pid := supervisorPID(p)
	if pid == 0 {
		return nil
	}
	if err := signalProcess(pid, syscall.SIGHUP); err != nil {
		return fmt.Errorf("tell the supervisor: %w", err)
	}
	c, err := waitAPI(ctx, p)
	if err != nil {
		return fmt.Errorf("the API server does not answer: %w", err)
	}
	if err := waitNodes(ctx, c, []string{name}); err != nil {
		return fmt.Errorf("%w; its log is %s", err, p.LogFile(Node{Name: name}.Component()))
	}
	return nil
}

// removeNode takes a node away. Its Node object is deleted last, when nobody is left who would make it again.
func removeNode(ctx context.Context, p Profile, machine Machine, config *Config, name string) error {
	node, err := config.node(name)
	if err != nil {
		return err
	}
	if len(nodeNames(config)) == 1 {
		return fmt.Errorf("%q is the only node: a cluster has at least one", name)
	}
	config.Nodes = slices.DeleteFunc(config.Nodes, func(n Node) bool { return n.Name == name })
	if err := config.save(p); err != nil {
		return err
	}
	supervisor := supervisorPID(p)
	if supervisor != 0 {
		if err := signalProcess(supervisor, syscall.SIGHUP); err != nil {
			return fmt.Errorf("tell the supervisor: %w", err)
		}
		for pid := readPID(p.PIDFile(node.Component())); pid != 0 && signalProcess(pid, 0) == nil; client.Wait(ctx, firstRestart/5) {
			if ctx.Err() != nil {
				return fmt.Errorf("the kubelet of node %s did not end: %w", name, ctx.Err())
			}
		}
	}
	if config.Runtime == RuntimeDocker {
		if err := machine.RemoveNode(ctx, p.Name, name); err != nil {
			return fmt.Errorf("remove the containers of node %s: %w", name, err)
		}
	}
	err = errors.Join(os.RemoveAll(p.Path("data", node.Component())), os.RemoveAll(p.stoppedFile(node.Component())))
	if supervisor == 0 || err != nil {
		return err
	}
	c, err := waitAPI(ctx, p)
	if err != nil {
		return fmt.Errorf("the API server does not answer: %w", err)
	}
	ctx = client.Because(client.WithTimer(ctx, "kubelite node remove"), "node %s was removed from the cluster", name)
	if err := client.Of[*api.Node](c).Delete(ctx, "", name, api.DeleteOptions{}); err != nil && !api.IsNotFound(err) {
		return err
	}
	return nil
}

// stopNode kills a node's kubelet and containers. The supervisor leaves the kubelet down.
func stopNode(ctx context.Context, p Profile, machine Machine, config *Config, name string) error {
	node, err := config.node(name)
	if err != nil {
		return err
	}
	if _, err := checkComponent(p, node.Component()); err != nil {
		return err
	}
	if err := os.WriteFile(p.stoppedFile(node.Component()), nil, 0o600); err != nil {
		return err
	}
	if pid := componentPID(p, node.Component()); pid != 0 {
		if err := signalProcess(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	if config.Runtime == RuntimeDocker {
		if err := machine.KillNode(ctx, p.Name, name); err != nil {
			return fmt.Errorf("kill the containers of node %s: %w", name, err)
		}
	}
	return nil
}

func startNode(ctx context.Context, p Profile, config *Config, name string) error {
	node, err := config.node(name)
	if err != nil {
		return err
	}
	return StartComponent(ctx, p, node.Component())
}
