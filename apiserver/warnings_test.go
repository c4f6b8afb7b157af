package apiserver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// The words are upstream's (pkg/api/pod/warnings.go, pkg/api/service/warnings.go).
func TestPodWarnings(t *testing.T) {
	const container = `{"name":"c","image":"i"`
	for name, tt := range map[string]struct {
		meta, spec string
		want       []string
	}{
		"nothing": {"{}", `{"containers":[` + container + `}]}`, nil},
		"node labels": {"{}", `{"nodeSelector":{"beta.kubernetes.io/os":"linux"},"affinity":{"nodeAffinity":{
			"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"beta.kubernetes.io/arch","operator":"In","values":["-"]}]}]},
			"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[{"key":"a","operator":"In","values":["-"]}]}}]}},
			"topologySpreadConstraints":[{"topologyKey":"failure-domain.beta.kubernetes.io/zone"}]}`, []string{
			`spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead`,
			`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead`,
			`spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
			`spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
			`spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod`,
		}},
		"annotations": {`{"annotations":{"scheduler.alpha.kubernetes.io/critical-pod":"","seccomp.security.alpha.kubernetes.io/pod":"x",
			"container.apparmor.security.beta.kubernetes.io/c":"unconfined"}}`, `{"containers":[` + container + `}]}`, []string{
			`metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead`,
			`metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead`,
			`metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead`,
		}},
		"volumes": {"{}", `{"volumes":[{"name":"a","storageos":{}},{"name":"b","configMap":{"name":"m","items":[{"key":"k","path":"p"},{"key":"l","path":"p/q"}]}},
			{"name":"c","projected":{"sources":[{"serviceAccountToken":{"path":"t"}},{"secret":{"name":"s","items":[{"key":"k","path":"t"}]}},{}]}}]}`, []string{
			`spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+`,
			`volume "b" (ConfigMap "m"): overlapping paths: "p/q" with "p"`,
			`volume "c" (Projected): overlapping paths: "t" (Secret "s") with "t" (ServiceAccountToken)`,
			`volume "c" (Projected) has no sources provided`,
		}},
		"duplicates": {"{}", `{"hostAliases":[{"ip":"1.2.3.4"},{"ip":"1.2.3.4"}],"imagePullSecrets":[{"name":"a"},{"name":"a"},{}],"terminationGracePeriodSeconds":-1,
			"containers":[` + container + `,"env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"2"}],
			"resources":{"requests":{"memory":"100m"}}}]}`, []string{
			`spec.hostAliases[1].ip: duplicate ip "1.2.3.4"`,
			`spec.imagePullSecrets[1].name: duplicate name "a"`,
			`spec.imagePullSecrets[2].name: invalid empty name ""`,
			`spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer`,
			`spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply`,
			`spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
		}},
		"ports": {"{}", `{"containers":[` + container + `,"ports":[{"name":"p","containerPort":80,"protocol":"TCP"},{"name":"q","containerPort":80,"protocol":"TCP","hostPort":81},
			{"name":"p","containerPort":90,"protocol":"TCP","hostPort":90,"hostIP":"127.0.0.1"},{"containerPort":90,"protocol":"TCP","hostPort":90},
			{"containerPort":99,"protocol":"TCP","hostIP":"127.0.0.1"}]}]}`, []string{
			`spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]`,
			`spec.containers[0].ports[3]: dangerously ambiguous port definition with spec.containers[0].ports[2]`,
			`spec.containers[0].ports[4]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:99 Protocol:TCP HostIP:127.0.0.1}`,
			`spec.containers[0].ports[2]: duplicate port name "p" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &api.Pod{}
			require.NoError(t, api.UnmarshalJSON([]byte(`{"metadata":`+tt.meta+`,"spec":`+tt.spec+`}`), pod))
			require.Equal(t, tt.want, warnPodTemplate(pod, nil))
		})
	}
}

func TestServiceWarnings(t *testing.T) {
	service := &api.Service{}
	require.NoError(t, api.UnmarshalJSON([]byte(`{"metadata":{"annotations":{"service.kubernetes.io/topology-aware-hints":"auto"}},"spec":{"type":"ClusterIP","clusterIP":"None",
		"externalIPs":["1.2.3.4"],"sessionAffinity":"ClientIP","externalName":"a","trafficDistribution":"PreferClose"}}`), service))
	require.Equal(t, []string{
		"annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead",
		"spec.externalIPs is ignored for headless services", "spec.SessionAffinity is ignored for headless services",
		`spec.externalName is ignored when spec.type is not "ExternalName"`,
		`spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"`,
	}, warnService(service, nil))
}

func TestPersistentVolumeWarnings(t *testing.T) {
	volume := &api.PersistentVolume{}
	require.NoError(t, api.UnmarshalJSON([]byte(`{"spec":{"persistentVolumeReclaimPolicy":"Recycle","rbd":{"image":"a"},
		"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"beta.kubernetes.io/os","operator":"Exists"}]}]}}}}`), volume))
	require.Equal(t, []string{
		"spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
		`spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead`,
		"spec.rbd: deprecated in v1.28, non-functional in v1.31+",
	}, warnPersistentVolume(volume, nil))
}
