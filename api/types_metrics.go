package api

// What programs that measure answer with: the APIs metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io. They
// are not stored, and not served by the API server itself but by whoever has an APIService for them.

// PodMetrics is what the containers of a pod use.
type PodMetrics struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty"`
	// When it was measured, and over how long a time.
	Timestamp Time     `json:"timestamp"`
	Window    Duration `json:"window"`
	// The containers that run.
	Containers []ContainerMetrics `json:"containers"`
}

// ContainerMetrics is what one container uses.
type ContainerMetrics struct {
	Name string `json:"name"`
	// CPU on average over the window, and memory that cannot be taken back.
	Usage ResourceList `json:"usage"`
}

// NodeMetrics is what everything on a node uses.
type NodeMetrics struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty"`
	// When it was measured, and over how long a time.
	Timestamp Time         `json:"timestamp"`
	Window    Duration     `json:"window"`
	Usage     ResourceList `json:"usage"`
}

// MetricValue is a metric of an object, from custom.metrics.k8s.io.
type MetricValue struct {
	TypeMeta `json:",inline"`
	// Whose it is.
	DescribedObject ObjectReference `json:"describedObject"`
	Timestamp       Time            `json:"timestamp"`
	// Over how many seconds it was measured; nil for a moment. The older version has another name for it.
	WindowSeconds *int64   `json:"windowSeconds,omitempty"`
	Window        *int64   `json:"window,omitempty"`
	Value         Quantity `json:"value"`
}

// ExternalMetricValue is a metric of something outside of the cluster, from external.metrics.k8s.io.
type ExternalMetricValue struct {
	TypeMeta     `json:",inline"`
	MetricName   string            `json:"metricName"`
	MetricLabels map[string]string `json:"metricLabels"`
	Timestamp    Time              `json:"timestamp"`
	Value        Quantity          `json:"value"`
}
