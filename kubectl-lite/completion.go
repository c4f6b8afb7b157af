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

// completeKinds completes arguments of a command that is about a few types: first one of these, then names of it.
func (s *session) completeKinds(types ...string) cobra.CompletionFunc {
	objects := s.completeObjects()
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 || strings.Contains(prefix, "/") {
			return objects(cmd, args, prefix)
		}
		return beginningWith(types, prefix), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTypes completes the first argument with a type.
func (s *session) completeTypes(_ *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return s.typesFor(ctx, prefix), cobra.ShellCompDirectiveNoFileComp
}

// completeQuestion completes a question to authorization: a verb, then a type.
func (s *session) completeQuestion(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		verbs := []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
		return beginningWith(verbs, prefix), cobra.ShellCompDirectiveNoFileComp
	}
	return s.completeTypes(cmd, args[1:], prefix)
}

// completeCopy completes one side of a copy: a file, which the shell knows, or "POD:".
func (s *session) completeCopy(_ *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 1 || strings.ContainsAny(prefix, "/.:") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	pods := s.namesFor(ctx, "pods", prefix, nil)
	for i := range pods {
		pods[i] += ":"
	}
	return pods, cobra.ShellCompDirectiveNoSpace
}

// completeContainers completes -c with the containers of the pod that is named.
func (s *session) completeContainers(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("container", func(_ *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		r, err := s.resource(ctx, "pods")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		pod, err := s.getObject(ctx, r, s.namespace(), strings.TrimPrefix(args[0], "pod/"))
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
			containers, _ := pod.at("spec", list).([]any)
			for _, c := range containers {
				if c, ok := c.(map[string]any); ok {
					names = append(names, object(c).text("name"))
				}
			}
		}
		return beginningWith(names, prefix), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeFormats completes -o.
func completeFormats(cmd *cobra.Command, formats []string) {
	_ = cmd.RegisterFlagCompletionFunc("output", func(_ *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginningWith(formats, prefix), cobra.ShellCompDirectiveNoFileComp
	})
}

func beginningWith(words []string, prefix string) []string {
	var fitting []string
	for _, word := range words {
		if strings.HasPrefix(word, prefix) {
			fitting = append(fitting, word)
		}
	}
	return fitting
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
