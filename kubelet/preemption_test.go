package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestPickVictims(t *testing.T) {
	with := func(name, cpu string, guaranteed bool, priority int32) *api.Pod {
		pod := testPod(name)
		pod.UID, pod.Spec.Priority = api.UID(name), &priority
		if cpu != "" {
			resources := &pod.Spec.Containers[0].Resources
			resources.Requests = api.ResourceList{api.ResourceCPU: api.MustParse(cpu), api.ResourceMemory: api.MustParse("1Mi")}
			if guaranteed {
				resources.Limits = resources.Requests
			}
		}
		return pod
	}
	critical := with("critical", "1", false, api.SystemCriticalPriority)
	none, other := with("none", "", false, 0), with("other", "", false, 0)
	half, one, two := with("half", "500m", false, 0), with("one", "1", false, 0), with("two", "2", false, 0)
	sure := with("sure", "1", true, 0)
	greater := with("greater", "2", false, api.SystemCriticalPriority+1)
	cpu := func(missing int64) []refusal { return []refusal{{resource: api.ResourceCPU, missing: missing}} }
	pods := []refusal{{resource: api.ResourcePods, missing: 1}}
	for _, tt := range []struct {
		name   string
		here   []*api.Pod
		short  []refusal
		want   []*api.Pod
		missed []refusal
	}{
		{"one that suffices, not the largest", []*api.Pod{two, half, one}, cpu(900), []*api.Pod{one}, nil},
		{"two where one does not suffice", []*api.Pod{half, none, one}, cpu(1500), []*api.Pod{one, half}, nil},
		{"not who is guaranteed it, if others will do", []*api.Pod{sure, two}, cpu(1000), []*api.Pod{two}, nil},
		{"who is guaranteed it, if they will not", []*api.Pod{half, sure}, cpu(1000), []*api.Pod{sure}, nil},
		{"of places, that of a pod which asks for nothing", []*api.Pod{half, none, other}, pods, []*api.Pod{none}, nil},
		{"nobody in vain", []*api.Pod{half, none}, cpu(1000), nil, cpu(500)},
		{"nobody who matters more", []*api.Pod{greater, critical}, cpu(1000), nil, cpu(1000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, rest := pickVictims(critical, tt.here, tt.short)
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.missed, rest)
		})
	}
}
