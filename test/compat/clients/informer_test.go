package clients

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"kubelite/api"
	"kubelite/apiserver"
	"kubelite/cluster"
	"kubelite/store"
)

// TestInformer: a shared informer of client-go must end up with exactly what is stored, whatever happened to the server
// meanwhile.
func TestInformer(t *testing.T) {
	check(t, "client-go informer", "converges while the API server goes away and comes back", func(t *testing.T) {
		s := newServer(t, time.Hour)
		s.start()
		f := s.follow(t)
		for round := range 3 {
			s.write(t, round)
			s.stop()
			s.start()
			s.write(t, 10+round)
		}
		f.converges(t)
	})
	check(t, "client-go informer", "converges when what it missed has been compacted", func(t *testing.T) {
		s := newServer(t, 500*time.Millisecond)
		s.start()
		f := s.follow(t)
		s.write(t, 0)
		f.converges(t)
		// The informer cannot come back for longer than history is kept, while others go on writing.
		s.proxy.close(true)
		for round := range 8 {
			s.write(t, round)
			time.Sleep(200 * time.Millisecond) // history is kept by time
		}
		s.proxy.close(false)
		f.converges(t)
	})
}

// localServer is an API server by itself, in this process, that can go away and come back.
type localServer struct {
	t          *testing.T
	dir, url   string
	pki        *cluster.PKI
	compaction time.Duration
	cancel     context.CancelFunc
	ended      chan error
	client     *kubernetes.Clientset
	proxy      *gate // what the informer connects through
}

func newServer(t *testing.T, compaction time.Duration) *localServer {
	s := &localServer{t: t, dir: t.TempDir(), compaction: compaction}
	var err error
	s.pki, err = cluster.NewPKI(s.dir)
	require.NoError(t, err)
	require.NoError(t, s.pki.Server("apiserver", "kube-apiserver", []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}))
	require.NoError(t, s.pki.Client("admin", "kubernetes-admin", "system:masters"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "https://" + l.Addr().String()
	s.proxy = newGate(t, l.Addr().String())
	require.NoError(t, l.Close())
	s.client, err = kubernetes.NewForConfig(s.config(s.url))
	require.NoError(t, err)
	t.Cleanup(s.stop)
	return s
}

func (s *localServer) config(url string) *rest.Config {
	return &rest.Config{Host: url, QPS: -1, TLSClientConfig: rest.TLSClientConfig{
		CAFile: s.pki.CertFile("ca"), CertFile: s.pki.CertFile("admin"), KeyFile: s.pki.KeyFile("admin"),
	}}
}

func (s *localServer) start() {
	db, err := store.Open(filepath.Join(s.dir, "store"), store.Options{})
	require.NoError(s.t, err)
	server, err := apiserver.New(apiserver.Config{
		Store: db, Listen: []string{s.url[len("https://"):]}, Logger: slog.New(slog.DiscardHandler), Version: api.KubernetesVersion,
		CertFile: s.pki.CertFile("apiserver"), KeyFile: s.pki.KeyFile("apiserver"), ClientCAFile: s.pki.CertFile("ca"),
		CompactionInterval: s.compaction,
	})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan error, 1)
	go func() { s.ended <- errors.Join(server.Run(ctx), db.Close()) }()
	require.Eventually(s.t, func() bool {
		_, err := s.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil
	}, 30*time.Second, 5*time.Millisecond)
}

func (s *localServer) stop() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	require.NoError(s.t, <-s.ended)
	s.cancel = nil
}

// write creates, changes and deletes some objects.
func (s *localServer) write(t *testing.T, round int) {
	ctx := t.Context()
	if _, err := s.client.CoreV1().Namespaces().Get(ctx, "informed", metav1.GetOptions{}); err != nil {
		_, err = s.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "informed"}}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	maps := s.client.CoreV1().ConfigMaps("informed")
	for i := range 20 {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("cm-%d-%d", round, i), Labels: map[string]string{"app": "informed"}}}
		made, err := maps.Create(ctx, cm, metav1.CreateOptions{})
		if err != nil { // there from an earlier round
			made, err = maps.Get(ctx, cm.Name, metav1.GetOptions{})
			require.NoError(t, err)
		}
		made.Data = map[string]string{"round": fmt.Sprint(round), "at": time.Now().String()}
		_, err = maps.Update(ctx, made, metav1.UpdateOptions{})
		require.NoError(t, err)
		if i%3 == 0 {
			require.NoError(t, maps.Delete(ctx, cm.Name, metav1.DeleteOptions{}))
		}
	}
}

// follower is an informer of the objects that write writes.
type follower struct {
	s       *localServer
	factory informers.SharedInformerFactory
}

func (s *localServer) follow(t *testing.T) *follower {
	client, err := kubernetes.NewForConfig(s.config("https://" + s.proxy.address))
	require.NoError(t, err)
	f := &follower{s: s, factory: informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "app=informed" }))}
	f.factory.Core().V1().ConfigMaps().Informer()
	stop := make(chan struct{})
	f.factory.Start(stop)
	t.Cleanup(func() { close(stop); f.factory.Shutdown() })
	for _, synced := range f.factory.WaitForCacheSync(t.Context().Done()) {
		require.True(t, synced)
	}
	return f
}

// converges compares the informer's cache with a fresh list.
func (f *follower) converges(t *testing.T) {
	t.Helper()
	store := f.factory.Core().V1().ConfigMaps().Informer().GetStore()
	require.Eventually(t, func() bool {
		list, err := f.s.client.CoreV1().ConfigMaps("").List(t.Context(), metav1.ListOptions{LabelSelector: "app=informed"})
		if err != nil || len(list.Items) == 0 || len(list.Items) != len(store.List()) {
			return false
		}
		for i := range list.Items {
			want := &list.Items[i]
			have, ok, err := store.GetByKey(want.Namespace + "/" + want.Name)
			if err != nil || !ok || have.(*corev1.ConfigMap).ResourceVersion != want.ResourceVersion {
				return false
			}
		}
		return true
	}, 60*time.Second, 20*time.Millisecond)
}
