package api

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestControllerSelection(t *testing.T) {
	for _, tc := range []struct {
		name      string
		selection ControllerSelection
		job, rs   bool
	}{
		{"nothing is all", nil, true, true},
		{"all", ControllerSelection{"*"}, true, true},
		{"all but one", ControllerSelection{"*", "-job-controller"}, false, true},
		{"all but one, called by its older name", ControllerSelection{"-job", "*"}, false, true},
		{"one alone", ControllerSelection{"job"}, true, false},
		{"the first word counts", ControllerSelection{"job-controller", "-job-controller"}, true, false},
	} {
		assert.NoError(t, tc.selection.Check(), tc.name)
		assert.Equal(t, tc.job, tc.selection.Has("job-controller"), tc.name)
		assert.Equal(t, tc.rs, tc.selection.Has("replicaset-controller"), tc.name)
	}
	assert.ErrorContains(t, ControllerSelection{"*", "-jobs"}.Check(), `"jobs" is not in the list of known controllers`)
}
