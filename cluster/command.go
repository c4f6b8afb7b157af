package cluster

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// Commands returns the subcommands of kubelite that manage a whole cluster. Each has --profile and --home.
func Commands(machine Machine, version string) []*cobra.Command {
	return []*cobra.Command{
		startCommand(machine, version), stopCommand(), deleteCommand(machine), statusCommand(), ipCommand(), logsCommand(),
		kubeconfigCommand(), componentCommand(), nodeCommand(machine), imageCommand(machine), addonsCommand(), serviceCommand(), tunnelCommand(machine), superviseCommand(), proxyContainerCommand(machine),
	}
}

// profileCommand makes a command whose action gets the profile that the flags name.
func profileCommand(use, short string, args cobra.PositionalArgs, run func(cmd *cobra.Command, p Profile, args []string) error) *cobra.Command {
	var name, home string
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		p, err := NewProfile(name, home)
		if err != nil {
			return err
		}
		return run(cmd, p, args)
	}}
	cmd.Flags().StringVar(&name, "profile", DefaultProfile, "name of the cluster")
	cmd.Flags().StringVar(&home, "home", "", "directory that holds all profiles (default $KUBELITE_HOME, else ~/.kubelite)")
	return cmd
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
		if err := Start(cmd.Context(), p, machine, opts, cmd.OutOrStdout()); err != nil {
			return err
		}
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

func stopCommand() *cobra.Command {
	return profileCommand("stop", "Stop a cluster and keep its state", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if err := Stop(p); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "profile %q stopped\n", p.Name)
		return nil
	})
}

func deleteCommand(machine Machine) *cobra.Command {
	return profileCommand("delete", "Stop a cluster and remove everything it made", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		return Delete(cmd.Context(), p, machine, cmd.OutOrStdout())
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
		if !s.Running() {
			return fmt.Errorf("profile %q is not fully running", p.Name)
		}
		return nil
	})
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	return cmd
}

func ipCommand() *cobra.Command {
	return profileCommand("ip", "Print the address of the cluster's nodes", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), config.nodeIP())
		return err
	})
}

func kubeconfigCommand() *cobra.Command {
	return profileCommand("kubeconfig", "Print the administrator's kubeconfig", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if _, err := loadConfig(p); err != nil {
			return err
		}
		return copyFile(cmd.OutOrStdout(), p.Kubeconfig())
	})
}

func logsCommand() *cobra.Command {
	return profileCommand("logs COMPONENT", "Print the log of a component, of the supervisor, or the audit log", cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		if args[0] == auditLog && !config.Audit {
			return fmt.Errorf("profile %q has no audit log: start it with --audit-policy FILE", p.Name)
		}
		if args[0] != "supervisor" && args[0] != auditLog {
			if _, err := config.commandLine(p, args[0]); err != nil {
				return err
			}
		}
		return copyFile(cmd.OutOrStdout(), p.LogFile(args[0]))
	})
}

func componentCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "component", Short: "Stop, start or restart one component of a running cluster"}
	action := func(use, short string, run func(ctx context.Context, p Profile, name string) error) {
		cmd.AddCommand(profileCommand(use+" NAME", short, cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
			defer cancel()
			return run(ctx, p, args[0])
		}))
	}
	action("stop", "End a component and keep it down", func(_ context.Context, p Profile, name string) error { return StopComponent(p, name) })
	action("start", "Run a stopped component again", StartComponent)
	action("restart", "End a component and run it again", func(ctx context.Context, p Profile, name string) error {
		if err := StopComponent(p, name); err != nil {
			return err
		}
		return StartComponent(ctx, p, name)
	})
	return cmd
}

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
