package api

import "strings"

func defaultCustomResourceDefinition(obj Object) {
	crd := obj.(*CustomResourceDefinition)
	names := &crd.Spec.Names
	if names.Singular == "" {
		names.Singular = strings.ToLower(names.Kind)
	}
	if names.ListKind == "" && names.Kind != "" {
		names.ListKind = names.Kind + "List"
	}
	setDefault(&crd.Spec.Conversion, CustomResourceConversion{Strategy: NoneConverter})
	if hook := crd.Spec.Conversion.Webhook; hook != nil && hook.ClientConfig != nil && hook.ClientConfig.Service != nil {
		setDefault(&hook.ClientConfig.Service.Port, defaultHTTPSPort)
	}
	if len(crd.Status.StoredVersions) == 0 {
		crd.noteStoredVersion()
	}
}

// PrepareNewDefinition wipes the status of a new definition, but for the version that objects are about to be stored in.
func PrepareNewDefinition(crd *CustomResourceDefinition) {
	crd.Status = CustomResourceDefinitionStatus{}
	crd.noteStoredVersion()
}

// PrepareDefinitionUpdate keeps the status of a definition whose spec is changed, and adds the version that objects are
// stored in from now on.
func PrepareDefinitionUpdate(crd, old *CustomResourceDefinition) {
	crd.Status = DeepCopy(old.Status)
	crd.noteStoredVersion()
}

// noteStoredVersion adds the storage version to those that objects may be stored in.
func (c *CustomResourceDefinition) noteStoredVersion() {
	v := c.StorageVersion()
	if v == nil {
		return
	}
	for _, name := range c.Status.StoredVersions {
		if name == v.Name {
			return
		}
	}
	c.Status.StoredVersions = append(c.Status.StoredVersions, v.Name)
}

// StorageVersion is the version that objects are stored in, nil if none is marked so.
func (c *CustomResourceDefinition) StorageVersion() *CustomResourceDefinitionVersion {
	for i := range c.Spec.Versions {
		if c.Spec.Versions[i].Storage {
			return &c.Spec.Versions[i]
		}
	}
	return nil
}

// Condition finds a condition, nil if it is not there.
func (c *CustomResourceDefinition) Condition(t CustomResourceDefinitionConditionType) *CustomResourceDefinitionCondition {
	for i := range c.Status.Conditions {
		if c.Status.Conditions[i].Type == t {
			return &c.Status.Conditions[i]
		}
	}
	return nil
}

// Is tells whether a condition is there and true.
func (c *CustomResourceDefinition) Is(t CustomResourceDefinitionConditionType) bool {
	condition := c.Condition(t)
	return condition != nil && condition.Status == ConditionTrue
}

// SetCondition puts in a condition; when it last changed follows from what was there. It tells whether anything but that
// changed.
func (c *CustomResourceDefinition) SetCondition(condition CustomResourceDefinitionCondition, now Time) bool {
	condition.LastTransitionTime = now
	current := c.Condition(condition.Type)
	if current == nil {
		c.Status.Conditions = append(c.Status.Conditions, condition)
		return true
	}
	if current.Status == condition.Status {
		condition.LastTransitionTime = current.LastTransitionTime
	}
	changed := current.Status != condition.Status || current.Reason != condition.Reason || current.Message != condition.Message
	*current = condition
	return changed
}
