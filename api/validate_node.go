package api

import "slices"

// Nodes.

func validateNode(obj Object) ErrorList {
	node := obj.(*Node)
	errs := validateNodeContents(node)
	if swap := node.Status.NodeInfo.Swap; swap != nil && swap.Capacity != nil {
		errs.positive(metadata.Child("nodeSwapStatus"), "capacity", *swap.Capacity) // upstream's path
	}
	cidrs := Path("spec").Child("podCIDRs")
	for i, cidr := range node.Spec.PodCIDRs {
		errs.format(cidrs.Index(i), "", cidr, IsValidCIDR)
	}
	if n := len(node.Spec.PodCIDRs); n > 2 || n == 2 && !isDualStackCIDRs(node.Spec.PodCIDRs) {
		errs.add(cidrs.Invalid(node.Spec.PodCIDRs, "may specify no more than one CIDR for each IP family"))
	}
	return errs
}

// validateNodeContents checks what users and kubelets write, on create and on each update. (Taints are checked under
// metadata, which is upstream's path for them.)
func validateNodeContents(node *Node) ErrorList {
	var errs ErrorList
	errs.nodeTaints(metadata.Child("taints"), node.Spec.Taints)
	errs.nodeResources("status.capacity", node.Status.Capacity)
	errs.nodeResources("status.allocatable", node.Status.Allocatable)
	errs.declaredFeatures("status.declaredFeatures", node.Status.DeclaredFeatures)
	return errs
}

func validateNodeUpdate(obj, old Object) ErrorList {
	errs := validateNode(obj)
	errs.add(validateNodeStatusUpdate(obj, old)...)
	return errs
}

// validateNodeStatusUpdate is also the part of validateNodeUpdate that looks at what was before: a node keeps the
// identity and the addresses for pods that it once got.
func validateNodeStatusUpdate(obj, oldObj Object) ErrorList {
	node, old := obj.(*Node), oldObj.(*Node)
	errs := validateNodeContents(node)
	for i, address := range node.Status.Addresses {
		if slices.Contains(node.Status.Addresses[:i], address) {
			errs.add(Path("status").Child("addresses").Index(i).Duplicate(goNames{address}))
		}
	}
	spec := Path("spec")
	if len(old.Spec.PodCIDRs) > 0 && !slices.Equal(old.Spec.PodCIDRs, node.Spec.PodCIDRs) {
		errs.add(spec.Child("podCIDRs").Forbidden("node updates may not change podCIDR except from \"\" to valid"))
	}
	if old.Spec.ProviderID != "" && old.Spec.ProviderID != node.Spec.ProviderID {
		errs.add(spec.Child("providerID").Forbidden("node updates may not change providerID except from \"\" to valid"))
	}
	if node.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		errs.add(spec.Child("externalID").Forbidden("may not be updated"))
	}
	return errs
}

// declaredFeatures checks the names of features that a kubelet says it has: UpperCamelCase parts between slashes, in
// order.
func (l *ErrorList) declaredFeatures(path Path, features []string) {
	for i, feature := range features {
		if len(feature) > maxSubdomainLength {
			l.add(path.Index(i).Invalid(feature, "invalid feature name \""+feature+"\": "+maxCharacters(maxSubdomainLength)))
		} else if !isFeatureName(feature) {
			l.add(path.Index(i).Invalid(feature, "invalid feature name \""+feature+"\": must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"))
		}
		switch {
		case i == 0:
		case feature == features[i-1]:
			l.add(path.Index(i).Duplicate(feature))
		case feature < features[i-1]:
			l.add(path.Index(i).Invalid(feature, "list must be sorted alphabetically"))
		}
	}
}

func isFeatureName(name string) bool {
	letter := func(c byte) bool { return alphanumeric(c) && !digit(c) }
	return name != "" && 'A' <= name[0] && name[0] <= 'Z' &&
		everyPart(name, "/", func(part string) bool { return part != "" && letter(part[0]) && every(part, alphanumeric) })
}
