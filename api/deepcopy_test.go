package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDeepCopy(t *testing.T) {
	pod := samplePod()
	c := DeepCopy(pod)
	require.True(t, Equal(pod, c))
	c.Labels["app"] = "other"
	c.Spec.Containers[0].Image = "other"
	c.Spec.Containers[0].LivenessProbe.HTTPGet.Path = "/other"
	c.Spec.Containers[0].Resources.Requests[ResourceCPU] = MustParse("2")
	require.True(t, Equal(pod, samplePod()), "the original does not change")

	require.Nil(t, DeepCopy[*Pod](nil))
	require.Equal(t, 5, DeepCopy(5))
	require.Nil(t, DeepCopy([]string(nil)))
	require.NotNil(t, DeepCopy([]string{}))

	var object Object = pod
	copied := DeepCopy(object)
	require.NotSame(t, pod, copied)
	require.True(t, Equal(object, copied))

	untyped := map[string]any{"a": []any{map[string]any{"b": "c"}}}
	clone := DeepCopy(untyped)
	clone["a"].([]any)[0].(map[string]any)["b"] = "d"
	require.Equal(t, "c", untyped["a"].([]any)[0].(map[string]any)["b"])

	list := &List[Pod]{Items: []Pod{*pod}}
	listCopy := DeepCopy(list)
	listCopy.Items[0].Labels["app"] = "x"
	require.Equal(t, "web", list.Items[0].Labels["app"])

	type tree struct{ Children []tree }
	root := tree{Children: []tree{{Children: []tree{{}}}}}
	rootCopy := DeepCopy(root)
	rootCopy.Children[0].Children[0].Children = []tree{{}}
	require.Nil(t, root.Children[0].Children[0].Children, "types may hold themselves")
}

func TestEqual(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for name, c := range map[string]struct {
		a, b any
		want bool
	}{
		"no list is an empty list":       {PodSpec{}, PodSpec{Containers: []Container{}}, true},
		"no map is an empty map":         {ObjectMeta{}, ObjectMeta{Labels: map[string]string{}}, true},
		"quantities by value":            {ResourceList{"cpu": MustParse("1000m")}, ResourceList{"cpu": MustParse("1")}, true},
		"quantities that differ":         {ResourceList{"cpu": MustParse("1")}, ResourceList{"cpu": MustParse("2")}, false},
		"maps with other keys":           {ResourceList{"cpu": MustParse("1")}, ResourceList{"memory": MustParse("1")}, false},
		"times by moment":                {Time{now}, Time{now.UTC()}, true},
		"no pointer is not a zero":       {ScaleSpec{}, &ScaleSpec{}, false},
		"pointers by what they hold":     {&ScaleSpec{Replicas: 1}, &ScaleSpec{Replicas: 1}, true},
		"an unset pointer differs":       {DeploymentSpec{}, DeploymentSpec{Replicas: Ptr(int32(0))}, false},
		"lists in order":                 {[]string{"a", "b"}, []string{"b", "a"}, false},
		"bytes":                          {[]byte("a"), []byte("a"), true},
		"other types":                    {1, "1", false},
		"untyped":                        {map[string]any{"a": []any{int64(1)}}, map[string]any{"a": []any{int64(1)}}, true},
		"untyped of different types":     {map[string]any{"a": int64(1)}, map[string]any{"a": 1.0}, false},
		"nothing at all":                 {nil, nil, true},
		"nothing and something":          {nil, 1, false},
		"a typed nil equals a typed nil": {(*Pod)(nil), (*Pod)(nil), true},
	} {
		require.Equal(t, c.want, Equal(c.a, c.b), name)
	}
}
