package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPodQOS(t *testing.T) {
	list := func(cpu, memory string) ResourceList {
		out := ResourceList{}
		if cpu != "" {
			out[ResourceCPU] = MustParse(cpu)
		}
		if memory != "" {
			out[ResourceMemory] = MustParse(memory)
		}
		return out
	}
	both := func(requests, limits ResourceList) ResourceRequirements {
		return ResourceRequirements{Requests: requests, Limits: limits}
	}
	full := both(list("1", "1Gi"), list("1", "1Gi"))
	for name, tt := range map[string]struct {
		containers []ResourceRequirements
		init       []ResourceRequirements
		pod        *ResourceRequirements
		want       PodQOSClass
	}{
		"nothing":                   {containers: []ResourceRequirements{{}}, want: PodQOSBestEffort},
		"other resources only":      {containers: []ResourceRequirements{{Requests: ResourceList{"example.com/gpu": MustParse("1")}}}, want: PodQOSBestEffort},
		"all limited as requested":  {containers: []ResourceRequirements{full, full}, want: PodQOSGuaranteed},
		"written differently":       {containers: []ResourceRequirements{both(list("1000m", "1024Mi"), list("1", "1Gi"))}, want: PodQOSGuaranteed},
		"one container without":     {containers: []ResourceRequirements{full, {}}, want: PodQOSBurstable},
		"init container without":    {containers: []ResourceRequirements{full}, init: []ResourceRequirements{{}}, want: PodQOSBurstable},
		"cpu only":                  {containers: []ResourceRequirements{both(list("1", ""), list("1", ""))}, want: PodQOSBurstable},
		"request below limit":       {containers: []ResourceRequirements{both(list("500m", "1Gi"), list("1", "1Gi"))}, want: PodQOSBurstable},
		"request without limit":     {containers: []ResourceRequirements{both(list("500m", ""), nil)}, want: PodQOSBurstable},
		"pod speaks for containers": {containers: []ResourceRequirements{{}}, pod: &full, want: PodQOSGuaranteed},
		"pod with requests only":    {containers: []ResourceRequirements{full}, pod: &ResourceRequirements{Requests: list("1", "")}, want: PodQOSBurstable},
	} {
		t.Run(name, func(t *testing.T) {
			spec := &PodSpec{Resources: tt.pod}
			for _, r := range tt.containers {
				spec.Containers = append(spec.Containers, Container{Resources: r})
			}
			for _, r := range tt.init {
				spec.InitContainers = append(spec.InitContainers, Container{Resources: r})
			}
			require.Equal(t, tt.want, PodQOS(spec))
		})
	}
}

func TestPullPolicyFor(t *testing.T) {
	const digest = "@sha256:0123456789012345678901234567890123456789012345678901234567890123"
	for image, want := range map[string]PullPolicy{
		"nginx": PullAlways, "nginx:latest": PullAlways, "nginx:1.27": PullIfNotPresent, "a/b/c": PullAlways,
		"localhost:5000/a": PullAlways, "localhost:5000/a:v1": PullIfNotPresent, "[::1]:5000/a": PullAlways,
		"a" + digest: PullIfNotPresent, "a:latest" + digest: PullAlways, "a:v1" + digest: PullIfNotPresent,
		"Upper": PullIfNotPresent, "a:": PullIfNotPresent, "a b": PullIfNotPresent, "": PullIfNotPresent, "a@nope": PullIfNotPresent,
		"a..b": PullIfNotPresent, "a___b": PullIfNotPresent, "a__b/c--d/e.f": PullAlways, "a/-b": PullIfNotPresent, "host.x:port/a": PullIfNotPresent,
	} {
		require.Equal(t, want, pullPolicyFor(image), image)
	}
}

// TestAggregateContainers: sidecars count beside everything, other init containers only one at a time.
func TestAggregateContainers(t *testing.T) {
	ctr := func(cpu string, sidecar bool) Container {
		c := Container{Resources: ResourceRequirements{Requests: ResourceList{ResourceCPU: MustParse(cpu)}}}
		if sidecar {
			c.RestartPolicy = Ptr(ContainerRestartPolicyAlways)
		}
		return c
	}
	requests := func(r *ResourceRequirements) ResourceList { return r.Requests }
	for name, tt := range map[string]struct {
		init, containers []Container
		want             string
	}{
		"containers add up":             {containers: []Container{ctr("1", false), ctr("2", false)}, want: "3"},
		"largest init container":        {init: []Container{ctr("5", false), ctr("4", false)}, containers: []Container{ctr("1", false)}, want: "5"},
		"sidecar beside containers":     {init: []Container{ctr("2", true)}, containers: []Container{ctr("1", false)}, want: "3"},
		"sidecar beside a later init":   {init: []Container{ctr("2", true), ctr("4", false)}, containers: []Container{ctr("1", false)}, want: "6"},
		"sidecar after an earlier init": {init: []Container{ctr("4", false), ctr("2", true)}, containers: []Container{ctr("1", false)}, want: "4"},
	} {
		t.Run(name, func(t *testing.T) {
			sum := aggregateContainers(&PodSpec{InitContainers: tt.init, Containers: tt.containers}, requests)
			got := sum[ResourceCPU]
			require.Equal(t, tt.want, got.String())
		})
	}
}

func BenchmarkDefaultAndValidatePod(b *testing.B) {
	pod := New[*Pod]()
	pod.ObjectMeta = ObjectMeta{Name: "web-5d4f8c7b9-x7k2p", Namespace: "default", Labels: map[string]string{"app": "web", "pod-template-hash": "5d4f8c7b9"}}
	pod.Spec.Containers = []Container{{
		Name: "web", Image: "nginx:1.27", Ports: []ContainerPort{{Name: "http", ContainerPort: 80}},
		Env:            []EnvVar{{Name: "A", Value: "b"}, {Name: "B", ValueFrom: &EnvVarSource{FieldRef: &ObjectFieldSelector{FieldPath: "metadata.name"}}}},
		Resources:      ResourceRequirements{Limits: ResourceList{ResourceCPU: MustParse("500m"), ResourceMemory: MustParse("128Mi")}},
		VolumeMounts:   []VolumeMount{{Name: "config", MountPath: "/etc/web"}},
		ReadinessProbe: &Probe{ProbeHandler: ProbeHandler{HTTPGet: &HTTPGetAction{Port: FromString("http")}}},
	}}
	pod.Spec.Volumes = []Volume{{Name: "config", VolumeSource: VolumeSource{ConfigMap: &ConfigMapVolumeSource{LocalObjectReference: LocalObjectReference{Name: "web"}}}}}
	kind := KindOf[*Pod]()
	b.ReportAllocs()
	for b.Loop() {
		kind.Default(pod)
		if errs := ValidateNew(kind, pod); len(errs) > 0 {
			b.Fatal(errs.Aggregate())
		}
	}
}
