package api

// PodExecOptions says which command to run in a container, and which of its streams to connect. It travels as the
// query parameters of a pod's exec subresource.
type PodExecOptions struct {
	TypeMeta `json:",inline"`
	// Whether to send to the command's standard input. Defaults to false.
	Stdin bool `json:"stdin,omitempty" pb:"1"`
	// Whether to receive its standard output. Defaults to false.
	Stdout bool `json:"stdout,omitempty" pb:"2"`
	// Whether to receive its standard error. Defaults to false; a terminal has none.
	Stderr bool `json:"stderr,omitempty" pb:"3"`
	// Whether to give the command a terminal. Defaults to false.
	TTY bool `json:"tty,omitempty" pb:"4"`
	// Name of the container. Defaults to the pod's only one; a pod with several needs it.
	Container string `json:"container,omitempty" pb:"5"`
	// The command and its arguments. No shell reads them.
	Command []string `json:"command" pb:"6" list:"atomic"`
}

// PodAttachOptions says which streams of a container's own process to connect. It travels as the query parameters of
// a pod's attach subresource.
type PodAttachOptions struct {
	TypeMeta `json:",inline"`
	// Whether to send to the process's standard input. Defaults to false.
	Stdin bool `json:"stdin,omitempty" pb:"1"`
	// Whether to receive its standard output. Defaults to false.
	Stdout bool `json:"stdout,omitempty" pb:"2"`
	// Whether to receive its standard error. Defaults to false; a terminal has none.
	Stderr bool `json:"stderr,omitempty" pb:"3"`
	// Whether the process has a terminal. Defaults to false.
	TTY bool `json:"tty,omitempty" pb:"4"`
	// Name of the container. Defaults to the pod's only one; a pod with several needs it.
	Container string `json:"container,omitempty" pb:"5"`
}

// PodPortForwardOptions says which ports of a pod to connect with. It travels as the query parameters of a pod's
// portforward subresource, for clients that cannot name a port for each connection.
type PodPortForwardOptions struct {
	TypeMeta `json:",inline"`
	// The ports. Needed over a WebSocket that does not carry SPDY.
	Ports []int32 `json:"ports,omitempty" pb:"1" list:"atomic"`
}

// PodProxyOptions says what to ask a pod for. It travels as the path behind a pod's proxy subresource.
type PodProxyOptions struct {
	TypeMeta `json:",inline"`
	// The path of the request that the pod gets.
	Path string `json:"path,omitempty" pb:"1"`
}

// ServiceProxyOptions says what to ask a Service for. It travels as the path behind its proxy subresource.
type ServiceProxyOptions struct {
	TypeMeta `json:",inline"`
	// The path of the request that one of the Service's pods gets.
	Path string `json:"path,omitempty" pb:"1"`
}

// NodeProxyOptions says what to ask a node's kubelet for. It travels as the path behind a node's proxy subresource.
type NodeProxyOptions struct {
	TypeMeta `json:",inline"`
	// The path of the request that the kubelet gets.
	Path string `json:"path,omitempty" pb:"1"`
}

// The options are no objects: nothing stores them. Admission is shown them as if they were, without metadata.

// GetObjectMeta returns metadata that says nothing.
func (*PodExecOptions) GetObjectMeta() *ObjectMeta { return &ObjectMeta{} }

// GetObjectMeta returns metadata that says nothing.
func (*PodAttachOptions) GetObjectMeta() *ObjectMeta { return &ObjectMeta{} }

// GetObjectMeta returns metadata that says nothing.
func (*PodPortForwardOptions) GetObjectMeta() *ObjectMeta { return &ObjectMeta{} }

// GetObjectMeta returns metadata that says nothing.
func (*PodProxyOptions) GetObjectMeta() *ObjectMeta { return &ObjectMeta{} }

// GetObjectMeta returns metadata that says nothing.
func (*ServiceProxyOptions) GetObjectMeta() *ObjectMeta { return &ObjectMeta{} }

// GetObjectMeta returns metadata that says nothing.
func (*NodeProxyOptions) GetObjectMeta() *ObjectMeta { return &ObjectMeta{} }
