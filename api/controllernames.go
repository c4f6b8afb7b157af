package api

import (
	"fmt"
	"slices"
	"strings"
)

// controllerNames are the control loops by upstream's names, which `--controllers` takes and `kubelite component stop
// controllers/NAME`, each with the older name that upstream still accepts.
var controllerNames = [][2]string{
	{"bootstrap-signer-controller", "bootstrapsigner"},
	{"certificatesigningrequest-signing-controller", "csrsigning"},
	{"clusterrole-aggregation-controller", "clusterrole-aggregation"},
	{"cronjob-controller", "cronjob"},
	{"daemonset-controller", "daemonset"},
	{"deployment-controller", "deployment"},
	{"device-taint-eviction-controller", "device-taint-eviction-controller"},
	{"disruption-controller", "disruption"},
	{"endpoints-controller", "endpoint"},
	{"endpointslice-controller", "endpointslice"},
	{"endpointslice-mirroring-controller", "endpointslicemirroring"},
	{"ephemeral-volume-controller", "ephemeral-volume"},
	{"garbage-collector-controller", "garbagecollector"},
	{"horizontal-pod-autoscaler-controller", "horizontalpodautoscaling"},
	{"job-controller", "job"},
	{"legacy-serviceaccount-token-cleaner-controller", "legacy-serviceaccount-token-cleaner-controller"},
	{"namespace-controller", "namespace"},
	{"node-ipam-controller", "nodeipam"},
	{"node-lifecycle-controller", "nodelifecycle"},
	{"persistentvolume-binder-controller", "persistentvolume-binder"},
	{"persistentvolume-protection-controller", "pv-protection"},
	{"persistentvolumeclaim-protection-controller", "pvc-protection"},
	{"pod-garbage-collector-controller", "podgc"},
	{"replicaset-controller", "replicaset"},
	{"replicationcontroller-controller", "replicationcontroller"},
	{"resourceclaim-controller", "resource-claim-controller"},
	{"resourcequota-controller", "resourcequota"},
	{"root-ca-certificate-publisher-controller", "root-ca-cert-publisher"},
	{"service-cidr-controller", "service-cidr"},
	{"service-lb-controller", "service"},
	{"serviceaccount-controller", "serviceaccount"},
	{"serviceaccount-token-controller", "serviceaccount-token"},
	{"statefulset-controller", "statefulset"},
	{"taint-eviction-controller", "taint-eviction"},
	{"token-cleaner-controller", "tokencleaner"},
	{"ttl-after-finished-controller", "ttl-after-finished"},
	{"ttl-controller", "ttl"},
	{"volumeattributesclass-protection-controller", "volumeattributesclass-protection-controller"},
}

// ControllerNames are the names of all control loops.
func ControllerNames() (names []string) {
	for _, n := range controllerNames {
		names = append(names, n[0])
	}
	return names
}

// ControllerName is the name of a control loop that somebody calls by this one or by the older one.
func ControllerName(name string) (string, error) {
	i := slices.IndexFunc(controllerNames, func(n [2]string) bool { return slices.Contains(n[:], name) })
	if i < 0 {
		return "", fmt.Errorf("%q is not in the list of known controllers", name)
	}
	return controllerNames[i][0], nil
}

// ControllerSelection says which control loops run: "*" is all of them, "-NAME" not that one, NAME that one. Nothing is all.
type ControllerSelection []string

// Check returns an error for a name that no control loop has.
func (s ControllerSelection) Check() error {
	for _, entry := range s {
		if _, err := ControllerName(strings.TrimPrefix(entry, "-")); err != nil && entry != "*" {
			return err
		}
	}
	return nil
}

// Has tells whether the loop of that name runs. The first entry that names it decides.
func (s ControllerSelection) Has(name string) bool {
	for _, entry := range s {
		if called, err := ControllerName(strings.TrimPrefix(entry, "-")); err == nil && called == name {
			return !strings.HasPrefix(entry, "-")
		}
	}
	return len(s) == 0 || slices.Contains(s, "*")
}
