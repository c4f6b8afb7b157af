package cluster

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// The commands of the gate are told whom and what they are about in words, in any order:
//
//	deployment-controller       who: a component, or a control loop
//	pods, deployment/web        what: a type of objects, or one of them
//	create                      how: a verb
//	7                           a number from `kubelite held`
//
// Who, what and how must all fit: "deployment-controller replicasets create" is that loop's creations of ReplicaSets. Of several
// of one sort, one is enough: "scheduler deployment-controller" is both of them.

// choice is what the arguments and flags of a command mean.
type choice struct {
	actors     []string
	loops      []string            // those of the actors that are one of several in a process
	objects    []api.GateSelection // of which resource and name are set
	verbs      []string
	namespaces []string
	numbers    []int64
}

// choiceFlags are the flags that say more than the arguments.
type choiceFlags struct {
	by, on    []string
	namespace string
}

func (f *choiceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.by, "by", nil, "who writes: any user, or program by its user agent; components and loops can be named without it")
	cmd.Flags().StringSliceVar(&f.on, "on", nil, "how: create, update, patch, delete, deletecollection (default all)")
	cmd.ValidArgsFunction = completeChoice
}

// addNamespace is for the commands whose -n means nothing else.
func (f *choiceFlags) addNamespace(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", "namespace of the objects (default all)")
}

// readChoice finds out what the words mean.
func readChoice(ctx context.Context, c *client.Client, args []string, flags *choiceFlags) (*choice, error) {
	ch := &choice{actors: slices.Clone(flags.by), verbs: slices.Clone(flags.on)}
	if flags.namespace != "" {
		ch.namespaces = []string{flags.namespace}
	}
	var types []client.APIResource
	var actors, loops []string
	for _, word := range args {
		if number, err := strconv.ParseInt(word, 10, 64); err == nil {
			ch.numbers = append(ch.numbers, number)
			continue
		}
		if slices.Contains(api.GateVerbs, word) {
			ch.verbs = append(ch.verbs, word)
			continue
		}
		var err error
		if types == nil {
			if types, err = c.Discover(ctx); err != nil {
				return nil, err
			}
		}
		typeName, name, isObject := strings.Cut(word, "/")
		if r := client.FindResource(types, typeName); r != nil {
			ch.objects = append(ch.objects, api.GateSelection{Resource: r.Resource(), Name: name})
			continue
		}
		if isObject {
			return nil, fmt.Errorf("the server doesn't have a resource type %q", typeName)
		}
		if actors == nil {
			if actors, loops, err = knownActors(ctx, c); err != nil {
				return nil, err
			}
		}
		if !slices.Contains(actors, word) {
			return nil, fmt.Errorf("%q is no type of objects, no component and no control loop%s; --by %s takes it for a user or a program", word, similar(word, actors), word)
		}
		ch.actors = append(ch.actors, word)
		if slices.Contains(loops, word) {
			ch.loops = append(ch.loops, word)
		}
	}
	return ch, nil
}

// similar are those that somebody may have meant.
func similar(word string, names []string) string {
	var near []string
	for _, name := range names {
		if strings.Contains(name, word) || word != "" && strings.HasPrefix(name, word[:min(4, len(word))]) {
			near = append(near, name)
		}
	}
	if len(near) == 0 {
		return ""
	}
	return " (did you mean " + strings.Join(near, ", ") + "?)"
}

const loopRolePrefix = "system:controller:"

// knownActors are the components that write, and the control loops: each of them has a role.
func knownActors(ctx context.Context, c *client.Client) (actors, loops []string, err error) {
	actors = []string{"controllers", "kubelet", metricsServer, proxyComponent, "scheduler"}
	nodes, err := client.Of[*api.Node](c).List(ctx, "", client.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	for _, n := range nodes.Items {
		actors = append(actors, "kubelet-"+n.Name)
	}
	roles, err := client.Of[*api.ClusterRole](c).List(ctx, "", client.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	for _, role := range roles.Items {
		if loop, ok := strings.CutPrefix(role.Name, loopRolePrefix); ok {
			loops = append(loops, loop)
		}
	}
	return append(actors, loops...), loops, nil
}

// isEmpty tells that nothing is chosen.
func (ch *choice) isEmpty() bool {
	return len(ch.actors)+len(ch.objects)+len(ch.verbs)+len(ch.namespaces) == 0
}

// selections are one for each combination of who, what and where.
func (ch *choice) selections() []api.GateSelection {
	var all []api.GateSelection
	for _, actor := range orNone(ch.actors) {
		for _, object := range orNone(ch.objects) {
			for _, namespace := range orNone(ch.namespaces) {
				all = append(all, api.GateSelection{Actor: actor, Resource: object.Resource, Name: object.Name, Namespace: namespace, Verbs: ch.verbs})
			}
		}
	}
	return all
}

// orNone lets a loop run once where nothing is chosen.
func orNone[T any](list []T) []T {
	if len(list) == 0 {
		return make([]T, 1)
	}
	return list
}

// means tells whether a rule or a fault is one of those chosen. stopped is whom a break point has stopped.
func (ch *choice) means(id int64, s *api.GateSelection, stopped string) bool {
	if len(ch.numbers) > 0 {
		return slices.Contains(ch.numbers, id)
	}
	return (len(ch.actors) == 0 || slices.Contains(ch.actors, s.Actor) || slices.Contains(ch.actors, stopped)) &&
		(len(ch.objects) == 0 || slices.ContainsFunc(ch.objects, func(o api.GateSelection) bool {
			return o.Resource == s.Resource && (o.Name == "" || o.Name == s.Name)
		})) &&
		(len(ch.namespaces) == 0 || slices.Contains(ch.namespaces, s.Namespace)) &&
		(len(ch.verbs) == 0 || slices.Equal(ch.verbs, s.Verbs))
}

// completeChoice completes components, loops and types.
func completeChoice(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeNames(func(p Profile, _ *Config) []string {
		ctx, cancel := context.WithTimeout(context.Background(), completionTimeout)
		defer cancel()
		names := slices.Clone(api.GateVerbs)
		for _, kind := range api.Kinds {
			names = append(names, kind.Plural)
		}
		if c, err := waitAPI(ctx, p); err == nil {
			actors, _, _ := knownActors(ctx, c) // a shell has no place for an error
			names = append(names, actors...)
		}
		slices.Sort(names)
		return slices.Compact(names)
	})(cmd, args, prefix)
}
