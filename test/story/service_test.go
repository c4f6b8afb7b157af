package story

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/controllers"
)

// TestServiceFollowsItsPods: what is ready behind a Service is in its slices and Endpoints, and what goes is gone from
// them. Endpoints that people write are mirrored.
func TestServiceFollowsItsPods(t *testing.T) {
	h := Start(t, 1)
	services, endpointSlices := client.Of[*api.Service](h.Client), client.Of[*api.EndpointSlice](h.Client)
	Apply(h, &api.Service{
		ObjectMeta: api.ObjectMeta{Name: "web"},
		Spec:       api.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []api.ServicePort{{Port: 80, TargetPort: api.FromInt(8080)}}},
	})
	ready := func(service string, want int) Check {
		return func() error {
			page, err := endpointSlices.List(h.Ctx, "default", client.ListOptions{LabelSelector: api.LabelServiceName + "=" + service})
			if err != nil {
				return err
			}
			have := 0
			for _, slice := range page.Items {
				for i := range slice.Endpoints {
					if api.Deref(slice.Endpoints[i].Conditions.Ready, false) {
						have++
					}
				}
			}
			if have != want || len(page.Items) != 1 {
				return fmt.Errorf("%d slices with %d ready endpoints instead of %d", len(page.Items), have, want)
			}
			return nil
		}
	}
	h.Eventually(ready("web", 0))
	Apply(h, webPod("a"))
	Apply(h, webPod("b"))
	h.Eventually(ready("web", 2))
	h.Eventually(h.endpointsOf("web", "a", "b"))
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "a", api.DeleteOptions{}))
	h.Eventually(ready("web", 1))

	Apply(h, &api.Service{ObjectMeta: api.ObjectMeta{Name: "database"}, Spec: api.ServiceSpec{Ports: []api.ServicePort{{Port: 5432}}}})
	Apply(h, &api.Endpoints{ObjectMeta: api.ObjectMeta{Name: "database"}, Subsets: []api.EndpointSubset{{
		Addresses: []api.EndpointAddress{{IP: "192.0.2.10"}, {IP: "192.0.2.11"}}, Ports: []api.EndpointPort{{Port: 5432}},
	}}})
	h.Eventually(ready("database", 2))
	require.NoError(t, services.Delete(h.Ctx, "default", "database", api.DeleteOptions{}))
	h.Eventually(func() error {
		page, err := endpointSlices.List(h.Ctx, "default", client.ListOptions{LabelSelector: api.LabelServiceName + "=database"})
		if err == nil && len(page.Items) > 0 {
			err = fmt.Errorf("%d slices are left", len(page.Items))
		}
		return err
	})
}

// webPod is one that goes at once.
func webPod(name string) *api.Pod {
	return &api.Pod{
		ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}},
		Spec:       api.PodSpec{TerminationGracePeriodSeconds: api.Ptr[int64](0), Containers: []api.Container{{Name: "c", Image: "x"}}},
	}
}

// endpointsOf checks that these pods, and no others, stand in the Endpoints of a service as ready.
func (h *Harness) endpointsOf(service string, pods ...string) Check {
	return func() error {
		endpoints, err := client.Of[*api.Endpoints](h.Client).Get(h.Ctx, "default", service)
		if err != nil {
			return err
		}
		var ready []string
		for _, subset := range endpoints.Subsets {
			for _, address := range subset.Addresses {
				ready = append(ready, address.TargetRef.Name)
			}
		}
		if slices.Sort(ready); !slices.Equal(ready, pods) {
			return fmt.Errorf("the endpoints of %s are %q, not %q", service, ready, pods)
		}
		return nil
	}
}

// TestEndpointsThatAreNotSeenYet: a pod that comes and goes before the loop sees the Endpoints that it wrote for it does not stay in
// them, though what the loop sees is as it should be.
func TestEndpointsThatAreNotSeenYet(t *testing.T) {
	h := Start(t, 1)
	Apply(h, &api.Service{
		ObjectMeta: api.ObjectMeta{Name: "web"}, Spec: api.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []api.ServicePort{{Port: 80}}},
	})
	Apply(h, webPod("a"))
	h.Eventually(h.endpointsOf("web", "a"))
	h.late("endpoints", time.Hour)
	Apply(h, webPod("b"))
	h.Eventually(h.endpointsOf("web", "a", "b"))
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "b", api.DeleteOptions{}))
	h.Eventually(func() error {
		page, err := client.Of[*api.EndpointSlice](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: api.LabelServiceName + "=web"})
		if err == nil && (len(page.Items) != 1 || len(page.Items[0].Endpoints) != 1) {
			err = fmt.Errorf("the slices are %v", page.Items)
		}
		return err
	})
	h.resume()
	h.Eventually(h.endpointsOf("web", "a"))
}

// TestEndpointsAreMeantForClientsNear: where a node is, and what its service wants, can change while pods stay.
func TestEndpointsAreMeantForClientsNear(t *testing.T) {
	h := Start(t, 1)
	Apply(h, &api.Service{ObjectMeta: api.ObjectMeta{Name: "web"}, Spec: api.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []api.ServicePort{{Port: 80}}}})
	Apply(h, &api.Pod{
		ObjectMeta: api.ObjectMeta{Name: "a", Labels: map[string]string{"app": "web"}},
		Spec:       api.PodSpec{Containers: []api.Container{{Name: "c", Image: "x"}}},
	})
	meant := func(zone *string, hints *api.EndpointHints) Check {
		return func() error {
			page, err := client.Of[*api.EndpointSlice](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: api.LabelServiceName + "=web"})
			if err != nil {
				return err
			}
			for _, slice := range page.Items {
				for i := range slice.Endpoints {
					if e := &slice.Endpoints[i]; api.Equal(e.Zone, zone) && api.Equal(e.Hints, hints) {
						return nil
					}
				}
			}
			return fmt.Errorf("no endpoint in zone %q with hints %v", api.Deref(zone, ""), hints)
		}
	}
	wants := func(distribution string) {
		_, err := client.Of[*api.Service](h.Client).Patch(h.Ctx, "default", "web", api.MergePatchType, fmt.Appendf(nil, `{"spec":{"trafficDistribution":%s}}`, distribution))
		require.NoError(t, err)
	}
	h.Eventually(meant(nil, nil))
	h.patchNode("n1", `{"metadata":{"labels":{"topology.kubernetes.io/zone":"east"}}}`)
	h.Eventually(meant(api.Ptr("east"), nil))
	wants(`"PreferSameNode"`)
	h.Eventually(meant(api.Ptr("east"), &api.EndpointHints{ForZones: []api.ForZone{{Name: "east"}}, ForNodes: []api.ForNode{{Name: "n1"}}}))
	h.patchNode("n1", `{"metadata":{"labels":{"topology.kubernetes.io/zone":"west"}}}`)
	wants(`"PreferSameZone"`)
	h.Eventually(meant(api.Ptr("west"), &api.EndpointHints{ForZones: []api.ForZone{{Name: "west"}}}))
	wants(`null`)
	h.Eventually(meant(api.Ptr("west"), nil))
}

// TestZonesShareEndpoints: with the annotation for it, a zone without pods is led to its part of the other zone's, as long as it is
// known where nodes are.
func TestZonesShareEndpoints(t *testing.T) {
	h := Start(t, 2)
	h.patchNode("n1", `{"metadata":{"labels":{"topology.kubernetes.io/zone":"east"}}}`)
	h.patchNode("n2", `{"metadata":{"labels":{"topology.kubernetes.io/zone":"west"}}}`)
	Apply(h, &api.Service{
		ObjectMeta: api.ObjectMeta{Name: "web", Annotations: map[string]string{api.AnnotationTopologyMode: "Auto"}},
		Spec:       api.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []api.ServicePort{{Port: 80}}},
	})
	for _, name := range []string{"a", "b"} {
		pod := webPod(name)
		pod.Spec.NodeName = "n1"
		Apply(h, pod)
	}
	meant := func(zones ...string) Check {
		return func() error {
			page, err := client.Of[*api.EndpointSlice](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: api.LabelServiceName + "=web"})
			if err != nil {
				return err
			}
			var have []string
			for _, slice := range page.Items {
				for _, e := range slice.Endpoints {
					if e.Hints != nil {
						have = append(have, e.Hints.ForZones[0].Name)
					}
				}
			}
			if slices.Sort(have); !slices.Equal(have, zones) {
				return fmt.Errorf("endpoints are meant for %q, not %q", have, zones)
			}
			return nil
		}
	}
	h.Eventually(meant("east", "west"))
	h.Eventually(h.hasEvent("web", "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4"))
	h.patchNode("n2", `{"metadata":{"labels":{"topology.kubernetes.io/zone":null}}}`)
	h.Eventually(meant())
	h.Eventually(h.hasEvent("web", "TopologyAwareHintsDisabled",
		"Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4"))
}

// TestLoadBalancersGetAddresses: each its own, which is free again when it is gone. A service of a class is left to others.
func TestLoadBalancersGetAddresses(t *testing.T) {
	h := Start(t, 0, func(cfg *controllers.Config) { cfg.LoadBalancers = netip.MustParsePrefix("10.104.0.0/16") })
	services := client.Of[*api.Service](h.Client)
	balancer := func(name string, edit func(*api.ServiceSpec)) {
		svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceSpec{Type: api.ServiceTypeLoadBalancer, Ports: []api.ServicePort{{Port: 80}}}}
		if edit != nil {
			edit(&svc.Spec)
		}
		Apply(h, svc)
	}
	has := func(name, want string) Check {
		return func() error {
			svc, err := services.Get(h.Ctx, "default", name)
			if err != nil {
				return err
			}
			have := ""
			for _, ingress := range svc.Status.LoadBalancer.Ingress {
				have += ingress.IP
			}
			if have != want {
				return fmt.Errorf("%s has %q instead of %q", name, have, want)
			}
			return nil
		}
	}
	balancer("foreign", func(s *api.ServiceSpec) { s.LoadBalancerClass = api.Ptr("example.com/other") })
	balancer("a", nil)
	h.Eventually(has("a", "10.104.0.1"))
	balancer("b", func(s *api.ServiceSpec) { s.AllocateLoadBalancerNodePorts = api.Ptr(false) })
	h.Eventually(has("b", "10.104.0.2"))
	b, err := services.Get(h.Ctx, "default", "b")
	require.NoError(t, err)
	require.Zero(t, b.Spec.Ports[0].NodePort)
	require.Equal(t, api.LoadBalancerIPModeVIP, *b.Status.LoadBalancer.Ingress[0].IPMode)
	balancer("asks", func(s *api.ServiceSpec) { s.LoadBalancerIP = "10.104.9.9" })
	h.Eventually(has("asks", "10.104.9.9"))
	balancer("taken", func(s *api.ServiceSpec) { s.LoadBalancerIP = "10.104.0.1" })

	t.Log("what becomes another type gives its address back, and whoever waits for it has it")
	a, err := services.Get(h.Ctx, "default", "a")
	require.NoError(t, err)
	require.NoError(t, has("taken", "")())
	a.Spec.Type, a.Spec.AllocateLoadBalancerNodePorts, a.Spec.Ports[0].NodePort = api.ServiceTypeClusterIP, nil, 0
	_, err = services.Update(h.Ctx, a)
	require.NoError(t, err)
	h.Eventually(has("a", ""))
	h.Eventually(has("taken", "10.104.0.1"))
	require.NoError(t, has("foreign", "")())
}

// TestQuotaIsGivenBack: what objects used is free again when they are gone, also for objects that never came to be.
func TestQuotaIsGivenBack(t *testing.T) {
	h := Start(t, 0)
	quotas, configMaps := client.Of[*api.ResourceQuota](h.Client), client.Of[*api.ConfigMap](h.Client)
	one, two := api.NewQuantity(1, api.DecimalSI), api.NewQuantity(2, api.DecimalSI)
	Apply(h, &api.Namespace{ObjectMeta: api.ObjectMeta{Name: "team"}})
	Apply(h, &api.ResourceQuota{
		ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "q"},
		Spec:       api.ResourceQuotaSpec{Hard: api.ResourceList{"count/configmaps": two, "pods": one, "count/deployments.apps": one}},
	})
	used := func(name api.ResourceName, want int64) Check {
		return func() error {
			quota, err := quotas.Get(h.Ctx, "team", "q")
			if err != nil {
				return err
			}
			if q, ok := quota.Status.Used[name]; !ok || q.Value() != want {
				return fmt.Errorf("%s used of %s instead of %d", q, name, want)
			}
			return nil
		}
	}
	h.Eventually(used("count/configmaps", 1)) // the cluster's certificates
	settings := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "settings"}}
	_, err := configMaps.Create(h.Ctx, settings)
	require.NoError(t, err)
	require.NoError(t, used("count/configmaps", 2)(), "charged before the answer")
	_, err = configMaps.Create(h.Ctx, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "more"}})
	require.True(t, api.IsForbidden(err), "%v", err)
	require.NoError(t, configMaps.Delete(h.Ctx, "team", "settings", api.DeleteOptions{}))
	h.Eventually(used("count/configmaps", 1))
	_, err = configMaps.Create(h.Ctx, settings)
	require.NoError(t, err)
	h.Eventually(used("count/deployments.apps", 0))
	h.Eventually(used("pods", 0))
}

// TestChargeIsHeardOfLate: an object has gone again before the controllers hear that it was charged for. The charge is given back.
func TestChargeIsHeardOfLate(t *testing.T) {
	h := Start(t, 0)
	quotas, configMaps := client.Of[*api.ResourceQuota](h.Client), client.Of[*api.ConfigMap](h.Client)
	Apply(h, &api.ResourceQuota{ObjectMeta: api.ObjectMeta{Name: "q"}, Spec: api.ResourceQuotaSpec{Hard: api.ResourceList{"configmaps": api.MustParse("5")}}})
	used := func() (int64, error) {
		quota, err := quotas.Get(h.Ctx, "default", "q")
		if err != nil {
			return 0, err
		}
		q := quota.Status.Used["configmaps"]
		return q.Value(), nil
	}
	one := func() error {
		if n, err := used(); err != nil || n != 1 {
			return fmt.Errorf("%d used (%w)", n, err)
		}
		return nil
	}
	h.Eventually(one) // the cluster's certificates
	h.late("resourcequotas", time.Second)
	_, err := configMaps.Create(h.Ctx, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "settings"}})
	require.NoError(t, err)
	n, err := used()
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.NoError(t, configMaps.Delete(h.Ctx, "default", "settings", api.DeleteOptions{}))
	h.Eventually(one)
}

// TestClaimOutlivesItsPods: a claim that is deleted stays until the pod that uses it is gone.
func TestClaimOutlivesItsPods(t *testing.T) {
	h := Start(t, 0)
	claims, pods := client.Of[*api.PersistentVolumeClaim](h.Client), client.Of[*api.Pod](h.Client)
	Apply(h, &api.PersistentVolumeClaim{
		ObjectMeta: api.ObjectMeta{Name: "data"},
		Spec: api.PersistentVolumeClaimSpec{
			AccessModes: []api.PersistentVolumeAccessMode{api.ReadWriteOnce},
			Resources:   api.VolumeResourceRequirements{Requests: api.ResourceList{api.ResourceStorage: api.MustParse("1Gi")}},
		},
	})
	h.Eventually(func() error {
		_, err := client.Of[*api.ServiceAccount](h.Client).Get(h.Ctx, "default", "default")
		return err
	})
	Apply(h, &api.Pod{
		ObjectMeta: api.ObjectMeta{Name: "db"},
		Spec: api.PodSpec{
			NodeName: "elsewhere", Containers: []api.Container{{Name: "c", Image: "x"}},
			Volumes: []api.Volume{{Name: "v", VolumeSource: api.VolumeSource{PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}},
		},
	})
	require.NoError(t, claims.Delete(h.Ctx, "default", "data", api.DeleteOptions{}))
	claim, err := claims.Get(h.Ctx, "default", "data")
	require.NoError(t, err, "in use")
	require.NotNil(t, claim.DeletionTimestamp)
	require.NoError(t, pods.Delete(h.Ctx, "default", "db", api.DeleteOptions{GracePeriodSeconds: api.Ptr[int64](0)}))
	h.Eventually(func() error {
		if _, err := claims.Get(h.Ctx, "default", "data"); !api.IsNotFound(err) {
			return fmt.Errorf("the claim is still there: %v", err)
		}
		return nil
	})
}
