package story

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func TestOwnership(t *testing.T) {
	h := Start(t, 1)
	tests := []struct {
		name string
		run  func(t *testing.T, h *Harness, name string)
	}{
		{"a pod that loses its labels is released, and adopted again when it gets them back", releasesAndAdopts},
		{"the cheapest pod to lose is deleted first", deletesCheapestFirst},
		{"foreground deletion keeps the owner until its dependents are gone", foregroundDeletion},
		{"an object whose owner never was is deleted", absentOwner},
		{"an object with one owner left stays and forgets the other", oneOwnerLeft},
		{"a circle of owners can be deleted in the foreground", circleOfOwners},
		{"a deleted default service account comes back", serviceAccountComesBack},
		{"a changed root certificate is repaired", rootCAIsRepaired},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, h.in(t), fmt.Sprintf("o%d", i))
		})
	}
}

func releasesAndAdopts(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 2, "web:v1"))
	h.Eventually(h.PodsReady("app="+name, 2))
	pods := client.Of[*api.Pod](h.Client)
	strayed := h.Pods("app=" + name)[0].Name
	relabel := func(app string) {
		_, err := pods.Patch(h.Ctx, "default", strayed, api.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"app":"`+app+`"}}}`))
		require.NoError(t, err)
	}

	relabel(name + "-debug")
	h.Eventually(h.PodsReady("app="+name, 2)) // a replacement
	h.Eventually(func() error {
		p, err := pods.Get(h.Ctx, "default", strayed)
		if err != nil {
			return err
		}
		return equal("owners", 0, len(p.OwnerReferences))
	})

	relabel(name)
	h.Eventually(h.PodsReady("app="+name, 2)) // one too many: one was deleted
}

func deletesCheapestFirst(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 3, "web:v1"))
	h.Eventually(h.PodsReady("app="+name, 3))
	cheap := h.Pods("app=" + name)[1].Name
	patch := func(metadata string) {
		_, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", cheap, api.StrategicMergePatchType, []byte(`{"metadata":`+metadata+`}`))
		require.NoError(t, err)
	}
	patch(`{"labels":{"app":"` + name + `-elsewhere"}}`)
	h.Eventually(h.PodsReady("app="+name, 3)) // a replacement, the youngest, which would be the first to go otherwise
	// The change that makes it one too many has its cost, too, so that nobody sees the one without the other.
	patch(`{"labels":{"app":"` + name + `"},"annotations":{"controller.kubernetes.io/pod-deletion-cost":"-1"}}`)
	h.Eventually(h.PodsReady("app="+name, 3))
	require.NotContains(t, names(h.Pods("app="+name)), cheap)
}

func foregroundDeletion(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 2, "web:v1"))
	h.Eventually(h.PodsReady("app="+name, 2))
	held := h.Pods("app=" + name)[0].Name
	setFinalizers := func(list string) {
		_, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", held, api.MergePatchType, []byte(`{"metadata":{"finalizers":`+list+`}}`))
		require.NoError(t, err)
	}
	setFinalizers(`["example.com/hold"]`)

	foreground := api.DeleteOptions{PropagationPolicy: api.Ptr(api.DeletePropagationForeground)}
	require.NoError(t, client.Of[*api.Deployment](h.Client).Delete(h.Ctx, "default", name, foreground))
	h.Eventually(func() error {
		page, err := client.Of[*api.Pod](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: "app=" + name})
		if err != nil {
			return err
		}
		return equal("pods", 1, len(page.Items))
	})
	require.Equal(t, []string{"foregroundDeletion"}, h.deployment(name).Finalizers)
	require.Equal(t, []string{"foregroundDeletion"}, h.replicaSets(name)[0].Finalizers)

	setFinalizers(`null`)
	h.Eventually(h.deploymentGone(name))
	require.Empty(t, h.replicaSets(name))
}

// configMap makes one that is owned by others.
func (h *Harness) configMap(name string, owners ...*api.ConfigMap) *api.ConfigMap {
	cm := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Name: name}}
	for _, o := range owners {
		cm.OwnerReferences = append(cm.OwnerReferences, reference(o))
	}
	return Apply(h, cm)
}

func reference(cm *api.ConfigMap) api.OwnerReference {
	return api.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: cm.Name, UID: cm.UID, BlockOwnerDeletion: api.Ptr(true)}
}

// configMapGone checks that a ConfigMap does not exist.
func (h *Harness) configMapGone(name string) Check {
	return func() error {
		_, err := client.Of[*api.ConfigMap](h.Client).Get(h.Ctx, "default", name)
		if !api.IsNotFound(err) {
			return fmt.Errorf("config map %s is still there: %v", name, err)
		}
		return nil
	}
}

func absentOwner(t *testing.T, h *Harness, name string) {
	ghost := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Name: name + "-ghost", UID: "11111111-2222-3333-4444-555555555555"}}
	impostor := h.configMap(name + "-impostor")
	impostor.UID = "99999999-2222-3333-4444-555555555555" // the name exists, the identity does not
	h.configMap(name+"-a", ghost)
	h.configMap(name+"-b", impostor)
	h.Eventually(h.configMapGone(name + "-a"))
	h.Eventually(h.configMapGone(name + "-b"))
	_, err := client.Of[*api.ConfigMap](h.Client).Get(h.Ctx, "default", name+"-impostor")
	require.NoError(t, err)
}

func oneOwnerLeft(t *testing.T, h *Harness, name string) {
	a, b := h.configMap(name+"-a"), h.configMap(name+"-b")
	h.configMap(name, a, b)
	require.NoError(t, client.Of[*api.ConfigMap](h.Client).Delete(h.Ctx, "default", a.Name, api.DeleteOptions{}))
	h.Eventually(func() error {
		cm, err := client.Of[*api.ConfigMap](h.Client).Get(h.Ctx, "default", name)
		if err != nil {
			return err
		}
		return equal("owners", 1, len(cm.OwnerReferences))
	})
	require.NoError(t, client.Of[*api.ConfigMap](h.Client).Delete(h.Ctx, "default", b.Name, api.DeleteOptions{}))
	h.Eventually(h.configMapGone(name))
}

func circleOfOwners(t *testing.T, h *Harness, name string) {
	circle := []*api.ConfigMap{h.configMap(name + "-a"), h.configMap(name + "-b"), h.configMap(name + "-c")}
	for i, cm := range circle {
		cm.OwnerReferences = []api.OwnerReference{reference(circle[(i+1)%len(circle)])}
		_, err := client.Of[*api.ConfigMap](h.Client).Update(h.Ctx, cm)
		require.NoError(t, err)
	}
	foreground := api.DeleteOptions{PropagationPolicy: api.Ptr(api.DeletePropagationForeground)}
	require.NoError(t, client.Of[*api.ConfigMap](h.Client).Delete(h.Ctx, "default", circle[0].Name, foreground))
	for _, cm := range circle {
		h.Eventually(h.configMapGone(cm.Name))
	}
}

func serviceAccountComesBack(t *testing.T, h *Harness, _ string) {
	accounts := client.Of[*api.ServiceAccount](h.Client)
	before, err := accounts.Get(h.Ctx, "default", "default")
	require.NoError(t, err)
	require.NoError(t, accounts.Delete(h.Ctx, "default", "default", api.DeleteOptions{}))
	h.Eventually(func() error {
		after, err := accounts.Get(h.Ctx, "default", "default")
		if err == nil && after.UID == before.UID {
			return fmt.Errorf("the old one is still there")
		}
		return err
	})
}

func rootCAIsRepaired(t *testing.T, h *Harness, _ string) {
	configMaps := client.Of[*api.ConfigMap](h.Client)
	var original *api.ConfigMap
	h.Eventually(func() (err error) {
		original, err = configMaps.Get(h.Ctx, "default", "kube-root-ca.crt")
		return err
	})
	require.Contains(t, original.Data["ca.crt"], "BEGIN CERTIFICATE")
	_, err := configMaps.Patch(h.Ctx, "default", "kube-root-ca.crt", api.MergePatchType, []byte(`{"data":{"ca.crt":"broken"}}`))
	require.NoError(t, err)
	h.Eventually(func() error {
		now, err := configMaps.Get(h.Ctx, "default", "kube-root-ca.crt")
		if err == nil && now.Data["ca.crt"] != original.Data["ca.crt"] {
			return fmt.Errorf("not repaired yet")
		}
		return err
	})
}
