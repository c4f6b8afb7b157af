package apiserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// nodeRestriction keeps a node from writing what is not its own: upstream's admission plugin of that name. The
// authorizer (authz_node.go) knows only the request; what a node may do to its own objects depends on the objects.
type nodeRestriction struct {
	server *Server
}

// mirrorPodAnnotation marks a pod that stands for a static one: the node runs it whatever the API says.
const mirrorPodAnnotation = "kubernetes.io/config.mirror"

// Mutate does nothing: restrictions come last, when the object is final.
func (nodeRestriction) Mutate(context.Context, *Request, api.Object, api.Object) error { return nil }

// Validate refuses writes of a node to what belongs to others.
func (p nodeRestriction) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	if req.User == nil || !req.User.InGroup(groupNodes) {
		return nil
	}
	node, ok := nodeName(req.User.Name, req.User.Groups)
	if !ok {
		return fmt.Errorf("could not determine node from user %q", req.User.Name)
	}
	switch req.Plural {
	case "nodes":
		return restrictNode(node, obj, old)
	case "pods":
		return p.restrictPod(ctx, req, node, obj, old)
	case "leases":
		return restrictLease(node, obj, old)
	case "csinodes":
		return restrictCSINode(node, obj, old)
	case "serviceaccounts":
		return p.restrictToken(ctx, req, node, obj)
	case "resourceslices":
		return restrictResourceSlice(node, obj, old)
	case "certificatesigningrequests":
		return restrictCertificate(node, obj, old)
	}
	return nil
}

func restrictNode(node string, obj, old api.Object) error {
	from, _ := old.(*api.Node)
	to, ok := obj.(*api.Node)
	if !ok {
		return nil // a deletion, which the authorizer does not let pass
	}
	if to.Name != node {
		return fmt.Errorf("node %q is not allowed to modify node %q", node, to.Name)
	}
	if from == nil {
		if to.Spec.ConfigSource != nil {
			return fmt.Errorf("node %q is not allowed to create pods with a non-nil configSource", node)
		}
		if labels := forbiddenNodeLabels(to.Labels, nil); labels != "" {
			return fmt.Errorf("node %q is not allowed to set the following labels: %s", node, labels)
		}
		return nil
	}
	// With taints, owners or labels of its choice a node could draw other people's pods to itself.
	switch {
	case to.Spec.ConfigSource != nil && !api.Equal(to.Spec.ConfigSource, from.Spec.ConfigSource):
		return fmt.Errorf("node %q is not allowed to update configSource to a new non-nil configSource", node)
	case !api.Equal(to.Spec.Taints, from.Spec.Taints):
		return fmt.Errorf("node %q is not allowed to modify taints", node)
	case !api.Equal(to.OwnerReferences, from.OwnerReferences):
		return fmt.Errorf("node %q is not allowed to modify ownerReferences", node)
	}
	if labels := forbiddenNodeLabels(to.Labels, from.Labels); labels != "" {
		return fmt.Errorf("is not allowed to modify labels: %s", labels)
	}
	return nil
}

// nodeOwnLabels are the kubernetes.io labels that a kubelet may set: they say what the machine is.
var nodeOwnLabels = []string{
	api.LabelHostname, "kubernetes.io/os", "kubernetes.io/arch",
	api.LabelZone, api.LabelRegion, "node.kubernetes.io/instance-type",
	"failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
	"beta.kubernetes.io/instance-type", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
}

// forbiddenNodeLabels lists the labels that differ and that a node must leave alone, "" if there are none.
func forbiddenNodeLabels(to, from map[string]string) string {
	var list []string
	check := func(key string) {
		domain, _, _ := strings.Cut(key, "/")
		within := func(suffix string) bool { return domain == suffix || strings.HasSuffix(domain, "."+suffix) }
		own := slices.Contains(nodeOwnLabels, key) || within("kubelet.kubernetes.io") || within("node.kubernetes.io")
		kubernetes := strings.Contains(key, "/") && (within("kubernetes.io") || within("k8s.io"))
		if within("node-restriction.kubernetes.io") || kubernetes && !own {
			list = append(list, key)
		}
	}
	for key, value := range to {
		if before, ok := from[key]; !ok || before != value {
			check(key)
		}
	}
	for key := range from {
		if _, ok := to[key]; !ok {
			check(key)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func (p nodeRestriction) restrictPod(ctx context.Context, req *Request, node string, obj, old api.Object) error {
	to, _ := obj.(*api.Pod)
	from, _ := old.(*api.Pod)
	switch {
	case req.Subresource == "status" && to != nil && from != nil:
		switch {
		case from.Spec.NodeName != node:
			return fmt.Errorf("node %q can only update pod status for pods with spec.nodeName set to itself", node)
		case !api.Equal(to.Labels, from.Labels):
			return fmt.Errorf("node %q cannot update labels through pod status", node)
		}
		return nil
	case req.Subresource == "eviction":
		pod, err := read[*api.Pod](ctx, p.server, req.Namespace, req.Name)
		if err != nil {
			return err
		}
		if pod.Spec.NodeName != node {
			return fmt.Errorf("node %s can only evict pods with spec.nodeName set to itself", node)
		}
		return nil
	case req.Subresource != "":
		return fmt.Errorf("unexpected pod subresource %q, only 'status' and 'eviction' are allowed", req.Subresource)
	case to == nil && from != nil:
		if from.Spec.NodeName != node {
			return fmt.Errorf("node %q can only delete pods with spec.nodeName set to itself", node)
		}
		return nil
	case from == nil && to != nil:
		return p.restrictMirrorPod(ctx, node, to)
	}
	// An update of a pod that is being deleted comes here too: that is how a grace period is cut short.
	if req.Verb == "delete" && from != nil && from.Spec.NodeName == node {
		return nil
	}
	return fmt.Errorf("unexpected operation %q, node %q can only create and delete mirror pods", strings.ToUpper(req.Verb), node)
}

// restrictMirrorPod: the only pods that a node makes are those that stand for its own static ones.
func (p nodeRestriction) restrictMirrorPod(ctx context.Context, node string, pod *api.Pod) error {
	if _, ok := pod.Annotations[mirrorPodAnnotation]; !ok {
		return fmt.Errorf("pod does not have %q annotation, node %q can only create mirror pods", mirrorPodAnnotation, node)
	}
	if pod.Spec.NodeName != node {
		return fmt.Errorf("node %q can only create pods with spec.nodeName set to itself", node)
	}
	if len(pod.OwnerReferences) != 1 {
		return fmt.Errorf("node %q can only create pods with a single owner reference set to itself", node)
	}
	owner := pod.OwnerReferences[0]
	switch {
	case owner.APIVersion != "v1" || owner.Kind != "Node" || owner.Name != node:
		return fmt.Errorf("node %q can only create pods with an owner reference set to itself", node)
	case !api.Deref(owner.Controller, false):
		return fmt.Errorf("node %q can only create pods with a controller owner reference set to itself", node)
	case api.Deref(owner.BlockOwnerDeletion, false):
		return fmt.Errorf("node %q must not set blockOwnerDeletion on an owner reference", node)
	}
	self, err := read[*api.Node](ctx, p.server, "", node)
	if err != nil {
		return err
	}
	if owner.UID != self.UID {
		return fmt.Errorf("node %s UID mismatch: expected %s got %s", node, owner.UID, self.UID)
	}
	reference := ""
	pod.References(func(plural, _ string) { reference = plural })
	if reference != "" {
		return fmt.Errorf("node %q can not create pods that reference %s", node, reference)
	}
	return nil
}

func restrictLease(node string, obj, old api.Object) error {
	for _, lease := range []api.Object{obj, old} {
		if lease == nil {
			continue
		}
		meta := lease.GetObjectMeta()
		if meta.Namespace != namespaceNodeLease {
			return fmt.Errorf("can only access leases in the %q system namespace", namespaceNodeLease)
		}
		if meta.Name != node {
			return fmt.Errorf("can only access node lease with the same name as the requesting node")
		}
	}
	return nil
}

func restrictCSINode(node string, obj, old api.Object) error {
	for _, csiNode := range []api.Object{obj, old} {
		if csiNode != nil && csiNode.GetObjectMeta().Name != node {
			return fmt.Errorf("can only access CSINode with the same name as the requesting node")
		}
	}
	return nil
}

// restrictResourceSlice: a node offers only its own devices. Of updates the authorizer knows whose slice it is.
func restrictResourceSlice(node string, obj, old api.Object) error {
	own := func(slice api.Object) bool {
		s, ok := slice.(*api.ResourceSlice)
		return ok && api.Deref(s.Spec.NodeName, "") == node
	}
	switch {
	case old == nil && !own(obj):
		return errors.New("can only create ResourceSlice with the same NodeName as the requesting node")
	case obj == nil && !own(old):
		return errors.New("can only delete ResourceSlice with the same NodeName as the requesting node")
	}
	return nil
}

// restrictCertificate: a node asks for no certificate of another node.
func restrictCertificate(node string, obj, old api.Object) error {
	csr, ok := obj.(*api.CertificateSigningRequest)
	if !ok || old != nil || csr.Spec.SignerName != "kubernetes.io/kubelet-serving" && csr.Spec.SignerName != "kubernetes.io/kube-apiserver-client-kubelet" {
		return nil
	}
	request, err := api.ParseCertificateRequest(csr.Spec.Request)
	if err != nil {
		return fmt.Errorf("unable to parse csr: %w", err)
	}
	if name := "system:node:" + node; request.Subject.CommonName != name {
		return fmt.Errorf("can only create a node CSR with CN=%s", name)
	}
	return nil
}

// restrictToken: a node gets tokens for the pods that run on it, and each of these only for whom the pod asks.
func (p nodeRestriction) restrictToken(ctx context.Context, req *Request, node string, obj api.Object) error {
	request, ok := obj.(*api.TokenRequest)
	if !ok {
		return nil
	}
	ref := request.Spec.BoundObjectRef
	switch {
	case ref == nil || ref.APIVersion != "v1" || ref.Kind != "Pod" || ref.Name == "":
		return fmt.Errorf("node requested token not bound to a pod")
	case ref.UID == "":
		return fmt.Errorf("node requested token with a pod binding without a uid")
	}
	pod, err := read[*api.Pod](ctx, p.server, req.Namespace, ref.Name)
	switch {
	case err != nil:
		return err
	case ref.UID != pod.UID:
		return fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID)
	case pod.Spec.NodeName != node:
		return fmt.Errorf("node requested token bound to a pod scheduled on a different node")
	case slices.Equal(request.Spec.Audiences, p.server.tokens.audiences):
		return nil // what it is when nothing was asked for
	case len(request.Spec.Audiences) != 1:
		return fmt.Errorf("node may only request 0 or 1 audiences")
	}
	audience := request.Spec.Audiences[0]
	for i := range pod.Spec.Volumes {
		if projected := pod.Spec.Volumes[i].Projected; projected != nil && slices.ContainsFunc(projected.Sources, func(s api.VolumeProjection) bool {
			return s.ServiceAccountToken != nil && s.ServiceAccountToken.Audience == audience
		}) {
			return nil
		}
	}
	d := p.server.authz.decide(&access{Attributes: rbac.Attributes{
		User: req.User.Name, Groups: req.User.Groups, Verb: "request-serviceaccounts-token-audience", IsResource: true,
		Resource: audience, Namespace: req.Namespace, Name: req.Name,
	}})
	if !d.allowed {
		return fmt.Errorf("audience %q not found in pod spec volume, %s is not authorized to request tokens for this audience", audience, req.User.Name)
	}
	return nil
}
