package devices

import (
	"slices"

	"kubelite/api"
)

// result is what the claim is given: its devices, what their drivers are to know, and the nodes where they can be used.
func (c *claimSearch) result(node *api.Node) api.AllocationResult {
	var a api.AllocationResult
	for _, d := range c.taken {
		r := api.DeviceRequestAllocationResult{
			Request: d.want.name, Driver: d.id.Driver, Pool: d.id.Pool, Device: d.id.Device, Tolerations: d.want.tolerations,
			BindingConditions: d.device.BindingConditions, BindingFailureConditions: d.device.BindingFailureConditions,
		}
		if d.want.admin {
			r.AdminAccess = api.Ptr(true)
		}
		if d.share != nil {
			r.ShareID = api.Ptr(api.NewUID())
			if len(d.share) > 0 {
				r.ConsumedCapacity = d.share
			}
		}
		a.Devices.Results = append(a.Devices.Results, r)
	}
	a.Devices.Config = c.configuration()
	a.NodeSelector = c.nodes(node)
	return a
}

// configuration is what classes say, each with the requests for it, and then what the claim says, as far as it is about
// requests and alternatives that were met.
func (c *claimSearch) configuration() []api.DeviceAllocationConfiguration {
	var list []api.DeviceAllocationConfiguration
	requestsOf := map[string][]string{} // by class
	var classes []*api.DeviceClass
	for _, r := range c.requests {
		class := r.chosen.class
		if requestsOf[class.Name] == nil {
			classes = append(classes, class)
		}
		requestsOf[class.Name] = append(requestsOf[class.Name], r.chosen.name)
	}
	for _, class := range classes {
		for _, config := range class.Spec.Config {
			list = append(list, api.DeviceAllocationConfiguration{
				Source: api.AllocationConfigSourceClass, Requests: requestsOf[class.Name], DeviceConfiguration: config.DeviceConfiguration,
			})
		}
	}
	for _, config := range c.claim.Spec.Devices.Config {
		met := func(r *requestSearch) bool { return r.chosen.isNamed(config.Requests) }
		if len(config.Requests) == 0 || slices.ContainsFunc(c.requests, met) {
			list = append(list, api.DeviceAllocationConfiguration{
				Source: api.AllocationConfigSourceClaim, Requests: config.Requests, DeviceConfiguration: config.DeviceConfiguration,
			})
		}
	}
	return list
}

// nodes selects where the claim can be used: on this node if any of its devices is there alone, else where all its devices
// can be reached; nil is everywhere.
func (c *claimSearch) nodes(node *api.Node) *api.NodeSelector {
	var term api.NodeSelectorTerm
	for _, d := range c.taken {
		name, selector := d.slice.Spec.NodeName, d.slice.Spec.NodeSelector
		if api.Deref(d.slice.Spec.PerDeviceNodeSelection, false) {
			name, selector = d.device.NodeName, d.device.NodeSelector
		}
		if name != nil || api.Deref(d.device.BindsToNode, false) {
			only := api.NodeSelectorRequirement{Key: "metadata.name", Operator: api.NodeSelectorOpIn, Values: []string{node.Name}}
			return &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{{MatchFields: []api.NodeSelectorRequirement{only}}}}
		}
		if selector != nil && len(selector.NodeSelectorTerms) > 0 { // validation lets in one term
			term.MatchFields = union(term.MatchFields, selector.NodeSelectorTerms[0].MatchFields)
			term.MatchExpressions = union(term.MatchExpressions, selector.NodeSelectorTerms[0].MatchExpressions)
		}
	}
	if len(term.MatchFields) == 0 && len(term.MatchExpressions) == 0 {
		return nil
	}
	return &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{term}}
}

// union adds the requirements that are not there yet.
func union(to, from []api.NodeSelectorRequirement) []api.NodeSelectorRequirement {
	for _, r := range from {
		if !slices.ContainsFunc(to, func(known api.NodeSelectorRequirement) bool { return api.Equal(known, r) }) {
			to = append(to, r)
		}
	}
	return to
}
