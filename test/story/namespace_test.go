package story

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// TestNamespaceEndsInOrder: pods first, then the rest; what is held by a finalizer shows in the conditions.
func TestNamespaceEndsInOrder(t *testing.T) {
	h := Start(t, 1)
	namespaces, pods, configMaps := client.Of[*api.Namespace](h.Client), client.Of[*api.Pod](h.Client), client.Of[*api.ConfigMap](h.Client)
	Apply(h, &api.Namespace{ObjectMeta: api.ObjectMeta{Name: "team"}})
	h.Eventually(func() error {
		_, err := client.Of[*api.ServiceAccount](h.Client).Get(h.Ctx, "team", "default")
		return err
	})
	hold := []string{"example.com/hold"}
	Apply(h, &api.Pod{
		ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "p", Finalizers: hold},
		Spec:       api.PodSpec{TerminationGracePeriodSeconds: api.Ptr[int64](1), Containers: []api.Container{{Name: "c", Image: "x"}}},
	})
	Apply(h, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "settings", Finalizers: hold}})
	release := []byte(`{"metadata":{"finalizers":null}}`)

	require.NoError(t, namespaces.Delete(h.Ctx, "", "team", api.DeleteOptions{}))
	h.Eventually(h.namespaceCondition("team", api.NamespaceFinalizersRemaining, "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"))
	h.Eventually(h.namespaceCondition("team", api.NamespaceContentRemaining, "Some resources are remaining: pods. has 1 resource instances"))
	cm, err := configMaps.Get(h.Ctx, "team", "settings")
	require.NoError(t, err)
	require.Nil(t, cm.DeletionTimestamp, "the pod may still need it")

	_, err = configMaps.Create(h.Ctx, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "late"}})
	require.True(t, api.IsForbidden(err), "%v", err)

	_, err = pods.Patch(h.Ctx, "team", "p", api.MergePatchType, release)
	require.NoError(t, err)
	h.Eventually(h.namespaceCondition("team", api.NamespaceContentRemaining, "Some resources are remaining: configmaps. has 1 resource instances"))

	_, err = configMaps.Patch(h.Ctx, "team", "settings", api.MergePatchType, release)
	require.NoError(t, err)
	h.Eventually(func() error {
		_, err := namespaces.Get(h.Ctx, "", "team")
		if !api.IsNotFound(err) {
			return fmt.Errorf("the namespace is still there: %v", err)
		}
		return nil
	})
}

// namespaceCondition checks that a condition of a namespace is True and says message.
func (h *Harness) namespaceCondition(name string, kind api.NamespaceConditionType, message string) Check {
	return func() error {
		ns, err := client.Of[*api.Namespace](h.Client).Get(h.Ctx, "", name)
		if err != nil {
			return err
		}
		for _, c := range ns.Status.Conditions {
			if c.Type == kind && c.Status == api.ConditionTrue && c.Message == message {
				return nil
			}
		}
		return fmt.Errorf("no condition %s says %q: %v", kind, message, ns.Status.Conditions)
	}
}
