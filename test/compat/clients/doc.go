// Package clients runs the programs and libraries that people use with Kubernetes against a cluster of kubelite: kubectl,
// Helm, a client-go informer, two managers that apply, an operator built on controller-runtime, the Python client, and, where
// they have been built, upstream's controllers and scheduler. None of them is modified, and none must be able to tell the
// difference. It prints one line per client and check:
//
//	kubectl 1.36.3       apply, change, prune a field             ok
//
// What kubectl prints is checked by sessions in testdata/kubectl, one file a check. What kubectl-lite prints is compared with
// that, command by command: testdata/commands, where Docker answers on real containers, too. What upstream's controllers come to is compared
// with what ours do, scenario by scenario: testdata/agree. With COMPAT_KUBECONFIG set they run
// against that cluster instead, so that the expectations themselves can be tried on the real Kubernetes.
package clients
