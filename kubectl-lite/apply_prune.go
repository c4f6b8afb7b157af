package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// apply --prune deletes what an earlier apply made and the manifests no longer have. An API has no list of "what was
// applied together", so there are two ways to find those objects:
//
//	-l or --all   every object of an allowlist of kinds, in the namespaces of the manifests, that matches the labels and
//	              has the annotation of an earlier apply (this file)
//	--applyset    every object with the label of a set, whose kinds and namespaces are noted on a parent (applyset.go)

// pruneOptions are the flags of apply that are about what to delete, and how.
type pruneOptions struct {
	prune       bool
	allowlist   []string
	all         bool
	applySet    string
	cascade     string
	gracePeriod int64
}

func (o *pruneOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.prune, "prune", false, "Automatically delete resource objects, that do not appear in the configs and are created by either apply or create --save-config. Should be used with either -l or --all.")
	f.StringArrayVar(&o.allowlist, "prune-allowlist", nil, "Overwrite the default allowlist with <group/version/kind> for --prune")
	f.BoolVar(&o.all, "all", false, "Select all resources in the namespace of the specified resource types.")
	f.StringVar(&o.cascade, "cascade", "background", "Must be \"background\", \"orphan\", or \"foreground\": what happens to the objects that a deleted one owns")
	f.Lookup("cascade").NoOptDefVal = "background"
	f.Int64Var(&o.gracePeriod, "grace-period", -1, "Period of time in seconds given to a deleted resource to terminate gracefully. Ignored if negative.")
	if applySetsEnabled() {
		f.Lookup("prune").Usage = "Automatically delete previously applied resource objects that do not appear in the provided configs. For alpha1, use with either -l or --all. For alpha2, use with --applyset."
		f.StringVar(&o.applySet, "applyset", "", "[alpha] The name of the ApplySet that tracks which resources are being managed, for the purposes of determining what to prune. Live resources that are part of the ApplySet but have been removed from the provided configs will be deleted. Format: [RESOURCE][.GROUP]/NAME. A Secret will be used if no resource or group is specified.")
	}
}

// applySetsEnabled tells whether the user asked for what upstream has as alpha.
func applySetsEnabled() bool { return strings.ToLower(os.Getenv("KUBECTL_APPLYSET")) == "true" }

// validate refuses flags that contradict each other, before anything is sent.
func (o *pruneOptions) validate(apply *applyOptions) error {
	switch {
	case o.all && apply.selector != "":
		return errors.New("cannot set --all and --selector at the same time")
	case o.applySet != "" && !o.prune:
		return errors.New("--applyset requires --prune")
	case !o.prune:
		return nil
	case apply.force: // an object that was made again has another UID, and would be taken for one that was not applied
		return errors.New("--force cannot be used with --prune")
	case o.applySet != "" && o.all:
		return errors.New("--all is incompatible with --applyset")
	case o.applySet != "" && apply.selector != "":
		return errors.New("--selector is incompatible with --applyset")
	case o.applySet != "" && len(o.allowlist) > 0:
		return errors.New("--prune-allowlist is incompatible with --applyset")
	case o.applySet != "":
		return nil
	case !o.all && apply.selector == "":
		return errors.New("all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector")
	case apply.serverSide: // it leaves no annotation by which to know what was applied
		return errors.New("--prune is in alpha and doesn't currently work on objects created by server-side apply")
	}
	return nil
}

// deletion is the body of a request that deletes.
func (o *pruneOptions) deletion(serverDryRun bool) ([]byte, error) {
	policy, err := cascadePolicy(o.cascade)
	if err != nil {
		return nil, err
	}
	options := &api.DeleteOptions{TypeMeta: api.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"}, PropagationPolicy: &policy}
	if o.gracePeriod >= 0 {
		options.GracePeriodSeconds = &o.gracePeriod
	}
	if serverDryRun {
		options.DryRun = []string{"All"}
	}
	return api.MarshalJSON(options)
}

// pruneTarget is one kind in one namespace, "" for all of a kind that has none.
type pruneTarget struct {
	resource  *client.APIResource
	namespace string
}

// prunableByDefault is upstream's allowlist. It is fixed: a kind that was added to it would be deleted in clusters whose
// users never thought that it could be.
var prunableByDefault = []string{
	"core/v1/ConfigMap", "core/v1/Endpoints", "core/v1/PersistentVolumeClaim", "core/v1/Pod", "core/v1/ReplicationController", "core/v1/Secret", "core/v1/Service",
	"batch/v1/Job", "batch/v1/CronJob", "networking.k8s.io/v1/Ingress",
	"apps/v1/DaemonSet", "apps/v1/Deployment", "apps/v1/ReplicaSet", "apps/v1/StatefulSet",
	"core/v1/Namespace", "core/v1/PersistentVolume",
}

// prunableResources resolves an allowlist of <group/version/kind>.
func (s *session) prunableResources(ctx context.Context, allowlist []string) ([]*client.APIResource, error) {
	var found []*client.APIResource
	for _, entry := range allowlist {
		words := strings.Split(entry, "/")
		if len(words) != 3 {
			return nil, fmt.Errorf("invalid GroupVersionKind format: %v, please follow <group/version/kind>", entry)
		}
		if words[0] == "core" {
			words[0] = ""
		}
		all, err := s.discover(ctx)
		if err != nil {
			return nil, err
		}
		gv := api.GroupVersion{Group: words[0], Version: words[1]}
		i := slices.IndexFunc(all, func(r client.APIResource) bool { return r.GroupVersion == gv && r.Kind == words[2] })
		if i < 0 {
			return nil, fmt.Errorf("no matches for kind %q in version %q", words[2], gv)
		}
		found = append(found, &all[i])
	}
	return found, nil
}

// applied is what one apply has dealt with: what pruning leaves alone, and where it looks for the rest.
type applied struct {
	uids       map[string]bool
	namespaces map[string]bool
}

// pruneByLabel deletes what -l or --all selects and was not applied this time.
func (s *session) pruneByLabel(ctx context.Context, o *applyOptions, allowed []*client.APIResource, done applied) error {
	if len(allowed) == 0 {
		var err error
		if allowed, err = s.prunableResources(ctx, prunableByDefault); err != nil {
			return fmt.Errorf("error retrieving RESTMappings to prune: %w", err)
		}
		if s.flags.namespace != "" {
			fmt.Fprintln(s.Err, "Warning: kinds without a namespace (Namespace, PersistentVolume) are pruned, too, although --namespace is given. This is deprecated: list the kinds that you mean with --prune-allowlist.")
		}
	}
	var targets []pruneTarget
	for _, namespace := range slices.Sorted(maps.Keys(done.namespaces)) {
		for _, r := range allowed {
			if r.Namespaced {
				targets = append(targets, pruneTarget{r, namespace})
			}
		}
	}
	for _, r := range allowed {
		if !r.Namespaced {
			targets = append(targets, pruneTarget{r, ""})
		}
	}
	for _, t := range targets {
		found, err := s.unapplied(ctx, t, o.selector, done)
		if err == nil {
			found = slices.DeleteFunc(found, func(m manifest) bool {
				_, ours := m.object.at("metadata", "annotations", lastApplied).(string)
				return !ours // it was not made by apply
			})
			err = s.pruneEach(ctx, o, found)
		}
		if err != nil {
			scope := "namespaced"
			if !t.resource.Namespaced {
				scope = "nonNamespaced"
			}
			return fmt.Errorf("error pruning %s object %s, Kind=%s: %w", scope, t.resource.Group+"/"+t.resource.Version, t.resource.Kind, err)
		}
	}
	return nil
}

// unapplied lists the objects of a target that match and were not applied.
func (s *session) unapplied(ctx context.Context, t pruneTarget, selector string, done applied) ([]manifest, error) {
	items, err := s.listObjects(ctx, t.resource, t.namespace, client.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	var found []manifest
	for _, o := range items {
		if done.uids[o.text("metadata", "uid")] {
			continue
		}
		o["kind"], o["apiVersion"] = t.resource.Kind, t.resource.APIVersion()
		found = append(found, manifest{object: o, resource: t.resource})
	}
	return found, nil
}

// pruneEach deletes objects one after the other, and does not wait until they are gone.
func (s *session) pruneEach(ctx context.Context, o *applyOptions, found []manifest) error {
	body, err := o.deletion(o.dryRun == "server")
	if err != nil {
		return err
	}
	for i := range found {
		m := &found[i]
		if o.dryRun != "client" {
			if _, err := s.do(ctx, client.Request{Method: http.MethodDelete, Path: m.path(m.object.name()), Body: body}); err != nil {
				return err
			}
		}
		if err := s.report(ctx, &o.changeFlags, m, "pruned"); err != nil {
			return err
		}
	}
	return nil
}
