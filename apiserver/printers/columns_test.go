package printers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestHumanDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"<invalid>": -2 * time.Second, "0s": -500 * time.Millisecond, "119s": 119 * time.Second, "2m": 120 * time.Second,
		"9m59s": 599 * time.Second, "10m": 659 * time.Second, "179m": 179*time.Minute + 59*time.Second, "3h": 3 * time.Hour,
		"7h59m": 8*time.Hour - time.Second, "8h": 8*time.Hour + 59*time.Minute, "47h": 48*time.Hour - time.Second,
		"2d": 48 * time.Hour, "7d23h": 8*24*time.Hour - time.Second, "8d": 8*24*time.Hour + 23*time.Hour,
		"729d": 729 * 24 * time.Hour, "2y": 730 * 24 * time.Hour, "7y364d": (8*365 - 1) * 24 * time.Hour, "8y": 8 * 365 * 24 * time.Hour,
	} {
		require.Equal(t, want, api.HumanDuration(d), "%v", d)
	}
}

// ago is a time relative to the clock of these tests.
func ago(d time.Duration) api.Time { return api.Time{Time: testNow.Add(-d)} }

var testNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func waiting(reason string) api.ContainerState {
	return api.ContainerState{Waiting: &api.ContainerStateWaiting{Reason: reason}}
}

func terminated(code int32, reason string) api.ContainerState {
	return api.ContainerState{Terminated: &api.ContainerStateTerminated{ExitCode: code, Reason: reason}}
}

func running() api.ContainerState {
	return api.ContainerState{Running: &api.ContainerStateRunning{}}
}

// The columns that people look at all day: READY, STATUS, RESTARTS.
func TestPodStatus(t *testing.T) {
	status := func(ready bool, restarts int32, state api.ContainerState) api.ContainerStatus {
		return api.ContainerStatus{Ready: ready, RestartCount: restarts, State: state}
	}
	is := func(t api.PodConditionType) api.PodCondition {
		return api.PodCondition{Type: t, Status: api.ConditionTrue}
	}
	always := api.ContainerRestartPolicyAlways
	for name, test := range map[string]struct {
		pod                     api.Pod
		ready, status, restarts string
	}{
		"not scheduled": {
			api.Pod{Status: api.PodStatus{Phase: api.PodPending}}, "0/1", "Pending", "0",
		},
		"scheduling gated": {
			api.Pod{Status: api.PodStatus{Phase: api.PodPending, Conditions: []api.PodCondition{{Type: api.PodScheduled, Reason: "SchedulingGated"}}}},
			"0/1", "SchedulingGated", "0",
		},
		"creating": {
			api.Pod{Status: api.PodStatus{Phase: api.PodPending, ContainerStatuses: []api.ContainerStatus{status(false, 0, waiting("ContainerCreating"))}}},
			"0/1", "ContainerCreating", "0",
		},
		"running": {
			api.Pod{Status: api.PodStatus{Phase: api.PodRunning, ContainerStatuses: []api.ContainerStatus{status(true, 0, running())}}},
			"1/1", "Running", "0",
		},
		"restarted": {
			api.Pod{Status: api.PodStatus{Phase: api.PodRunning, ContainerStatuses: []api.ContainerStatus{{
				Ready: true, RestartCount: 2, State: running(),
				LastTerminationState: api.ContainerState{Terminated: &api.ContainerStateTerminated{FinishedAt: ago(5 * time.Second)}},
			}}}},
			"1/1", "Running", "2 (5s ago)",
		},
		"restarted, time unknown": {
			api.Pod{Status: api.PodStatus{Phase: api.PodRunning, ContainerStatuses: []api.ContainerStatus{status(true, 3, running())}}},
			"1/1", "Running", "3",
		},
		"crash loop": {
			api.Pod{Status: api.PodStatus{Phase: api.PodRunning, ContainerStatuses: []api.ContainerStatus{status(false, 4, waiting("CrashLoopBackOff"))}}},
			"0/1", "CrashLoopBackOff", "4",
		},
		"completed": {
			api.Pod{Status: api.PodStatus{Phase: api.PodSucceeded, ContainerStatuses: []api.ContainerStatus{status(false, 0, terminated(0, "Completed"))}}},
			"0/1", "Completed", "0",
		},
		"one of two completed": {
			api.Pod{
				Spec: api.PodSpec{Containers: make([]api.Container, 2)},
				Status: api.PodStatus{Phase: api.PodRunning, Conditions: []api.PodCondition{is(api.PodReady)},
					ContainerStatuses: []api.ContainerStatus{status(false, 0, terminated(0, "Completed")), status(true, 0, running())}},
			},
			"1/2", "Running", "0",
		},
		"one of two completed, pod not ready": {
			api.Pod{
				Spec: api.PodSpec{Containers: make([]api.Container, 2)},
				Status: api.PodStatus{Phase: api.PodRunning,
					ContainerStatuses: []api.ContainerStatus{status(false, 0, terminated(0, "Completed")), status(true, 0, running())}},
			},
			"1/2", "NotReady", "0",
		},
		"failed with a code only": {
			api.Pod{Status: api.PodStatus{Phase: api.PodFailed, ContainerStatuses: []api.ContainerStatus{status(false, 0, terminated(3, ""))}}},
			"0/1", "ExitCode:3", "0",
		},
		"evicted": {
			api.Pod{Status: api.PodStatus{Phase: api.PodFailed, Reason: "Evicted"}}, "0/1", "Evicted", "0",
		},
		"first init container": {
			api.Pod{
				Spec: api.PodSpec{InitContainers: []api.Container{{Name: "a"}, {Name: "b"}}},
				Status: api.PodStatus{Phase: api.PodPending, InitContainerStatuses: []api.ContainerStatus{
					{Name: "a", State: running()}, {Name: "b", State: waiting("PodInitializing")}}},
			},
			"0/1", "Init:0/2", "0",
		},
		"second init container waits": {
			api.Pod{
				Spec: api.PodSpec{InitContainers: []api.Container{{Name: "a"}, {Name: "b"}}},
				Status: api.PodStatus{Phase: api.PodPending, InitContainerStatuses: []api.ContainerStatus{
					{Name: "a", State: terminated(0, "Completed")}, {Name: "b", State: waiting("PodInitializing")}}},
			},
			"0/1", "Init:1/2", "0",
		},
		"init container fails": {
			api.Pod{
				Spec: api.PodSpec{InitContainers: []api.Container{{Name: "a"}}},
				Status: api.PodStatus{Phase: api.PodPending, InitContainerStatuses: []api.ContainerStatus{
					{Name: "a", RestartCount: 2, State: terminated(1, "Error")}}},
			},
			"0/1", "Init:Error", "2",
		},
		"sidecar counts": {
			api.Pod{
				Spec: api.PodSpec{InitContainers: []api.Container{{Name: "proxy", RestartPolicy: &always}}},
				Status: api.PodStatus{Phase: api.PodRunning,
					InitContainerStatuses: []api.ContainerStatus{{Name: "proxy", Ready: true, Started: api.Ptr(true), RestartCount: 1, State: running()}},
					ContainerStatuses:     []api.ContainerStatus{status(true, 0, running())}},
			},
			"2/2", "Running", "1",
		},
		"terminating": {
			api.Pod{
				ObjectMeta: api.ObjectMeta{DeletionTimestamp: api.Ptr(ago(0))},
				Status:     api.PodStatus{Phase: api.PodRunning, ContainerStatuses: []api.ContainerStatus{status(true, 0, running())}},
			},
			"1/1", "Terminating", "0",
		},
		"deleted while completed": {
			api.Pod{
				ObjectMeta: api.ObjectMeta{DeletionTimestamp: api.Ptr(ago(0))},
				Status:     api.PodStatus{Phase: api.PodSucceeded, ContainerStatuses: []api.ContainerStatus{status(false, 0, terminated(0, "Completed"))}},
			},
			"0/1", "Completed", "0",
		},
		"node lost": {
			api.Pod{
				ObjectMeta: api.ObjectMeta{DeletionTimestamp: api.Ptr(ago(0))},
				Status:     api.PodStatus{Phase: api.PodRunning, Reason: "NodeLost"},
			},
			"0/1", "Unknown", "0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := test.pod
			if pod.Spec.Containers == nil {
				pod.Spec.Containers = make([]api.Container, 1)
			}
			cells := podCells(&pod, testNow)
			require.Equal(t, []any{test.ready, test.status, test.restarts}, cells[1:4])
		})
	}
}

// One row of every other kind, as the real server shows it.
func TestCells(t *testing.T) {
	now := time.Now()
	meta := func(name string) api.ObjectMeta {
		return api.ObjectMeta{Name: name, CreationTimestamp: api.Time{Time: now.Add(-3 * time.Hour)}}
	}
	template := api.PodTemplateSpec{
		ObjectMeta: api.ObjectMeta{Labels: map[string]string{"app": "web", "tier": "front"}},
		Spec:       api.PodSpec{Containers: []api.Container{{Name: "c", Image: "nginx"}, {Name: "d", Image: "busybox:1"}}},
	}
	selector := &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	event := api.Event{
		ObjectMeta: meta("e"), Type: "Normal", Reason: "Started", Message: "Started it\n", Count: 3,
		InvolvedObject: api.ObjectReference{Kind: "Pod", Name: "web", FieldPath: "spec.containers{c}"},
		Source:         api.EventSource{Component: "kubelet", Host: "n1"},
		FirstTimestamp: api.Time{Time: now.Add(-10 * time.Minute)}, LastTimestamp: api.Time{Time: now.Add(-5 * time.Second)},
	}
	for name, test := range map[string]struct {
		columns *Columns
		obj     api.Object
		want    []any
	}{
		"deployment": {Deployment, &api.Deployment{
			ObjectMeta: meta("web"), Spec: api.DeploymentSpec{Replicas: api.Ptr[int32](3), Selector: selector, Template: template},
			Status: api.DeploymentStatus{ReadyReplicas: 2, UpdatedReplicas: 3, AvailableReplicas: 1},
		}, []any{"web", "2/3", int32(3), int32(1), "3h", "c,d", "nginx,busybox:1", "app=web"}},
		"replicaset": {ReplicaSet, &api.ReplicaSet{
			ObjectMeta: meta("web-1"), Spec: api.ReplicaSetSpec{Replicas: api.Ptr[int32](3), Selector: selector, Template: template},
			Status: api.ReplicaSetStatus{Replicas: 3, ReadyReplicas: 2},
		}, []any{"web-1", int32(3), int32(3), int32(2), "3h", "c,d", "nginx,busybox:1", "app=web"}},
		"controllerrevision": {ControllerRevision, &api.ControllerRevision{
			ObjectMeta: api.ObjectMeta{Name: "r", CreationTimestamp: meta("").CreationTimestamp, OwnerReferences: []api.OwnerReference{
				{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", Controller: api.Ptr(true)}}}, Revision: 7,
		}, []any{"r", "statefulset.apps/db", int64(7), "3h"}},
		"podtemplate": {PodTemplate, &api.PodTemplate{ObjectMeta: meta("t"), Template: template},
			[]any{"t", "c,d", "nginx,busybox:1", "app=web,tier=front"}},
		"namespace": {Namespace, &api.Namespace{ObjectMeta: meta("ns"), Status: api.NamespaceStatus{Phase: api.NamespaceActive}},
			[]any{"ns", "Active", "3h"}},
		"configmap": {ConfigMap, &api.ConfigMap{ObjectMeta: meta("cm"), Data: map[string]string{"a": "1"}, BinaryData: map[string][]byte{"b": nil}},
			[]any{"cm", 2, "3h"}},
		"secret": {Secret, &api.Secret{ObjectMeta: meta("s"), Type: api.SecretTypeOpaque, Data: map[string][]byte{"a": nil}},
			[]any{"s", "Opaque", 1, "3h"}},
		"serviceaccount": {ServiceAccount, &api.ServiceAccount{ObjectMeta: meta("default")}, []any{"default", "3h"}},
		"lease": {Lease, &api.Lease{ObjectMeta: meta("n1"), Spec: api.LeaseSpec{HolderIdentity: api.Ptr("n1")}},
			[]any{"n1", "n1", "3h"}},
		"clusterIP service": {Service, &api.Service{ObjectMeta: meta("web"), Spec: api.ServiceSpec{
			Type: api.ServiceTypeClusterIP, ClusterIPs: []string{"10.96.0.7"}, Selector: map[string]string{"app": "web"},
			Ports: []api.ServicePort{{Port: 80, Protocol: api.ProtocolTCP}, {Port: 53, Protocol: api.ProtocolUDP}},
		}}, []any{"web", "ClusterIP", "10.96.0.7", "<none>", "80/TCP,53/UDP", "3h", "app=web"}},
		"nodePort service": {Service, &api.Service{ObjectMeta: meta("web"), Spec: api.ServiceSpec{
			Type: api.ServiceTypeNodePort, ClusterIPs: []string{"10.96.0.7"}, ExternalIPs: []string{"1.2.3.4", "5.6.7.8"},
			Ports: []api.ServicePort{{Port: 80, Protocol: api.ProtocolTCP, NodePort: 30080}},
		}}, []any{"web", "NodePort", "10.96.0.7", "1.2.3.4,5.6.7.8", "80:30080/TCP", "3h", "<none>"}},
		"pending load balancer": {Service, &api.Service{ObjectMeta: meta("web"), Spec: api.ServiceSpec{Type: api.ServiceTypeLoadBalancer}},
			[]any{"web", "LoadBalancer", "<none>", "<pending>", "<none>", "3h", "<none>"}},
		"external name": {Service, &api.Service{ObjectMeta: meta("web"), Spec: api.ServiceSpec{Type: api.ServiceTypeExternalName, ExternalName: "example.org"}},
			[]any{"web", "ExternalName", "<none>", "example.org", "<none>", "3h", "<none>"}},
		"endpoints": {Endpoints, &api.Endpoints{ObjectMeta: meta("web"), Subsets: []api.EndpointSubset{{
			Addresses: []api.EndpointAddress{{IP: "10.0.0.1"}, {IP: "10.0.0.2"}},
			Ports:     []api.EndpointPort{{Port: 80}, {Port: 443}},
		}}}, []any{"web", "10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 1 more...", "3h"}},
		"no endpoints": {Endpoints, &api.Endpoints{ObjectMeta: meta("web")}, []any{"web", "<none>", "3h"}},
		"node": {Node, &api.Node{
			ObjectMeta: api.ObjectMeta{Name: "n1", CreationTimestamp: meta("").CreationTimestamp, Labels: map[string]string{
				"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": ""}},
			Spec: api.NodeSpec{Unschedulable: true},
			Status: api.NodeStatus{
				Conditions: []api.NodeCondition{{Type: api.NodeReady, Status: api.ConditionUnknown}},
				Addresses:  []api.NodeAddress{{Type: api.NodeInternalIP, Address: "10.244.0.2"}},
				NodeInfo:   api.NodeSystemInfo{KubeletVersion: "v1.36.3", KernelVersion: "6.1.0", Architecture: "amd64", OSImage: "Debian"},
			},
		}, []any{"n1", "NotReady,SchedulingDisabled", "control-plane,worker", "3h", "v1.36.3", "10.244.0.2", "<none>", "Debian", "6.1.0 (amd64)", "<unknown>"}},
		"event": {Event, &event,
			[]any{"5s", "Normal", "Started", "pod/web", "spec.containers{c}", "kubelet, n1", "Started it", "10m", int32(3), "e"}},
		"event of the newer spelling": {EventsEvent, &api.EventsEvent{
			ObjectMeta: meta("e"), Type: "Warning", Reason: "FailedScheduling", Note: "no nodes", Regarding: api.ObjectReference{Kind: "Pod", Name: "web"},
			ReportingController: "default-scheduler", EventTime: api.MicroTime{Time: now.Add(-time.Minute)},
		}, []any{"60s", "Warning", "FailedScheduling", "pod/web", "", "default-scheduler", "no nodes", "60s", int32(1), "e"}},
	} {
		t.Run(name, func(t *testing.T) {
			cells, _ := test.columns.Row(test.obj)
			require.Equal(t, test.want, cells)
			require.Len(t, cells, len(test.columns.Definitions))
		})
	}
}
