package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/yaml"
)

func orders() *Database {
	db := &Database{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop", UID: "u", Generation: 3}}
	db.Spec.Version, db.Spec.Replicas = "17.1", 1
	return db
}

// TestPartsBelongTogether: the names by which the parts find each other are the same on both sides.
func TestPartsBelongTogether(t *testing.T) {
	db := orders()
	set, svc, pvc, login := statefulSet(db, "postgres"), service(db), claim(db), secret(db, "p@ss/word")
	template := set.Spec.Template
	container := template.Spec.Containers[0]

	require.Equal(t, "postgres:17.1", *container.Image)
	require.Equal(t, *svc.Name, *set.Spec.ServiceName)
	require.Equal(t, *pvc.Name, *template.Spec.Volumes[0].PersistentVolumeClaim.ClaimName)
	require.Subset(t, template.Labels, svc.Spec.Selector)
	require.Equal(t, set.Spec.Selector.MatchLabels, svc.Spec.Selector)
	require.Equal(t, *svc.Spec.Ports[0].Port, *container.Ports[0].ContainerPort)
	for _, variable := range container.Env {
		if from := variable.ValueFrom; from != nil {
			require.Equal(t, login.Name, *from.SecretKeyRef.Name)
			require.Contains(t, login.StringData, *from.SecretKeyRef.Key)
		}
	}
	require.Equal(t, "postgresql://app:p%40ss%2Fword@orders.shop.svc:5432/orders", login.StringData["uri"])

	manifest, err := json.Marshal(set)
	require.NoError(t, err)
	require.NotContains(t, string(manifest), "p@ss", "who may read a StatefulSet need not be one who may read the password")
	for _, part := range []interface{ GetName() *string }{set, svc, pvc} {
		require.LessOrEqual(t, len(*part.GetName()), 63)
	}
	require.True(t, *set.OwnerReferences[0].Controller)
	require.Equal(t, db.UID, *set.OwnerReferences[0].UID)
}

func TestReadiness(t *testing.T) {
	set := func(observed, replicas, ready, updated int32) *appsapply.StatefulSetApplyConfiguration {
		return appsapply.StatefulSet("orders", "shop").WithGeneration(2).WithStatus(appsapply.StatefulSetStatus().
			WithObservedGeneration(int64(observed)).WithReplicas(replicas).WithReadyReplicas(ready).WithUpdatedReplicas(updated))
	}
	for _, tc := range []struct {
		name     string
		replicas int32
		set      *appsapply.StatefulSetApplyConfiguration
		failed   error
		reason   string
	}{
		{"all is there", 1, set(2, 1, 1, 1), nil, "Running"},
		{"no controller has looked at it", 1, appsapply.StatefulSet("orders", "shop").WithGeneration(1), nil, "Progressing"},
		{"not since it was changed", 1, set(1, 1, 1, 1), nil, "Progressing"},
		{"the old pod is still there", 1, set(2, 1, 1, 0), nil, "Progressing"},
		{"the new pod is not ready", 1, set(2, 1, 0, 1), nil, "Progressing"},
		{"it should stop and runs", 0, set(2, 1, 1, 1), nil, "Progressing"},
		{"it has stopped", 0, set(2, 0, 0, 0), nil, "Stopped"},
		{"the server said no", 1, nil, os.ErrPermission, "Failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db := orders()
			db.Spec.Replicas = tc.replicas
			ready := readiness(db, tc.set, tc.failed)
			require.Equal(t, tc.reason, ready.Reason)
			require.Equal(t, tc.reason == "Running", ready.Status == metav1.ConditionTrue)
			require.EqualValues(t, 3, ready.ObservedGeneration)
		})
	}
}

// TestDefinitionKnowsEveryField: the server drops what the definition does not know.
func TestDefinitionKnowsEveryField(t *testing.T) {
	text, err := os.ReadFile("deploy/10-definition.yaml")
	require.NoError(t, err)
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema struct {
						Properties map[string]struct{ Properties map[string]any }
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &definition))
	schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties
	for part, goType := range map[string]reflect.Type{"spec": reflect.TypeFor[DatabaseSpec](), "status": reflect.TypeFor[DatabaseStatus]()} {
		require.Len(t, schema[part].Properties, goType.NumField())
		for i := range goType.NumField() {
			name, _, _ := strings.Cut(goType.Field(i).Tag.Get("json"), ",")
			require.Contains(t, schema[part].Properties, name)
		}
	}
}

// TestCopiesShareNothing: objects in the cache are everybody's.
func TestCopiesShareNothing(t *testing.T) {
	db := orders()
	db.Labels = map[string]string{"a": "1"}
	db.Status.Conditions = []metav1.Condition{{Type: "Ready"}}
	list := &DatabaseList{Items: []Database{*db}}
	c := list.DeepCopyObject().(*DatabaseList)
	c.Items[0].Labels["a"], c.Items[0].Status.Conditions[0].Type = "2", "Other"
	require.Equal(t, "1", db.Labels["a"])
	require.Equal(t, "Ready", db.Status.Conditions[0].Type)
}
