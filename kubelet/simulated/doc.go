// Package simulated is a kubelet's Runtime without containers: pods start, run, end and fail as told, and nothing is
// executed. It stands in where no Docker daemon answers, and lets one machine have thousands of pods.
//
// Everything above the runtime is the real kubelet: probes' thresholds, restarts, back-off, grace periods, status.
// How a pod behaves is written on it, as annotations that start with simulated.kubelite.io/ (behaviour.go):
//
//	run-seconds: "10"     the containers end by themselves after ten seconds; without it they run until stopped
//	exit-code: "1"        what they end with; 0 unless set
//	start-delay: "2.5"    how long a container takes to start, in seconds
//	ready: "false"        they run, but are not ready; may be changed while the pod runs
//	log-lines: "100"      how many lines `kubectl logs` shows, where no script says anything
//
// Without run-seconds the command decides (program.go): a shell script is run by an interpreter inside the kubelet (shell.go),
// and what it says is the container's log (logs.go); another program runs until it is stopped, or for a second in a pod
// that is meant to come to an end. `kubectl exec` has the same shell (stream.go), and every port of a pod is a web server
// that says which pod it is.
//
// An idle container costs a few hundred bytes and no work: ends are timers, nothing is polled. The state lives in
// one small file for each pod, so that a kubelet that is restarted finds its pods as they were; scripts begin again then,
// without what they had written.
//
// Start reading at Runtime.StartContainer.
//
// In real Kubernetes the project kwok plays this part, from outside: it is a controller that writes pod statuses in
// the kubelet's place.
package simulated
