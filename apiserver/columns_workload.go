package apiserver

import (
	"fmt"
	"strings"
	"time"

	"kubelite/api"
)

// The columns of kinds that make pods, or keep the templates that pods are made from.

var deploymentColumns = columns(func(d *api.Deployment, now time.Time) []any {
	names, images := containersText(d.Spec.Template.Spec.Containers)
	selector := "<invalid>"
	if s, err := api.LabelSelectorAsSelector(d.Spec.Selector); err == nil {
		selector = s.String()
	}
	return []any{
		d.Name, fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, api.Deref(d.Spec.Replicas, 1)),
		d.Status.UpdatedReplicas, d.Status.AvailableReplicas, age(d.CreationTimestamp.Time, now), names, images, selector,
	}
},
	nameColumn,
	text("Ready", "Pods that are ready, out of those wanted."),
	text("Up-to-date", "Pods that are made from the current template."),
	text("Available", "Pods that have been ready for minReadySeconds."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

var replicaSetColumns = columns(func(rs *api.ReplicaSet, now time.Time) []any {
	names, images := containersText(rs.Spec.Template.Spec.Containers)
	return []any{
		rs.Name, api.Deref(rs.Spec.Replicas, 1), rs.Status.Replicas, rs.Status.ReadyReplicas,
		age(rs.CreationTimestamp.Time, now), names, images, api.FormatLabelSelector(rs.Spec.Selector),
	}
},
	nameColumn,
	integer("Desired", "Pods that are wanted."),
	integer("Current", "Pods that exist."),
	integer("Ready", "Pods that are ready."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

var controllerRevisionColumns = columns(func(r *api.ControllerRevision, now time.Time) []any {
	controller := "<none>"
	if ref := api.ControllerOf(r); ref != nil {
		controller = strings.ToLower(ref.Kind)
		if group := api.ParseGroupVersion(ref.APIVersion).Group; group != "" {
			controller += "." + group
		}
		controller += "/" + ref.Name
	}
	return []any{r.Name, controller, r.Revision, age(r.CreationTimestamp.Time, now)}
},
	nameColumn,
	text("Controller", "What this is a revision of."),
	text("Revision", "Number of the revision: the highest is the newest."),
	ageColumn,
)

var podTemplateColumns = columns(func(t *api.PodTemplate, _ time.Time) []any {
	names, images := containersText(t.Template.Spec.Containers)
	return []any{t.Name, names, images, labelsText(t.Template.Labels)}
},
	nameColumn,
	text("Containers", "Names of the containers in the template."),
	text("Images", "Images of the containers in the template."),
	text("Pod Labels", "Labels that pods made from the template carry."),
)

var scaleColumns = columns(func(s *api.Scale, now time.Time) []any {
	return []any{s.Name, s.Spec.Replicas, s.Status.Replicas, age(s.CreationTimestamp.Time, now)}
},
	nameColumn,
	integer("Desired", "Pods that are wanted."),
	integer("Available", "Pods that exist."),
	ageColumn,
)
