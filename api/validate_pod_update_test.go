package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goodPod is defaulted, as the API server would have it stored.
func goodPod() *Pod {
	pod := New[*Pod]()
	pod.ObjectMeta = ObjectMeta{Name: "p", Namespace: "default", UID: "1", ResourceVersion: "5"}
	pod.Spec.Containers = []Container{{Name: "c", Image: "nginx:1"}}
	defaultPod(pod)
	PrepareNewPod(pod)
	return pod
}

func TestPodChangesThatAreAllowed(t *testing.T) {
	gated := func(p *Pod) { p.Spec.SchedulingGates = []PodSchedulingGate{{Name: "a"}, {Name: "b"}} }
	terms := func(expressions ...NodeSelectorRequirement) *Affinity {
		return &Affinity{NodeAffinity: &NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &NodeSelector{
			NodeSelectorTerms: []NodeSelectorTerm{{MatchExpressions: expressions}},
		}}}
	}
	exists := func(key string) NodeSelectorRequirement {
		return NodeSelectorRequirement{Key: key, Operator: NodeSelectorOpExists}
	}
	for name, tt := range map[string]struct{ old, change func(*Pod) }{
		"image":              {change: func(p *Pod) { p.Spec.Containers[0].Image = "nginx:2" }},
		"labels":             {change: func(p *Pod) { p.Labels = map[string]string{"a": "b"} }},
		"first deadline":     {change: func(p *Pod) { p.Spec.ActiveDeadlineSeconds = Ptr[int64](5) }},
		"nearer deadline":    {old: func(p *Pod) { p.Spec.ActiveDeadlineSeconds = Ptr[int64](5) }, change: func(p *Pod) { p.Spec.ActiveDeadlineSeconds = Ptr[int64](4) }},
		"another toleration": {change: func(p *Pod) { p.Spec.Tolerations = []Toleration{{Operator: TolerationOpExists}} }},
		"toleration for longer": {old: func(p *Pod) {
			p.Spec.Tolerations = []Toleration{{Key: "a", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: Ptr[int64](5)}}
		}, change: func(p *Pod) { p.Spec.Tolerations[0].TolerationSeconds = Ptr[int64](50) }},
		"gate removed":           {old: gated, change: func(p *Pod) { p.Spec.SchedulingGates = p.Spec.SchedulingGates[1:] }},
		"gated: node selector":   {old: gated, change: func(p *Pod) { p.Spec.NodeSelector = map[string]string{"a": "b"} }},
		"gated: first affinity":  {old: gated, change: func(p *Pod) { p.Spec.Affinity = terms(exists("a")) }},
		"gated: longer affinity": {old: func(p *Pod) { gated(p); p.Spec.Affinity = terms(exists("a")) }, change: func(p *Pod) { p.Spec.Affinity = terms(exists("a"), exists("b")) }},
		"grace period repaired":  {old: func(p *Pod) { p.Spec.TerminationGracePeriodSeconds = Ptr[int64](-5) }, change: func(p *Pod) { p.Spec.TerminationGracePeriodSeconds = Ptr[int64](1) }},
	} {
		t.Run(name, func(t *testing.T) {
			old := goodPod()
			if tt.old != nil {
				tt.old(old)
			}
			pod := DeepCopy(old)
			tt.change(pod)
			require.Empty(t, messages(ValidateChange(KindOf[*Pod](), pod, old)))
		})
	}
}

func TestPodChangeShowsDiff(t *testing.T) {
	old := goodPod()
	pod := DeepCopy(old)
	pod.Spec.NodeName = "n1"
	errs := ValidateChange(KindOf[*Pod](), pod, old)
	require.Len(t, errs, 1)
	require.Equal(t, strings.Join([]string{
		"pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
			"`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
		"@@ -42,7 +42,7 @@",
		`  "NodeSelector": null,`,
		`  "ServiceAccountName": "",`,
		`  "AutomountServiceAccountToken": null,`,
		`- "NodeName": "",`,
		`+ "NodeName": "n1",`,
		`  "SecurityContext": {`,
		`   "HostNetwork": false,`,
		`   "HostPID": false,`,
		"",
	}, "\n"), errs[0].Detail)
}

func TestUnifiedDiff(t *testing.T) {
	lines := func(s string) string { return strings.ReplaceAll(s, " ", "\n") }
	for name, tt := range map[string]struct{ old, changed, want string }{
		"same":         {"a b c", "a b c", ""},
		"one line":     {"a b c d e f g h i", "a b c d X f g h i", "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n"},
		"added":        {"a b", "a X b", "@@ -1,2 +1,3 @@\n a\n+X\n b\n"},
		"removed":      {"a X b", "a b", "@@ -1,3 +1,2 @@\n a\n-X\n b\n"},
		"from nothing": {"a", "b", "@@ -1 +1 @@\n-a\n+b\n"},
		"two hunks": {
			"a 1 2 3 4 5 6 7 8 b", "A 1 2 3 4 5 6 7 8 B",
			"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n",
		},
		"one hunk": {"a 1 2 3 4 5 6 b", "A 1 2 3 4 5 6 B", "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, UnifiedDiff(lines(tt.old), lines(tt.changed)))
		})
	}
}

func TestEphemeralContainersUpdate(t *testing.T) {
	debug := EphemeralContainer{EphemeralContainerCommon: EphemeralContainerCommon{
		Name: "debug", Image: "busybox", ImagePullPolicy: PullAlways, TerminationMessagePolicy: TerminationMessageReadFile,
	}, TargetContainerName: "c"}
	plain, debugged := goodPod(), goodPod()
	debugged.Spec.EphemeralContainers = []EphemeralContainer{debug}

	require.Empty(t, messages(ValidatePodEphemeralContainersUpdate(debugged, plain)), "adding one")
	require.Equal(t, []string{"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"debug\" may not be removed\n"},
		messages(ValidatePodEphemeralContainersUpdate(plain, debugged)), "removing one")

	changed := DeepCopy(debugged)
	changed.Spec.EphemeralContainers[0].Image = "alpine"
	errs := messages(ValidatePodEphemeralContainersUpdate(changed, debugged))
	require.Len(t, errs, 1)
	require.Contains(t, errs[0], "existing ephemeral containers \"debug\" may not be changed\n@@ -1,6 +1,6 @@\n {\n  \"Name\": \"debug\",\n- \"Image\": \"busybox\",\n+ \"Image\": \"alpine\",\n")

	static := DeepCopy(plain)
	static.Annotations = map[string]string{annotationMirrorPod: "x"}
	require.Equal(t, []string{": Forbidden: static pods do not support ephemeral containers"},
		messages(ValidatePodEphemeralContainersUpdate(debugged, static)))
}

func TestShouldRestartContainer(t *testing.T) {
	rule := ContainerRestartRule{Action: ContainerRestartRuleActionRestart, ExitCodes: &ContainerRestartRuleOnExitCodes{Operator: ContainerRestartRuleOnExitCodesOpIn, Values: []int32{42}}}
	notIn := ContainerRestartRule{Action: ContainerRestartRuleActionRestart, ExitCodes: &ContainerRestartRuleOnExitCodes{Operator: ContainerRestartRuleOnExitCodesOpNotIn, Values: []int32{1}}}
	for name, tt := range map[string]struct {
		pod       RestartPolicy
		container *ContainerRestartPolicy
		rules     []ContainerRestartRule
		restarts  map[int32]bool // by exit code
	}{
		"always":                  {pod: RestartPolicyAlways, restarts: map[int32]bool{0: true, 1: true}},
		"on failure":              {pod: RestartPolicyOnFailure, restarts: map[int32]bool{0: false, 1: true}},
		"never":                   {pod: RestartPolicyNever, restarts: map[int32]bool{0: false, 1: false}},
		"container overrides pod": {pod: RestartPolicyNever, container: Ptr(ContainerRestartPolicyAlways), restarts: map[int32]bool{0: true}},
		"container on failure":    {pod: RestartPolicyAlways, container: Ptr(ContainerRestartPolicyOnFailure), restarts: map[int32]bool{0: false, 1: true}},
		"rule first":              {pod: RestartPolicyNever, container: Ptr(ContainerRestartPolicyNever), rules: []ContainerRestartRule{rule}, restarts: map[int32]bool{0: false, 42: true}},
		"rule of what is not":     {pod: RestartPolicyNever, container: Ptr(ContainerRestartPolicyNever), rules: []ContainerRestartRule{notIn}, restarts: map[int32]bool{0: true, 1: false}},
	} {
		t.Run(name, func(t *testing.T) {
			ctr := &Container{RestartPolicy: tt.container, RestartPolicyRules: tt.rules}
			for code, want := range tt.restarts {
				require.Equal(t, want, ShouldRestartContainer(&PodSpec{RestartPolicy: tt.pod}, ctr, code), code)
			}
		})
	}
}

func TestContainerTransitions(t *testing.T) {
	ended := ContainerStatus{Name: "c", State: ContainerState{Terminated: &ContainerStateTerminated{ExitCode: 1}}}
	running := ContainerStatus{Name: "c", State: ContainerState{Running: &ContainerStateRunning{}}}
	const forbidden = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
	for name, tt := range map[string]struct {
		change func(*PodSpec)
		now    []ContainerStatus
		want   []string
	}{
		"restarted by policy": {change: func(s *PodSpec) { s.RestartPolicy = RestartPolicyOnFailure }, now: []ContainerStatus{running}},
		"not to be restarted": {change: func(s *PodSpec) { s.RestartPolicy = RestartPolicyNever }, now: []ContainerStatus{running}, want: []string{forbidden}},
		"stays ended":         {change: func(s *PodSpec) { s.RestartPolicy = RestartPolicyNever }, now: []ContainerStatus{ended}},
		"gone":                {change: func(s *PodSpec) { s.RestartPolicy = RestartPolicyNever }},
		"another container restarts all": {change: func(s *PodSpec) {
			s.RestartPolicy = RestartPolicyNever
			s.InitContainers = []Container{{Name: "i", RestartPolicyRules: []ContainerRestartRule{{Action: ContainerRestartRuleActionRestartAllContainers}}}}
		}, now: []ContainerStatus{running}},
	} {
		t.Run(name, func(t *testing.T) {
			old := goodPod()
			tt.change(&old.Spec)
			old.Status.ContainerStatuses = []ContainerStatus{ended}
			pod := DeepCopy(old)
			pod.Status.ContainerStatuses = tt.now
			require.Equal(t, tt.want, messages(ValidateStatusChange(KindOf[*Pod](), pod, old)))
		})
	}
}
