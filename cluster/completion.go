package cluster

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// completeNames completes arguments in a shell with names that a profile knows, without those that are on the line already.
func completeNames(names func(p Profile, config *Config) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		p, err := flaggedProfile(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // a shell has no place for an error
		}
		config, err := loadConfig(p)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var fitting []string
		for _, name := range names(p, config) {
			if strings.HasPrefix(name, prefix) && !slices.Contains(args, name) {
				fitting = append(fitting, name)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeOnce completes the first argument alone.
func completeOnce(names func(p Profile, config *Config) []string) cobra.CompletionFunc {
	first := completeNames(names)
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return first(cmd, args, prefix)
	}
}

func componentAndLoopNames(_ Profile, config *Config) []string {
	names := config.Components()
	for _, loop := range api.ControllerNames() {
		names = append(names, loopPrefix+loop)
	}
	return names
}

// ownNodeNames are the nodes that have a process of their own.
func ownNodeNames(_ Profile, config *Config) []string {
	var names []string
	for _, n := range config.Nodes {
		names = append(names, n.Name)
	}
	return names
}

// completionTimeout is how long a shell waits for what the cluster knows.
const completionTimeout = 5 * time.Second

// serviceNames asks the cluster for the services of the namespace that the flags name.
func serviceNames(namespace *string) func(p Profile, _ *Config) []string {
	return func(p Profile, _ *Config) []string {
		ctx, cancel := context.WithTimeout(context.Background(), completionTimeout)
		defer cancel()
		c, err := waitAPI(ctx, p)
		if err != nil {
			return nil
		}
		page, err := client.Of[*api.Service](c).List(ctx, *namespace, client.ListOptions{})
		if err != nil {
			return nil
		}
		var names []string
		for _, svc := range page.Items {
			names = append(names, svc.Name)
		}
		return names
	}
}

// completeProfiles completes the value of --profile, and the argument of `kubelite profile`.
func completeProfiles(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	home, _ := cmd.Flags().GetString("home") // a command without it has the usual one
	var names []string
	if home, err := client.ProfileHome(home); err == nil && len(args) == 0 {
		names = profilesIn(home)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) }), cobra.ShellCompDirectiveNoFileComp
}

// profilesIn lists the profiles of a home directory by name.
func profilesIn(home string) []string {
	entries, err := os.ReadDir(home)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if (Profile{Name: e.Name(), Home: home}).exists() {
			names = append(names, e.Name())
		}
	}
	return names
}
