package main

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// groupVersion is where the new kind lives: /apis/example.com/v1. deploy/10-definition.yaml tells the API server of it.
var groupVersion = schema.GroupVersion{Group: "example.com", Version: "v1"}

// Database is a PostgreSQL server with a volume, a name and a password of its own.
type Database struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              DatabaseSpec   `json:"spec"`
	Status            DatabaseStatus `json:"status,omitempty"`
}

// DatabaseSpec is what a user wants. Only users write it. Defaults come from the definition, so nothing is left out here.
type DatabaseSpec struct {
	Version  string            `json:"version"`  // which PostgreSQL: 17.2
	Storage  resource.Quantity `json:"storage"`  // room for its data, which can grow
	Replicas int32             `json:"replicas"` // 1, or 0: stopped, with its data kept
}

// DatabaseStatus is what the operator has seen. Only the operator writes it.
type DatabaseStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"` // of the spec that all of this is about
	Version            string             `json:"version,omitempty"`            // which runs
	Address            string             `json:"address,omitempty"`            // where clients connect to
	SecretName         string             `json:"secretName,omitempty"`         // what they need to be let in
	Replicas           int32              `json:"replicas"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// DatabaseList is what a list of them looks like.
type DatabaseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Database `json:"items"`
}

// addToScheme tells clients which Go type is which kind.
func addToScheme(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(groupVersion, &Database{}, &DatabaseList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
}

// DeepCopyObject makes a Database a runtime.Object. Objects in a cache are shared: who wants to change one takes a copy. Larger
// projects have controller-gen write these functions.
func (d *Database) DeepCopyObject() runtime.Object { return d.copy() }

func (d *Database) copy() *Database {
	c := *d
	d.ObjectMeta.DeepCopyInto(&c.ObjectMeta)
	c.Spec.Storage = d.Spec.Storage.DeepCopy()
	c.Status.Conditions = nil
	for _, condition := range d.Status.Conditions {
		c.Status.Conditions = append(c.Status.Conditions, *condition.DeepCopy())
	}
	return &c
}

// DeepCopyObject makes a DatabaseList a runtime.Object.
func (l *DatabaseList) DeepCopyObject() runtime.Object {
	c := *l
	l.ListMeta.DeepCopyInto(&c.ListMeta)
	c.Items = make([]Database, 0, len(l.Items))
	for i := range l.Items {
		c.Items = append(c.Items, *l.Items[i].copy())
	}
	return &c
}
