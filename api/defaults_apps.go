package api

import (
	"maps"
	"strconv"
)

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

// SetTemplateGeneration counts the changes of a DaemonSet's template, in an annotation. It leaves alone who shares the annotations.
func SetTemplateGeneration(ds *DaemonSet, n int64) {
	annotations := maps.Clone(ds.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationTemplateGeneration] = strconv.FormatInt(n, 10)
	ds.Annotations = annotations
}

func defaultDaemonSet(obj Object) {
	ds := obj.(*DaemonSet)
	if _, ok := ds.Annotations[AnnotationTemplateGeneration]; !ok {
		SetTemplateGeneration(ds, 0)
	}
	spec := &ds.Spec
	strategy := &spec.UpdateStrategy
	if strategy.Type == "" {
		strategy.Type = RollingUpdateDaemonSetStrategyType
	}
	if strategy.Type == RollingUpdateDaemonSetStrategyType {
		if strategy.RollingUpdate == nil {
			strategy.RollingUpdate = &RollingUpdateDaemonSet{}
		}
		if strategy.RollingUpdate.MaxUnavailable == nil {
			strategy.RollingUpdate.MaxUnavailable = Ptr(FromInt(1))
		}
		if strategy.RollingUpdate.MaxSurge == nil {
			strategy.RollingUpdate.MaxSurge = Ptr(FromInt(0))
		}
	}
	if spec.RevisionHistoryLimit == nil {
		spec.RevisionHistoryLimit = Ptr[int32](defaultRevisionHistoryLimit)
	}
	defaultPodSpec(&spec.Template.Spec)
}

func defaultStatefulSet(obj Object) {
	spec := &obj.(*StatefulSet).Spec
	if spec.PodManagementPolicy == "" {
		spec.PodManagementPolicy = OrderedReadyPodManagement
	}
	strategy := &spec.UpdateStrategy
	if strategy.Type == "" {
		strategy.Type = RollingUpdateStatefulSetStrategyType
		if strategy.RollingUpdate == nil {
			strategy.RollingUpdate = &RollingUpdateStatefulSetStrategy{}
		}
	}
	if rolling := strategy.RollingUpdate; strategy.Type == RollingUpdateStatefulSetStrategyType && rolling != nil {
		if rolling.Partition == nil {
			rolling.Partition = Ptr[int32](0)
		}
	}
	if spec.PersistentVolumeClaimRetentionPolicy == nil {
		spec.PersistentVolumeClaimRetentionPolicy = &StatefulSetPersistentVolumeClaimRetentionPolicy{}
	}
	policy := spec.PersistentVolumeClaimRetentionPolicy
	if policy.WhenDeleted == "" {
		policy.WhenDeleted = RetainPersistentVolumeClaimRetentionPolicyType
	}
	if policy.WhenScaled == "" {
		policy.WhenScaled = RetainPersistentVolumeClaimRetentionPolicyType
	}
	if spec.Replicas == nil {
		spec.Replicas = Ptr[int32](1)
	}
	if spec.RevisionHistoryLimit == nil {
		spec.RevisionHistoryLimit = Ptr[int32](defaultRevisionHistoryLimit)
	}
	for i := range spec.VolumeClaimTemplates {
		claim := &spec.VolumeClaimTemplates[i]
		defaultPersistentVolumeClaim(claim)
		claim.APIVersion, claim.Kind = "v1", "PersistentVolumeClaim" // whatever was said
	}
	defaultPodSpec(&spec.Template.Spec)
}

func defaultReplicationController(obj Object) {
	rc := obj.(*ReplicationController)
	spec := &rc.Spec
	if spec.Replicas == nil {
		spec.Replicas = Ptr[int32](1)
	}
	if spec.Template == nil {
		return
	}
	if len(spec.Selector) == 0 {
		spec.Selector = maps.Clone(spec.Template.Labels)
	}
	if len(rc.Labels) == 0 {
		rc.Labels = maps.Clone(spec.Template.Labels)
	}
	defaultPodSpec(&spec.Template.Spec)
}
