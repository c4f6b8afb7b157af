package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// nodeShellCommand is what `minikube ssh` is for. A node of ours is a process and not a machine, so there is nothing to log in
// to: the shell runs here, and sees what the node's kubelet sees. Its directory is the kubelet's, and kubectl and
// kubectl-lite act as the kubelet does, with its certificate: they may do what system:node:<name> may.
func nodeShellCommand() *cobra.Command {
	cmd := profileCommand("shell [NAME] [-- COMMAND [ARGUMENTS...]]", "Open a shell in the view of a node, or run a command there", cobra.ArbitraryArgs, func(cmd *cobra.Command, p Profile, args []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		var command []string
		if dash := cmd.ArgsLenAtDash(); dash >= 0 {
			args, command = args[:dash], args[dash:]
		}
		if len(args) > 1 {
			return fmt.Errorf("name one node, and put a command after --: kubelite node shell %s -- %s", args[0], args[1])
		}
		if len(args) == 0 {
			args = nodeNames(config)[:1]
		}
		node, err := config.node(args[0])
		if err != nil {
			return err
		}
		return runInNode(cmd, p, config, node, command)
	})
	cmd.Long = `A node of kubelite is a process of this machine and not a machine of its own, so there is nothing to log in to. The shell runs
here, as you, and sees what the node's kubelet sees: it starts in the kubelet's directory, and kubectl and kubectl-lite use
the kubelet's certificate: they may do what the kubelet of that node may, and no more. The exit code is the shell's.`
	return cmd
}

func runInNode(cmd *cobra.Command, p Profile, config *Config, node Node, command []string) error {
	self, err := executable()
	if err != nil {
		return err
	}
	kubelet := node.Component()
	dir := p.Path("data", kubelet)
	if _, err := os.Stat(dir); err != nil { // it has never run
		dir = p.Dir()
	}
	if len(command) == 0 {
		command = interactiveShell()
		out := cmd.ErrOrStderr()
		fmt.Fprintf(out, "Node %s of cluster %s, as its kubelet sees it. Leave with exit.\n", node.Name, p.Name)
		fmt.Fprintf(out, "  who it is     kubectl-lite auth whoami\n  its log       less %s\n", p.LogFile(kubelet))
		if config.Runtime == RuntimeDocker {
			fmt.Fprintf(out, "  containers    docker ps --filter label=io.kubelite.profile=%s --filter label=io.kubelite.node=%s\n", p.Name, node.Name)
		}
	}
	program := command[0]
	if beside := filepath.Join(filepath.Dir(self), program); filepath.Base(program) == program && isProgram(beside) {
		program = beside // kubectl-lite, which comes with us
	}
	shell := exec.CommandContext(cmd.Context(), program, command[1:]...)
	shell.Dir = dir
	shell.Env = append(os.Environ(),
		"KUBECONFIG="+p.Path("pki", kubelet+".conf"), "NODE_NAME="+node.Name, "NODE_IP="+config.nodeIP(),
		"PS1="+node.Name+":\\w\\$ ", "PATH="+filepath.Dir(self)+string(os.PathListSeparator)+os.Getenv("PATH"))
	shell.Stdin, shell.Stdout, shell.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	return shell.Run()
}

func isProgram(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// interactiveShell is the user's, told to leave the prompt as we set it.
func interactiveShell() []string {
	shell := os.Getenv("SHELL")
	if name := filepath.Base(shell); slices.Contains([]string{"bash", "sh", "dash"}, name) {
		if name == "bash" {
			return []string{shell, "--norc"}
		}
		return []string{shell}
	}
	return []string{"/bin/sh"}
}
