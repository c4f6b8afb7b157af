package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPodTemplateHash(t *testing.T) {
	template := &PodTemplateSpec{Spec: PodSpec{Containers: []Container{{Name: "web", Image: "nginx"}}}}
	hash := PodTemplateHash(template, nil)
	require.Equal(t, hash, PodTemplateHash(DeepCopy(template), nil))
	require.Regexp(t, "^[bcdfghjklmnpqrstvwxz2456789]+$", hash)
	require.Equal(t, "7987b65f86", hash, "a stored ReplicaSet must still be found after an upgrade")

	changed := DeepCopy(template)
	changed.Spec.Containers[0].Image = "nginx:2"
	require.NotEqual(t, hash, PodTemplateHash(changed, nil))
	require.NotEqual(t, hash, PodTemplateHash(template, Ptr(int32(0))))
	require.NotEqual(t, PodTemplateHash(template, Ptr(int32(0))), PodTemplateHash(template, Ptr(int32(1))))
}
