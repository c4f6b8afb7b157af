package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"kubelite/client"
)

// supervisorName is what the supervisor is called where components are named.
const supervisorName = "supervisor"

func logsCommand() *cobra.Command {
	var follow bool
	var length int
	cmd := profileCommand("logs [COMPONENT]", "Print the log of a component, of the supervisor, or the audit log; without a name the end of each", cobra.MaximumNArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if len(args) == 0 {
			if follow {
				return errors.New("--follow: name the component whose log to follow")
			}
			return printAllLogs(out, p, config, length)
		}
		if args[0] == auditLog && !config.Audit {
			return fmt.Errorf("profile %q has no audit log: start it with --audit-policy FILE", p.Name)
		}
		if args[0] != supervisorName && args[0] != auditLog {
			if _, err := config.commandLine(p, args[0]); err != nil {
				return err
			}
		}
		if !cmd.Flags().Changed("length") {
			length = 0
		}
		return printLog(cmd.Context(), out, p.LogFile(args[0]), length, follow)
	})
	cmd.ValidArgsFunction = completeOnce(logNames)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written, until interrupted")
	cmd.Flags().IntVarP(&length, "length", "n", 20, "how many lines from the end (default all when a component is named)")
	return cmd
}

// logNames are all that have a log.
func logNames(_ Profile, config *Config) []string {
	names := append(config.Components(), supervisorName)
	if config.Audit {
		names = append(names, auditLog)
	}
	return names
}

// printAllLogs prints the end of every log under its name.
func printAllLogs(out io.Writer, p Profile, config *Config, length int) error {
	for i, name := range append([]string{supervisorName}, config.Components()...) {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "==> %s <==\n", name)
		err := printLog(context.Background(), out, p.LogFile(name), length, false)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // it has never run
			return err
		}
	}
	return nil
}

// printLog prints the last lines of a log, 0 for all, and with follow what comes after them until ctx ends.
func printLog(ctx context.Context, out io.Writer, file string, length int, follow bool) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if length > 0 {
		text, err := io.ReadAll(f)
		if err == nil {
			_, err = out.Write(lastLines(text, length))
		}
		if err != nil {
			return err
		}
	}
	for {
		if _, err := io.Copy(out, f); err != nil {
			return err
		}
		if !follow || !client.Wait(ctx, 200*time.Millisecond) { // files tell nobody that they grow
			return nil
		}
	}
}

// lastLines is the end of a text.
func lastLines(text []byte, n int) []byte {
	at := len(text)
	for range n {
		if at = bytes.LastIndexByte(text[:max(at-1, 0)], '\n') + 1; at == 0 {
			break
		}
	}
	return text[at:]
}
