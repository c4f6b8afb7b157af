package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"kubelite/api"
	"kubelite/kubelet/streaming"
)

// serveLogs is GET /containerLogs/{namespace}/{pod}/{container}: the API server asks it on behalf of `kubectl logs`.
func (k *Kubelet) serveLogs(w http.ResponseWriter, r *http.Request) {
	key := api.Key{Namespace: r.PathValue("namespace"), Name: r.PathValue("pod")}
	pod, ok := k.pods.Get(key)
	if !ok {
		http.Error(w, fmt.Sprintf("pod %q does not exist", key.Name), http.StatusNotFound)
		return
	}
	name := r.PathValue("container")
	if findContainer(pod, name) == nil {
		http.Error(w, fmt.Sprintf("container %q not found in pod %q", name, key.Name), http.StatusNotFound)
		return
	}
	options, limit, stream, err := parseLogQuery(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	seen, err := k.runtime.PodStatus(r.Context(), localUID(pod))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	id, err := loggedContainer(pod, seen, name, r.FormValue("previous") == "true")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	write := func(ctx context.Context, out *logWriter) error {
		stdout, stderr := io.Writer(out), io.Writer(out)
		switch stream {
		case "Stdout":
			stderr = io.Discard
		case "Stderr":
			stdout = io.Discard
		}
		err := k.runtime.ContainerLogs(ctx, id, options, stdout, stderr)
		if errors.Is(err, errLimit) || ctx.Err() != nil {
			return nil
		}
		return err
	}
	ctx, cancel := k.untilStopped(r.Context())
	defer cancel()
	if streaming.IsWebSocket(r) {
		err = streaming.ServeWriter(w, r.WithContext(ctx), func(ctx context.Context, w io.Writer) error {
			return write(ctx, &logWriter{w: w, left: limit})
		})
	} else {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusOK)
		out := &logWriter{w: w, flush: http.NewResponseController(w).Flush, left: limit, follow: options.Follow}
		_ = out.flush() // the caller may wait for the headers before there is a first line
		err = write(ctx, out)
	}
	if err != nil {
		k.log.Warn("log not served in full", "namespace", key.Namespace, "name", key.Name, "error", err)
	}
}

// loggedContainer says which attempt at a container has the log that is asked for.
func loggedContainer(pod *api.Pod, seen *RuntimePod, name string, previous bool) (id string, err error) {
	newest, before := seen.Newest(name), seen.Previous(name)
	if newest != nil && newest.State == ContainerCreated { // has nothing to say yet
		newest = nil
		if !previous {
			newest = before
		}
	}
	switch {
	case previous && before == nil:
		return "", fmt.Errorf("previous terminated container %q in pod %q not found", name, pod.Name)
	case previous:
		return before.ID, nil
	case newest != nil:
		return newest.ID, nil
	}
	reason := "no logs yet"
	if s := containerStatus(&pod.Status, name); s != nil && s.State.Waiting != nil {
		switch reason = s.State.Waiting.Reason; reason {
		case reasonErrImagePull:
			reason = "image can't be pulled"
		case reasonImagePullBackOff:
			reason = "trying and failing to pull image"
		}
	}
	return "", fmt.Errorf("container %q in pod %q is waiting to start: %s", name, pod.Name, reason)
}

// parseLogQuery reads the parameters that the API passes on.
func parseLogQuery(r *http.Request) (options LogOptions, limit int64, stream string, err error) {
	options = LogOptions{Follow: r.FormValue("follow") == "true", Timestamps: r.FormValue("timestamps") == "true", Tail: -1}
	limit = -1
	number := func(name string, into *int64, least int64) {
		if s := r.FormValue(name); s != "" && err == nil {
			if *into, err = strconv.ParseInt(s, 10, 64); err != nil || *into < least {
				err = fmt.Errorf("%s: must be a number not below %d, not %q", name, least, s)
			}
		}
	}
	var since int64
	number("tailLines", &options.Tail, 0)
	number("limitBytes", &limit, 1)
	number("sinceSeconds", &since, 1)
	if since > 0 {
		options.Since = time.Now().Add(-time.Duration(since) * time.Second)
	}
	if s := r.FormValue("sinceTime"); s != "" && err == nil {
		options.Since, err = time.Parse(time.RFC3339, s)
	}
	return options, limit, r.FormValue("stream"), err
}

var errLimit = errors.New("as much as was asked for has been written")

// logWriter writes up to a limit, and while a log is followed passes on each line at once.
type logWriter struct {
	w      io.Writer
	flush  func() error
	left   int64 // negative: no limit
	follow bool
}

func (l *logWriter) Write(b []byte) (int, error) {
	n := len(b)
	if l.left >= 0 && int64(n) > l.left {
		b = b[:l.left]
	}
	if _, err := l.w.Write(b); err != nil {
		return 0, err
	}
	if l.follow {
		if err := l.flush(); err != nil {
			return 0, err
		}
	}
	if l.left >= 0 {
		if l.left -= int64(len(b)); l.left == 0 {
			return len(b), errLimit
		}
	}
	return n, nil
}
