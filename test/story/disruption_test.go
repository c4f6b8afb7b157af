package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// create posts an object in JSON, waits until the server knows such objects, and returns its uid.
func (h *Harness) create(path, object string) api.UID {
	h.T.Helper()
	var made api.PartialObjectMetadata
	h.Eventually(func() error {
		answer, err := h.Client.Do(h.Ctx, client.Request{Method: http.MethodPost, Path: path, Body: []byte(object)})
		if err != nil {
			return err
		}
		return json.Unmarshal(answer.Body, &made)
	})
	return made.UID
}

// define makes a kind of custom resource, with a scale or without.
func (h *Harness) define(kind, plural, subresources string) {
	h.T.Helper()
	h.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", fmt.Sprintf(`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
		"metadata":{"name":"%[2]s.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":%[2]q,"kind":%[1]q},
		"versions":[{"name":"v1","served":true,"storage":true,"subresources":%[3]s,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}`,
		kind, plural, subresources))
}

// TestBudgetOfACustomResource: what a percentage is one of is asked from the scale of whatever owns the pods.
func TestBudgetOfACustomResource(t *testing.T) {
	h := Start(t, 1)
	h.define("Fleet", "fleets", `{"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}}`)
	h.define("Crowd", "crowds", `{}`)
	owner := func(kind, plural, name string) api.OwnerReference {
		uid := h.create("/apis/example.com/v1/namespaces/default/"+plural, fmt.Sprintf(`{"apiVersion":"example.com/v1","kind":%q,"metadata":{"name":%q},"spec":{"replicas":4}}`, kind, name))
		return api.OwnerReference{APIVersion: "example.com/v1", Kind: kind, Name: name, UID: uid, Controller: api.Ptr(true)}
	}
	guarded := func(name string, least *api.IntOrString, owners ...api.OwnerReference) {
		selector := map[string]string{"app": name}
		for i := range 3 {
			Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: fmt.Sprintf("%s-%d", name, i), Labels: selector, OwnerReferences: owners}, Spec: api.PodSpec{Containers: []api.Container{{Name: "c", Image: "x"}}}})
		}
		h.Eventually(h.PodsReady("app="+name, 3))
		Apply(h, &api.PodDisruptionBudget{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.PodDisruptionBudgetSpec{MinAvailable: least, Selector: &api.LabelSelector{MatchLabels: selector}}})
	}
	status := func(name string, check func(s *api.PodDisruptionBudgetStatus) error) Check {
		return func() error {
			b, err := client.Of[*api.PodDisruptionBudget](h.Client).Get(h.Ctx, "default", name)
			if err != nil {
				return err
			}
			if err = check(&b.Status); err != nil {
				err = fmt.Errorf("%s: %w: %+v", name, err, b.Status)
			}
			return err
		}
	}
	half := api.Ptr(api.FromString("50%"))

	guarded("fleet", half, owner("Fleet", "fleets", "f"))
	h.Eventually(status("fleet", func(s *api.PodDisruptionBudgetStatus) error {
		if s.ExpectedPods != 4 || s.DesiredHealthy != 2 || s.CurrentHealthy != 3 || s.DisruptionsAllowed != 1 {
			return fmt.Errorf("3 of 4 are there, and 2 must be")
		}
		return nil
	}))

	guarded("crowd", half, owner("Crowd", "crowds", "c"))
	h.Eventually(h.hasEvent("crowd", "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: crowds.example.com does not implement the scale subresource"))
	h.Eventually(status("crowd", func(s *api.PodDisruptionBudgetStatus) error {
		for _, c := range s.Conditions {
			if c.Type == api.DisruptionAllowedCondition && c.Status == api.ConditionFalse && c.Reason == api.SyncFailedReason && s.DisruptionsAllowed == 0 {
				return nil
			}
		}
		return fmt.Errorf("its condition does not say that it failed")
	}))

	guarded("nobody", half)
	h.Eventually(h.hasEvent("nobody", "UnmanagedPods", "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: nobody,},MatchExpressions:[]LabelSelectorRequirement{},}) were found "+
		"to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "+
		"To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."))

	// A pod of two budgets is said to have too many, and cannot be evicted.
	Apply(h, &api.PodDisruptionBudget{ObjectMeta: api.ObjectMeta{Name: "all"}, Spec: api.PodDisruptionBudgetSpec{MinAvailable: api.Ptr(api.FromInt(1)), Selector: &api.LabelSelector{}}})
	h.Eventually(status("all", func(s *api.PodDisruptionBudgetStatus) error { return equal("expected", 9, int(s.ExpectedPods)) }))
	h.delete("fleet-0")
	h.Eventually(h.hasEvent("fleet-0", "MultiplePodDisruptionBudgets", `Pod "default"/"fleet-0" matches multiple PodDisruptionBudgets.  Chose "all" arbitrarily.`))
	require.ErrorContains(t, h.evict("fleet-1"), "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
}
