package kubectllite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// Annotations that rollouts are written in.
const (
	revisionAnnotation    = "deployment.kubernetes.io/revision"
	changeCauseAnnotation = "kubernetes.io/change-cause"
	restartedAtAnnotation = "kubectl.kubernetes.io/restartedAt"
	templateHashLabel     = "pod-template-hash"
)

func newRollout(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "rollout SUBCOMMAND", Short: "Manage the rollout of one or many resources"}
	cmd.AddCommand(newRolloutStatus(s), newRolloutHistory(s), newRolloutUndo(s), newRolloutRestart(s),
		newRolloutPause(s, "pause", "paused", true), newRolloutPause(s, "resume", "resumed", false))
	return cmd
}

func newRolloutStatus(s *session) *cobra.Command {
	var sel selection
	var watch bool
	var timeout time.Duration
	var revision int64
	cmd := &cobra.Command{
		Use: "status (TYPE NAME | TYPE/NAME) [flags]", Short: "Show the status of the rollout",
		ValidArgsFunction: completeRollouts(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := s.selectRollouts(cmd.Context(), &sel, args, func(m *manifest) error {
				return fmt.Errorf("no status viewer has been implemented for %s", m.resource.Kind)
			})
			errs := []error{err}
			for _, m := range found {
				errs = append(errs, s.rolloutStatus(cmd.Context(), &m, watch, timeout, revision))
			}
			return errors.Join(errs...)
		},
	}
	sel.files.add(cmd, "identifying the resource to get from a server.")
	cmd.Flags().StringVarP(&sel.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().BoolVarP(&watch, "watch", "w", true, "Watch the status of the rollout until it's done.")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "The length of time to wait before ending watch, zero means never.")
	cmd.Flags().Int64Var(&revision, "revision", 0, "Pin to a specific revision for showing its status. Defaults to 0 (last revision).")
	return cmd
}

// rolledOut are the kinds that have rollouts.
var rolledOut = []string{"deployments.apps", "statefulsets.apps", "daemonsets.apps"}

// selectRollouts finds the objects of a rollout command. unknown is what the command says of other kinds, with the kind and
// the group.
func (s *session) selectRollouts(ctx context.Context, sel *selection, args []string, unknown func(m *manifest) error) ([]manifest, error) {
	if len(args) == 0 && !sel.files.given() {
		return nil, errors.New("required resource not specified")
	}
	sel.all = len(args) == 1 && sel.selector == "" && !strings.Contains(args[0], "/")
	found, err := s.selectObjects(ctx, sel, args, true)
	for _, m := range found {
		if !slices.Contains(rolledOut, m.resource.Resource()) {
			return nil, unknown(&m)
		}
	}
	return found, err
}

// rolloutStatus prints how far a rollout is, each time that changes, until it is done.
func (s *session) rolloutStatus(ctx context.Context, m *manifest, watch bool, timeout time.Duration, revision int64) error {
	if timeout == 0 {
		timeout = 7 * 24 * time.Hour
	}
	last := ""
	err := s.waitUntil(ctx, m.resource, m.object.namespace(), m.object.name(), time.Now().Add(timeout), func(o object, missing error) (bool, error) {
		if o == nil {
			return false, errors.New("object has been deleted")
		}
		text, done, err := rolloutProgress(m, o, revision)
		if err != nil {
			return false, err
		}
		if text != last { // watching again shows the same state again
			fmt.Fprint(s.Out, text)
			last = text
		}
		return done || !watch, nil
	})
	if errors.Is(err, errNotYet) {
		return errNotYet
	}
	return err
}

func newRolloutHistory(s *session) *cobra.Command {
	var sel selection
	var revision int64
	cmd := &cobra.Command{
		Use: "history (TYPE NAME | TYPE/NAME) [flags]", Short: "View rollout history",
		ValidArgsFunction: completeRollouts(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			if revision < 0 {
				return fmt.Errorf("revision must be a positive integer: %d", revision)
			}
			found, err := s.selectRollouts(cmd.Context(), &sel, args, func(m *manifest) error {
				return fmt.Errorf("error retrieving history for %q, no visitor method exists for {%s %s}", m.resource.Kind, m.resource.Group, m.resource.Kind)
			})
			errs := []error{err}
			for _, m := range found {
				errs = append(errs, s.rolloutHistory(cmd.Context(), &m, revision))
			}
			return errors.Join(errs...)
		},
	}
	sel.files.add(cmd, "identifying the resource to get from a server.")
	cmd.Flags().StringVarP(&sel.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().Int64Var(&revision, "revision", 0, "See the details, including podTemplate of the revision specified")
	return cmd
}

func (s *session) rolloutHistory(ctx context.Context, m *manifest, revision int64) error {
	revisions, err := s.rolloutRevisions(ctx, m)
	if err != nil {
		return err
	}
	if revision == 0 {
		fmt.Fprintf(s.Out, "%s \n", m.display())
		return s.copyAndEndLine(revisionTable(revisions))
	}
	r := revisionWith(revisions, revision)
	if r == nil {
		return errors.New("unable to find the specified revision")
	}
	template, err := r.template()
	if err != nil {
		return err
	}
	if r.causeInTemplate && r.cause != "" {
		template = api.DeepCopy(template)
		if template.Annotations == nil {
			template.Annotations = map[string]string{}
		}
		template.Annotations[changeCauseAnnotation] = r.cause
	}
	fmt.Fprintf(s.Out, "%s with revision #%d\n", m.display(), revision)
	sh := newRawSheet()
	describePodTemplate(sh, template)
	return s.copyAndEndLine(sh)
}

func revisionTable(revisions []rolloutRevision) *sheet {
	sh := newSheet()
	if len(revisions) == 0 {
		sh.line(0, "No rollout history found.")
		return sh
	}
	sh.line(0, "REVISION\tCHANGE-CAUSE")
	for _, r := range revisions {
		sh.line(0, "%d\t%s", r.number, cmp.Or(r.cause, "<none>"))
	}
	return sh
}

func (s *session) copyAndEndLine(sh *sheet) error {
	err := sh.copyTo(s.Out)
	fmt.Fprintln(s.Out)
	return err
}

// changeRollout is a command that changes each selected Deployment in one way.
func (s *session) changeRollout(use, short string, change func(ctx context.Context, o *rolloutOptions, m *manifest) error) *cobra.Command {
	var o rolloutOptions
	cmd := &cobra.Command{
		Use: use + " (TYPE NAME | TYPE/NAME) [flags]", Short: short,
		ValidArgsFunction: completeRollouts(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.changeFlags.validate(); err != nil {
				return err
			}
			found, err := s.selectRollouts(cmd.Context(), &o.selection, args, func(m *manifest) error {
				return fmt.Errorf("%s %q %s is not supported", m.resource.Plural, m.object.name(), use)
			})
			errs := []error{err}
			for i := range found {
				errs = append(errs, change(cmd.Context(), &o, &found[i]))
			}
			return errors.Join(errs...)
		},
	}
	o.files.add(cmd, "identifying the resource to get from a server.")
	o.changeFlags.add(cmd, "kubectl-rollout")
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().Int64Var(&o.toRevision, "to-revision", 0, "The revision to rollback to. Default to 0 (last revision).")
	if use != "undo" {
		cmd.Flags().Lookup("to-revision").Hidden = true
	}
	return cmd
}

type rolloutOptions struct {
	selection
	changeFlags
	toRevision int64
}

func newRolloutPause(s *session, use, done string, paused bool) *cobra.Command {
	short := map[bool]string{true: "Mark the provided resource as paused", false: "Resume a paused resource"}[paused]
	return s.changeRollout(use, short, func(ctx context.Context, o *rolloutOptions, m *manifest) error {
		if m.resource.Resource() != "deployments.apps" {
			return fmt.Errorf("error: %s %q %s is not supported", m.resource.Resource(), m.object.name(), map[bool]string{true: "pausing", false: "resuming"}[paused])
		}
		if now, _ := m.object.at("spec", "paused").(bool); now == paused {
			state := map[bool]string{true: "is already paused", false: "is not paused"}[paused]
			return fmt.Errorf("error: %s %q %s", m.resource.Resource(), m.object.name(), state)
		}
		return s.patchRollout(ctx, o, m, map[string]any{"spec": map[string]any{"paused": paused}}, done)
	})
}

func newRolloutRestart(s *session) *cobra.Command {
	return s.changeRollout("restart", "Restart a resource", func(ctx context.Context, o *rolloutOptions, m *manifest) error {
		if paused, _ := m.object.at("spec", "paused").(bool); paused {
			return fmt.Errorf("error: %s %q can't restart paused deployment (run rollout resume first)", m.resource.Resource(), m.object.name())
		}
		now := time.Now().Format(time.RFC3339)
		if m.object.text("spec", "template", "metadata", "annotations", restartedAtAnnotation) == now {
			return fmt.Errorf("failed to create patch for %s: if restart has already been triggered within the past second, please wait before attempting to trigger another", m.object.name())
		}
		// A template with a new annotation is a new template: the Deployment rolls it out like any other.
		patch := object{}
		patch.set(now, "spec", "template", "metadata", "annotations", restartedAtAnnotation)
		return s.patchRollout(ctx, o, m, patch, "restarted")
	})
}

func (s *session) patchRollout(ctx context.Context, o *rolloutOptions, m *manifest, patch map[string]any, done string) error {
	body, err := api.MarshalJSON(patch)
	if err != nil {
		return err
	}
	if o.dryRun != "client" {
		if m.object, err = s.patchObject(ctx, m, api.StrategicMergePatchType, body, o.query()); err != nil {
			return fmt.Errorf("failed to patch: %w", err)
		}
	}
	return s.report(ctx, &o.changeFlags, m, done)
}

func newRolloutUndo(s *session) *cobra.Command {
	return s.changeRollout("undo", "Undo a previous rollout", func(ctx context.Context, o *rolloutOptions, m *manifest) error {
		if o.toRevision < 0 {
			return fmt.Errorf("unable to find specified revision %d in history", o.toRevision)
		}
		if m.object.text("metadata", "annotations", lastApplied) != "" {
			fmt.Fprintf(s.Err, "Warning: resource %s/%s was previously managed with 'kubectl-lite apply'. Rolling back will not update the %s annotation, which may cause unexpected behavior on future 'kubectl-lite apply' operations. Consider using 'kubectl-lite apply' with your previous configuration file instead.\n", m.resource.Plural, m.object.name(), lastApplied)
		}
		return s.rolloutUndo(ctx, o, m)
	})
}

// rolloutUndo brings back the template of an earlier revision. The rest, replicas for example, stays.
func (s *session) rolloutUndo(ctx context.Context, o *rolloutOptions, m *manifest) error {
	revisions, err := s.rolloutRevisions(ctx, m)
	if err != nil {
		return err
	}
	target, err := undoTarget(m, revisions, o.toRevision)
	if err != nil {
		return err
	}
	template, err := target.template()
	if err != nil {
		return err
	}
	if o.dryRun == "client" {
		sh := newRawSheet()
		describePodTemplate(sh, template)
		return sh.copyTo(s.Out)
	}
	if paused, _ := m.object.at("spec", "paused").(bool); paused {
		return errors.New("you cannot rollback a paused deployment; resume it first with 'kubectl-lite rollout resume' and try again")
	}
	current, err := templateOf(m.object)
	if err != nil {
		return err
	}
	if sameTemplate(template, current) {
		return s.report(ctx, &o.changeFlags, m, fmt.Sprintf("skipped rollback (current template already matches revision %d)", o.toRevision))
	}
	patchType, patch, err := target.restore()
	if err != nil {
		return err
	}
	if m.object, err = s.patchObject(ctx, m, patchType, patch, o.query()); err != nil {
		return fmt.Errorf("failed restoring revision %d: %w", o.toRevision, err)
	}
	return s.report(ctx, &o.changeFlags, m, "rolled back")
}

// undoTarget is the revision with the number, or the last but one when none is given.
func undoTarget(m *manifest, revisions []rolloutRevision, number int64) (*rolloutRevision, error) {
	if number > 0 {
		if r := revisionWith(revisions, number); r != nil {
			return r, nil
		}
		return nil, fmt.Errorf("unable to find specified revision %d in history", number)
	}
	switch {
	case len(revisions) >= 2:
		return &revisions[len(revisions)-2], nil
	case m.resource.Resource() == "deployments.apps":
		return nil, fmt.Errorf("no rollout history found for deployment %q", m.object.name())
	}
	return nil, errors.New("no last revision to roll back to")
}

// completeRollouts completes what has rollouts.
func completeRollouts(s *session) cobra.CompletionFunc {
	return s.completeKinds("deployments", "daemonsets", "statefulsets")
}
