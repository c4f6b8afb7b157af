package story

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// Another range for services: it becomes ready, gives addresses away, and when it is deleted it gives no more, but stays while a
// service has one of it.
func TestAnotherServiceCIDR(t *testing.T) {
	h := Start(t, 0)
	cidrs, services := client.Of[*api.ServiceCIDR](h.Client), client.Of[*api.Service](h.Client)
	is := func(name string, status api.ConditionStatus, reason string) Check {
		return func() error {
			cidr, err := cidrs.Get(h.Ctx, "", name)
			if err != nil {
				return err
			}
			if c := cidr.Status.Conditions; len(c) != 1 || c[0].Status != status || c[0].Reason != reason {
				return fmt.Errorf("range %s: %+v", name, c)
			}
			return nil
		}
	}
	service := func(name, address string) error {
		_, err := services.Create(h.Ctx, &api.Service{
			ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name},
			Spec:       api.ServiceSpec{ClusterIP: address, Ports: []api.ServicePort{{Port: 80}}},
		})
		return err
	}
	h.Eventually(is("kubernetes", api.ConditionTrue, ""))
	require.ErrorContains(t, service("early", "10.200.0.7"), "the provided network does not match the current range")

	Apply(h, &api.ServiceCIDR{ObjectMeta: api.ObjectMeta{Name: "more"}, Spec: api.ServiceCIDRSpec{CIDRs: []string{"10.200.0.0/24"}}})
	h.Eventually(is("more", api.ConditionTrue, ""))
	require.NoError(t, service("named", "10.200.0.7"))
	address, err := client.Of[*api.IPAddress](h.Client).Get(h.Ctx, "", "10.200.0.7")
	require.NoError(t, err)
	require.Equal(t, "named", address.Spec.ParentRef.Name)
	require.NoError(t, service("any", ""))
	any, err := services.Get(h.Ctx, "default", "any")
	require.NoError(t, err)
	require.True(t, netip.MustParsePrefix("10.96.0.0/16").Contains(netip.MustParseAddr(any.Spec.ClusterIP)), "the first range has room")

	require.NoError(t, cidrs.Delete(h.Ctx, "", "more", api.DeleteOptions{}))
	h.Eventually(is("more", api.ConditionFalse, "Terminating"))
	require.ErrorContains(t, service("late", "10.200.0.8"), "the provided network does not match the current range")
	// It goes when its last address has, but not before ten seconds have passed.
	require.NoError(t, services.Delete(h.Ctx, "default", "named", api.DeleteOptions{}))
	h.Eventually(func() error {
		_, err := cidrs.Get(h.Ctx, "", "more")
		if api.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("range more is still there: %v", err)
	})

	// The first range cannot go: the API server itself lives in it.
	require.NoError(t, cidrs.Delete(h.Ctx, "", "kubernetes", api.DeleteOptions{}))
	h.Eventually(is("kubernetes", api.ConditionFalse, "Terminating"))
}
