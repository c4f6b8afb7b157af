package controllers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func testVolume(name, size string, options ...func(*api.PersistentVolume)) *api.PersistentVolume {
	volume := &api.PersistentVolume{
		ObjectMeta: api.ObjectMeta{Name: name},
		Spec: api.PersistentVolumeSpec{
			Capacity: api.ResourceList{api.ResourceStorage: api.MustParse(size)}, AccessModes: []api.PersistentVolumeAccessMode{api.ReadWriteOnce},
			StorageClassName: "manual",
		},
		Status: api.PersistentVolumeStatus{Phase: api.VolumeAvailable},
	}
	for _, option := range options {
		option(volume)
	}
	return volume
}

func keptFor(name string, uid api.UID) func(*api.PersistentVolume) {
	return func(v *api.PersistentVolume) {
		v.Spec.ClaimRef = &api.ObjectReference{Namespace: "default", Name: name, UID: uid}
	}
}

func testClaim(size string, options ...func(*api.PersistentVolumeClaim)) *api.PersistentVolumeClaim {
	claim := &api.PersistentVolumeClaim{
		ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "data", UID: "data-uid"},
		Spec: api.PersistentVolumeClaimSpec{
			Resources:   api.VolumeResourceRequirements{Requests: api.ResourceList{api.ResourceStorage: api.MustParse(size)}},
			AccessModes: []api.PersistentVolumeAccessMode{api.ReadWriteOnce}, StorageClassName: api.Ptr("manual"),
		},
	}
	for _, option := range options {
		option(claim)
	}
	return claim
}

func TestFindVolume(t *testing.T) {
	large, small, tiny := testVolume("large", "10Gi"), testVolume("small", "2Gi"), testVolume("tiny", "1Mi")
	labelled := testVolume("labelled", "3Gi", func(v *api.PersistentVolume) { v.Labels = map[string]string{"disk": "ssd"} })
	block := testVolume("block", "2Gi", func(v *api.PersistentVolume) { v.Spec.VolumeMode = api.Ptr(api.PersistentVolumeBlock) })
	for name, tt := range map[string]struct {
		volumes []*api.PersistentVolume
		claim   *api.PersistentVolumeClaim
		waits   bool
		want    string
	}{
		"the smallest that is large enough":  {volumes: []*api.PersistentVolume{large, small, tiny}, claim: testClaim("1Gi"), want: "small"},
		"none is":                            {volumes: []*api.PersistentVolume{small, tiny}, claim: testClaim("5Gi")},
		"one that is kept for it goes first": {volumes: []*api.PersistentVolume{small, testVolume("kept", "20Gi", keptFor("data", ""))}, claim: testClaim("1Gi"), want: "kept"},
		"even when its consumer decides":     {volumes: []*api.PersistentVolume{small, testVolume("kept", "20Gi", keptFor("data", "data-uid"))}, claim: testClaim("1Gi"), waits: true, want: "kept"},
		"but nothing else then":              {volumes: []*api.PersistentVolume{small}, claim: testClaim("1Gi"), waits: true},
		"one kept for a claim of old is not": {volumes: []*api.PersistentVolume{testVolume("kept", "20Gi", keptFor("data", "older"))}, claim: testClaim("1Gi")},
		"nor one of another class":           {volumes: []*api.PersistentVolume{testVolume("v", "2Gi", func(v *api.PersistentVolume) { v.Spec.StorageClassName = "fast" })}, claim: testClaim("1Gi")},
		"nor one with other access modes": {volumes: []*api.PersistentVolume{small}, claim: testClaim("1Gi", func(c *api.PersistentVolumeClaim) {
			c.Spec.AccessModes = []api.PersistentVolumeAccessMode{api.ReadWriteMany}
		})},
		"nor one of another mode": {volumes: []*api.PersistentVolume{block}, claim: testClaim("1Gi")},
		"nor one that was used":   {volumes: []*api.PersistentVolume{testVolume("v", "2Gi", func(v *api.PersistentVolume) { v.Status.Phase = api.VolumeReleased })}, claim: testClaim("1Gi")},
		"a selector narrows it": {volumes: []*api.PersistentVolume{small, labelled}, claim: testClaim("1Gi", func(c *api.PersistentVolumeClaim) {
			c.Spec.Selector = &api.LabelSelector{MatchLabels: map[string]string{"disk": "ssd"}}
		}), want: "labelled"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := api.FindVolume(tt.volumes, tt.claim, func(*api.PersistentVolume) bool { return !tt.waits })
			require.NoError(t, err)
			if tt.want == "" {
				require.Nil(t, got)
			} else {
				require.NotNil(t, got)
				require.Equal(t, tt.want, got.Name)
			}
		})
	}
}

func TestPlanBinding(t *testing.T) {
	modes := func(modes ...api.PersistentVolumeAccessMode) func(*api.PersistentVolume) {
		return func(v *api.PersistentVolume) { v.Spec.AccessModes = modes }
	}
	small := testVolume("small", "1Gi", modes(api.ReadWriteOnce, api.ReadOnlyMany))
	large := testVolume("large", "10Gi")
	kept := testVolume("kept", "1Gi", keptFor("data", ""), modes(api.ReadWriteOnce, api.ReadOnlyMany))
	elsewhere := testVolume("elsewhere", "1Gi", keptFor("data", ""), modes(api.ReadWriteMany))
	for name, tt := range map[string]struct {
		volumes []*api.PersistentVolume
		waits   bool
		want    *api.PersistentVolume
	}{
		"the fewest ways of use go before the smallest": {volumes: []*api.PersistentVolume{small, large}, want: large},
		"and before one that is kept for it":            {volumes: []*api.PersistentVolume{kept, large}, want: large},
		"which is the one if the consumer decides":      {volumes: []*api.PersistentVolume{kept, large}, waits: true, want: kept},
		"one that cannot be used so is none":            {volumes: []*api.PersistentVolume{elsewhere}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := planBinding(tt.volumes, testClaim("1Gi"), tt.waits)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestVolumeMismatchInUpstreamsWords(t *testing.T) {
	claim := testClaim("5Gi")
	require.Empty(t, api.VolumeMismatch(testVolume("v", "5Gi"), claim))
	require.Equal(t, "requested PV is too small", api.VolumeMismatch(testVolume("v", "1Gi"), claim))
	require.Equal(t, "storageClassName does not match", api.VolumeMismatch(testVolume("v", "5Gi", func(v *api.PersistentVolume) { v.Spec.StorageClassName = "" }), claim))
	require.Equal(t, "incompatible volumeMode", api.VolumeMismatch(testVolume("v", "5Gi", func(v *api.PersistentVolume) { v.Spec.VolumeMode = api.Ptr(api.PersistentVolumeBlock) }), claim))
	require.Equal(t, "incompatible accessMode", api.VolumeMismatch(testVolume("v", "5Gi", func(v *api.PersistentVolume) { v.Spec.AccessModes = nil }), claim))
}

func TestBindingMarksWhatItChose(t *testing.T) {
	claim := testClaim("1Gi")
	free, changed := boundVolume(testVolume("v", "2Gi"), claim)
	require.True(t, changed)
	require.Equal(t, "yes", free.Annotations[api.AnnotationBoundByController])
	require.Equal(t, claim.UID, free.Spec.ClaimRef.UID)
	kept, changed := boundVolume(testVolume("v", "2Gi", keptFor("data", "")), claim)
	require.True(t, changed)
	require.NotContains(t, kept.Annotations, api.AnnotationBoundByController, "an administrator chose it")
	_, changed = boundVolume(free, claim)
	require.False(t, changed)

	bound, changed := boundClaim(claim, free)
	require.True(t, changed)
	require.Equal(t, "v", bound.Spec.VolumeName)
	require.True(t, api.IsBindCompleted(bound))
	require.Equal(t, "yes", bound.Annotations[api.AnnotationBoundByController])
	_, changed = boundClaim(bound, free)
	require.False(t, changed)
}

func TestProvisionedVolumeIsWhereItsPodWillBe(t *testing.T) {
	class := &api.StorageClass{ObjectMeta: api.ObjectMeta{Name: "standard"}, ReclaimPolicy: api.Ptr(api.PersistentVolumeReclaimRetain)}
	node := &api.Node{ObjectMeta: api.ObjectMeta{Name: "n1", Labels: map[string]string{api.LabelHostname: "host-1"}}}
	volume, err := provisionedVolume(testClaim("1Gi"), class, node, "/volumes/x")
	require.NoError(t, err)
	require.Equal(t, "pvc-data-uid", volume.Name)
	require.Equal(t, api.PersistentVolumeReclaimRetain, volume.Spec.PersistentVolumeReclaimPolicy)
	require.True(t, volume.Spec.NodeAffinity.Required.Matches(node))
	require.False(t, volume.Spec.NodeAffinity.Required.Matches(&api.Node{ObjectMeta: api.ObjectMeta{Name: "n2", Labels: map[string]string{api.LabelHostname: "host-2"}}}))
	anywhere, err := provisionedVolume(testClaim("1Gi"), class, nil, "/volumes/x")
	require.NoError(t, err)
	require.Nil(t, anywhere.Spec.NodeAffinity)

	_, err = provisionedVolume(testClaim("1Gi", func(c *api.PersistentVolumeClaim) {
		c.Spec.AccessModes = []api.PersistentVolumeAccessMode{api.ReadWriteMany}
	}), class, nil, "/x")
	require.ErrorContains(t, err, "ReadWriteMany is not supported")
	_, err = provisionedVolume(testClaim("1Gi", func(c *api.PersistentVolumeClaim) { c.Spec.VolumeMode = api.Ptr(api.PersistentVolumeBlock) }), class, nil, "/x")
	require.ErrorContains(t, err, "Block is not supported")
}
