package api

import (
	"fmt"
	"reflect"
)

// Object is anything the API server stores: every kind embeds TypeMeta and ObjectMeta, which together
// implement it. Lists are not Objects; see ListObject.
type Object interface {
	GetTypeMeta() *TypeMeta
	GetObjectMeta() *ObjectMeta
}

// ListObject is the answer to a list: TypeMeta, ListMeta and items. List implements it for every kind.
type ListObject interface {
	GetTypeMeta() *TypeMeta
	GetListMeta() *ListMeta
}

// GetTypeMeta makes every type that embeds TypeMeta tell its kind and version.
func (t *TypeMeta) GetTypeMeta() *TypeMeta { return t }

// GroupVersionKind splits the TypeMeta of an object that came from the wire.
func (t *TypeMeta) GroupVersionKind() GroupVersionKind {
	gv := ParseGroupVersion(t.APIVersion)
	return GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: t.Kind}
}

// GetObjectMeta makes every type that embeds ObjectMeta an Object.
func (m *ObjectMeta) GetObjectMeta() *ObjectMeta { return m }

// Key is the object's place in its kind: what caches and work queues are indexed by.
func (m *ObjectMeta) Key() Key { return Key{Namespace: m.Namespace, Name: m.Name} }

// GetListMeta makes every type that embeds ListMeta a ListObject.
func (m *ListMeta) GetListMeta() *ListMeta { return m }

// List is the list type of every kind: PodList is List[Pod]. One generic type serves them all, because on the
// wire all lists have the same shape.
type List[T any] struct {
	TypeMeta `json:",inline"`
	// Metadata of the list as a whole: the revision that it shows, and how to go on where it is one page of many.
	ListMeta `json:"metadata,omitempty" pb:"1"`
	// The objects.
	Items []T `json:"items" pb:"2"`
}

// Key names an object within its kind. Namespace is empty for cluster-scoped kinds.
type Key struct {
	Namespace string
	Name      string
}

// String is "namespace/name", or just "name" where there is no namespace.
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// IsControlledBy tells whether owner is the object's managing controller. It compares UIDs, not names: an owner
// that was deleted and made again is not the owner.
func IsControlledBy(obj Object, owner Object) bool {
	ref := ControllerOf(obj)
	return ref != nil && ref.UID == owner.GetObjectMeta().UID
}

// ControllerOf returns the owner reference that is marked as controller, nil if there is none.
func ControllerOf(obj Object) *OwnerReference {
	refs := obj.GetObjectMeta().OwnerReferences
	for i := range refs {
		if refs[i].Controller != nil && *refs[i].Controller {
			return &refs[i]
		}
	}
	return nil
}

// NewControllerRef makes the owner reference that a controller writes on what it creates. It blocks the owner's
// foreground deletion until the dependent is gone.
func NewControllerRef(owner Object) OwnerReference {
	kind := KindFor(owner)
	meta := owner.GetObjectMeta()
	return OwnerReference{
		APIVersion: kind.APIVersion(), Kind: kind.Kind, Name: meta.Name, UID: meta.UID,
		Controller: Ptr(true), BlockOwnerDeletion: Ptr(true),
	}
}

// Ptr returns a pointer to a copy of v, for the API's many optional fields.
func Ptr[T any](v T) *T { return &v }

// Deref returns what p points to, or otherwise when p is nil.
func Deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// New makes an empty object of the concrete pointer type T, such as *Pod, with its kind and version filled in.
func New[T Object]() T {
	var zero T
	obj := reflect.New(reflect.TypeOf(zero).Elem()).Interface().(T)
	SetTypeMeta(obj)
	return obj
}

// SetTypeMeta fills in kind and apiVersion of an object of a registered type.
func SetTypeMeta(obj Object) {
	kind := KindFor(obj)
	*obj.GetTypeMeta() = kind.TypeMeta()
}

// Describe names an object for messages: "Pod default/web-1".
func Describe(obj Object) string {
	return fmt.Sprintf("%s %s", KindFor(obj).Kind, obj.GetObjectMeta().Key())
}
