package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDataSizes(t *testing.T) {
	meta := ObjectMeta{Name: "a", Namespace: "b"}
	mebibyte := strings.Repeat("x", 1<<20)
	require.Empty(t, messages(validateConfigMap(&ConfigMap{ObjectMeta: meta, Data: map[string]string{"a": mebibyte}})))
	require.Equal(t, []string{"[]: Too long: may not be more than 1048576 bytes"},
		messages(validateConfigMap(&ConfigMap{ObjectMeta: meta, Data: map[string]string{"a": mebibyte}, BinaryData: map[string][]byte{"b": {1}}})))
	require.Empty(t, messages(validateSecret(&Secret{ObjectMeta: meta, Data: map[string][]byte{"a": []byte(mebibyte)}})))
	require.Equal(t, []string{"data: Too long: may not be more than 1048576 bytes"},
		messages(validateSecret(&Secret{ObjectMeta: meta, Data: map[string][]byte{"a": []byte(mebibyte), "b": {1}}})))
}

func TestEventTexts(t *testing.T) {
	event := New[*Event]()
	event.ObjectMeta = ObjectMeta{Name: "e", Namespace: "default"}
	event.InvolvedObject.Namespace = "default"
	event.EventTime = MicroTime{time.Unix(1, 0)}
	event.ReportingController = "example.com/c"
	event.ReportingInstance, event.Action, event.Reason = strings.Repeat("x", 129), strings.Repeat("x", 129), strings.Repeat("x", 129)
	event.Message = strings.Repeat("x", 1025)
	require.Equal(t, []string{
		`reportingInstance: Invalid value: "": can have at most 128 characters`,
		`action: Invalid value: "": can have at most 128 characters`,
		`reason: Invalid value: "": can have at most 128 characters`,
		`message: Invalid value: "": can have at most 1024 characters`,
	}, messages(ValidateNew(KindOf[*Event](), event)))

	event.EventTime = MicroTime{}
	require.Empty(t, messages(ValidateNew(KindOf[*Event](), event)), "the old sort of event may be as long as it likes")
}

func TestEventSeriesGoesOn(t *testing.T) {
	at := func(seconds, nanoseconds int64) MicroTime { return MicroTime{time.Unix(seconds, nanoseconds)} }
	old := New[*EventsEvent]()
	old.ObjectMeta = ObjectMeta{Name: "e", Namespace: "default", ResourceVersion: "5"}
	old.EventTime, old.ReportingController, old.ReportingInstance, old.Action, old.Reason = at(1, 1000), "c", "c-1", "Do", "Because"
	event := DeepCopy(old)
	event.Series = &EventsEventSeries{Count: 2, LastObservedTime: at(5, 0)}
	event.EventTime = at(1, 1999) // the same microsecond
	require.Empty(t, messages(ValidateChange(KindOf[*EventsEvent](), event, old)))

	event.EventTime = at(2, 0)
	require.Equal(t, []string{`eventTime: Invalid value: "1970-01-01T00:00:02.000000Z": field is immutable`},
		messages(ValidateChange(KindOf[*EventsEvent](), event, old)))
}

func TestNamespaceFinalize(t *testing.T) {
	old := New[*Namespace]()
	old.ObjectMeta = ObjectMeta{Name: "n", ResourceVersion: "5"}
	old.Spec.Finalizers = []FinalizerName{FinalizerKubernetes}
	done := DeepCopy(old)
	done.Spec.Finalizers = nil
	require.Empty(t, messages(ValidateNamespaceFinalize(done, old)))
	done.Spec.Finalizers = []FinalizerName{"mine"}
	require.Equal(t, []string{`spec.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified`},
		messages(ValidateNamespaceFinalize(done, old)))
}

func TestBinding(t *testing.T) {
	for name, tt := range map[string]struct {
		target ObjectReference
		want   []string
	}{
		"node":         {target: ObjectReference{Kind: "Node", Name: "n"}},
		"no kind":      {target: ObjectReference{Name: "n"}},
		"no name":      {target: ObjectReference{Kind: "Node"}, want: []string{"target.name: Required value"}},
		"another kind": {target: ObjectReference{Kind: "Pod", Name: "n"}, want: []string{`target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"`}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, messages(validateBinding(&Binding{Target: tt.target})))
		})
	}
}

func TestValidateScale(t *testing.T) {
	scale := &Scale{ObjectMeta: ObjectMeta{Name: "web", Namespace: "default"}, Spec: ScaleSpec{Replicas: 3}}
	require.Empty(t, messages(ValidateScale(scale)))
	scale.Spec.Replicas = -1
	require.Equal(t, []string{"spec.replicas: Invalid value: -1: must be greater than or equal to 0"}, messages(ValidateScale(scale)))
}
