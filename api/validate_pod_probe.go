package api

import "fmt"

// Probes and lifecycle hooks: what the kubelet does to a container to learn how it is, and at its start and end.

func (c *podCheck) checkProbes(path Path, ctr *Container) {
	for _, probe := range []struct {
		field string
		probe *Probe
	}{{"livenessProbe", ctr.LivenessProbe}, {"readinessProbe", ctr.ReadinessProbe}, {"startupProbe", ctr.StartupProbe}} {
		p := probe.probe
		if p == nil {
			continue
		}
		at := path.Child(probe.field)
		c.checkHandler(at, handler{p.Exec, p.HTTPGet, p.TCPSocket, p.GRPC, nil})
		c.nonNegative(at, "initialDelaySeconds", int64(p.InitialDelaySeconds))
		c.nonNegative(at, "timeoutSeconds", int64(p.TimeoutSeconds))
		c.nonNegative(at, "periodSeconds", int64(p.PeriodSeconds))
		c.nonNegative(at, "successThreshold", int64(p.SuccessThreshold))
		c.nonNegative(at, "failureThreshold", int64(p.FailureThreshold))
		if p.TerminationGracePeriodSeconds != nil && *p.TerminationGracePeriodSeconds <= 0 {
			c.add(at.Child("terminationGracePeriodSeconds").Invalid(*p.TerminationGracePeriodSeconds, "must be greater than 0"))
		}
		if probe.field == "readinessProbe" {
			// A pod that is not ready is not killed, so it needs no time to die.
			if p.TerminationGracePeriodSeconds != nil {
				c.add(at.Child("terminationGracePeriodSeconds").Invalid(*p.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
			}
		} else if p.SuccessThreshold != 1 {
			c.add(at.Child("successThreshold").Invalid(p.SuccessThreshold, "must be 1"))
		}
	}
}

func (c *podCheck) checkLifecycle(path Path, ctr *Container) {
	if ctr.Lifecycle == nil {
		return
	}
	path = path.Child("lifecycle")
	if h := ctr.Lifecycle.PostStart; h != nil {
		c.checkHandler(path.Child("postStart"), handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep})
	}
	if h := ctr.Lifecycle.PreStop; h != nil {
		c.checkHandler(path.Child("preStop"), handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep})
	}
}

// handler is what a probe or a lifecycle hook does: one of these.
type handler struct {
	exec      *ExecAction
	httpGet   *HTTPGetAction
	tcpSocket *TCPSocketAction
	grpc      *GRPCAction
	sleep     *SleepAction
}

func (c *podCheck) checkHandler(path Path, h handler) {
	handlers := 0
	first := func(field string) bool {
		handlers++
		if handlers > 1 {
			c.add(path.Child(field).Forbidden("may not specify more than 1 handler type"))
		}
		return handlers == 1
	}
	if h.exec != nil && first("exec") && len(h.exec.Command) == 0 {
		c.add(path.Child("exec", "command").Required(""))
	}
	if h.httpGet != nil && first("httpGet") {
		path := path.Child("httpGet")
		c.required(path, "path", h.httpGet.Path)
		c.portNumberOrName(path, "port", h.httpGet.Port)
		oneOf(&c.ErrorList, path, "scheme", h.httpGet.Scheme, URISchemeHTTP, URISchemeHTTPS)
		for i := range h.httpGet.HTTPHeaders {
			c.format(path, "httpHeaders", h.httpGet.HTTPHeaders[i].Name, IsHTTPHeaderName)
		}
	}
	if h.tcpSocket != nil && first("tcpSocket") {
		c.portNumberOrName(path.Child("tcpSocket"), "port", h.tcpSocket.Port)
	}
	if h.grpc != nil && first("grpc") {
		c.portNumber(path.Child("grpc"), "port", h.grpc.Port)
	}
	if h.sleep != nil && first("sleep") {
		if grace := c.spec.TerminationGracePeriodSeconds; grace != nil && (h.sleep.Seconds < 0 || h.sleep.Seconds > *grace) {
			c.add(path.Child("sleep").Invalid(h.sleep.Seconds,
				fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace)))
		}
	}
	if handlers == 0 {
		c.add(path.Required("must specify a handler type"))
	}
}
