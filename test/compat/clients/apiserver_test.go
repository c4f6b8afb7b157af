package clients

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// TestAPIServer sends the same requests, drawn by chance, to upstream's kube-apiserver and to ours, and compares the answers: the object
// with its defaults and who owns which field, or the refusal in all its words, and the warnings. It runs where COMPAT_CONTROLLERS names a
// directory with etcd and kube-apiserver. REQUEST_SEEDS says which stories are told: "0-300", unless it is set.
func TestAPIServer(t *testing.T) {
	from, to := seeds(t, "REQUEST_SEEDS", 300)
	ours, theirs := twoAPIServers(t)
	storyteller := &storyteller{objects: requestObjects(t), servers: [2]*apiServer{ours, theirs}, outcomes: map[int]int{}}
	check(t, "requests", "are answered as by upstream's, drawn by chance", func(t *testing.T) {
		for seed := from; seed < to; seed++ {
			var different string
			for range 3 { // what an object before it left behind may still be in one's caches
				if different = storyteller.tell(t, seed); different == "" {
					break
				}
			}
			if different != "" {
				t.Errorf("story %d\n%s", seed, different)
			}
		}
	})
	t.Logf("%d stories: %v", to-from, storyteller.outcomes)
	for _, code := range []int{http.StatusOK, http.StatusCreated, http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity} {
		require.NotZero(t, storyteller.outcomes[code], code)
	}
}

// twoAPIServers are ours and upstream's, until the test ends. Nobody else writes there.
func twoAPIServers(t *testing.T) (ours, theirs *apiServer) {
	t.Helper()
	programs := upstreamPrograms(t, "etcd", "kube-apiserver")
	c := newCluster(t, "--nodes", "1", "--runtime", "simulated")
	for _, component := range []string{"controllers", "scheduler", "kubelet-node-1", "metrics-server"} {
		require.NoError(t, c.command("component", "stop", component))
	}
	ours, theirs = newAPIServer(t, c.hurried(t)), newAPIServer(t, c.upstreamServer(t, programs))
	ours.send(t, request{method: "DELETE", path: "/api/v1/nodes/node-1"}) // theirs has none
	return ours, theirs
}

// apiServer is one of the two API servers.
type apiServer struct {
	host   string
	client *http.Client
	served map[schema.GroupVersionKind]servedKind
}

// servedKind is where the objects of a kind are.
type servedKind struct {
	path         string   // of the collection
	subresources []string // status and scale, if it has them
}

const requestsNamespace = "requests"

// newAPIServer makes on a server what the requests need, and looks where its kinds are.
func newAPIServer(t *testing.T, config *rest.Config) *apiServer {
	client, err := rest.HTTPClientFor(config)
	require.NoError(t, err)
	s := &apiServer{host: config.Host, client: client}
	definition, err := os.ReadFile("../../../examples/crontab-definition.yaml")
	require.NoError(t, err)
	definition, err = yaml.YAMLToJSON(definition)
	require.NoError(t, err)
	s.create(t, "/api/v1/namespaces", map[string]any{"metadata": map[string]any{"name": requestsNamespace}})
	s.create(t, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json.RawMessage(definition))
	for _, account := range []string{"default", "web"} {
		s.create(t, "/api/v1/namespaces/"+requestsNamespace+"/serviceaccounts", map[string]any{"metadata": map[string]any{"name": account}})
	}
	s.send(t, request{method: "DELETE", path: "/apis/storage.k8s.io/v1/storageclasses/standard"}) // theirs has no default class

	discover, err := discovery.NewDiscoveryClientForConfig(config)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, lists, _ := discover.ServerGroupsAndResources() // a group that somebody else serves may not be there
		s.served = servedKinds(lists)
		return s.served[schema.GroupVersionKind{Group: "stable.example.com", Version: "v1", Kind: "CronTab"}].path != ""
	}, 30*time.Second, 100*time.Millisecond)
	return s
}

func (s *apiServer) create(t *testing.T, path string, object any) {
	t.Helper()
	a := s.send(t, request{method: "POST", path: path, contentType: "application/json", body: encode(object)})
	require.Equal(t, http.StatusCreated, a.code, "%s", a.body)
}

// request is one of a story's.
type request struct {
	method, path string
	query        url.Values
	contentType  string
	accept       string // "" for JSON
	body         []byte
}

// answer is what a server says to it. Without a code there was none.
type answer struct {
	code        int
	contentType string
	warnings    []string
	body        []byte
}

func (s *apiServer) send(t *testing.T, r request) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, s.host+r.path+"?"+r.query.Encode(), bytes.NewReader(r.body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", r.contentType)
	req.Header.Set("Accept", cmp.Or(r.accept, "application/json"))
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{body: encode(map[string]string{"error": err.Error()})}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{code: resp.StatusCode, contentType: resp.Header.Get("Content-Type"), warnings: resp.Header.Values("Warning"), body: body}
}

// upstreamServer runs etcd and kube-apiserver with the cluster's keys until the test ends, and waits until the server is ready.
func (c *fullCluster) upstreamServer(t *testing.T, programs string) *rest.Config {
	t.Helper()
	dir := t.TempDir()
	run := func(name string, args ...string) { startUpstreams(t, programs, name, os.Kill, args...) }
	etcd, peers, address := "http://"+freeAddress(t), "http://"+freeAddress(t), freeAddress(t)
	run("etcd", "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", peers,
		"--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers, "--log-level", "error", "--unsafe-no-fsync")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	run("kube-apiserver", "--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", port,
		"--tls-cert-file", c.pki("apiserver.crt"), "--tls-private-key-file", c.pki("apiserver.key"), "--client-ca-file", c.pki("ca.crt"),
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", c.pki("apiserver.crt"),
		"--service-account-signing-key-file", c.pki("apiserver.key"), "--service-cluster-ip-range", "10.97.0.0/16", "--authorization-mode", "RBAC", "--allow-privileged")
	config := c.hurried(t)
	config.Host = "https://" + address
	client, err := rest.HTTPClientFor(config)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		resp, err := client.Get(config.Host + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, 90*time.Second, 200*time.Millisecond, "kube-apiserver does not get ready")
	return config
}

// freeAddress is one on loopback that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("%v cannot be JSON: %v", v, err))
	}
	return out
}
