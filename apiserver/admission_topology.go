package apiserver

import (
	"context"

	"kubelite/api"
)

// podTopologyLabels writes on a pod in which zone and region it runs, so that its processes can know: the downward API
// shows a pod's labels, but not its node's. It happens when the pod comes to its node, and whenever it is written
// thereafter. Upstream's admission plugin PodTopologyLabels.
type podTopologyLabels struct {
	server *Server
}

var topologyLabels = []string{api.LabelZone, api.LabelRegion}

// Mutate adds the labels to a pod, or to the Binding that brings it to its node.
func (p podTopologyLabels) Mutate(_ context.Context, req *Request, obj, _ api.Object) error {
	if req.Plural != "pods" || req.Group != "" {
		return nil
	}
	switch o := obj.(type) {
	case *api.Pod:
		if req.Subresource == "" {
			p.label(&o.ObjectMeta, o.Spec.NodeName)
		}
	case *api.Binding:
		if o.Target.Kind == "Node" {
			p.label(&o.ObjectMeta, o.Target.Name)
		}
	}
	return nil
}

func (p podTopologyLabels) label(meta *api.ObjectMeta, node string) {
	if node == "" {
		return
	}
	res := resourceOf[*api.Node](p.server)
	e := p.server.cache.kind(res).get(res.key("", node))
	if e == nil {
		return // a pod may be bound to a node that is not there yet
	}
	labels := e.attrs(res).labels
	for _, key := range topologyLabels {
		value, ok := labels[key]
		if !ok || meta.Labels[key] == value {
			continue
		}
		if meta.Labels == nil {
			meta.Labels = map[string]string{}
		}
		meta.Labels[key] = value
	}
}

// Validate does nothing.
func (podTopologyLabels) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}
