package controllers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// content is what a namespace under deletion still holds, and what went wrong on the way.
type content struct {
	remaining         map[string]int // by "resource.group"
	finalizers        map[string]int // how many objects each finalizer holds
	estimate          time.Duration  // how long until it may be gone
	discoveryFailures []error
	deleteFailures    []error
}

// add counts the objects of one kind that stayed after their deletion. They may stay for two reasons: the grace
// period of a pod, or a finalizer. An object that stays without either is an error.
func (c *content) add(r client.APIResource, items []contentItem, grace, deletedSince time.Duration, namespace string) error {
	if len(items) == 0 {
		return nil
	}
	if c.remaining == nil {
		c.remaining, c.finalizers = map[string]int{}, map[string]int{}
	}
	c.remaining[r.Plural+"."+r.Group] = len(items)
	held := false
	for _, item := range items {
		for _, finalizer := range item.Metadata.Finalizers {
			c.finalizers[finalizer]++
			held = true
		}
	}
	switch {
	case grace > deletedSince:
		c.estimate = max(c.estimate, grace)
	case held:
		c.estimate = max(c.estimate, finalizerEstimate)
	default:
		return fmt.Errorf("unexpected items still remain in namespace: %s for gvr: %s/%s, Resource=%s", namespace, r.Group, r.Version, r.Plural)
	}
	return nil
}

// total is the number of objects left.
func (c *content) total() int {
	sum := 0
	for _, n := range c.remaining {
		sum += n
	}
	return sum
}

// describe says in one line what is left.
func (c *content) describe() string {
	if c.total() == 0 {
		return "nothing is left"
	}
	return strings.Join(c.listRemaining(), ", ")
}

func (c *content) listRemaining() []string {
	var parts []string
	for name, n := range c.remaining {
		parts = append(parts, fmt.Sprintf("%s has %d resource instances", name, n))
	}
	slices.Sort(parts)
	return parts
}

// longestGrace is the longest grace period of the pods among the items that have not ended.
func longestGrace(items []contentItem, r client.APIResource) time.Duration {
	if !isPods(r) {
		return 0
	}
	longest := int64(0)
	for _, item := range items {
		if api.PodPhase(item.Status.Phase).Ended() {
			continue
		}
		longest = max(longest, api.Deref(item.Spec.TerminationGracePeriodSeconds, 0))
	}
	return time.Duration(longest) * time.Second
}

// setNamespaceConditions brings the five conditions of a namespace under deletion up to date, and tells whether any
// changed.
func setNamespaceConditions(status *api.NamespaceStatus, c content, now time.Time) bool {
	changed := false
	set := func(kind api.NamespaceConditionType, bad bool, badReason, badMessage, goodReason, goodMessage string) {
		condition := api.NamespaceCondition{Type: kind, Status: api.ConditionFalse, Reason: goodReason, Message: goodMessage}
		if bad {
			condition.Status, condition.Reason, condition.Message = api.ConditionTrue, badReason, badMessage
		}
		changed = setNamespaceCondition(status, condition, now) || changed
	}
	set(api.NamespaceDeletionDiscoveryFailure, len(c.discoveryFailures) > 0,
		"DiscoveryFailed", fmt.Sprintf("Discovery failed for some groups, %d failing: %s", len(c.discoveryFailures), joinErrors(c.discoveryFailures)),
		"ResourcesDiscovered", "All resources successfully discovered")
	set(api.NamespaceDeletionGVParsingFailure, false, "", "",
		"ParsedGroupVersions", "All legacy kube types successfully parsed")
	set(api.NamespaceDeletionContentFailure, len(c.deleteFailures) > 0,
		"ContentDeletionFailed", fmt.Sprintf("Failed to delete all resource types, %d remaining: %s", len(c.deleteFailures), joinErrors(c.deleteFailures)),
		"ContentDeleted", "All content successfully deleted, may be waiting on finalization")
	set(api.NamespaceContentRemaining, len(c.remaining) > 0,
		"SomeResourcesRemain", "Some resources are remaining: "+strings.Join(c.listRemaining(), ", "),
		"ContentRemoved", "All content successfully removed")
	set(api.NamespaceFinalizersRemaining, len(c.finalizers) > 0,
		"SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: "+strings.Join(c.listFinalizers(), ", "),
		"ContentHasNoFinalizers", "All content-preserving finalizers finished")
	return changed
}

func (c *content) listFinalizers() []string {
	var parts []string
	for name, n := range c.finalizers {
		parts = append(parts, fmt.Sprintf("%s in %d resource instances", name, n))
	}
	slices.Sort(parts)
	return parts
}

func setNamespaceCondition(status *api.NamespaceStatus, condition api.NamespaceCondition, now time.Time) bool {
	condition.LastTransitionTime = api.Time{Time: now.Truncate(time.Second)}
	for i := range status.Conditions {
		current := &status.Conditions[i]
		if current.Type != condition.Type {
			continue
		}
		if current.Status == condition.Status {
			condition.LastTransitionTime = current.LastTransitionTime
		}
		if current.Status == condition.Status && current.Reason == condition.Reason && current.Message == condition.Message {
			return false
		}
		*current = condition
		return true
	}
	status.Conditions = append(status.Conditions, condition)
	return true
}

func joinErrors(errs []error) string {
	messages := make([]string, len(errs))
	for i, err := range errs {
		messages[i] = err.Error()
	}
	slices.Sort(messages)
	return strings.Join(messages, ", ")
}
