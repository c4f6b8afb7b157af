package kubectllite

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newConfig(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "config SUBCOMMAND", Short: "Modify kubeconfig files", RunE: needsSubcommand,
		Long: `Modify kubeconfig files using subcommands like "kubectl-lite config use-context my-context".

A value is changed in the file that defines it. What is new goes to the first file that exists.`,
	}
	cmd.AddCommand(
		newConfigView(s), newConfigCurrent(s), newConfigUse(s), newConfigGetContexts(s),
		newConfigNames(s, "clusters", "Display clusters defined in the kubeconfig"), newConfigNames(s, "users", "Display users defined in the kubeconfig"),
		newConfigSetContext(s), newConfigSetCluster(s), newConfigSetCredentials(s), newConfigRename(s),
		newConfigDelete(s, "context"), newConfigDelete(s, "cluster"), newConfigDelete(s, "user"), newConfigSet(s), newConfigUnset(s),
	)
	return cmd
}

// readConfig is a command that reads the files, with just so many arguments.
func (s *session) readConfig(cmd *cobra.Command, want int, run func(cmd *cobra.Command, k *kubeconfig, args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if want >= 0 && len(args) != want {
			if err := cmd.Help(); err != nil {
				return err
			}
			return fmt.Errorf("Unexpected args: %v", args)
		}
		k, err := s.kubeconfig()
		if err != nil {
			return err
		}
		return run(cmd, k, args)
	}
	return cmd
}

// changeConfig is one that changes them.
func (s *session) changeConfig(cmd *cobra.Command, want int, run func(cmd *cobra.Command, k *kubeconfig, args []string) (done string, err error)) *cobra.Command {
	return s.readConfig(cmd, want, func(cmd *cobra.Command, k *kubeconfig, args []string) error {
		done, err := run(cmd, k, args)
		if err != nil {
			return err
		}
		if err := k.save(); err != nil {
			return err
		}
		fmt.Fprintln(s.Out, done)
		return nil
	})
}

func newConfigCurrent(s *session) *cobra.Command {
	return s.readConfig(&cobra.Command{Use: "current-context", Short: "Display the current-context"}, -1, func(_ *cobra.Command, k *kubeconfig, _ []string) error {
		if k.current() == "" {
			return errors.New("current-context is not set")
		}
		fmt.Fprintln(s.Out, k.current())
		return nil
	})
}

func newConfigUse(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "use-context CONTEXT_NAME", Aliases: []string{"use"}, Short: "Set the current-context in a kubeconfig file", ValidArgsFunction: s.completeConfig("contexts")}
	return s.changeConfig(cmd, 1, func(_ *cobra.Command, k *kubeconfig, args []string) (string, error) {
		if args[0] == "" {
			return "", errors.New("empty context names are not allowed")
		}
		if f, _ := k.find("contexts", args[0]); f == nil {
			return "", fmt.Errorf("no context exists with the name: %q", args[0])
		}
		k.setCurrent(args[0])
		return fmt.Sprintf("Switched to context %q.", args[0]), nil
	})
}

func newConfigGetContexts(s *session) *cobra.Command {
	var output string
	var noHeaders bool
	cmd := &cobra.Command{Use: "get-contexts [(-o|--output=)name)]", Short: "Describe one or many contexts", ValidArgsFunction: s.completeConfig("contexts")}
	cmd.Flags().StringVarP(&output, "output", "o", "", "Output format. One of: (name).")
	cmd.Flags().BoolVar(&noHeaders, "no-headers", false, "When using the default or custom-column output format, don't print headers (default print headers).")
	return s.readConfig(cmd, -1, func(_ *cobra.Command, k *kubeconfig, args []string) error {
		if output != "" && output != "name" {
			return fmt.Errorf("--output %v is not available in kubectl-lite config get-contexts; resetting to default output format", output)
		}
		names := k.names("contexts")
		var errs []error
		if len(args) > 0 {
			names = nil
			for _, name := range args {
				if f, _ := k.find("contexts", name); f == nil {
					errs = append(errs, fmt.Errorf("context %v not found", name))
					continue
				}
				names = append(names, name)
			}
			slices.Sort(names)
		}
		var rows [][]string
		if !noHeaders && output == "" {
			rows = append(rows, []string{"CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"})
		}
		for _, name := range names {
			if output == "name" {
				fmt.Fprintln(s.Out, name)
				continue
			}
			mark := " "
			if name == k.current() {
				mark = "*"
			}
			_, c := k.find("contexts", name)
			rows = append(rows, []string{mark, name, c.text("cluster"), c.text("user"), c.text("namespace")})
		}
		(&columns{out: s.Out}).write(rows)
		return errors.Join(errs...)
	})
}

func newConfigNames(s *session, list, short string) *cobra.Command {
	return s.readConfig(&cobra.Command{Use: "get-" + list, Short: short}, -1, func(_ *cobra.Command, k *kubeconfig, _ []string) error {
		fmt.Fprintln(s.Out, "NAME")
		for _, name := range k.names(list) {
			fmt.Fprintln(s.Out, name)
		}
		return nil
	})
}

func newConfigView(s *session) *cobra.Command {
	var flags printFlags
	var raw, flatten, minify, merge bool
	cmd := &cobra.Command{Use: "view", Short: "Display merged kubeconfig settings or a specified kubeconfig file"}
	flags.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&merge, "merge", true, "Merge the full hierarchy of kubeconfig files")
	f.BoolVar(&raw, "raw", false, "Display raw byte data and sensitive data")
	f.BoolVar(&flatten, "flatten", false, "Flatten the resulting kubeconfig file into self-contained output (useful for creating portable kubeconfig files)")
	f.BoolVar(&minify, "minify", false, "Remove all information not used by current-context from the output")
	return s.readConfig(cmd, -1, func(_ *cobra.Command, k *kubeconfig, args []string) error {
		if len(args) > 0 {
			return usageErrorf("config view", "unexpected arguments: %v", args)
		}
		if flags.output == "" && flags.template == "" {
			flags.output = "yaml"
		}
		p, err := flags.printer(func(o object) string { return "/" }, changeFormats)
		if err != nil {
			return err
		}
		all := k.merged()
		if minify {
			if err := minifyConfig(all, s.flags.context); err != nil {
				return err
			}
		}
		switch {
		case flatten:
			err = eachConfigEntry(all, flattenEntry)
		case !raw:
			err = eachConfigEntry(all, hideSecrets)
		}
		if err != nil {
			return err
		}
		return p.print(s.Out, all)
	})
}

// minifyConfig leaves the context that is used, and what it leads to.
func minifyConfig(all object, context string) error {
	if context == "" {
		context = all.text("current-context")
	}
	if context == "" {
		return errors.New("current-context must exist in order to minify")
	}
	all["current-context"] = context
	keep := map[string]string{"contexts": context}
	entries, _ := all["contexts"].([]any)
	found := false
	for _, e := range entries {
		if entry := object(e.(map[string]any)); entry.text("name") == context {
			keep["clusters"], keep["users"] = entry.text("context", "cluster"), entry.text("context", "user")
			found = true
		}
	}
	if !found {
		return fmt.Errorf("cannot locate context %v", context)
	}
	for _, list := range []string{"contexts", "clusters", "users"} {
		what := kubeconfigLists[list]
		entries, _ := all[list].([]any)
		entries = slices.DeleteFunc(entries, func(e any) bool { return object(e.(map[string]any)).text("name") != keep[list] })
		if all[list] = entries; len(entries) == 0 {
			all[list] = nil
			if keep[list] != "" {
				return fmt.Errorf("cannot locate %s %v", what, keep[list])
			}
		}
	}
	return nil
}

func eachConfigEntry(all object, change func(content object) error) error {
	for list, what := range kubeconfigLists {
		entries, _ := all[list].([]any)
		for _, e := range entries {
			if content, ok := e.(map[string]any)[what].(map[string]any); ok {
				if err := change(content); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func hideSecrets(content object) error {
	for field, mark := range map[string]string{
		"certificate-authority-data": "DATA+OMITTED", "client-certificate-data": "DATA+OMITTED", "client-key-data": "DATA+OMITTED",
		"token": "REDACTED", "password": "REDACTED",
	} {
		if content.text(field) != "" {
			content[field] = mark
		}
	}
	return nil
}

// flattenEntry puts the files that an entry names into it.
func flattenEntry(content object) error {
	for _, field := range []string{"certificate-authority", "client-certificate", "client-key"} {
		path := content.text(field)
		if path == "" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		delete(content, field)
		content[field+"-data"] = base64.StdEncoding.EncodeToString(data)
	}
	return nil
}

// completeConfig completes a name in the kubeconfig.
func (s *session) completeConfig(list string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		k, err := s.kubeconfig()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return slices.DeleteFunc(k.names(list), func(name string) bool { return !strings.HasPrefix(name, prefix) }), cobra.ShellCompDirectiveNoFileComp
	}
}
