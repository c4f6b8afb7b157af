package apiserver

import (
	"context"

	"kubelite/api"
)

// The taints of a node that does not answer.
const (
	taintNotReady    = "node.kubernetes.io/not-ready"
	taintUnreachable = "node.kubernetes.io/unreachable"
)

// defaultTolerationSeconds lets a pod stay for five minutes on a node that stopped answering: most outages are
// shorter, and moving every pod at once would make them worse. Upstream's admission plugin of that name.
type defaultTolerationSeconds struct{}

// Mutate adds the two tolerations, unless the pod says something about these taints itself.
func (defaultTolerationSeconds) Mutate(_ context.Context, req *Request, obj, _ api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || req.Subresource != "" {
		return nil
	}
	for _, taint := range []string{taintNotReady, taintUnreachable} {
		if !tolerates(pod, taint) {
			pod.Spec.Tolerations = append(pod.Spec.Tolerations, api.Toleration{
				Key: taint, Operator: api.TolerationOpExists, Effect: api.TaintEffectNoExecute, TolerationSeconds: api.Ptr(int64(300)),
			})
		}
	}
	return nil
}

// tolerates tells whether the pod has any toleration for the taint with effect NoExecute. An empty key or effect
// stands for all of them.
func tolerates(pod *api.Pod, taint string) bool {
	for i := range pod.Spec.Tolerations {
		t := &pod.Spec.Tolerations[i]
		if (t.Key == taint || t.Key == "") && (t.Effect == api.TaintEffectNoExecute || t.Effect == "") {
			return true
		}
	}
	return false
}

// Validate does nothing.
func (defaultTolerationSeconds) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}
