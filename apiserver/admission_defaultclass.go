package apiserver

import (
	"context"
	"strings"

	"kubelite/api"
)

// A cluster can have a class that is meant where none is named: for claims a StorageClass, for Ingresses an
// IngressClass. Whoever wants none says so: a claim with an empty class, an Ingress with the annotation of old.

// defaultStorageClass gives a new claim the default class. Upstream's admission plugin of that name.
type defaultStorageClass struct{ server *Server }

var storageClassDefaults = []string{"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}

// Mutate fills in the class.
func (p defaultStorageClass) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	claim, ok := obj.(*api.PersistentVolumeClaim)
	if !ok || old != nil || req.Subresource != "" || claim.Spec.StorageClassName != nil {
		return nil
	}
	if _, annotated := claim.Annotations[api.AnnotationStorageClass]; annotated {
		return nil
	}
	name, err := defaultClass[*api.StorageClass](p.server, storageClassDefaults...)
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
	name, err := defaultClass[*api.IngressClass](p.server, api.AnnotationDefaultIngressClass)
	if name != "" {
		ingress.Spec.IngressClassName = &name
	}
	return err
}

// Validate does nothing.
func (defaultIngressClass) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// defaultClass is the name of the class that one of the annotations marks, "" if there is none. Of several the newest
// counts, so that a new default takes over while the old one is still marked.
func defaultClass[T api.Object](s *Server, annotations ...string) (name string, err error) {
	classes, _, err := readAll[T](s)
	if err != nil {
		return "", err
	}
	var best *api.ObjectMeta
	for _, class := range classes {
		meta := class.GetObjectMeta()
		marked := false
		for _, annotation := range annotations {
			marked = marked || meta.Annotations[annotation] == "true"
		}
		if !marked {
			continue
		}
		if best == nil || meta.CreationTimestamp.After(best.CreationTimestamp.Time) ||
			meta.CreationTimestamp.Equal(best.CreationTimestamp.Time) && strings.Compare(meta.Name, best.Name) < 0 {
			best = meta
		}
	}
	if best == nil {
		return "", nil
	}
	return best.Name, nil
}
