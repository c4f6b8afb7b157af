package kubectllite

import (
	"context"
	"slices"
	"strconv"

	"kubelite/api"
	"kubelite/client"
)

// rolloutRevision is a pod template that a workload had. A Deployment keeps its revisions as ReplicaSets; StatefulSets and
// DaemonSets keep theirs as ControllerRevisions, each of which holds a patch that brings the template back.
type rolloutRevision struct {
	number   int64
	cause    string // why it was made, if anybody said so
	template func() (*api.PodTemplateSpec, error)
	restore  func() (api.PatchType, []byte, error)
	// causeInTemplate says that history shows the cause among the template's annotations.
	causeInTemplate bool
}

// rolloutRevisions are those of whatever the object is, oldest first.
func (s *session) rolloutRevisions(ctx context.Context, m *manifest) ([]rolloutRevision, error) {
	if m.resource.Resource() == "deployments.apps" {
		return s.deploymentRevisions(ctx, m)
	}
	return s.controllerRevisions(ctx, m)
}

func revisionWith(revisions []rolloutRevision, number int64) *rolloutRevision {
	for i := range revisions {
		if revisions[i].number == number {
			return &revisions[i]
		}
	}
	return nil
}

func (s *session) deploymentRevisions(ctx context.Context, m *manifest) ([]rolloutRevision, error) {
	d, err := typed[*api.Deployment](m.object)
	if err != nil {
		return nil, err
	}
	sets, err := replicaSetsOf(ctx, s.api, d)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sets, func(a, b *api.ReplicaSet) int { return int(revisionNumber(a) - revisionNumber(b)) })
	var revisions []rolloutRevision
	for _, rs := range sets {
		revisions = append(revisions, rolloutRevision{
			number: revisionNumber(rs), cause: rs.Annotations[changeCauseAnnotation], causeInTemplate: true,
			template: func() (*api.PodTemplateSpec, error) { return &rs.Spec.Template, nil },
			restore: func() (api.PatchType, []byte, error) {
				patch, err := api.MarshalJSON([]map[string]any{
					{"op": "replace", "path": "/spec/template", "value": withoutHash(&rs.Spec.Template)},
					{"op": "replace", "path": "/metadata/annotations", "value": undoAnnotations(d, rs)},
				})
				return api.JSONPatchType, patch, err
			},
		})
	}
	return revisions, nil
}

func revisionNumber(obj api.Object) int64 {
	n, err := strconv.ParseInt(obj.GetObjectMeta().Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// replicaSetsOf lists the ReplicaSets that a Deployment owns, oldest first.
func replicaSetsOf(ctx context.Context, c *client.Client, d *api.Deployment) ([]*api.ReplicaSet, error) {
	selector, err := api.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, err
	}
	page, err := client.Of[*api.ReplicaSet](c).List(ctx, d.Namespace, client.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, err
	}
	sets := slices.DeleteFunc(page.Items, func(rs *api.ReplicaSet) bool { return !api.IsControlledBy(rs, d) })
	slices.SortStableFunc(sets, func(a, b *api.ReplicaSet) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return sets, nil
}

// newReplicaSet is the one whose template is the Deployment's, nil if it is not made yet.
func newReplicaSet(d *api.Deployment, sets []*api.ReplicaSet) *api.ReplicaSet {
	for _, rs := range sets {
		if sameTemplate(&rs.Spec.Template, &d.Spec.Template) {
			return rs
		}
	}
	return nil
}

// sameTemplate compares templates but for the hash that ReplicaSets carry as a label.
func sameTemplate(a, b *api.PodTemplateSpec) bool { return api.Equal(withoutHash(a), withoutHash(b)) }

func withoutHash(t *api.PodTemplateSpec) *api.PodTemplateSpec {
	t = api.DeepCopy(t)
	delete(t.Labels, templateHashLabel)
	return t
}

// undoAnnotations are the ReplicaSet's, except for those that belong to the Deployment itself.
func undoAnnotations(d *api.Deployment, rs *api.ReplicaSet) map[string]string {
	own := []string{lastApplied, revisionAnnotation, "deployment.kubernetes.io/revision-history",
		"deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to"}
	annotations := map[string]string{}
	for key, value := range rs.Annotations {
		if !slices.Contains(own, key) {
			annotations[key] = value
		}
	}
	for _, key := range own {
		if value, ok := d.Annotations[key]; ok {
			annotations[key] = value
		}
	}
	return annotations
}

func (s *session) controllerRevisions(ctx context.Context, m *manifest) ([]rolloutRevision, error) {
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
	var revisions []rolloutRevision
	for _, r := range own {
		revisions = append(revisions, rolloutRevision{
			number: r.Revision, cause: r.Annotations[changeCauseAnnotation],
			template: func() (*api.PodTemplateSpec, error) {
				then, err := patchLocally(m.resource, api.StrategicMergePatchType, m.object, r.Data.Raw)
				if err != nil {
					return nil, err
				}
				return templateOf(then)
			},
			restore: func() (api.PatchType, []byte, error) { return api.StrategicMergePatchType, r.Data.Raw, nil },
		})
	}
	return revisions, nil
}

// templateOf is the pod template of a workload.
func templateOf(workload object) (*api.PodTemplateSpec, error) {
	data, err := api.MarshalJSON(workload.at("spec", "template"))
	if err != nil {
		return nil, err
	}
	t := &api.PodTemplateSpec{}
	return t, api.UnmarshalJSON(data, t)
}
