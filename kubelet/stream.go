package kubelet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"kubelite/api"
	"kubelite/kubelet/streaming"
)

// The conversations that the API server passes on to the kubelet of the pod's node. How they travel is
// kubelet/streaming's business, and what happens in the container is the runtime's; here one finds the other.
//
//	/exec/{namespace}/{pod}[/{uid}]/{container}?command=ls&command=-l&input=1&output=1&error=1&tty=1
//	/attach/{namespace}/{pod}[/{uid}]/{container}?...                to the process that runs in it anyway
//	/portForward/{namespace}/{pod}[/{uid}]                           many connections to ports of the pod
//	/podConnection/{namespace}/{pod}/{port}                          one connection, as it is: for the API server's proxy
//
// All but the last are upstream's.

// serveExec runs a command in a container.
func (k *Kubelet) serveExec(w http.ResponseWriter, r *http.Request) {
	k.serveCommand(w, r, false, func(ctx context.Context, id string, s streaming.Streams) error {
		code, err := k.runtime.Exec(ctx, id, r.URL.Query()["command"], s)
		if err != nil {
			return fmt.Errorf("error executing command in container: %w", err)
		}
		if code != 0 {
			return streaming.ExitError(code)
		}
		return nil
	})
}

// serveAttach joins the conversation with a container's own process.
func (k *Kubelet) serveAttach(w http.ResponseWriter, r *http.Request) {
	k.serveCommand(w, r, true, func(ctx context.Context, id string, s streaming.Streams) error {
		if err := k.runtime.Attach(ctx, id, s); err != nil {
			return fmt.Errorf("error attaching to container: %w", err)
		}
		return nil
	})
}

// serveCommand finds the container that is meant and begins the conversation with it.
func (k *Kubelet) serveCommand(w http.ResponseWriter, r *http.Request, attach bool, run func(ctx context.Context, id string, s streaming.Streams) error) {
	options, err := streaming.ParseOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pod, seen := k.servedPod(w, r)
	if pod == nil {
		return
	}
	name := r.PathValue("container")
	container := seen.Newest(name)
	if container == nil || container.State != ContainerRunning {
		http.Error(w, fmt.Sprintf("container not found (%q)", name), http.StatusInternalServerError)
		return
	}
	if c := findContainer(pod, name); c != nil && attach {
		options.TTY = c.TTY // the process has a terminal or has none, whatever the client thinks
	}
	ctx, cancel := k.untilStopped(r.Context())
	defer cancel()
	streaming.ServeCommand(w, r.WithContext(ctx), options, func(ctx context.Context, s streaming.Streams) error {
		return run(ctx, container.ID, s)
	})
}

// servePortForward connects the client with ports of the pod, as often as it likes.
func (k *Kubelet) servePortForward(w http.ResponseWriter, r *http.Request) {
	_, seen := k.servedPod(w, r)
	if seen == nil {
		return
	}
	sandbox := seen.Sandbox()
	if sandbox == nil {
		http.Error(w, fmt.Sprintf("pod not found (%q)", seen.Name+"_"+seen.Namespace), http.StatusInternalServerError)
		return
	}
	ctx, cancel := k.untilStopped(r.Context())
	defer cancel()
	streaming.ServePorts(w, r.WithContext(ctx), sandbox.ID, func(ctx context.Context, port int32, data io.ReadWriter) error {
		return k.runtime.PortForward(ctx, sandbox.ID, port, data)
	})
}

// servePodConnection turns the request's own connection into one to a port of the pod. The API server dials pods in
// this way when it is their proxy, because it need not be where pods can be reached: with Docker Desktop it is not,
// and simulated pods are nowhere. In a real cluster the API server dials pods itself, or through a tunnel to the nodes
// (konnectivity), which is what this is.
func (k *Kubelet) servePodConnection(w http.ResponseWriter, r *http.Request) {
	port, err := strconv.ParseUint(r.PathValue("port"), 10, 16)
	if err != nil || port == 0 {
		http.Error(w, fmt.Sprintf("%q is no port", r.PathValue("port")), http.StatusBadRequest)
		return
	}
	pod, seen := k.servedPod(w, r)
	if pod == nil {
		return
	}
	sandbox := seen.Sandbox()
	if sandbox == nil {
		http.Error(w, fmt.Sprintf("pod %q does not run", pod.Name), http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := k.untilStopped(r.Context())
	defer cancel()
	err = streaming.ServeRaw(w, r, func(data io.ReadWriter) error {
		return k.runtime.PortForward(ctx, sandbox.ID, int32(port), data)
	})
	if err != nil && ctx.Err() == nil {
		k.log.Debug("connection to a pod ended", "namespace", pod.Namespace, "name", pod.Name, "port", port, "error", err)
	}
}

// servedPod finds the pod in the request's path, or answers that it is not here.
func (k *Kubelet) servedPod(w http.ResponseWriter, r *http.Request) (*api.Pod, *RuntimePod) {
	pod, ok := k.pods.Get(api.Key{Namespace: r.PathValue("namespace"), Name: r.PathValue("pod")})
	if uid := api.UID(r.PathValue("uid")); !ok || uid != "" && uid != pod.UID {
		http.Error(w, "pod does not exist", http.StatusNotFound)
		return nil, nil
	}
	seen, err := k.runtime.PodStatus(r.Context(), localUID(pod))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil, nil
	}
	return pod, seen
}

// untilStopped is ctx cut short by the end of the kubelet: nobody ends connections that were taken over.
func (k *Kubelet) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(k.running, cancel)
	return ctx, func() { stop(); cancel() }
}
