package apiserver

import "kubelite/api"

// What is particular to webhook configurations, admission policies and APIServices when they are written. Nobody may
// overwrite one that he has not seen: it decides what all others may write.

var (
	mutatingWebhookStrategy = Strategy{
		Generation:        func(obj api.Object) any { return obj.(*api.MutatingWebhookConfiguration).Webhooks },
		Check:             checkExpressions,
		ConditionalUpdate: true,
	}
	validatingWebhookStrategy = Strategy{
		Generation:        func(obj api.Object) any { return obj.(*api.ValidatingWebhookConfiguration).Webhooks },
		Check:             checkExpressions,
		ConditionalUpdate: true,
	}
	mutatingPolicyStrategy = Strategy{
		Generation:        func(obj api.Object) any { return obj.(*api.MutatingAdmissionPolicy).Spec },
		Check:             checkPolicy,
		ConditionalUpdate: true,
	}
	mutatingPolicyBindingStrategy = Strategy{
		Generation:        func(obj api.Object) any { return obj.(*api.MutatingAdmissionPolicyBinding).Spec },
		Check:             checkPolicyBinding,
		ConditionalUpdate: true,
	}
	validatingPolicyBindingStrategy = Strategy{
		Generation:        func(obj api.Object) any { return obj.(*api.ValidatingAdmissionPolicyBinding).Spec },
		Check:             checkPolicyBinding,
		ConditionalUpdate: true,
	}
)

var validatingPolicyStrategy = Strategy{
	Resets: statusResetsMetadata,
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.ValidatingAdmissionPolicy).Status = api.ValidatingAdmissionPolicyStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.ValidatingAdmissionPolicy).Status = old.(*api.ValidatingAdmissionPolicy).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.ValidatingAdmissionPolicy).Spec = old.(*api.ValidatingAdmissionPolicy).Spec
	},
	Generation:        func(obj api.Object) any { return obj.(*api.ValidatingAdmissionPolicy).Spec },
	Check:             checkPolicy,
	ConditionalUpdate: true,
}

// apiServiceStrategy: what this server serves itself is available from the start.
var apiServiceStrategy = Strategy{
	Resets: statusResetsMetadata,
	PrepareForCreate: func(obj api.Object) {
		service := obj.(*api.APIService)
		service.Status = api.APIServiceStatus{}
		if service.Spec.Service == nil {
			service.Status.Conditions = []api.APIServiceCondition{{
				Type: api.APIServiceAvailable, Status: api.ConditionTrue, LastTransitionTime: api.Now(),
				Reason: "Local", Message: "Local APIServices are always available",
			}}
		}
	},
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.APIService).Status = old.(*api.APIService).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		service, oldService := obj.(*api.APIService), old.(*api.APIService)
		service.Spec = oldService.Spec
		service.Labels, service.Annotations = oldService.Labels, oldService.Annotations
		service.Finalizers, service.OwnerReferences = oldService.Finalizers, oldService.OwnerReferences
	},
	ConditionalUpdate: true,
}

// availableCondition is what an APIService's status says of its availability, nil if it says nothing.
func availableCondition(service *api.APIService) *api.APIServiceCondition {
	for i := range service.Status.Conditions {
		if c := &service.Status.Conditions[i]; c.Type == api.APIServiceAvailable {
			return c
		}
	}
	return nil
}
