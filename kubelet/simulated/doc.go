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
//	log-lines: "100"      how many lines `kubectl logs` shows
//
// What can be done with a running container is pretended as far as that goes (stream.go): a few commands in `kubectl
// exec`, and a web server on every port that says which pod it is.
//
// An idle container costs a few hundred bytes and no work: ends are timers, nothing is polled. The state lives in
// one small file for each pod, so that a kubelet that is restarted finds its pods as they were.
//
// Start reading at Runtime.StartContainer.
//
// In real Kubernetes the project kwok plays this part, from outside: it is a controller that writes pod statuses in
// the kubelet's place.
package simulated
