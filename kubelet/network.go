package kubelet

import (
	"errors"
	"fmt"

	"kubelite/api"
)

// Which addresses the node's pods get is not the kubelet's to decide: the control plane writes a range into the Node, and
// until it is there only pods on the node's own network can start.
//
//	register Node ──▶ Ready=False, the network is not ready ──▶ spec.podCIDR ──▶ UpdatePodCIDR of the runtime ──▶ Ready

// errNoPodCIDR is what a kubelet says that waits for its range.
var errNoPodCIDR = errors.New("the node has no pod CIDR yet")

// usePodCIDR hands the Node's range to the runtime, the first time that it is there.
func (k *Kubelet) usePodCIDR(node *api.Node) {
	cidr := node.Spec.PodCIDR
	k.mu.Lock()
	defer k.mu.Unlock()
	if cidr == "" || cidr == k.podCIDR {
		return
	}
	if k.networkFailure = k.runtime.UpdatePodCIDR(cidr); k.networkFailure == nil {
		k.log.Info("pods get addresses", "node", node.Name, "podCIDR", cidr)
		k.podCIDR = cidr
	}
}

// networkError says why no pod can get an address, in the words that a runtime's network plugin has for it upstream; nil
// if they can.
func (k *Kubelet) networkError() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.networkFailure == nil {
		return nil
	}
	return fmt.Errorf("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:%w", k.networkFailure)
}
