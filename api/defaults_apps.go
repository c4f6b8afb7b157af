package api

// Defaults of a Deployment. A quarter of the pods may be missing and a quarter too many while it rolls out.
const (
	defaultRollingShare            = "25%"
	defaultRevisionHistoryLimit    = 10
	defaultProgressDeadlineSeconds = 600
)

func defaultDeployment(obj Object) {
	spec := &obj.(*Deployment).Spec
	if spec.Replicas == nil {
		spec.Replicas = Ptr[int32](1)
	}
	if spec.Strategy.Type == "" {
		spec.Strategy.Type = RollingUpdateDeploymentStrategyType
	}
	if spec.Strategy.Type == RollingUpdateDeploymentStrategyType {
		if spec.Strategy.RollingUpdate == nil {
			spec.Strategy.RollingUpdate = &RollingUpdateDeployment{}
		}
		rolling := spec.Strategy.RollingUpdate
		if rolling.MaxUnavailable == nil {
			rolling.MaxUnavailable = Ptr(FromString(defaultRollingShare))
		}
		if rolling.MaxSurge == nil {
			rolling.MaxSurge = Ptr(FromString(defaultRollingShare))
		}
	}
	if spec.RevisionHistoryLimit == nil {
		spec.RevisionHistoryLimit = Ptr[int32](defaultRevisionHistoryLimit)
	}
	if spec.ProgressDeadlineSeconds == nil {
		spec.ProgressDeadlineSeconds = Ptr[int32](defaultProgressDeadlineSeconds)
	}
	defaultPodSpec(&spec.Template.Spec)
}

func defaultReplicaSet(obj Object) {
	spec := &obj.(*ReplicaSet).Spec
	if spec.Replicas == nil {
		spec.Replicas = Ptr[int32](1)
	}
	defaultPodSpec(&spec.Template.Spec)
}
