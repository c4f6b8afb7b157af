package api

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds that say how pods are placed and run: PriorityClass and RuntimeClass.

const (
	systemPriorityPrefix = "system-"
	highestUserPriority  = 1_000_000_000
)

// SystemCriticalPriority is the priority from which on a pod belongs to the cluster itself.
const SystemCriticalPriority = 2 * highestUserPriority

// SystemNodeCritical is the class of pods that a node cannot do without.
const SystemNodeCritical = "system-node-critical"

// SystemPriorityClasses are the two classes that every cluster has: no other may have a name or a value like theirs.
func SystemPriorityClasses() []*PriorityClass {
	return []*PriorityClass{
		{
			ObjectMeta:  ObjectMeta{Name: SystemNodeCritical},
			Value:       SystemCriticalPriority + 1000,
			Description: "Used for system critical pods that must not be moved from their current node.",
		},
		{
			ObjectMeta:  ObjectMeta{Name: "system-cluster-critical"},
			Value:       SystemCriticalPriority,
			Description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
		},
	}
}

func defaultPriorityClass(obj Object) {
	setDefault(&obj.(*PriorityClass).PreemptionPolicy, PreemptLowerPriority)
}

func validatePriorityClass(obj Object) ErrorList {
	var errs ErrorList
	class := obj.(*PriorityClass)
	if strings.HasPrefix(class.Name, systemPriorityPrefix) {
		if wrong := notSystemPriorityClass(class); wrong != "" {
			errs.add(metadata.Child("name").Forbidden("priority class names with '" + systemPriorityPrefix + "' prefix are reserved for system use only. error: " + wrong))
		}
	} else if class.Value > highestUserPriority {
		errs.add(Path("value").Forbidden(fmt.Sprintf("maximum allowed value of a user defined priority is %d", highestUserPriority)))
	}
	if class.PreemptionPolicy != nil {
		requiredOneOf(&errs, "preemptionPolicy", "", *class.PreemptionPolicy, PreemptLowerPriority, PreemptNever)
	}
	return errs
}

// notSystemPriorityClass says what makes a class other than the one of the system that it is named like.
func notSystemPriorityClass(class *PriorityClass) string {
	for _, known := range SystemPriorityClasses() {
		switch {
		case known.Name != class.Name:
		case known.Value != class.Value:
			return fmt.Sprintf("value of %s PriorityClass must be %d", known.Name, known.Value)
		case known.GlobalDefault != class.GlobalDefault:
			return fmt.Sprintf("globalDefault of %s PriorityClass must be %v", known.Name, known.GlobalDefault)
		default:
			return ""
		}
	}
	return class.Name + " is not a known system priority class"
}

func validatePriorityClassUpdate(obj, old Object) ErrorList {
	var errs ErrorList
	class, before := obj.(*PriorityClass), old.(*PriorityClass)
	if class.Value != before.Value {
		errs.add(Path("value").Forbidden("may not be changed in an update."))
	}
	errs.immutable("preemptionPolicy", "", class.PreemptionPolicy, before.PreemptionPolicy)
	return errs
}

func validateRuntimeClass(obj Object) ErrorList {
	var errs ErrorList
	class := obj.(*RuntimeClass)
	errs.requiredFormat("handler", "", class.Handler, IsDNS1123Label)
	if class.Overhead != nil {
		errs.resourceRequirements("overhead", "", &ResourceRequirements{Limits: class.Overhead.PodFixed}, nil, (*ErrorList).containerResourceName)
	}
	if class.Scheduling != nil {
		path := Path("scheduling")
		errs.labels(path, "nodeSelector", class.Scheduling.NodeSelector)
		errs.tolerations(path.Child("tolerations"), class.Scheduling.Tolerations)
		errs.uniqueTolerations(path.Child("tolerations"), class.Scheduling.Tolerations)
	}
	return errs
}

// uniqueTolerations: they are added to those of pods by key, operator, value and effect.
func (l *ErrorList) uniqueTolerations(path Path, tolerations []Toleration) {
	for i := range tolerations {
		t := &tolerations[i]
		if slices.ContainsFunc(tolerations[:i], func(o Toleration) bool {
			return o.Key == t.Key && o.Operator == t.Operator && o.Value == t.Value && o.Effect == t.Effect
		}) {
			l.add(path.Index(i).Duplicate(goNames{t}))
		}
	}
}

func validateRuntimeClassUpdate(obj, old Object) ErrorList {
	errs := validateRuntimeClass(obj)
	errs.immutable("handler", "", obj.(*RuntimeClass).Handler, old.(*RuntimeClass).Handler)
	return errs
}
