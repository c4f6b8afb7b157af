package apiserver

import (
	"context"

	"kubelite/api"
)

// A cluster can have a class that is meant where none is named: for claims a StorageClass, for Ingresses an
// IngressClass. Whoever wants none says so: a claim with an empty class, an Ingress with the annotation of old.

// defaultStorageClass gives a new claim the default class. Upstream's admission plugin of that name.
type defaultStorageClass struct{ server *Server }

// Mutate fills in the class.
func (p defaultStorageClass) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	claim, ok := obj.(*api.PersistentVolumeClaim)
	if !ok || old != nil || req.Subresource != "" || api.NamesClass(claim) {
		return nil
	}
	name, err := defaultClass(p.server, api.IsDefaultStorageClass)
	if name != "" {
		claim.Spec.StorageClassName = &name
	}
	return err
}

// Validate does nothing.
func (defaultStorageClass) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// defaultIngressClass gives a new Ingress the default class. Upstream's admission plugin of that name.
type defaultIngressClass struct{ server *Server }

// Mutate fills in the class.
func (p defaultIngressClass) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	ingress, ok := obj.(*api.Ingress)
	if !ok || old != nil || req.Subresource != "" || ingress.Spec.IngressClassName != nil {
		return nil
	}
	if _, annotated := ingress.Annotations[api.AnnotationIngressClass]; annotated {
		return nil
	}
	name, err := defaultClass(p.server, api.IsDefaultIngressClass)
	if name != "" {
		ingress.Spec.IngressClassName = &name
	}
	return err
}

// Validate does nothing.
func (defaultIngressClass) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// defaultClass is the name of the class that is marked as the default, "" if there is none.
func defaultClass[T api.Object](s *Server, isDefault func(T) bool) (name string, err error) {
	classes, _, err := readAll[T](s)
	return api.DefaultClass(classes, isDefault), err
}
