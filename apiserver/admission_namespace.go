package apiserver

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kubelite/api"
)

// The namespaces that every cluster has.
const (
	namespaceDefault   = "default"
	namespaceSystem    = "kube-system"
	namespacePublic    = "kube-public"
	namespaceNodeLease = "kube-node-lease"
)

// namespaceLifecycle ties objects to their namespace: none without it, and no new ones while it is being deleted,
// or its deletion would never end. Upstream's admission plugin of that name.
type namespaceLifecycle struct {
	server *Server
}

// immortalNamespaces may not be deleted: the cluster itself lives in them.
var immortalNamespaces = []string{namespaceDefault, namespaceSystem, namespacePublic}

// namespaceTerminatingCause is the cause by which controllers know that trying again will not help.
const namespaceTerminatingCause api.CauseType = "NamespaceTerminating"

// Mutate refuses early, before anything else looks at the object.
func (p namespaceLifecycle) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	if req.Plural == "namespaces" && req.Group == "" {
		if obj == nil && slices.Contains(immortalNamespaces, req.Name) {
			return errors.New("this namespace may not be deleted")
		}
		return nil
	}
	if req.Resource.Kind.Kind == "LocalSubjectAccessReview" { // a question creates nothing
		return nil
	}
	if req.Namespace == "" || obj == nil { // deleting is always allowed: it is how a namespace becomes empty
		return nil
	}
	ns, err := p.server.namespaceAttributes(ctx, req.Namespace)
	if err != nil {
		return err
	}
	if old != nil || ns.fields["status.phase"] != string(api.NamespaceTerminating) {
		return nil
	}
	refusal := api.NewForbidden(req.Resource.Kind, nameOf(req, obj),
		fmt.Errorf("unable to create new content in namespace %s because it is being terminated", req.Namespace))
	refusal.ErrStatus.Details.Causes = []api.StatusCause{{
		Type: namespaceTerminatingCause, Field: "metadata.namespace",
		Message: fmt.Sprintf("namespace %s is being terminated", req.Namespace),
	}}
	return refusal
}

// namespaceAttributes are the labels and fields of a namespace. The cache knows them without decoding the Namespace, and
// somebody asks on every write; what the cache does not have yet, another API server may have put into the store.
func (s *Server) namespaceAttributes(ctx context.Context, name string) (*attributes, error) {
	res := resourceOf[*api.Namespace](s)
	if e := s.cache.kind(res).get(res.key("", name)); e != nil {
		return e.attrs(res), nil
	}
	ns, err := read[*api.Namespace](ctx, s, "", name)
	if err != nil {
		return nil, err
	}
	return attributesOf(res, ns), nil
}

// Validate does nothing. As upstream, an object may slip in that was on its way when the deletion began; whoever
// empties the namespace therefore looks until it finds nothing.
func (namespaceLifecycle) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// nameOf is the name of the object that is written. Of a create, only the body has it.
func nameOf(req *Request, obj api.Object) string {
	if req.Name == "" && obj != nil {
		return obj.GetObjectMeta().Name
	}
	return req.Name
}
