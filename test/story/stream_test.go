package story

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// visitor is somebody with a certificate who speaks plain HTTP.
type visitor struct {
	h   *Harness
	tls *tls.Config
}

func (h *Harness) visitor(user string, groups ...string) *visitor {
	h.T.Helper()
	name := fmt.Sprintf("visitor-%x", user)
	require.NoError(h.T, h.pki.Client(name, user, groups...))
	pair, err := tls.LoadX509KeyPair(h.pki.CertFile(name), h.pki.KeyFile(name))
	require.NoError(h.T, err)
	pool := x509.NewCertPool()
	ca, err := os.ReadFile(h.pki.CertFile("ca"))
	require.NoError(h.T, err)
	pool.AppendCertsFromPEM(ca)
	return &visitor{h, &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, MinVersion: tls.VersionTLS12}}
}

// do sends a request to the API server, or to whom the path names in full. Redirects are not followed.
func (v *visitor) do(method, path, body string) (code int, header http.Header, text string) {
	v.h.T.Helper()
	transport := &http.Transport{TLSClientConfig: v.tls}
	defer transport.CloseIdleConnections()
	if strings.HasPrefix(path, "/") {
		path = v.h.url + path
	}
	request, err := http.NewRequestWithContext(v.h.Ctx, method, path, strings.NewReader(body))
	require.NoError(v.h.T, err)
	request.Header.Set("Authorization", "Bearer secret")
	answer, err := transport.RoundTrip(request)
	require.NoError(v.h.T, err)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	require.NoError(v.h.T, err)
	return answer.StatusCode, answer.Header, string(b)
}

// talk opens a WebSocket, sends messages, and returns all that comes back. If it is refused there is only a code.
func (v *visitor) talk(path, protocol string, send ...string) (code int, messages []string) {
	v.h.T.Helper()
	dialer := websocket.Dialer{TLSClientConfig: v.tls, Subprotocols: []string{protocol}}
	conn, answer, err := dialer.Dial("wss"+strings.TrimPrefix(v.h.url, "https")+path, nil)
	if err == websocket.ErrBadHandshake {
		return answer.StatusCode, nil
	}
	require.NoError(v.h.T, err)
	defer conn.Close()
	require.NoError(v.h.T, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for _, message := range send {
		require.NoError(v.h.T, conn.WriteMessage(websocket.BinaryMessage, []byte(message)))
	}
	for {
		_, message, err := conn.ReadMessage()
		if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			return answer.StatusCode, messages
		}
		require.NoError(v.h.T, err, "after %q", messages)
		// A program may write a line in pieces, each of which is a message: together they are one here.
		if last := len(messages) - 1; last >= 0 && len(messages[last]) > 1 && len(message) > 1 && messages[last][0] == message[0] {
			messages[last] += string(message[1:])
			continue
		}
		messages = append(messages, string(message))
	}
}

const v5, channelSuccess = "v5.channel.k8s.io", "\x03" + `{"metadata":{},"status":"Success"}`

// runPod makes a pod and waits until it runs.
func runPod(h *Harness, name string, change func(*api.Pod)) *api.Pod {
	h.T.Helper()
	p := api.New[*api.Pod]()
	p.Namespace, p.Name, p.Labels = "default", name, map[string]string{"app": name}
	p.Spec.Containers = []api.Container{{Name: "c", Image: "app:1", Ports: []api.ContainerPort{{ContainerPort: 8080}}}}
	if change != nil {
		change(p)
	}
	h.Eventually(func() error { // the namespace's service account comes a moment after the namespace
		_, err := client.Of[*api.Pod](h.Client).Create(h.Ctx, p)
		return err
	})
	h.Eventually(h.PodsReady("app="+name, 1))
	return h.Pods("app=" + name)[0]
}

// TestTalkingToAPod goes all the way: a client, the API server, a kubelet, and a (simulated) container.
func TestTalkingToAPod(t *testing.T) {
	h := Start(t, 1)
	runPod(h, "web", nil)
	admin := h.visitor("kubernetes-admin", "system:masters")
	const pod = "/api/v1/namespaces/default/pods/web"

	code, messages := admin.talk(pod+"/exec?command=echo&command=hello&stdout=true&stderr=true", v5)
	require.Equal(t, http.StatusSwitchingProtocols, code)
	require.Equal(t, []string{"\x01", "\x01hello\n", channelSuccess}, messages)
	_, messages = admin.talk(pod+"/exec?command=cat&stdin=true&stdout=true", v5, "\x00hello", "\xff\x00")
	require.Equal(t, []string{"\x01", "\x01hello", channelSuccess}, messages)
	_, messages = admin.talk(pod+"/exec?command=sh&command=-c&command=exit+3&stdout=true", v5)
	require.Len(t, messages, 2)
	require.Contains(t, messages[1], `"reason":"NonZeroExitCode"`)

	_, messages = admin.talk(pod+"/exec?command=echo&command=hello&stdout=true&stderr=true", "channel.k8s.io") // the oldest knows no status
	require.Equal(t, []string{"\x01", "\x01hello\n"}, messages)

	_, messages = admin.talk(pod+"/log", "binary.k8s.io")
	require.Equal(t, []string{"", "simulated container c: line 1 of 1\n"}, messages)

	// The Python client's way to forward a port.
	_, messages = admin.talk(pod+"/portforward?ports=80", "v4.channel.k8s.io", "\x00GET /x HTTP/1.0\r\n\r\n")
	require.Equal(t, []string{"\x00P\x00", "\x01P\x00"}, messages[:2])
	require.Contains(t, strings.Join(messages[2:], ""), "hello from web, simulated: GET /x on port 80")

	// Attaching to a container that was started for one conversation ends it.
	runPod(h, "once", func(p *api.Pod) {
		p.Spec.RestartPolicy = api.RestartPolicyNever
		p.Spec.Containers[0].Stdin, p.Spec.Containers[0].StdinOnce = true, true
	})
	_, messages = admin.talk("/api/v1/namespaces/default/pods/once/attach?stdin=true&stdout=true", v5, "\xff\x00")
	require.Equal(t, channelSuccess, messages[len(messages)-1])
	h.Eventually(func() error {
		p, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "once")
		if err == nil && p.Status.Phase != api.PodSucceeded {
			err = fmt.Errorf("its phase is %s", p.Status.Phase)
		}
		return err
	})

	// Mistakes get answers.
	for path, want := range map[string]int{
		pod + "/exec?command=ls":                                400, // which streams?
		pod + "/exec?command=ls&stdout=true&container=x":        400,
		"/api/v1/namespaces/default/pods/none/exec?stdout=true": 404,
		pod + "/portforward":                                    400, // which ports?
	} {
		code, _ = admin.talk(path, "v4.channel.k8s.io")
		require.Equal(t, want, code, path)
	}
	code, _, text := admin.do("GET", pod+"/exec?command=ls&stdout=true", "")
	require.Equal(t, 400, code)
	require.Contains(t, text, "Upgrade request required")

	// Who may not, does not get as far as the kubelet; and the kubelet knows nobody but the API server.
	jane := h.visitor("jane")
	code, _ = jane.talk(pod+"/exec?command=ls&stdout=true", v5)
	require.Equal(t, 403, code)
	node, err := client.Of[*api.Node](h.Client).Get(h.Ctx, "", "n1")
	require.NoError(t, err)
	kubelet := "https://127.0.0.1:" + strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
	for _, path := range []string{"/exec/default/web/c?command=ls&output=1", "/pods", "/runningpods/"} {
		code, _, _ = jane.do("GET", kubelet+path, "")
		require.Equal(t, 403, code, path)
	}
}

// TestTheAPIServerIsAProxy for pods, services and nodes.
func TestTheAPIServerIsAProxy(t *testing.T) {
	h := Start(t, 1)
	p := runPod(h, "web", nil)
	admin := h.visitor("kubernetes-admin", "system:masters")
	const pods = "/api/v1/namespaces/default/pods/"
	for path, want := range map[string]string{
		pods + "web/proxy/a/b?c=d&e": "hello from web, simulated: GET /a/b?c=d&e on port 8080\n",
		pods + "web/proxy/":          "hello from web, simulated: GET / on port 8080\n",
		pods + "web:81/proxy/x/":     "hello from web, simulated: GET /x/ on port 81\n",
		pods + "http:web:82/proxy/x": "hello from web, simulated: GET /x on port 82\n",
	} {
		code, _, text := admin.do("GET", path, "")
		require.Equal(t, 200, code, "%s: %s", path, text)
		require.Equal(t, want, text)
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		_, _, text := admin.do(method, pods+"web/proxy/x", "body")
		require.Equal(t, "hello from web, simulated: "+method+" /x on port 8080\n", text)
	}
	code, header, _ := admin.do("GET", pods+"web/proxy?a=b", "")
	require.Equal(t, 301, code)
	require.Equal(t, pods+"web/proxy/?a=b", header.Get("Location"))
	code, _, text := admin.do("GET", pods+"ftp:web:80/proxy/", "")
	require.Equal(t, 400, code, text)
	code, _, _ = admin.do("GET", pods+"none/proxy/", "")
	require.Equal(t, 404, code)

	// A Service sends the request to one of its pods, if it has any.
	service := api.New[*api.Service]()
	service.Namespace, service.Name = "default", "web"
	service.Spec.Ports = []api.ServicePort{{Name: "http", Port: 80, TargetPort: api.FromInt(8080)}}
	Apply(h, service)
	endpoints := api.New[*api.Endpoints]()
	endpoints.Namespace, endpoints.Name = "default", "web"
	Apply(h, endpoints)
	code, _, text = admin.do("GET", "/api/v1/namespaces/default/services/web:http/proxy/", "")
	require.Equal(t, 503, code)
	require.Contains(t, text, `no endpoints available for service \"web:http\"`)
	endpoints = api.New[*api.Endpoints]()
	endpoints.Namespace, endpoints.Name = "default", "web"
	endpoints.Subsets = []api.EndpointSubset{{
		Addresses: []api.EndpointAddress{{IP: p.Status.PodIP, TargetRef: &api.ObjectReference{Kind: "Pod", Namespace: "default", Name: "web"}}},
		Ports:     []api.EndpointPort{{Name: "http", Port: 8080}},
	}}
	Apply(h, endpoints)
	for _, name := range []string{"web:http", "web:80", "http:web:http"} {
		code, _, text = admin.do("GET", "/api/v1/namespaces/default/services/"+name+"/proxy/y", "")
		require.Equal(t, 200, code, text)
		require.Equal(t, "hello from web, simulated: GET /y on port 8080\n", text)
	}
	code, _, text = admin.do("GET", "/api/v1/namespaces/default/services/web:81/proxy/", "")
	require.Equal(t, 503, code)
	require.Contains(t, text, `no service port 81 found for service \"web\"`)

	code, _, text = admin.do("GET", "/api/v1/nodes/n1/proxy/healthz", "")
	require.Equal(t, 200, code)
	require.Equal(t, "ok", text)
	code, _, _ = h.visitor("jane").do("GET", pods+"web/proxy/", "")
	require.Equal(t, 403, code)
}
