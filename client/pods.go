package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"kubelite/api"
)

// Bind gives a pod to a node, which is all that a scheduler ever writes of its decision. It fails with a conflict if
// the pod has a node already, or is not the pod we meant but another one of the same name.
func (c *Client) Bind(ctx context.Context, pod *api.Pod, node string) error {
	binding := &api.Binding{
		TypeMeta:   api.TypeMeta{Kind: "Binding", APIVersion: "v1"},
		ObjectMeta: api.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     api.ObjectReference{Kind: "Node", Name: node},
	}
	body, err := api.MarshalJSON(binding)
	if err == nil {
		_, err = c.Do(ctx, Request{Method: http.MethodPost, Path: podPath(pod.Namespace, pod.Name) + "/binding", Body: body})
	}
	if err != nil {
		return fmt.Errorf("bind pod %s to %s: %w", pod.Key(), node, err)
	}
	return nil
}

// Logs reads the log of one of a pod's containers. With Follow it goes on until the container ends, or ctx does.
func (c *Client) Logs(ctx context.Context, namespace, pod string, opts api.PodLogOptions) (io.ReadCloser, error) {
	return c.Stream(ctx, Request{Path: podPath(namespace, pod) + "/log", Query: logQuery(opts), Accept: "text/plain, application/json"})
}

func podPath(namespace, name string) string { return api.KindOf[*api.Pod]().Path(namespace, name) }

func logQuery(o api.PodLogOptions) url.Values {
	q := url.Values{}
	text := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	flag := func(name string, on bool) {
		if on {
			q.Set(name, "true")
		}
	}
	number := func(name string, n *int64) {
		if n != nil {
			q.Set(name, strconv.FormatInt(*n, 10))
		}
	}
	text("container", o.Container)
	flag("follow", o.Follow)
	flag("previous", o.Previous)
	number("sinceSeconds", o.SinceSeconds)
	if o.SinceTime != nil {
		q.Set("sinceTime", o.SinceTime.UTC().Format(time.RFC3339))
	}
	flag("timestamps", o.Timestamps)
	number("tailLines", o.TailLines)
	number("limitBytes", o.LimitBytes)
	flag("insecureSkipTLSVerifyBackend", o.InsecureSkipTLSVerifyBackend)
	text("stream", api.Deref(o.Stream, ""))
	return q
}
