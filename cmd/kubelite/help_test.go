package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	kubectllite "kubelite/kubectl-lite"
)

// eachCommand visits every command that a person may type, but those that cobra brings along.
func eachCommand(root *cobra.Command, visit func(cmd *cobra.Command)) {
	for _, cmd := range root.Commands() {
		if !cmd.Hidden && cmd.Name() != "help" && cmd.Name() != "completion" {
			visit(cmd)
			eachCommand(cmd, visit)
		}
	}
}

func programs() []*cobra.Command {
	return []*cobra.Command{kubectllite.NewCommand(kubectllite.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}), command()}
}

func TestEveryCommandHelps(t *testing.T) {
	for _, program := range programs() {
		eachCommand(program, func(cmd *cobra.Command) {
			path := cmd.CommandPath()
			assert.NotEmpty(t, cmd.Short, "%s: what does it do?", path)
			assert.NotEmpty(t, cmd.Example, "%s: how is it used?", path)
			for line := range strings.Lines(cmd.Example) {
				assert.True(t, strings.HasPrefix(line, "  "), "%s: examples are indented: %q", path, line)
			}
			cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
				require.NotEmpty(t, f.Usage, "%s --%s: what does it mean?", path, f.Name)
			})
			if _, component := longRunning[cmd.Name()]; component {
				return // a component's names are given by who starts it
			}
			args := strings.NewReplacer("FILENAME", "", "PROPERTY_NAME", "", "--for TYPE/NAME", "").Replace(cmd.UseLine())
			isNew := strings.Contains(path, " create ") || cmd.Name() == "run" // nobody else has the name yet
			if !isNew && regexp.MustCompile(`NAME|TYPE|POD|ADDON|COMPONENT`).MatchString(args) {
				assert.NotNil(t, cmd.ValidArgsFunction, "%s: a shell should complete its arguments", path)
			}
		})
	}
}

// A table's row tells in its first cell which commands it is about: `cordon`, `uncordon`. Subcommands are words in the row.
func TestTheBookHasEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/commands.md")
	require.NoError(t, err)
	byProgram := strings.SplitN(string(text), "\n# ", 2)
	require.Len(t, byProgram, 2, "a heading for each program")
	quoted := regexp.MustCompile("`([^`]+)`")
	for i, program := range programs() {
		rows := map[string]string{}
		for line := range strings.Lines(byProgram[i]) {
			if cells := strings.Split(line, "|"); len(cells) > 3 {
				for _, name := range quoted.FindAllStringSubmatch(cells[1], -1) {
					rows[name[1]] = line
				}
			}
		}
		var known []string
		eachCommand(program, func(cmd *cobra.Command) {
			words := strings.Fields(cmd.CommandPath())[1:]
			known = append(known, words[0])
			row, ok := rows[words[0]]
			require.True(t, ok, "docs/commands.md has no row for %s", cmd.CommandPath())
			for _, word := range words[1:] {
				assert.Regexp(t, `[^\w-]`+regexp.QuoteMeta(word)+`[^\w-]`, row, "docs/commands.md does not mention %s", cmd.CommandPath())
			}
		})
		for name := range rows {
			assert.True(t, name == "completion" || slices.Contains(known, name), "docs/commands.md has %s, which %s has not", name, program.Name())
		}
	}
}
