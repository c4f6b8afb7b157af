package cluster

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// Commands returns the subcommands of kubelite that manage a whole cluster. Each has --profile and --home.
func Commands(machine Machine, version string) []*cobra.Command {
	commands := []*cobra.Command{
		startCommand(machine, version), stopCommand(machine), pauseCommand(machine), unpauseCommand(machine), breakCommand(), heldCommand(), stepCommand(), resumeCommand(), faultCommand(), deleteCommand(machine), statusCommand(), ipCommand(), logsCommand(),
		kubeconfigCommand(), updateContextCommand(), profileCmd(), dockerEnvCommand(), versionCommand(version), componentCommand(), nodeCommand(machine), imageCommand(machine), addonsCommand(), serviceCommand(), tunnelCommand(machine), superviseCommand(), proxyContainerCommand(machine),
	}
	for _, cmd := range commands {
		addExamples(cmd, "")
	}
	return commands
}

// profileCommand makes a command whose action gets the profile that the flags name.
func profileCommand(use, short string, args cobra.PositionalArgs, run func(cmd *cobra.Command, p Profile, args []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: args, ValidArgsFunction: cobra.NoFileCompletions, RunE: func(cmd *cobra.Command, args []string) error {
		p, err := flaggedProfile(cmd)
		if err != nil {
			return err
		}
		return run(cmd, p, args)
	}}
	var home string
	cmd.Flags().String("profile", "", "name of the cluster (default the active one, see kubelite profile)")
	homeFlag(cmd, &home)
	_ = cmd.RegisterFlagCompletionFunc("profile", completeProfiles) // it fails only for a flag that does not exist
	return cmd
}

// ClientCommand makes a command that talks, as an administrator who calls the program agent, with the API server of the
// cluster that --profile and --home name.
func ClientCommand(use, short, agent string, args cobra.PositionalArgs, run func(cmd *cobra.Command, c *client.Client, args []string) error) *cobra.Command {
	return profileCommand(use, short, args, func(cmd *cobra.Command, p Profile, args []string) error {
		if _, err := loadConfig(p); err != nil {
			return err
		}
		if err := p.checkNotPaused(); err != nil {
			return err
		}
		c, err := p.admin(func(cfg *client.Config) { cfg.Agent, cfg.FailFast = agent, true })
		if err != nil {
			return err
		}
		return run(cmd, c, args)
	})
}

// flaggedProfile is the profile that the flags of a command name, or else the active one.
func flaggedProfile(cmd *cobra.Command) (Profile, error) {
	name, err := cmd.Flags().GetString("profile")
	if err != nil {
		return Profile{}, err
	}
	given, err := cmd.Flags().GetString("home")
	if err != nil {
		return Profile{}, err
	}
	home, err := client.ProfileHome(given)
	if err != nil {
		return Profile{}, err
	}
	if !cmd.Flags().Changed("profile") {
		name = client.ActiveProfile(home)
	}
	return NewProfile(name, home)
}

func startCommand(machine Machine, version string) *cobra.Command {
	opts := StartOptions{Version: version}
	noMerge, auditPolicy := false, ""
	cmd := profileCommand("start", "Start a cluster, making it first if it is new", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if opts.Nodes < 1 {
			return fmt.Errorf("--nodes %d: a cluster has at least one node", opts.Nodes)
		}
		if _, err := api.ParseQuantity(opts.NodeMemory); opts.NodeMemory != "" && err != nil {
			return fmt.Errorf("--node-memory %q: %w", opts.NodeMemory, err)
		}
		opts.Merge = !noMerge
		if cmd.Flags().Changed("audit-policy") {
			opts.AuditPolicy = &auditPolicy
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Starting cluster %q (kubelite %s)\n", p.Name, version)
		pr := newProgress(cmd.OutOrStdout())
		defer pr.stop()
		if err := Start(cmd.Context(), p, machine, opts, pr); err != nil {
			return err
		}
		pr.stop()
		fmt.Fprintf(cmd.OutOrStdout(), "Ready. Try: kubectl-lite get nodes, or kubectl --kubeconfig %s get nodes\n", p.Kubeconfig())
		return nil
	})
	cmd.Flags().IntVar(&opts.Nodes, "nodes", 1, "number of nodes")
	cmd.Flags().IntVar(&opts.NodeCPUs, "node-cpu", 0, "processors of a simulated node (default 32)")
	cmd.Flags().StringVar(&opts.NodeMemory, "node-memory", "", "memory of a simulated node, such as 16Gi (default 256Gi)")
	cmd.Flags().StringVar(&opts.Runtime, "runtime", RuntimeAuto, "what pods run on: auto, docker or simulated")
	cmd.Flags().IntVar(&opts.Port, "port", 6443, "port of the API server; another one is picked when it is taken")
	cmd.Flags().DurationVar(&opts.Wait, "wait", 60*time.Second, "how long to wait until the API and every node are ready")
	cmd.Flags().StringVar(&auditPolicy, "audit-policy", "", `file that says what the audit log is told: a Policy of audit.k8s.io/v1 (default as before; "" ends the log)`)
	cmd.Flags().BoolVar(&noMerge, "no-merge", false, "leave the user's kubeconfig alone")
	return cmd
}

func stopCommand(machine Machine) *cobra.Command {
	return profileCommand("stop", "Stop a cluster and keep its state", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		err := working(cmd.OutOrStdout(), "Stopping cluster "+p.Name, func() error { return Stop(cmd.Context(), p, machine) })
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "profile %q stopped\n", p.Name)
		return nil
	})
}

func deleteCommand(machine Machine) *cobra.Command {
	return profileCommand("delete", "Stop a cluster and remove everything it made", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		pr := newProgress(cmd.OutOrStdout())
		defer pr.stop()
		pr.doing("Deleting cluster %s", p.Name)
		return Delete(cmd.Context(), p, machine, pr)
	})
}

func statusCommand() *cobra.Command {
	var format string
	cmd := profileCommand("status", "Show the processes and nodes of a cluster; exits non-zero unless all is well", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if format != "" && format != "json" {
			return fmt.Errorf("-o %s: only json is known", format)
		}
		s, err := GetStatus(cmd.Context(), p)
		if err != nil {
			return err
		}
		if err := s.print(cmd.OutOrStdout(), format); err != nil {
			return err
		}
		if p.isPaused() {
			return fmt.Errorf("profile %q is paused", p.Name)
		}
		if !s.Running() {
			return fmt.Errorf("profile %q is not fully running", p.Name)
		}
		return nil
	})
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	return cmd
}

func ipCommand() *cobra.Command {
	var node string
	cmd := profileCommand("ip", "Print the address of the cluster's nodes", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		if node != "" && !slices.Contains(nodeNames(config), node) {
			return fmt.Errorf("no node %q; there are %v", node, abridged(nodeNames(config)))
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), config.nodeIP())
		return err
	})
	cmd.Flags().StringVarP(&node, "node", "n", "", "the node whose address to print: all nodes of a cluster have the same, that of this machine on the pods' network")
	_ = cmd.RegisterFlagCompletionFunc("node", completeNames(ownNodeNames))
	return cmd
}

func kubeconfigCommand() *cobra.Command {
	return profileCommand("kubeconfig", "Print the administrator's kubeconfig", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if _, err := loadConfig(p); err != nil {
			return err
		}
		return copyFile(cmd.OutOrStdout(), p.Kubeconfig())
	})
}

func componentCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "component", Short: "List, stop, start or restart the components of a running cluster, or single control loops", Args: cobra.NoArgs, RunE: showHelp}
	cmd.AddCommand(profileCommand("list", "List the components, and whether they run", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		s, err := GetStatus(cmd.Context(), p)
		if err != nil {
			return err
		}
		return s.printComponents(cmd.OutOrStdout())
	}))
	action := func(use, short, done string, run func(ctx context.Context, p Profile, name string) error) {
		c := profileCommand(use+" NAME", short, cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
			if err := p.checkNotPaused(); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
			defer cancel()
			err := working(cmd.OutOrStdout(), cmd.Name()+" "+args[0], func() error { return run(ctx, p, args[0]) })
			if err == nil {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "component %q %s\n", args[0], done)
			}
			return err
		})
		c.ValidArgsFunction = completeOnce(componentAndLoopNames)
		cmd.AddCommand(c)
	}
	action("stop", "End a component and keep it down", "stopped", StopComponent)
	action("start", "Run a stopped component again", "started", StartComponent)
	action("restart", "End a component and run it again", "restarted", func(ctx context.Context, p Profile, name string) error {
		if err := StopComponent(ctx, p, name); err != nil {
			return err
		}
		return StartComponent(ctx, p, name)
	})
	return cmd
}

// showHelp is what a command does that only groups others.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// superviseCommand is what Start launches in the background; people have no use for it.
func superviseCommand() *cobra.Command {
	cmd := profileCommand("supervise", "Run the components of a cluster until told to stop", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		return Supervise(cmd.Context(), p, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
	})
	cmd.Hidden = true
	return cmd
}

func copyFile(out io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(out, f)
	return err
}
