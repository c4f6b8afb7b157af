package api

// PodLogOptions says which part of a container's log to read. It travels as the query parameters of a pod's log
// subresource.
type PodLogOptions struct {
	TypeMeta `json:",inline"`
	// Name of the container. Defaults to the pod's only one; a pod with several needs it.
	Container string `json:"container,omitempty" pb:"1"`
	// Whether to keep the connection open and send lines as they are written. Defaults to false.
	Follow bool `json:"follow,omitempty" pb:"2"`
	// Whether to read the log of the container's previous run, the one before its last restart. Defaults to false.
	Previous bool `json:"previous,omitempty" pb:"3"`
	// Leave out lines older than so many seconds. Excludes sinceTime. Defaults to all lines.
	SinceSeconds *int64 `json:"sinceSeconds,omitempty" pb:"4"`
	// Leave out lines older than this moment. Excludes sinceSeconds. Defaults to all lines.
	SinceTime *Time `json:"sinceTime,omitempty" pb:"5"`
	// Whether to put the time it was written before each line. Defaults to false.
	Timestamps bool `json:"timestamps,omitempty" pb:"6"`
	// How many lines from the end to begin with. Defaults to all lines.
	TailLines *int64 `json:"tailLines,omitempty" pb:"7"`
	// After how many bytes to end. Defaults to no limit.
	LimitBytes *int64 `json:"limitBytes,omitempty" pb:"8"`
	// Whether the API server may fetch the log from a kubelet whose certificate it cannot verify. Defaults to false.
	InsecureSkipTLSVerifyBackend bool `json:"insecureSkipTLSVerifyBackend,omitempty" pb:"9"`
	// Which of the container's streams to read: All, Stdout or Stderr. Defaults to All.
	Stream *string `json:"stream,omitempty" pb:"10"`
}
