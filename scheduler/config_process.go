package scheduler

import (
	"strconv"

	"kubelite/api"
)

// ProcessConfig is what a configuration says about the process and not about its decisions. It follows upstream's
// staging/src/k8s.io/component-base/config/v1alpha1/types.go.
type ProcessConfig struct {
	LeaderElection   LeaderElectionConfig `json:"leaderElection"`
	ClientConnection ConnectionConfig     `json:"clientConnection"`
	// What follows is of no effect here: pods are decided one after the other on one thread, and nobody listens.
	Parallelism               *int32 `json:"parallelism,omitempty"`
	DelayCacheUntilActive     bool   `json:"delayCacheUntilActive,omitempty"`
	EnableProfiling           *bool  `json:"enableProfiling,omitempty"`
	EnableContentionProfiling bool   `json:"enableContentionProfiling,omitempty"`
}

// LeaderElectionConfig is the Lease that lets one of several copies work. What is left out has upstream's default, as with the
// flags of the same meaning.
type LeaderElectionConfig struct {
	LeaderElect       *bool        `json:"leaderElect,omitempty"`
	LeaseDuration     api.Duration `json:"leaseDuration"`
	RenewDeadline     api.Duration `json:"renewDeadline"`
	RetryPeriod       api.Duration `json:"retryPeriod"`
	ResourceLock      string       `json:"resourceLock"` // "leases"
	ResourceName      string       `json:"resourceName"`
	ResourceNamespace string       `json:"resourceNamespace"`
}

// ConnectionConfig is how the API server is reached. Only the file is of effect: the server says how much of its time a client
// gets (priority and fairness), and this client does not hold itself back.
type ConnectionConfig struct {
	Kubeconfig         string  `json:"kubeconfig"`
	AcceptContentTypes string  `json:"acceptContentTypes"`
	ContentType        string  `json:"contentType"`
	QPS                float32 `json:"qps"`
	Burst              int32   `json:"burst"`
}

// Flags are the same words as flags of the command line, by name; "" where the configuration says nothing.
func (c *ProcessConfig) Flags() map[string]string {
	e := &c.LeaderElection
	duration := func(d api.Duration) string {
		if d.Duration == 0 {
			return ""
		}
		return d.String()
	}
	flags := map[string]string{
		"kubeconfig":                      c.ClientConnection.Kubeconfig,
		"leader-elect-resource-name":      e.ResourceName,
		"leader-elect-resource-namespace": e.ResourceNamespace,
		"leader-elect-lease-duration":     duration(e.LeaseDuration),
		"leader-elect-renew-deadline":     duration(e.RenewDeadline),
		"leader-elect-retry-period":       duration(e.RetryPeriod),
	}
	if e.LeaderElect != nil {
		flags["leader-elect"] = strconv.FormatBool(*e.LeaderElect)
	}
	return flags
}

func (c *ProcessConfig) check() (mistakes api.ErrorList) {
	if lock := c.LeaderElection.ResourceLock; lock != "" && lock != "leases" && api.Deref(c.LeaderElection.LeaderElect, true) {
		mistakes = append(mistakes, api.Path("leaderElection.resourceLock").Invalid(lock, `resourceLock value must be "leases"`))
	}
	if c.ClientConnection.Burst < 0 {
		mistakes = append(mistakes, api.Path("clientConnection.burst").Invalid(c.ClientConnection.Burst, "must be non-negative"))
	}
	if c.Parallelism != nil && *c.Parallelism <= 0 {
		mistakes = append(mistakes, api.Path("parallelism").Invalid(*c.Parallelism, "should be an integer value greater than zero"))
	}
	return mistakes
}
