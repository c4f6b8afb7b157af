package story

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func statefulSet(name string, size int32, image string) *api.StatefulSet {
	set := api.New[*api.StatefulSet]()
	set.Name = name
	template := deployment(name, size, image).Spec.Template
	set.Spec = api.StatefulSetSpec{Replicas: &size, ServiceName: name, Selector: &api.LabelSelector{MatchLabels: template.Labels}, Template: template}
	return set
}

func TestStatefulSetKeepsNames(t *testing.T) {
	h := Start(t, 1)
	sets, pods := client.Of[*api.StatefulSet](h.Client), client.Of[*api.Pod](h.Client)
	Apply(h, statefulSet("db", 3, "db:v1"))
	h.Eventually(h.PodsReady("app=db", 3))
	first := map[string]*api.Pod{}
	for _, p := range h.Pods("app=db") {
		first[p.Name] = p
	}
	require.Contains(t, first, "db-0")
	require.Contains(t, first, "db-2")
	require.False(t, first["db-2"].CreationTimestamp.Before(first["db-0"].CreationTimestamp.Time), "one after the other")

	require.NoError(t, pods.Delete(h.Ctx, "default", "db-1", api.DeleteOptions{GracePeriodSeconds: api.Ptr[int64](0)}))
	h.Eventually(func() error {
		p, err := pods.Get(h.Ctx, "default", "db-1")
		if err != nil || p.UID == first["db-1"].UID {
			return fmt.Errorf("db-1 is not back: %w", err)
		}
		return nil
	})
	h.Eventually(h.PodsReady("app=db", 3))

	old, err := sets.Get(h.Ctx, "default", "db")
	require.NoError(t, err)
	_, err = sets.Patch(h.Ctx, "default", "db", api.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"web","image":"db:v2"}]}}}}`))
	require.NoError(t, err)
	h.Eventually(func() error {
		set, err := sets.Get(h.Ctx, "default", "db")
		if err != nil {
			return err
		}
		if set.Status.CurrentRevision == old.Status.CurrentRevision || set.Status.CurrentRevision != set.Status.UpdateRevision {
			return fmt.Errorf("the update is not over: %+v", set.Status)
		}
		return errors.Join(equal("updated", 3, int(set.Status.UpdatedReplicas)), equal("available", 3, int(set.Status.AvailableReplicas)))
	})
	_, err = sets.Patch(h.Ctx, "default", "db", api.MergePatchType, []byte(`{"spec":{"replicas":1}}`))
	require.NoError(t, err)
	h.Eventually(h.PodsReady("app=db", 1))
	require.Equal(t, "db-0", h.Pods("app=db")[0].Name, "the highest number goes first")
}

func TestStatefulSetMakesClaims(t *testing.T) {
	h := Start(t, 1)
	set := statefulSet("store", 1, "db:v1")
	set.Spec.VolumeClaimTemplates = []api.PersistentVolumeClaim{{ObjectMeta: api.ObjectMeta{Name: "data"}, Spec: api.PersistentVolumeClaimSpec{
		AccessModes: []api.PersistentVolumeAccessMode{api.ReadWriteOnce},
		Resources:   api.VolumeResourceRequirements{Requests: api.ResourceList{api.ResourceStorage: api.MustParse("1Gi")}},
	}}}
	set.Spec.Template.Spec.Containers[0].VolumeMounts = []api.VolumeMount{{Name: "data", MountPath: "/data"}}
	Apply(h, set)
	h.Eventually(func() error {
		_, err := client.Of[*api.PersistentVolumeClaim](h.Client).Get(h.Ctx, "default", "data-store-0")
		return err
	})
	h.Eventually(func() error {
		p, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "store-0")
		if err == nil {
			require.Equal(t, "data-store-0", p.Spec.Volumes[0].PersistentVolumeClaim.ClaimName)
		}
		return err
	})
}

// TestStatefulSetWaitsForAClaimToGo: a claim that went with a former pod of the name is none that a new pod may have, though
// the garbage collector has not come to it yet, and though the controller has not heard of it.
func TestStatefulSetWaitsForAClaimToGo(t *testing.T) {
	h := Start(t, 1)
	h.late("persistentvolumeclaims", 200*time.Millisecond)
	claims := client.Of[*api.PersistentVolumeClaim](h.Client)
	Apply(h, storageClass("local", api.VolumeBindingWaitForFirstConsumer, false))
	old := volumeClaim("data-store-0", "local", "1Gi")
	old.Finalizers = []string{"example.com/hold"} // so that it can be seen to wait
	old.OwnerReferences = []api.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "store-0", UID: "former", Controller: api.Ptr(true)}}
	stale := Apply(h, old)
	set := statefulSet("store", 1, "db:v1")
	set.Spec.PersistentVolumeClaimRetentionPolicy = &api.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: api.RetainPersistentVolumeClaimRetentionPolicyType, WhenScaled: api.DeletePersistentVolumeClaimRetentionPolicyType,
	}
	set.Spec.VolumeClaimTemplates = []api.PersistentVolumeClaim{{ObjectMeta: api.ObjectMeta{Name: "data"}, Spec: volumeClaim("data", "local", "1Gi").Spec}}
	Apply(h, set)
	h.Eventually(func() error {
		claim, err := claims.Get(h.Ctx, "default", "data-store-0")
		if err == nil && claim.DeletionTimestamp == nil {
			err = fmt.Errorf("the claim is not being deleted")
		}
		return err
	})
	require.Empty(t, h.Pods("app=store"))
	_, err := claims.Patch(h.Ctx, "default", "data-store-0", api.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	require.NoError(t, err)
	h.Eventually(h.PodsReady("app=store", 1))
	claim, err := claims.Get(h.Ctx, "default", "data-store-0")
	require.NoError(t, err)
	require.NotEqual(t, stale.UID, claim.UID)
}

// TestStatefulSetWaitsForAName: while a pod of somebody else has a name that it needs, it makes no pod behind that one. When the
// name is free, it goes on, though nobody tells it.
func TestStatefulSetWaitsForAName(t *testing.T) {
	h := Start(t, 1)
	Apply(h, &api.Pod{
		ObjectMeta: api.ObjectMeta{Name: "db-1", Labels: map[string]string{"app": "other"}},
		Spec:       api.PodSpec{TerminationGracePeriodSeconds: api.Ptr[int64](0), Containers: []api.Container{{Name: "c", Image: "x"}}},
	})
	Apply(h, statefulSet("db", 3, "db:v1"))
	h.Eventually(h.PodsReady("app=db", 1))
	h.Eventually(func() error {
		set, err := client.Of[*api.StatefulSet](h.Client).Get(h.Ctx, "default", "db")
		if err != nil {
			return err
		}
		return equal("available", 1, int(set.Status.AvailableReplicas))
	})
	require.Len(t, h.Pods("app=db"), 1)
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "db-1", api.DeleteOptions{}))
	h.Eventually(h.PodsReady("app=db", 3))
}
