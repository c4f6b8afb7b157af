package kubelet

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// The container's security context goes before the pod's.
func TestSetSecurity(t *testing.T) {
	pod := testPod("a")
	pod.Spec.SecurityContext = &api.PodSecurityContext{RunAsUser: api.Ptr[int64](1000), FSGroup: api.Ptr[int64](7), SupplementalGroups: []int64{5}}
	c := &pod.Spec.Containers[0]
	var config ContainerConfig
	require.NoError(t, (&Kubelet{}).setSecurity(&config, pod, c, &Image{}))
	require.Equal(t, "1000", config.User)
	require.Equal(t, []int64{5, 7}, config.SupplementalGroups)

	c.SecurityContext = &api.SecurityContext{RunAsUser: api.Ptr[int64](2000), RunAsGroup: api.Ptr[int64](3000), AllowPrivilegeEscalation: api.Ptr(false),
		Capabilities: &api.Capabilities{Add: []api.Capability{"NET_ADMIN"}, Drop: []api.Capability{"ALL"}}}
	config = ContainerConfig{}
	require.NoError(t, (&Kubelet{}).setSecurity(&config, pod, c, &Image{}))
	require.Equal(t, "2000:3000", config.User)
	require.True(t, config.NoNewPrivileges)
	require.Equal(t, []string{"NET_ADMIN"}, config.AddCapabilities)
	require.Equal(t, []string{"ALL"}, config.DropCapabilities)
}

func TestRunAsNonRoot(t *testing.T) {
	for _, test := range []struct {
		name  string
		user  *int64
		image string
		want  string
	}{
		{"an image that runs as root", nil, "", "container has runAsNonRoot and image will run as root"},
		{"an image that says so", nil, "0:0", "container has runAsNonRoot and image will run as root"},
		{"an image whose user is a name", nil, "nginx", "image has non-numeric user (nginx), cannot verify user is non-root"},
		{"a pod that asks for root", api.Ptr[int64](0), "1000", "container's runAsUser breaks non-root policy"},
		{"an image that does not", nil, "1000", ""},
		{"a pod that does not", api.Ptr[int64](1000), "", ""},
	} {
		pod := testPod("a")
		pod.Spec.SecurityContext = &api.PodSecurityContext{RunAsNonRoot: api.Ptr(true), RunAsUser: test.user}
		err := (&Kubelet{}).setSecurity(&ContainerConfig{}, pod, &pod.Spec.Containers[0], &Image{User: test.image})
		if test.want == "" {
			require.NoError(t, err, test.name)
		} else {
			require.ErrorContains(t, err, test.want, test.name)
		}
	}
}

// Only the API server and administrators may read logs.
func TestAuthorize(t *testing.T) {
	handler := authorize(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	call := func(subject *pkix.Name) int {
		r := httptest.NewRequest(http.MethodGet, "/pods", nil)
		if subject != nil {
			cert := &x509.Certificate{Subject: *subject}
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusUnauthorized, call(nil))
	require.Equal(t, http.StatusForbidden, call(&pkix.Name{CommonName: "system:node:n2", Organization: []string{"system:nodes"}}))
	require.Equal(t, http.StatusOK, call(&pkix.Name{CommonName: "kube-apiserver-kubelet-client"}))
	require.Equal(t, http.StatusOK, call(&pkix.Name{CommonName: "me", Organization: []string{"system:masters"}}))
}

func TestLoggedContainer(t *testing.T) {
	pod := testPod("a")
	created := attempt(2, running("a"))
	created.State = ContainerCreated
	id, err := loggedContainer(pod, runtimePod(attempt(1, running("a")), exited("a", 1)), "a", false)
	require.NoError(t, err)
	require.Equal(t, "a-1", id)
	id, err = loggedContainer(pod, runtimePod(attempt(1, running("a")), exited("a", 1)), "a", true)
	require.NoError(t, err)
	require.Equal(t, "a-0", id)
	id, err = loggedContainer(pod, runtimePod(created, attempt(1, exited("a", 1))), "a", false)
	require.NoError(t, err)
	require.Equal(t, "a-1", id, "the one that is being started has nothing to say yet")

	_, err = loggedContainer(pod, runtimePod(running("a")), "a", true)
	require.EqualError(t, err, `previous terminated container "a" in pod "web" not found`)
	pod.Status.ContainerStatuses = []api.ContainerStatus{{Name: "a", State: api.ContainerState{Waiting: &api.ContainerStateWaiting{Reason: "ErrImagePull"}}}}
	_, err = loggedContainer(pod, runtimePod(), "a", false)
	require.EqualError(t, err, `container "a" in pod "web" is waiting to start: image can't be pulled`)
}

func TestSeccompProfiles(t *testing.T) {
	k := &Kubelet{cfg: Config{RootDir: t.TempDir()}}
	in := func(path string) string { return filepath.Join(k.cfg.RootDir, "seccomp", path) }
	for _, test := range []struct {
		name    string
		profile *api.SeccompProfile
		want    string
		err     string
	}{
		{"nothing said", nil, "", ""},
		{"the runtime's", &api.SeccompProfile{Type: api.SeccompProfileTypeRuntimeDefault}, "", ""},
		{"none", &api.SeccompProfile{Type: api.SeccompProfileTypeUnconfined}, "unconfined", ""},
		{"one of the machine", &api.SeccompProfile{Type: api.SeccompProfileTypeLocalhost, LocalhostProfile: api.Ptr("strict.json")}, in("strict.json"), ""},
		{"one from elsewhere", &api.SeccompProfile{Type: api.SeccompProfileTypeLocalhost, LocalhostProfile: api.Ptr("../none.json")}, in("none.json"), ""},
		{"one that is not named", &api.SeccompProfile{Type: api.SeccompProfileTypeLocalhost}, "", "localhostProfile must be set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := k.seccomp(test.profile)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}
