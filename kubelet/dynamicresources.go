package kubelet

import (
	"context"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

// The devices that a pod's ResourceClaims were given must be ready before its sandbox is made. In a real cluster the kubelet asks
// the driver of each, which runs on the node and has registered with it, by gRPC. Nobody can register here, so a pod with a device
// waits and says for whom; only the devices of simulated nodes are ready at once.

// prepareDevices checks that the pod may use its claims, and that their devices are ready.
func (w *podWorker) prepareDevices(ctx context.Context, pod *api.Pod) error {
	err := w.k.checkClaims(ctx, pod)
	if err != nil {
		w.event(ctx, pod, "", eventWarning, "FailedPrepareDynamicResources", "Failed to prepare dynamic resources: %v", err)
		return fmt.Errorf("prepare dynamic resources: %w", err)
	}
	return nil
}

func (k *Kubelet) checkClaims(ctx context.Context, pod *api.Pod) error {
	wanted := pod.Spec.ResourceClaims
	if extended := pod.Status.ExtendedResourceClaimStatus; extended != nil {
		wanted = append(wanted[:len(wanted):len(wanted)], api.PodResourceClaim{ResourceClaimName: &extended.ResourceClaimName})
	}
	for i := range wanted {
		name, made, err := pod.ResourceClaimName(&wanted[i])
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		claim, err := client.Of[*api.ResourceResourceClaim](k.client).Get(ctx, pod.Namespace, name)
		switch {
		case err != nil:
			return fmt.Errorf("fetch ResourceClaim %s: %w", name, err)
		case made && !api.IsControlledBy(claim, pod):
			return fmt.Errorf("ResourceClaim %s was not created for Pod %s (Pod is not owner)", claim.Key(), pod.Key())
		case !claim.IsReservedFor(pod.UID):
			return fmt.Errorf("pod %s (%s) is not allowed to use ResourceClaim %s (%s)", pod.Name, pod.UID, name, claim.UID)
		case claim.Status.Allocation == nil:
			return fmt.Errorf("ResourceClaim %s: not allocated", name)
		}
		if _, simulated := k.runtime.(SimulatedProber); simulated {
			continue
		}
		for _, device := range claim.Status.Allocation.Devices.Results {
			return fmt.Errorf("DRA driver %s is not registered", device.Driver)
		}
	}
	return nil
}
