package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kubelite/api"
	"kubelite/client"
)

// StatefulSets and DaemonSets keep their history as ControllerRevisions: each holds a patch that brings the template back.

// statefulSetProgress says how far a rollout is.
func statefulSetProgress(set *api.StatefulSet) (text string, done bool, err error) {
	spec, status := &set.Spec, &set.Status
	if spec.UpdateStrategy.Type != "RollingUpdate" {
		return "", false, errors.New("rollout status is only available for RollingUpdate strategy type")
	}
	if status.ObservedGeneration == 0 || set.Generation > status.ObservedGeneration {
		return "Waiting for statefulset spec update to be observed...\n", false, nil
	}
	replicas := api.Deref(spec.Replicas, 1)
	if status.ReadyReplicas < replicas {
		return fmt.Sprintf("Waiting for %d pods to be ready...\n", replicas-status.ReadyReplicas), false, nil
	}
	if ru := spec.UpdateStrategy.RollingUpdate; ru != nil {
		if wanted := replicas - api.Deref(ru.Partition, 0); ru.Partition != nil && status.UpdatedReplicas < wanted {
			return fmt.Sprintf("Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...\n", status.UpdatedReplicas, wanted), false, nil
		}
		return fmt.Sprintf("partitioned roll out complete: %d new pods have been updated...\n", status.UpdatedReplicas), true, nil
	}
	if status.UpdateRevision != status.CurrentRevision {
		return fmt.Sprintf("waiting for statefulset rolling update to complete %d pods at revision %s...\n", status.UpdatedReplicas, status.UpdateRevision), false, nil
	}
	return fmt.Sprintf("statefulset rolling update complete %d pods at revision %s...\n", status.CurrentReplicas, status.CurrentRevision), true, nil
}

// daemonSetProgress says how far a rollout is.
func daemonSetProgress(set *api.DaemonSet) (text string, done bool, err error) {
	status := &set.Status
	if set.Spec.UpdateStrategy.Type != "RollingUpdate" {
		return "", false, errors.New("rollout status is only available for RollingUpdate strategy type")
	}
	waiting := fmt.Sprintf("Waiting for daemon set %q rollout to finish: ", set.Name)
	switch wanted := status.DesiredNumberScheduled; {
	case set.Generation > status.ObservedGeneration:
		return "Waiting for daemon set spec update to be observed...\n", false, nil
	case status.UpdatedNumberScheduled < wanted:
		return fmt.Sprintf("%s%d out of %d new pods have been updated...\n", waiting, status.UpdatedNumberScheduled, wanted), false, nil
	case status.NumberAvailable < wanted:
		return fmt.Sprintf("%s%d of %d updated pods are available...\n", waiting, status.NumberAvailable, wanted), false, nil
	}
	return fmt.Sprintf("daemon set %q successfully rolled out\n", set.Name), true, nil
}

// rolloutProgress is that of whichever kind the object is.
func rolloutProgress(m *manifest, o object, revision int64) (text string, done bool, err error) {
	switch m.resource.Resource() {
	case "statefulsets.apps":
		set, err := typed[*api.StatefulSet](o)
		if err != nil {
			return "", false, err
		}
		return statefulSetProgress(set)
	case "daemonsets.apps":
		set, err := typed[*api.DaemonSet](o)
		if err != nil {
			return "", false, err
		}
		return daemonSetProgress(set)
	}
	d, err := typed[*api.Deployment](o)
	if err != nil {
		return "", false, err
	}
	return deploymentProgress(d, revision)
}

// controllerRevisions are the object's own, oldest first.
func (s *session) controllerRevisions(ctx context.Context, m *manifest) ([]*api.ControllerRevision, error) {
	selector, err := podSelector(m.object)
	if err != nil {
		return nil, err
	}
	page, err := client.Of[*api.ControllerRevision](s.api).List(ctx, m.object.namespace(), client.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	uid := m.object.text("metadata", "uid")
	own := slices.DeleteFunc(page.Items, func(r *api.ControllerRevision) bool {
		owner := api.ControllerOf(r)
		return owner == nil || string(owner.UID) != uid
	})
	slices.SortFunc(own, func(a, b *api.ControllerRevision) int { return int(a.Revision - b.Revision) })
	return own, nil
}

// templateAt is the pod template that a revision stands for.
func templateAt(m *manifest, r *api.ControllerRevision) (*api.PodTemplateSpec, error) {
	then, err := patchLocally(m.resource, api.StrategicMergePatchType, m.object, r.Data.Raw)
	if err != nil {
		return nil, err
	}
	data, err := api.MarshalJSON(then.at("spec", "template"))
	if err != nil {
		return nil, err
	}
	t := &api.PodTemplateSpec{}
	return t, api.UnmarshalJSON(data, t)
}

func (s *session) revisionHistory(ctx context.Context, m *manifest, revision int64) error {
	own, err := s.controllerRevisions(ctx, m)
	if err != nil {
		return err
	}
	if revision > 0 {
		at := slices.IndexFunc(own, func(r *api.ControllerRevision) bool { return r.Revision == revision })
		if at < 0 {
			return fmt.Errorf("unable to find the specified revision")
		}
		template, err := templateAt(m, own[at])
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%s with revision #%d\n", m.display(), revision)
		sh := newRawSheet()
		describePodTemplate(sh, template)
		return s.copyAndEndLine(sh)
	}
	fmt.Fprintf(s.Out, "%s \n", m.display())
	sh := newSheet()
	if len(own) == 0 {
		sh.line(0, "No rollout history found.")
	} else {
		sh.line(0, "REVISION\tCHANGE-CAUSE")
	}
	for _, r := range own {
		cause := r.Annotations[changeCauseAnnotation]
		if cause == "" {
			cause = "<none>"
		}
		sh.line(0, "%d\t%s", r.Revision, cause)
	}
	return s.copyAndEndLine(sh)
}

// revisionUndo brings back the template of an earlier revision.
func (s *session) revisionUndo(ctx context.Context, o *rolloutOptions, m *manifest) error {
	own, err := s.controllerRevisions(ctx, m)
	if err != nil {
		return err
	}
	var target *api.ControllerRevision
	switch {
	case o.toRevision > 0:
		at := slices.IndexFunc(own, func(r *api.ControllerRevision) bool { return r.Revision == o.toRevision })
		if at < 0 {
			return fmt.Errorf("unable to find specified revision %d in history", o.toRevision)
		}
		target = own[at]
	case len(own) < 2:
		return errors.New("no last revision to roll back to")
	default:
		target = own[len(own)-2]
	}
	then, err := patchLocally(m.resource, api.StrategicMergePatchType, m.object, target.Data.Raw)
	if err != nil {
		return err
	}
	if o.dryRun == "client" {
		template, err := templateAt(m, target)
		if err != nil {
			return err
		}
		sh := newRawSheet()
		describePodTemplate(sh, template)
		return sh.copyTo(s.Out)
	}
	if api.Equal(then.at("spec", "template"), m.object.at("spec", "template")) {
		return s.report(ctx, &o.changeFlags, m, fmt.Sprintf("skipped rollback (current template already matches revision %d)", target.Revision))
	}
	if m.object, err = s.patchObject(ctx, m, api.StrategicMergePatchType, target.Data.Raw, o.query()); err != nil {
		return fmt.Errorf("failed restoring revision %d: %w", o.toRevision, err)
	}
	return s.report(ctx, &o.changeFlags, m, "rolled back")
}
