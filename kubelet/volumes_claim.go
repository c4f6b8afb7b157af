package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"kubelite/api"
	"kubelite/client"
)

// A claim is a pod's ticket to storage that outlives it. By the time the pod has a node, the claim is bound to a
// PersistentVolume; the kubelet follows the two references and leaves a link to the place:
//
//	pod ──claimName──▶ PersistentVolumeClaim ──volumeName──▶ PersistentVolume ──▶ hostPath or local path
//	                                         ◀──claimRef────
//
// Both references must agree: a volume may have been given to another claim of the same name since.

// setUpClaim links dir to the volume that the pod's claim is bound to.
func (k *Kubelet) setUpClaim(ctx context.Context, pod *api.Pod, v *api.Volume, dir string) error {
	volume, err := k.claimedVolume(ctx, pod, v)
	if err != nil {
		return &notProcessedError{v.Name, err}
	}
	path, err := setUpPersistentVolume(volume, pod)
	if err != nil {
		return err
	}
	if have, err := os.Readlink(dir); err == nil && have == path {
		return nil
	}
	return errors.Join(os.MkdirAll(filepath.Dir(dir), 0o755), os.RemoveAll(dir), os.Symlink(path, dir))
}

// notProcessedError says of a volume that it is not known what to mount; upstream's events say that in other words than
// that mounting failed.
type notProcessedError struct {
	volume string
	err    error
}

func (e *notProcessedError) Error() string {
	return fmt.Sprintf("unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[%[1]s]: %v", e.volume, e.err)
}

// claimedVolume follows the references from the pod to its volume.
func (k *Kubelet) claimedVolume(ctx context.Context, pod *api.Pod, v *api.Volume) (*api.PersistentVolume, error) {
	name := v.ClaimName(pod.Name)
	claim, volume, err := k.boundVolume(ctx, pod.Namespace, name)
	if err != nil {
		return nil, fmt.Errorf("error processing PVC %s/%s: %w", pod.Namespace, name, err)
	}
	if v.Ephemeral != nil && !api.IsControlledBy(claim, pod) {
		return nil, fmt.Errorf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, claim.Name, pod.Namespace, pod.Name)
	}
	if mode := api.Deref(volume.Spec.VolumeMode, api.PersistentVolumeFilesystem); mode != api.PersistentVolumeFilesystem {
		return nil, fmt.Errorf("volume %s has volumeMode %s, but is specified in volumeMounts", v.Name, mode)
	}
	return volume, nil
}

// boundVolume returns a claim and the volume that it is bound to.
func (k *Kubelet) boundVolume(ctx context.Context, namespace, name string) (*api.PersistentVolumeClaim, *api.PersistentVolume, error) {
	claim, err := client.Of[*api.PersistentVolumeClaim](k.client).Get(ctx, namespace, name)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("failed to fetch PVC from API server: %w", err)
	case claim.DeletionTimestamp != nil && !slices.Contains(claim.Finalizers, "kubernetes.io/pvc-protection"):
		return nil, nil, errors.New("PVC is being deleted")
	case claim.Status.Phase != api.ClaimBound:
		return nil, nil, errors.New("PVC is not bound")
	case claim.Spec.VolumeName == "":
		return nil, nil, errors.New("PVC has empty pvc.Spec.VolumeName")
	}
	volume, err := client.Of[*api.PersistentVolume](k.client).Get(ctx, "", claim.Spec.VolumeName)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("failed to fetch PV %s from API server: %w", claim.Spec.VolumeName, err)
	case volume.Spec.ClaimRef == nil:
		return nil, nil, fmt.Errorf("found PV object %s but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim", volume.Name)
	case volume.Spec.ClaimRef.UID != claim.UID:
		return nil, nil, fmt.Errorf("found PV object %s but its pv.Spec.ClaimRef.UID %s does not point to claim.UID %s", volume.Name, volume.Spec.ClaimRef.UID, claim.UID)
	}
	return claim, volume, nil
}

// setUpPersistentVolume checks that a volume is on this machine and returns where.
func setUpPersistentVolume(volume *api.PersistentVolume, pod *api.Pod) (string, error) {
	switch {
	case volume.Spec.HostPath != nil:
		return volume.Spec.HostPath.Path, setUpHostPath(volume.Spec.HostPath)
	case volume.Spec.Local != nil:
		path := volume.Spec.Local.Path
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("path %q does not exist", path)
		}
		group, policy := fsGroup(pod), (*api.PodFSGroupChangePolicy)(nil)
		if group == nil {
			return path, nil
		}
		if policy = pod.Spec.SecurityContext.FSGroupChangePolicy; api.Deref(policy, api.FSGroupChangeAlways) == api.FSGroupChangeOnRootMismatch && inGroup(path, *group, readWrite) {
			return path, nil
		}
		return path, giveToGroup(path, *group, readWrite)
	}
	return "", fmt.Errorf("PV %s is of a kind that is not supported by kubelite: hostPath and local are", volume.Name)
}
