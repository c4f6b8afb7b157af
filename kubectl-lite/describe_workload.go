package kubectllite

import (
	"context"
	"fmt"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

func describeDeployment(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	d, err := typed[*api.Deployment](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", d.Name)
	sh.line(0, "Namespace:\t%s", d.Namespace)
	sh.line(0, "CreationTimestamp:\t%s", date(d.CreationTimestamp.Time))
	sh.labels("Labels", d.Labels)
	sh.annotations("Annotations", d.Annotations)
	sh.line(0, "Selector:\t%s", selector)
	sh.line(0, "Replicas:\t%d desired | %d updated | %d total | %d available | %d unavailable", api.Deref(d.Spec.Replicas, 1),
		d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas, d.Status.UnavailableReplicas)
	sh.line(0, "StrategyType:\t%s", d.Spec.Strategy.Type)
	sh.line(0, "MinReadySeconds:\t%d", d.Spec.MinReadySeconds)
	if ru := d.Spec.Strategy.RollingUpdate; ru != nil {
		sh.line(0, "RollingUpdateStrategy:\t%s max unavailable, %s max surge",
			api.Deref(ru.MaxUnavailable, api.FromInt(0)).String(), api.Deref(ru.MaxSurge, api.FromInt(0)).String())
	}
	describePodTemplate(sh, &d.Spec.Template)
	var rows [][3]string
	for _, cond := range d.Status.Conditions {
		rows = append(rows, [3]string{string(cond.Type), string(cond.Status), cond.Reason})
	}
	sh.conditionTable(rows)
	sets, err := replicaSetsOf(ctx, c, d)
	if err != nil {
		return err
	}
	if len(sets) > 0 {
		var old, current []*api.ReplicaSet
		newest := newReplicaSet(d, sets)
		for _, rs := range sets {
			if rs == newest {
				current = append(current, rs)
			} else {
				old = append(old, rs)
			}
		}
		sh.line(0, "OldReplicaSets:\t%s", formatReplicaSets(old))
		sh.line(0, "NewReplicaSet:\t%s", formatReplicaSets(current))
	}
	return nil
}

func formatReplicaSets(sets []*api.ReplicaSet) string {
	var texts []string
	for _, rs := range sets {
		texts = append(texts, fmt.Sprintf("%s (%d/%d replicas created)", rs.Name, rs.Status.Replicas, api.Deref(rs.Spec.Replicas, 1)))
	}
	if len(texts) == 0 {
		return "<none>"
	}
	return strings.Join(texts, ", ")
}

func describeReplicaSet(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	rs, err := typed[*api.ReplicaSet](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return err
	}
	pods, err := client.Of[*api.Pod](c).List(ctx, rs.Namespace, client.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return err
	}
	phases := map[api.PodPhase]int{}
	for _, pod := range pods.Items {
		if api.IsControlledBy(pod, rs) {
			phases[pod.Status.Phase]++
		}
	}
	sh.line(0, "Name:\t%s", rs.Name)
	sh.line(0, "Namespace:\t%s", rs.Namespace)
	sh.line(0, "Selector:\t%s", api.FormatLabelSelector(rs.Spec.Selector))
	sh.labels("Labels", rs.Labels)
	sh.annotations("Annotations", rs.Annotations)
	describeController(sh, rs)
	sh.line(0, "Replicas:\t%d current / %d desired", rs.Status.Replicas, api.Deref(rs.Spec.Replicas, 1))
	sh.line(0, "Pods Status:\t%d Running / %d Waiting / %d Succeeded / %d Failed",
		phases[api.PodRunning], phases[api.PodPending], phases[api.PodSucceeded], phases[api.PodFailed])
	describePodTemplate(sh, &rs.Spec.Template)
	var rows [][3]string
	for _, cond := range rs.Status.Conditions {
		rows = append(rows, [3]string{string(cond.Type), string(cond.Status), cond.Reason})
	}
	sh.conditionTable(rows)
	return nil
}
