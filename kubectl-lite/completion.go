package kubectllite

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/client"
)

// completeObjects completes arguments in a shell: first the type, or "TYPE/", then names of that type from the cluster.
// With types given the command is about those alone, and only names are completed.
func (s *session) completeObjects(types ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		switch {
		case len(types) > 0 && !(types[0] == "nodes" && cmd.Name() == "taint" && len(args) == 0):
			var all []string
			for _, word := range types {
				all = append(all, s.namesFor(ctx, word, prefix, args)...)
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		case strings.Contains(prefix, "/"):
			word, name, _ := strings.Cut(prefix, "/")
			names := s.namesFor(ctx, word, name, nil)
			for i := range names {
				names[i] = word + "/" + names[i]
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		case len(args) == 0:
			return s.typesFor(ctx, prefix), cobra.ShellCompDirectiveNoFileComp
		case strings.Contains(args[0], "/"):
			return s.typesFor(ctx, prefix), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return s.namesFor(ctx, args[0], prefix, args[1:]), cobra.ShellCompDirectiveNoFileComp
	}
}

// completePods completes a pod's name, or "TYPE/NAME" of something that has pods.
func (s *session) completePods() cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if strings.Contains(prefix, "/") {
			return s.completeObjects()(cmd, args, prefix)
		}
		return s.completeObjects("pods")(cmd, args, prefix)
	}
}

func (s *session) typesFor(ctx context.Context, prefix string) []string {
	all, err := s.discover(ctx)
	if err != nil {
		return nil // a shell has no place for an error
	}
	var words []string
	for i := range all {
		if all[i].Can("get") && strings.HasPrefix(all[i].Plural, prefix) {
			words = append(words, all[i].Plural)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// namesFor lists the names of a type that begin with a prefix, without those that are on the line already.
func (s *session) namesFor(ctx context.Context, word, prefix string, given []string) []string {
	r, err := s.resource(ctx, word)
	if err != nil {
		return nil
	}
	items, err := s.listObjects(ctx, r, s.scope(r), client.ListOptions{})
	if err != nil {
		return nil
	}
	var names []string
	for _, o := range items {
		if strings.HasPrefix(o.name(), prefix) && !slices.Contains(given, o.name()) {
			names = append(names, o.name())
		}
	}
	return names
}

// completeFlags completes the values of the global flags.
func (s *session) completeFlags(root *cobra.Command) {
	complete := func(flag string, values func(ctx context.Context, prefix string) []string) {
		// It fails only for a flag that does not exist.
		_ = root.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			return values(ctx, prefix), cobra.ShellCompDirectiveNoFileComp
		})
	}
	complete("namespace", func(ctx context.Context, prefix string) []string { return s.namesFor(ctx, "namespaces", prefix, nil) })
	for flag, list := range map[string]string{"context": "contexts", "cluster": "clusters", "user": "users"} {
		_ = root.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return s.completeConfig(list)(nil, nil, prefix)
		})
	}
}
