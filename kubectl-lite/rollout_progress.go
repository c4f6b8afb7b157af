package kubectllite

import (
	"errors"
	"fmt"

	"kubelite/api"
)

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

// deploymentProgress says how far a rollout is, from what the Deployment's status tells about its replicas.
func deploymentProgress(d *api.Deployment, revision int64) (text string, done bool, err error) {
	if current := revisionNumber(d); revision > 0 && revision != current {
		return "", false, fmt.Errorf("desired revision (%d) is different from the running revision (%d)", revision, current)
	}
	status := &d.Status
	if d.Generation > status.ObservedGeneration {
		return "Waiting for deployment spec update to be observed...\n", false, nil
	}
	for _, c := range status.Conditions {
		if c.Type == api.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded" {
			return "", false, fmt.Errorf("deployment %q exceeded its progress deadline", d.Name)
		}
	}
	waiting := fmt.Sprintf("Waiting for deployment %q rollout to finish: ", d.Name)
	switch {
	case d.Spec.Replicas != nil && status.UpdatedReplicas < *d.Spec.Replicas:
		return fmt.Sprintf("%s%d out of %d new replicas have been updated...\n", waiting, status.UpdatedReplicas, *d.Spec.Replicas), false, nil
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%s%d old replicas are pending termination...\n", waiting, status.Replicas-status.UpdatedReplicas), false, nil
	case status.AvailableReplicas < status.UpdatedReplicas:
		return fmt.Sprintf("%s%d of %d updated replicas are available...\n", waiting, status.AvailableReplicas, status.UpdatedReplicas), false, nil
	}
	return fmt.Sprintf("deployment %q successfully rolled out\n", d.Name), true, nil
}

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
