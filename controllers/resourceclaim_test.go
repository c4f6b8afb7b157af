package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestClaimNamePrefixKeepsSomethingOfBoth(t *testing.T) {
	for name, tt := range map[string]struct{ pod, claim, want string }{
		"short":           {"web", "gpu", "web-gpu-"},
		"57 just fit":     {strings.Repeat("p", 51), "gpux", strings.Repeat("p", 51) + "-gpux-"},
		"58 do not":       {strings.Repeat("p", 52), "gpux", strings.Repeat("p", 51) + "-gpu"},
		"a long pod":      {strings.Repeat("p", 250), "gpu", strings.Repeat("p", 55) + "-"},
		"both of a size":  {strings.Repeat("p", 60), strings.Repeat("c", 60), strings.Repeat("p", 28) + "-" + strings.Repeat("c", 28)},
		"claim of 63":     {"web", strings.Repeat("c", 63), "we-" + strings.Repeat("c", 52)},
		"cut in its name": {"db-0-" + strings.Repeat("p", 95), "accelerator", "db-0-" + strings.Repeat("p", 45) + "-accel"},
	} {
		t.Run(name, func(t *testing.T) {
			got := claimNamePrefix(tt.pod, tt.claim)
			require.Equal(t, tt.want, got)
			require.LessOrEqual(t, len(got), maxClaimNamePrefix)
		})
	}
}

func TestWhoStillNeedsAClaim(t *testing.T) {
	for name, tt := range map[string]struct {
		pod         *api.Pod
		makes, uses bool // is one made for it; does it keep what it has
	}{
		"waits for a node":         {testPod("p", unassigned), true, true},
		"runs":                     {testPod("p"), true, true},
		"is being stopped":         {testPod("p", terminating), false, true},
		"deleted before it began":  {testPod("p", unassigned, terminating), false, false},
		"has succeeded":            {testPod("p", phase(api.PodSucceeded)), false, false},
		"has failed":               {testPod("p", phase(api.PodFailed)), false, false},
		"its node does not answer": {testPod("p", phase(api.PodUnknown)), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.makes, podActive(tt.pod))
			require.Equal(t, tt.uses, !podDone(tt.pod))
		})
	}
}

func TestResourceClaimsOfAPod(t *testing.T) {
	pod := testPod("p", func(p *api.Pod) {
		p.Spec.ResourceClaims = []api.PodResourceClaim{
			{Name: "shared", ResourceClaimName: api.Ptr("everybodys")},
			{Name: "own", ResourceClaimTemplateName: api.Ptr("large")},
			{Name: "later", ResourceClaimTemplateName: api.Ptr("large")},
			{Name: "needless", ResourceClaimTemplateName: api.Ptr("small")},
		}
		p.Status.ResourceClaimStatuses = []api.PodResourceClaimStatus{{Name: "own", ResourceClaimName: api.Ptr("p-own-x7k2f")}, {Name: "needless"}}
		p.Status.ExtendedResourceClaimStatus = &api.PodExtendedResourceClaimStatus{ResourceClaimName: "p-extended-resources-abcde"}
	})
	require.Equal(t, []string{"default/everybodys", "default/p-own-x7k2f", "default/p-extended-resources-abcde"}, podResourceClaimIndex(pod))
	require.Equal(t, []string{"default/large", "default/large", "default/small"}, podClaimTemplateIndex(pod))
	_, _, err := pod.ResourceClaimName(&pod.Spec.ResourceClaims[2])
	require.EqualError(t, err, `pod "default/p": ResourceClaim not created yet`)
	name, made, err := pod.ResourceClaimName(&pod.Spec.ResourceClaims[3])
	require.NoError(t, err)
	require.True(t, made)
	require.Empty(t, name, "not needed")
}

func TestClaimFromTemplate(t *testing.T) {
	template := &api.ResourceClaimTemplate{Spec: api.ResourceClaimTemplateSpec{
		ObjectMeta: api.ObjectMeta{Labels: map[string]string{"team": "a"}, Annotations: map[string]string{"note": "n", annotationPodClaimName: "forged"}},
		Spec:       api.ResourceClaimSpec{Devices: api.DeviceClaim{Requests: []api.DeviceRequest{{Name: "r"}}}},
	}}
	claim := claimFromTemplate(testPod("web"), &api.PodResourceClaim{Name: "gpu"}, template)
	require.Equal(t, "web-gpu-", claim.GenerateName)
	require.Equal(t, map[string]string{"team": "a"}, claim.Labels)
	require.Equal(t, map[string]string{"note": "n", annotationPodClaimName: "gpu"}, claim.Annotations)
	require.Equal(t, []api.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "web", UID: "web-uid", Controller: api.Ptr(true)}}, claim.OwnerReferences)
	require.Equal(t, template.Spec.Spec, claim.Spec)
	require.Equal(t, "forged", template.Spec.Annotations[annotationPodClaimName], "the template is the cache's, and stays as it is")
}

func deviceSlice(generation int64, devices ...api.Device) *api.ResourceSlice {
	return &api.ResourceSlice{Spec: api.ResourceSliceSpec{Driver: "gpu.example.com", Pool: api.ResourcePool{Name: "n1", Generation: generation}, Devices: devices}}
}

func TestOnlyTheNewestGenerationOfAPoolCounts(t *testing.T) {
	hot, broken := api.DeviceTaint{Key: "hot", Effect: api.DeviceTaintEffectNoExecute}, api.DeviceTaint{Key: "broken", Effect: api.DeviceTaintEffectNoExecute}
	device := func(name string, taints ...api.DeviceTaint) api.Device { return api.Device{Name: name, Taints: taints} }
	old, first, second := deviceSlice(1, device("a", broken), device("z", broken)), deviceSlice(2, device("a", hot)), deviceSlice(2, device("b"))
	for _, pool := range [][]*api.ResourceSlice{{old, first, second}, {second, first, old}, {first, old, second}} {
		require.Equal(t, []api.DeviceTaint{hot}, deviceTaints(pool, "a"))
		require.Empty(t, deviceTaints(pool, "b"))
		require.Empty(t, deviceTaints(pool, "z"), "the new generation does not have it")
	}
	require.Equal(t, []api.DeviceTaint{broken}, deviceTaints([]*api.ResourceSlice{old}, "a"))
	require.Empty(t, deviceTaints(nil, "a"))
}

func TestDeviceEvictionTime(t *testing.T) {
	taint := func(key, value string, effect api.DeviceTaintEffect, ago time.Duration) api.DeviceTaint {
		return api.DeviceTaint{Key: key, Value: value, Effect: effect, TimeAdded: api.Ptr(at(-ago))}
	}
	hot := taint("hot", "very", api.DeviceTaintEffectNoExecute, time.Minute)
	broken := taint("broken", "", api.DeviceTaintEffectNoExecute, time.Second)
	tolerates := func(key string, seconds int64, changes ...func(*api.DeviceToleration)) api.DeviceToleration {
		t := api.DeviceToleration{Key: key, Operator: api.DeviceTolerationOpExists, Effect: api.DeviceTaintEffectNoExecute}
		if seconds != forEver {
			t.TolerationSeconds = &seconds
		}
		for _, change := range changes {
			change(&t)
		}
		return t
	}
	effect := func(e api.DeviceTaintEffect) func(*api.DeviceToleration) {
		return func(t *api.DeviceToleration) { t.Effect = e }
	}
	value := func(v string) func(*api.DeviceToleration) {
		return func(t *api.DeviceToleration) { t.Operator, t.Value = api.DeviceTolerationOpEqual, v }
	}
	for name, tt := range map[string]struct {
		taints      []api.DeviceTaint
		tolerations []api.DeviceToleration
		due         time.Duration
		never       bool
	}{
		"no taint":                         {never: true},
		"one that only concerns new ones":  {taints: []api.DeviceTaint{taint("hot", "", api.DeviceTaintEffectNoSchedule, 0), taint("seen", "", api.DeviceTaintEffectNone, 0)}, never: true},
		"not tolerated":                    {taints: []api.DeviceTaint{hot}, due: -time.Minute},
		"tolerated for ever":               {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", forEver)}, never: true},
		"whatever the key":                 {taints: []api.DeviceTaint{hot, broken}, tolerations: []api.DeviceToleration{tolerates("", forEver)}, never: true},
		"whatever the effect":              {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", forEver, effect(""))}, never: true},
		"another effect":                   {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", forEver, effect(api.DeviceTaintEffectNoSchedule))}, due: -time.Minute},
		"its value":                        {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", forEver, value("very"))}, never: true},
		"another value":                    {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", forEver, value("little"))}, due: -time.Minute},
		"tolerated for a while":            {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", 300)}, due: 4 * time.Minute},
		"for less than nothing":            {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("hot", -5)}, due: -time.Minute},
		"of two tolerations the shorter":   {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("", 300), tolerates("hot", 90)}, due: 30 * time.Second},
		"unless one has no end":            {taints: []api.DeviceTaint{hot}, tolerations: []api.DeviceToleration{tolerates("", 300), tolerates("hot", forEver)}, never: true},
		"of two taints the earlier":        {taints: []api.DeviceTaint{hot, broken}, tolerations: []api.DeviceToleration{tolerates("hot", 300), tolerates("broken", 20)}, due: 19 * time.Second},
		"one tolerated, the other one not": {taints: []api.DeviceTaint{hot, broken}, tolerations: []api.DeviceToleration{tolerates("hot", forEver)}, due: -time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			devices := []api.DeviceRequestAllocationResult{
				{Driver: "gpu.example.com", Pool: "n1", Device: "sound"},
				{Driver: "gpu.example.com", Pool: "n1", Device: "a", Tolerations: tt.tolerations},
			}
			due, why := deviceEvictionTime(devices, func(r *api.DeviceRequestAllocationResult) []api.DeviceTaint {
				if r.Device == "a" {
					return tt.taints
				}
				return nil
			})
			if tt.never {
				require.Empty(t, why)
				return
			}
			require.Contains(t, why, "device gpu.example.com/n1/a has taint ")
			require.Equal(t, testNow.Add(tt.due), due)
		})
	}
}

const forEver = -1 << 62
