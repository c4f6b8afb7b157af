package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestDifferences(t *testing.T) {
	kind, err := kindNamed("pods")
	require.NoError(t, err)
	pods := watched{Kind: kind}
	object := func(yaml string) map[string]any {
		if yaml == "" {
			return nil
		}
		b, err := api.YAMLToJSON([]byte("metadata: {name: a}\n" + yaml))
		require.NoError(t, err)
		var o map[string]any
		require.NoError(t, api.UnmarshalJSON(b, &o))
		return o
	}
	for _, tc := range []struct {
		name, before, after string
		what                string
		changes             []string
	}{
		{"new", "", "spec: {}", "create pod/a", nil},
		{"gone", "spec: {}", "", "delete pod/a", nil},
		{"a field", "spec: {}", "spec: {nodeName: n1}", "change pod/a", []string{"spec.nodeName: n1"}},
		{"a field that is gone", "spec: {nodeName: n1}", "spec: {}", "change pod/a", []string{"spec.nodeName: gone"}},
		{"nothing that anybody cares about", "apiVersion: v1", "apiVersion: v2", "", nil},
		{
			"what is high up comes first, and of a condition whether it holds",
			"status: {phase: Pending, conditions: [{type: Ready, status: 'False', reason: X}]}",
			"status: {phase: Running, conditions: [{type: Ready, status: 'True', lastTransitionTime: now}]}",
			"change pod/a", []string{"status.phase: Running", "status.conditions.Ready: True"},
		},
		{
			"a list whose items have names", "spec: {containers: [{name: c, image: v1}]}", "spec: {containers: [{name: c, image: v2}]}",
			"change pod/a", []string{"spec.containers.c.image: v2"},
		},
	} {
		what, changes := differences(pods, object(tc.before), object(tc.after))
		assert.Equal(t, tc.what, what, tc.name)
		assert.Equal(t, tc.changes, changes, tc.name)
	}
}

// TestTimelineMarksTheWrite draws a small timeline: a lane for each, and the check that was broken below the write that did it.
func TestTimelineMarksTheWrite(t *testing.T) {
	begin := time.Unix(0, 0)
	line := &Timeline{Title: "a < b", Lanes: []string{"the lab", "program"}, Rows: []Row{
		{Revision: 7, Time: begin, What: "create pod/a"},
		{Revision: 9, Time: begin, After: 300 * time.Millisecond, Lane: 1, What: "change pod/a", Changes: []string{"spec.nodeName: n1"}, Causes: []int64{7}},
		{Revision: 10, Time: begin, After: time.Second, What: "create pod/b"},
	}}
	line.mark(&Outcome{Results: []Result{{Passed: true, Message: "fine"}, {Message: "nothing overfull", Found: "n1 is", Revision: 9}, {Message: "b runs"}}})
	assert.Equal(t, "nothing overfull", line.Rows[1].Broken[0].Message)
	assert.Equal(t, "b runs", line.Rows[2].Broken[0].Message, "what did not come to be is at the end")

	var text, page strings.Builder
	require.NoError(t, line.WriteText(&text))
	lane := strings.Repeat(" ", (textWidth-headWidth)/2)
	assert.Equal(t, strings.Join([]string{
		"revision   after  the lab" + lane[len("the lab"):] + "program",
		"       7   0.0 s  create pod/a",
		"       9   0.3 s  " + lane + "change pod/a",
		"                  " + lane + "  spec.nodeName: n1",
		"✗ nothing overfull",
		"  n1 is",
		"",
	}, "\n"), text.String())
	require.NoError(t, line.WriteHTML(&page))
	assert.Contains(t, page.String(), "<title>a &lt; b</title>")
	assert.Contains(t, page.String(), `<div class="row bad" id="row1">`)
	assert.Contains(t, page.String(), "(because of 7)")
}

// TestHistoryIsReadTwice sees to it that who looks again from the beginning does not see things happen twice.
func TestHistoryIsReadTwice(t *testing.T) {
	h := &history{begins: 1, first: map[string][]any{"pods": {}}, by: map[int64]string{3: "program"}}
	pod := map[string]any{"metadata": map[string]any{"uid": "u"}}
	for range 2 {
		h.add(event{revision: 3, plural: "pods", uid: "u", object: pod})
		h.add(event{revision: 2, plural: "pods", uid: "u", object: pod})
		h.add(event{revision: 4, plural: "pods", uid: "u"})
	}
	var seen []any
	for _, moment := range h.moments() {
		m := moment.(map[string]any)
		seen = append(seen, m["revision"], len(m["pods"].([]any)), m["by"])
	}
	assert.Equal(t, []any{int64(1), 0, "", int64(2), 1, "", int64(3), 1, "program", int64(4), 0, ""}, seen)
}
