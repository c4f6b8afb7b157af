package apiserver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// A component is well while it renews its lease. Nothing of it is stored, and nothing can be written.
func TestComponentStatuses(t *testing.T) {
	h := newHarness(t)
	const path = "/api/v1/componentstatuses"
	rows := func() (rows []any) {
		table := h.must("GET", path, "", "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
		require.Equal(t, `299 - "v1 ComponentStatus is deprecated in v1.19+"`, table.header.Get("Warning"))
		for _, row := range table.at("rows").([]any) {
			rows = append(rows, row.(tree)["cells"])
		}
		return rows
	}
	require.Equal(t, []any{
		[]any{"controller-manager", "Unhealthy", "nobody holds lease kube-system/kube-controller-manager", ""},
		[]any{"etcd-0", "Healthy", "ok", ""},
		[]any{"scheduler", "Unhealthy", "nobody holds lease kube-system/kube-scheduler", ""},
	}, rows())

	lease := func(name string, renewed time.Time) {
		h.must("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", `{"metadata":{"name":"`+name+`"},
			"spec":{"holderIdentity":"me","leaseDurationSeconds":15,"renewTime":"`+renewed.UTC().Format("2006-01-02T15:04:05.000000Z")+`"}}`)
	}
	lease("kube-controller-manager", time.Now())
	lease("kube-scheduler", time.Now().Add(-3*time.Minute))
	require.Equal(t, []any{
		[]any{"controller-manager", "Healthy", "ok", ""},
		[]any{"etcd-0", "Healthy", "ok", ""},
		[]any{"scheduler", "Unhealthy", "lease kube-system/kube-scheduler was last renewed 3m ago", ""},
	}, rows())

	one := h.must("GET", path+"/controller-manager", "")
	require.Equal(t, tree{"type": "Healthy", "status": "True", "message": "ok"}, one.at("conditions.0"))
	require.Len(t, h.must("GET", path+"?fieldSelector=metadata.name%3Detcd-0", "").at("items"), 1)
	require.Len(t, h.must("GET", path+"?labelSelector=a%3Db", "").at("items"), 0)
	require.Equal(t, `componentstatus "kubelet" not found`, h.fails(404, api.StatusReasonNotFound, "GET", path+"/kubelet", ""))
	h.fails(405, api.StatusReasonMethodNotAllowed, "POST", path, `{"metadata":{"name":"x"}}`)
	h.fails(405, api.StatusReasonMethodNotAllowed, "GET", path+"?watch=true", "")
	h.fails(405, api.StatusReasonMethodNotAllowed, "DELETE", path+"/scheduler", "")
}

// Whatever is done with a kind that is on its way out, the answer says so.
func TestDeprecatedKind(t *testing.T) {
	h := newHarness(t)
	const path, warning = "/api/v1/namespaces/default/endpoints", `299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"`
	require.Equal(t, warning, h.must("POST", path, `{"metadata":{"name":"web"}}`).header.Get("Warning"))
	require.Equal(t, warning, h.must("GET", path, "").header.Get("Warning"))
	require.Equal(t, warning, h.must("GET", path+"?watch=true&timeoutSeconds=1", "").header.Get("Warning"))
}
