package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Streams are where a command reads and writes: the terminal's, or a test's.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// exitError ends the program with a code of its own: that of a remote command, or of a question answered with no. The
// error beside it, if there is one, is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// Run executes one command line, without the program's name, and returns the process's exit code: 0, or 1 after the
// error was printed, or what the command itself wants.
func Run(ctx context.Context, args []string, streams Streams) int {
	root := NewCommand(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.err != nil {
			fmt.Fprintln(streams.Err, errorText(exit.err))
		}
		return exit.code
	}
	if err != nil {
		fmt.Fprintln(streams.Err, strings.TrimSuffix(errorText(err), "\n"))
		return 1
	}
	return 0
}

// NewCommand makes the whole tree of commands.
func NewCommand(streams Streams) *cobra.Command {
	s := &session{Streams: streams, chunk: chunkSize}
	root := &cobra.Command{
		Use:   "kubectl-lite",
		Short: "Talk to a Kubernetes cluster, and ask it why",
		Long: `kubectl-lite controls a Kubernetes cluster. It works as kubectl does, and adds "why", "trace", "history" and, to get and
describe, "--at": the past.

Which cluster: --kubeconfig; or --profile and --home, which name a kubelite cluster; or the files in $KUBECONFIG; or
the active kubelite cluster, see "kubelite profile", if there is one (and no --context asks for another); or ~/.kube/config.`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: func(cmd *cobra.Command, args []string) { s.commandLine = describeCommand(cmd, args) },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help' for usage.", err, cmd.CommandPath())
	})
	s.addFlags(root.PersistentFlags())
	s.completeFlags(root)
	root.AddCommand(
		newApply(s), newCreate(s), newGet(s), newDescribe(s), newDelete(s), newLogs(s),
		newScale(s), newSet(s), newRollout(s), newWait(s), newLabel(s), newAnnotate(s), newPatch(s), newReplace(s), newTaint(s), newConfig(s), newKustomize(s), newExpose(s), newAutoscale(s),
		newCordon(s), newUncordon(s), newDrain(s), newEvents(s), newClusterInfo(s), newAPIVersions(s), newAuth(s), newDiff(s), newEdit(s), newTop(s),
		newExec(s), newAttach(s), newRun(s), newCp(s), newPortForward(s), newProxy(s), newDebug(s),
		newWhy(s), newTrace(s), newHistory(s),
		newExplain(s), newAPIResources(s), newVersion(s),
	)
	addExamples(root, "")
	return root
}

// describeCommand is the command as the ledger keeps it. Values of flags are left out, they may be secret, except for
// those that say what was meant.
func describeCommand(cmd *cobra.Command, args []string) string {
	words := append([]string{cmd.CommandPath()}, args...)
	for _, name := range []string{"filename", "replicas", "to-revision", "image", "selector", "force", "grace-period", "cascade"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			value := strings.Trim(f.Value.String(), "[]")
			if f.Shorthand != "" {
				words = append(words, "-"+f.Shorthand+" "+value)
			} else {
				words = append(words, "--"+name+"="+value)
			}
		}
	}
	return strings.Join(words, " ")
}

// needsSubcommand is what a command that only groups others does: it helps, and says what it does not know.
func needsSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(strings.TrimPrefix(cmd.CommandPath(), "kubectl-lite "), "unknown command %q", strings.Join(args, " "))
	}
	if err := cmd.Help(); err != nil {
		return err
	}
	return &exitError{code: 1}
}
