package apiserver

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// What the server's own work costs, without a client that shares the processor with it: requests go to the handler, and
// answers go nowhere. `go test ./apiserver -run '^$' -bench .` prints the figures that docs/performance.md has.

// cpuTime is what the process has used so far, in the program and in the kernel.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the arguments are constants
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// reportCPU runs what is measured and reports how much processor time each of b.N took, whoever of the server's
// goroutines used it.
func reportCPU(b *testing.B, run func()) {
	before := cpuTime()
	b.ResetTimer()
	run()
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

// nowhere takes an answer and keeps only its code.
type nowhere struct {
	header http.Header
	code   int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(code int)        { w.code = code }
func (w *nowhere) Write(b []byte) (int, error) { return len(b), nil }

// to calls the handler as a connection would.
func (h *harness) to(method, path, media, encoding string, body []byte) int {
	hr := &http.Request{
		Method: method, URL: &url.URL{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost", RemoteAddr: "127.0.0.1:1",
		Header: http.Header{
			"Authorization": {"Bearer admin"}, "Content-Type": {media}, "Accept": {media}, "Accept-Encoding": {encoding}, "User-Agent": {"bench"},
		},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	var err error
	if hr.URL, err = url.ParseRequestURI(path); err != nil {
		panic(err)
	}
	w := &nowhere{header: http.Header{}, code: http.StatusOK}
	h.server.Handler().ServeHTTP(w, hr)
	return w.code
}

// plainPod is what kubectl run sends; fullPod is a pod such as people write: an init container and a container with a port, resources, probes and a volume.
const (
	plainPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"labels":{"run":"web"}},"spec":{"containers":[{"name":"web","image":"nginx","resources":{}}],
"restartPolicy":"Always","dnsPolicy":"ClusterFirst"},"status":{}}`
	fullPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":"default","labels":{"app":"web","tier":"front"},
"annotations":{"example.com/owner":"team-a"}},"spec":{"initContainers":[{"name":"prepare","image":"busybox:1.37","command":["sh","-c","true"]}],
"containers":[{"name":"web","image":"nginx:1.29","ports":[{"name":"http","containerPort":8080}],
"env":[{"name":"LEVEL","value":"info"},{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
"resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"cpu":"1","memory":"128Mi"}},
"livenessProbe":{"httpGet":{"path":"/healthz","port":"http"},"periodSeconds":10},"readinessProbe":{"httpGet":{"path":"/ready","port":"http"}},
"volumeMounts":[{"name":"data","mountPath":"/data"}]}],"volumes":[{"name":"data","emptyDir":{}}],"nodeSelector":{"disk":"ssd"},
"tolerations":[{"key":"dedicated","operator":"Equal","value":"web","effect":"NoSchedule"}]}}`
)

// BenchmarkCreatePod is everything between a body and its place in the store: decode, default, admit, validate, note who
// set which field, store. Several clients write at once, as they do when it matters.
func BenchmarkCreatePod(b *testing.B) {
	body := func(b *testing.B, pod, media, name string) []byte {
		data := fmt.Appendf(nil, pod, name)
		if media == mediaProtobuf {
			obj := &api.Pod{}
			require.NoError(b, api.UnmarshalJSON(data, obj))
			var err error
			data, err = api.MarshalProtobuf(obj)
			require.NoError(b, err)
		}
		return data
	}
	for _, bench := range []struct{ name, pod, media string }{
		{"plain/json", plainPod, mediaJSON}, {"plain/protobuf", plainPod, mediaProtobuf}, {"full/json", fullPod, mediaJSON}, {"full/protobuf", fullPod, mediaProtobuf},
	} {
		b.Run(bench.name, func(b *testing.B) {
			h := newHarness(b)
			bodies := make([][]byte, b.N)
			for i := range bodies {
				bodies[i] = body(b, bench.pod, bench.media, fmt.Sprintf("web-%07d", i))
			}
			var next atomic.Int64
			b.SetParallelism(8)
			b.ReportAllocs()
			reportCPU(b, func() {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						code := h.to("POST", "/api/v1/namespaces/default/pods?fieldManager=bench", bench.media, "identity", bodies[next.Add(1)-1])
						if code != http.StatusCreated {
							b.Errorf("code %d", code)
						}
					}
				})
			})
		})
	}
}

// BenchmarkListPods is a list of 10,000 pods: as the handler makes it, and as a client gets it over TLS, which decrypts
// on the same processor. The rate counts bytes of JSON, compressed or not.
func BenchmarkListPods(b *testing.B) {
	h := newHarness(b)
	const pods = 10_000
	for i := range pods {
		require.Equal(b, http.StatusCreated, h.to("POST", "/api/v1/namespaces/default/pods", mediaJSON, "identity", fmt.Appendf(nil, fullPod, fmt.Sprintf("web-%05d", i))))
	}
	// As the program serves it: HTTP/1.1, and records of full size.
	h.http.Close()
	h.http = httptest.NewUnstartedServer(h.server.Handler())
	h.http.TLS = &tls.Config{DynamicRecordSizingDisabled: true}
	h.http.StartTLS()
	h.client = h.http.Client()
	const path = "/api/v1/namespaces/default/pods"
	size := int64(len(h.do("GET", path, "").body))
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run("handler/"+encoding, func(b *testing.B) {
			b.SetBytes(size)
			reportCPU(b, func() {
				for b.Loop() {
					require.Equal(b, http.StatusOK, h.to("GET", path, mediaJSON, encoding, nil))
				}
			})
		})
		b.Run("client/"+encoding, func(b *testing.B) {
			b.SetBytes(size)
			reportCPU(b, func() {
				for b.Loop() {
					res := h.request(b.Context(), "GET", path, "", "Accept-Encoding", encoding)
					_, err := io.Copy(io.Discard, res.Body)
					require.NoError(b, err)
					require.NoError(b, res.Body.Close())
				}
			})
		})
	}
}
