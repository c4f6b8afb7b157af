package apiserver

import "kubelite/api"

// podTemplate is a pod, or what pods are to be made from, inside an object: where it is, and what it says.
type podTemplate struct {
	path api.Path // "": the object is a pod
	meta *api.ObjectMeta
	spec *api.PodSpec
}

// podTemplateOf finds the template of the kinds that make pods; nil: the object has none.
func podTemplateOf(obj api.Object) *podTemplate {
	at := func(path api.Path, t *api.PodTemplateSpec) *podTemplate {
		if t == nil {
			return nil
		}
		return &podTemplate{path, &t.ObjectMeta, &t.Spec}
	}
	switch o := obj.(type) {
	case *api.Pod:
		return &podTemplate{"", &o.ObjectMeta, &o.Spec}
	case *api.PodTemplate:
		return at("template", &o.Template)
	case *api.ReplicationController:
		return at("spec.template", o.Spec.Template)
	case *api.ReplicaSet:
		return at("spec.template", &o.Spec.Template)
	case *api.Deployment:
		return at("spec.template", &o.Spec.Template)
	case *api.DaemonSet:
		return at("spec.template", &o.Spec.Template)
	case *api.StatefulSet:
		return at("spec.template", &o.Spec.Template)
	case *api.Job:
		return at("spec.template", &o.Spec.Template)
	case *api.CronJob:
		return at("spec.jobTemplate.spec.template", &o.Spec.JobTemplate.Spec.Template)
	}
	return nil
}
