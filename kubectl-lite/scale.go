package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// scaleOptions are the flags of scale.
type scaleOptions struct {
	selection
	changeFlags
	replicas        int64
	currentReplicas int64
	resourceVersion string
	timeout         time.Duration
}

func newScale(s *session) *cobra.Command {
	var o scaleOptions
	cmd := &cobra.Command{
		Use:               "scale [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
		Short:             "Set a new size for a deployment, replica set, or replication controller",
		ValidArgsFunction: s.completeKinds("deployments", "replicasets", "replicationcontrollers", "statefulsets"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("replicas") {
				return errors.New(`required flag(s) "replicas" not set`)
			}
			if o.replicas < 0 {
				return errors.New("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
			}
			return s.scale(cmd.Context(), &o, args)
		},
	}
	o.selection.add(cmd, "identifying the resource to set a new size")
	o.changeFlags.add(cmd, "kubectl-scale")
	cmd.Flags().Int64Var(&o.replicas, "replicas", -1, "The new desired number of replicas. Required.")
	cmd.Flags().Int64Var(&o.currentReplicas, "current-replicas", -1, "Precondition for current size")
	cmd.Flags().StringVar(&o.resourceVersion, "resource-version", "", "Precondition for resource version")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "The length of time to wait for the size to be reached, zero means don't wait")
	return cmd
}

func (s *session) scale(ctx context.Context, o *scaleOptions, args []string) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	found, err := s.selectObjects(ctx, &o.selection, args, true)
	if err == nil && len(found) == 0 {
		return errors.New("no objects passed to scale")
	}
	errs := []error{err}
	for i := range found {
		errs = append(errs, s.scaleOne(ctx, o, &found[i]))
	}
	return errors.Join(errs...)
}

func (s *session) scaleOne(ctx context.Context, o *scaleOptions, m *manifest) error {
	path := m.path(m.object.name()) + "/scale"
	patch := map[string]any{"spec": map[string]any{"replicas": o.replicas}}
	if o.currentReplicas >= 0 || o.resourceVersion != "" {
		current, err := s.do(ctx, client.Request{Path: path})
		if err != nil {
			return err
		}
		scale, err := parseObject(current.Body)
		if err != nil {
			return err
		}
		version := scale.text("metadata", "resourceVersion")
		if now := scale.number("spec", "replicas"); o.currentReplicas >= 0 && now != o.currentReplicas {
			return fmt.Errorf("Expected replicas to be %d, was %d", o.currentReplicas, now)
		}
		if o.resourceVersion != "" && o.resourceVersion != version {
			return fmt.Errorf("Expected resource version to be %s, was %s", o.resourceVersion, version)
		}
		// What was just read must still be so when the server writes.
		patch["metadata"] = map[string]any{"resourceVersion": version}
	}
	if o.dryRun != "client" {
		body, err := api.MarshalJSON(patch)
		if err != nil {
			return err
		}
		if _, err := s.do(ctx, client.Request{
			Method: http.MethodPatch, Path: path, Query: o.query(), Body: body, ContentType: string(api.MergePatchType),
		}); err != nil {
			return err
		}
	}
	m.object.set(o.replicas, "spec", "replicas")
	if err := s.report(ctx, &o.changeFlags, m, "scaled"); err != nil || o.timeout == 0 || o.dryRun != "none" {
		return err
	}
	return s.waitUntil(ctx, m.resource, m.object.namespace(), m.object.name(), time.Now().Add(o.timeout), present(func(now object) (bool, error) {
		return now.number("status", "observedGeneration") >= now.number("metadata", "generation") && now.number("status", "replicas") == o.replicas, nil
	}))
}
