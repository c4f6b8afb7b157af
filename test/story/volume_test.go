package story

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func storageClass(name string, mode api.VolumeBindingMode, expand bool) *api.StorageClass {
	return &api.StorageClass{
		ObjectMeta: api.ObjectMeta{Name: name}, Provisioner: "kubelite.io/local-path",
		VolumeBindingMode: &mode, AllowVolumeExpansion: &expand,
	}
}

func volumeClaim(name, class, size string) *api.PersistentVolumeClaim {
	return &api.PersistentVolumeClaim{
		ObjectMeta: api.ObjectMeta{Name: name},
		Spec: api.PersistentVolumeClaimSpec{
			AccessModes: []api.PersistentVolumeAccessMode{api.ReadWriteOnce}, StorageClassName: &class,
			Resources: api.VolumeResourceRequirements{Requests: api.ResourceList{api.ResourceStorage: api.MustParse(size)}},
		},
	}
}

func hostPathVolume(name, class, size string, policy api.PersistentVolumeReclaimPolicy) *api.PersistentVolume {
	return &api.PersistentVolume{
		ObjectMeta: api.ObjectMeta{Name: name},
		Spec: api.PersistentVolumeSpec{
			Capacity: api.ResourceList{api.ResourceStorage: api.MustParse(size)}, AccessModes: []api.PersistentVolumeAccessMode{api.ReadWriteOnce},
			StorageClassName: class, PersistentVolumeReclaimPolicy: policy,
			PersistentVolumeSource: api.PersistentVolumeSource{HostPath: &api.HostPathVolumeSource{Path: "/tmp/nothing"}},
		},
	}
}

func (h *Harness) claim(name string) *api.PersistentVolumeClaim {
	h.T.Helper()
	claim, err := client.Of[*api.PersistentVolumeClaim](h.Client).Get(h.Ctx, "default", name)
	require.NoError(h.T, err)
	return claim
}

func (h *Harness) claimIs(name string, want api.PersistentVolumeClaimPhase) Check {
	return func() error {
		if phase := h.claim(name).Status.Phase; phase != want {
			return fmt.Errorf("claim %s is %s, not %s", name, phase, want)
		}
		return nil
	}
}

// volumeIs checks the phase of a volume; "" is gone.
func (h *Harness) volumeIs(name string, want api.PersistentVolumePhase) Check {
	return func() error {
		volume, err := client.Of[*api.PersistentVolume](h.Client).Get(h.Ctx, "", name)
		phase := api.PersistentVolumePhase("")
		if err == nil {
			phase = volume.Status.Phase
		} else if !api.IsNotFound(err) {
			return err
		}
		if phase != want {
			return fmt.Errorf("volume %s is %q, not %q", name, phase, want)
		}
		return nil
	}
}

func TestClaimGetsTheVolumeThatFitsBest(t *testing.T) {
	h := Start(t, 0)
	Apply(h, volumeClaim("data", "manual", "1Gi"))
	h.Eventually(h.hasEvent("data", "ProvisioningFailed", `storageclass.storage.k8s.io "manual" not found`))
	Apply(h, hostPathVolume("large", "manual", "10Gi", api.PersistentVolumeReclaimRetain))
	h.Eventually(h.claimIs("data", api.ClaimBound))
	claim := h.claim("data")
	require.Equal(t, "large", claim.Spec.VolumeName)
	require.Equal(t, "10Gi", claim.Status.Capacity[api.ResourceStorage].String())
	h.Eventually(h.volumeIs("large", api.VolumeBound))

	// A second claim cannot have it, and says so.
	second := volumeClaim("second", "manual", "1Gi")
	second.Spec.VolumeName = "large"
	Apply(h, second)
	h.Eventually(h.hasEvent("second", "FailedBinding", `volume "large" already bound to a different claim.`))
	require.Equal(t, api.ClaimPending, h.claim("second").Status.Phase)

	// So does one that was there before its volume, which is kept for somebody else.
	early := volumeClaim("early", "manual", "1Gi")
	early.Spec.VolumeName = "kept"
	Apply(h, early)
	kept := hostPathVolume("kept", "manual", "1Gi", api.PersistentVolumeReclaimRetain)
	kept.Spec.ClaimRef = &api.ObjectReference{Namespace: "default", Name: "nobody"}
	Apply(h, kept)
	h.Eventually(h.hasEvent("early", "FailedBinding", `volume "kept" already bound to a different claim.`))

	// Retain: without its claim the volume is nobody's, and stays so.
	require.NoError(t, client.Of[*api.PersistentVolumeClaim](h.Client).Delete(h.Ctx, "default", "data", api.DeleteOptions{}))
	h.Eventually(h.volumeIs("large", api.VolumeReleased))

	// A volume that vanishes leaves its claim lost.
	Apply(h, hostPathVolume("other", "manual", "1Gi", api.PersistentVolumeReclaimRetain))
	Apply(h, volumeClaim("third", "manual", "1Gi"))
	h.Eventually(h.claimIs("third", api.ClaimBound))
	volumes := client.Of[*api.PersistentVolume](h.Client)
	require.NoError(t, volumes.Delete(h.Ctx, "", "other", api.DeleteOptions{}))
	_, err := volumes.Patch(h.Ctx, "", "other", api.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	require.NoError(t, err)
	h.Eventually(h.claimIs("third", api.ClaimLost))
	h.Eventually(h.hasEvent("third", "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"))
}

func TestReclaimPoliciesThatNobodyCanCarryOut(t *testing.T) {
	h := Start(t, 0)
	for name, policy := range map[string]api.PersistentVolumeReclaimPolicy{"recycled": api.PersistentVolumeReclaimRecycle, "deleted": api.PersistentVolumeReclaimDelete} {
		Apply(h, hostPathVolume(name, name, "1Gi", policy))
		Apply(h, volumeClaim(name, name, "1Gi"))
		h.Eventually(h.claimIs(name, api.ClaimBound))
		require.NoError(t, client.Of[*api.PersistentVolumeClaim](h.Client).Delete(h.Ctx, "default", name, api.DeleteOptions{}))
		h.Eventually(h.volumeIs(name, api.VolumeFailed))
	}
	h.Eventually(h.hasEvent("recycled", "VolumeFailedRecycle", "No recycler plugin found for the volume!"))
	h.Eventually(h.hasEvent("deleted", "VolumeFailedDelete", `error getting deleter volume plugin for volume "deleted": no deletable volume plugin matched`))
}

func TestProvisionedVolumeLivesAsLongAsItsClaim(t *testing.T) {
	h := Start(t, 0)
	Apply(h, storageClass("now", api.VolumeBindingImmediate, true))
	claim := Apply(h, volumeClaim("data", "now", "1Gi"))
	volume := "pvc-" + string(claim.UID)
	h.Eventually(h.claimIs("data", api.ClaimBound))
	h.Eventually(h.volumeIs(volume, api.VolumeBound))
	h.Eventually(h.hasEvent("data", "ProvisioningSucceeded", "Successfully provisioned volume "+volume))
	h.Eventually(h.hasEvent("data", "Provisioning", `External provisioner is provisioning volume for claim "default/data"`))
	dir := filepath.Join(h.volumeDir(), volume+"_default_data")
	require.DirExists(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "letter"), []byte("dear"), 0o600))

	// It grows when its class lets it.
	_, err := client.Of[*api.PersistentVolumeClaim](h.Client).Patch(h.Ctx, "default", "data", api.MergePatchType, []byte(`{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`))
	require.NoError(t, err)
	h.Eventually(func() error {
		if size := h.claim("data").Status.Capacity[api.ResourceStorage].String(); size != "2Gi" {
			return fmt.Errorf("the claim has %s", size)
		}
		return nil
	})

	require.NoError(t, client.Of[*api.PersistentVolumeClaim](h.Client).Delete(h.Ctx, "default", "data", api.DeleteOptions{}))
	h.Eventually(h.volumeIs(volume, ""))
	require.NoDirExists(t, dir)
}

// TestAttributesClassStaysAsLongAsAClaimHasIt: of two classes that are deleted, that which nobody has goes, and the other with its claim.
func TestAttributesClassStaysAsLongAsAClaimHasIt(t *testing.T) {
	h := Start(t, 0)
	h.late("persistentvolumeclaims", 300*time.Millisecond) // that a claim has it is not known when it is deleted
	classes := client.Of[*api.VolumeAttributesClass](h.Client)
	for _, name := range []string{"fast", "unused"} {
		Apply(h, &api.VolumeAttributesClass{ObjectMeta: api.ObjectMeta{Name: name}, DriverName: "disks.example.com", Parameters: map[string]string{"iops": "1000"}})
	}
	claim := volumeClaim("data", "manual", "1Gi")
	claim.Spec.VolumeAttributesClassName = api.Ptr("fast")
	Apply(h, claim)
	gone := func(name string) Check {
		return func() error {
			if _, err := classes.Get(h.Ctx, "", name); !api.IsNotFound(err) {
				return fmt.Errorf("class %s is still there: %w", name, err)
			}
			return nil
		}
	}
	for _, name := range []string{"fast", "unused"} { // one after the other, as the loop looks at them
		require.NoError(t, classes.Delete(h.Ctx, "", name, api.DeleteOptions{}))
	}
	h.Eventually(gone("unused"))
	class, err := classes.Get(h.Ctx, "", "fast")
	require.NoError(t, err)
	require.NotNil(t, class.DeletionTimestamp)

	require.NoError(t, client.Of[*api.PersistentVolumeClaim](h.Client).Delete(h.Ctx, "default", "data", api.DeleteOptions{}))
	h.Eventually(gone("fast"))
}

func TestClaimThatWaitsForItsConsumer(t *testing.T) {
	h := Start(t, 1)
	Apply(h, storageClass("later", api.VolumeBindingWaitForFirstConsumer, false))
	claim := Apply(h, volumeClaim("data", "later", "1Gi"))
	h.Eventually(h.hasEvent("data", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"))
	require.Equal(t, api.ClaimPending, h.claim("data").Status.Phase)

	// What the scheduler does when it has found a node for the first pod.
	_, err := client.Of[*api.PersistentVolumeClaim](h.Client).Patch(h.Ctx, "default", "data", api.MergePatchType, []byte(`{"metadata":{"annotations":{"volume.kubernetes.io/selected-node":"n1"}}}`))
	require.NoError(t, err)
	h.Eventually(h.claimIs("data", api.ClaimBound))
	volume, err := client.Of[*api.PersistentVolume](h.Client).Get(h.Ctx, "", "pvc-"+string(claim.UID))
	require.NoError(t, err)
	require.Equal(t, []string{"n1"}, volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values)

	// A pod can use it, and as long as it does the claim outlives its own deletion.
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "writer", Labels: map[string]string{"app": "writer"}}, Spec: api.PodSpec{
		TerminationGracePeriodSeconds: api.Ptr(int64(0)),
		Containers:                    []api.Container{{Name: "c", Image: "x", VolumeMounts: []api.VolumeMount{{Name: "data", MountPath: "/data"}}}},
		Volumes:                       []api.Volume{{Name: "data", VolumeSource: api.VolumeSource{PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}},
	}})
	h.Eventually(h.PodsReady("app=writer", 1))
	require.NoError(t, client.Of[*api.PersistentVolumeClaim](h.Client).Delete(h.Ctx, "default", "data", api.DeleteOptions{}))
	require.NotNil(t, h.claim("data").DeletionTimestamp)
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "writer", api.DeleteOptions{}))
	h.Eventually(h.volumeIs(volume.Name, ""))
}

func TestPodBringsItsOwnClaim(t *testing.T) {
	h := Start(t, 0)
	Apply(h, storageClass("now", api.VolumeBindingImmediate, false))
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "p"}, Spec: api.PodSpec{
		Containers: []api.Container{{Name: "c", Image: "x"}},
		Volumes: []api.Volume{{Name: "scratch", VolumeSource: api.VolumeSource{Ephemeral: &api.EphemeralVolumeSource{
			VolumeClaimTemplate: &api.PersistentVolumeClaimTemplate{Spec: volumeClaim("", "now", "1Mi").Spec},
		}}}},
	}})
	h.Eventually(func() error {
		_, err := client.Of[*api.PersistentVolumeClaim](h.Client).Get(h.Ctx, "default", "p-scratch")
		return err
	})
	h.Eventually(h.claimIs("p-scratch", api.ClaimBound))
	volume := h.claim("p-scratch").Spec.VolumeName
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "p", api.DeleteOptions{}))
	h.Eventually(h.volumeIs(volume, ""))
}

// TestVolumeLimitOfADriver: a node takes no more volumes of a driver than the driver says, and a pod that waits hears of a
// change.
func TestVolumeLimitOfADriver(t *testing.T) {
	h := Start(t, 1)
	volume := hostPathVolume("disk", "manual", "1Gi", api.PersistentVolumeReclaimRetain)
	volume.Spec.HostPath, volume.Spec.CSI = nil, &api.CSIPersistentVolumeSource{Driver: "disks.example.com", VolumeHandle: "d-1"}
	Apply(h, volume)
	Apply(h, volumeClaim("data", "manual", "1Gi"))
	h.Eventually(h.claimIs("data", api.ClaimBound))
	limit := func(count int32) *api.CSINode {
		return &api.CSINode{ObjectMeta: api.ObjectMeta{Name: "n1"}, Spec: api.CSINodeSpec{Drivers: []api.CSINodeDriver{
			{Name: "disks.example.com", NodeID: "n1", Allocatable: &api.VolumeNodeResources{Count: &count}}}}}
	}
	Apply(h, limit(0))
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "writer"}, Spec: api.PodSpec{
		Containers: []api.Container{{Name: "c", Image: "x"}},
		Volumes:    []api.Volume{{Name: "data", VolumeSource: api.VolumeSource{PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}},
	}})
	h.Eventually(h.Unschedulable("writer", "0/1 nodes are available: 1 node(s) exceed max volume count. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."))
	Apply(h, limit(1))
	h.Eventually(h.OnNode("writer", "n1"))
}
