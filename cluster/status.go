package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Status is what `kubelite status` prints.
type Status struct {
	Profile    string            `json:"profile"`
	Version    string            `json:"version"`
	Runtime    string            `json:"runtime"`
	Server     string            `json:"server"`
	Kubeconfig string            `json:"kubeconfig"`
	Supervisor string            `json:"supervisor"` // Running or Stopped
	API        string            `json:"api"`        // Ready, Paused, or why it is not
	Components []ComponentStatus `json:"components"`
	Nodes      []NodeStatus      `json:"nodes,omitempty"`
	Gate       *GateStatus       `json:"gate,omitempty"` // nil: it is open, and nothing goes wrong on purpose
}

// GateStatus tells those who wonder why nothing happens that somebody wants it so.
type GateStatus struct {
	Rules  int `json:"rules"`
	Held   int `json:"held"`
	Faults int `json:"faults"`
}

// ComponentStatus is one process, or a control loop that is stopped.
type ComponentStatus struct {
	Name  string `json:"name"`
	State string `json:"state"` // Running, Paused, Stopped, or Down: meant to run but not there
	PID   int    `json:"pid,omitempty"`
}

// NodeStatus is one node as the API server knows it.
type NodeStatus struct {
	Name    string `json:"name"`
	Ready   bool   `json:"ready"`
	PodCIDR string `json:"podCIDR,omitempty"` // of its pods' addresses
}

// Running tells whether everything that should run does.
func (s *Status) Running() bool {
	ok := s.Supervisor == "Running" && s.API == "Ready"
	for _, c := range s.Components {
		ok = ok && c.State != "Down"
	}
	for _, n := range s.Nodes {
		ok = ok && n.Ready
	}
	return ok
}

// GetStatus looks at the processes and asks the API server.
func GetStatus(ctx context.Context, p Profile) (*Status, error) {
	config, err := loadConfig(p)
	if err != nil {
		return nil, err
	}
	s := &Status{Profile: p.Name, Version: config.Version, Runtime: config.Runtime, Server: config.Server(), Kubeconfig: p.Kubeconfig(), Supervisor: "Stopped"}
	if supervisorPID(p) != 0 {
		s.Supervisor = "Running"
	}
	for _, name := range config.Components() {
		c := ComponentStatus{Name: name, State: "Down"}
		if pid := componentPID(p, name); pid != 0 {
			c.State, c.PID = "Running", pid
			if p.isPaused() {
				c.State = "Paused"
			}
		} else if isStopped(p, name) || s.Supervisor == "Stopped" {
			c.State = "Stopped"
		}
		s.Components = append(s.Components, c)
	}
	for _, loop := range stoppedLoops(p) {
		s.Components = append(s.Components, ComponentStatus{Name: loopPrefix + loop, State: "Stopped"})
	}
	s.askAPI(ctx, p)
	return s, nil
}

func (s *Status) askAPI(ctx context.Context, p Profile) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	s.API = "Stopped"
	if s.Supervisor == "Stopped" {
		return
	}
	if p.isPaused() {
		s.API = "Paused"
		return
	}
	c, err := p.admin(func(*client.Config) {})
	if err != nil {
		s.API = err.Error()
		return
	}
	nodes, err := client.Of[*api.Node](c).List(ctx, "", client.ListOptions{})
	if err != nil {
		s.API = err.Error()
		return
	}
	s.API = "Ready"
	for _, n := range nodes.Items {
		s.Nodes = append(s.Nodes, NodeStatus{Name: n.Name, Ready: nodeReady(n), PodCIDR: n.Spec.PodCIDR})
	}
	gate, err := c.Gate().State(ctx)
	if err == nil && len(gate.Rules)+len(gate.Faults) > 0 { // a server that was started by an older kubelite has none
		s.Gate = &GateStatus{Rules: len(gate.Rules), Held: len(gate.Held), Faults: len(gate.Faults)}
	}
}

// print writes the status for a person, or as JSON.
func (s *Status) print(out io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintf(w, "profile\t%s (%s, %s runtime)\n", s.Profile, s.Version, s.Runtime)
	fmt.Fprintf(w, "kubeconfig\t%s\n", s.Kubeconfig)
	fmt.Fprintf(w, "API\t%s at %s\n", s.API, s.Server)
	fmt.Fprintf(w, "supervisor\t%s\n", s.Supervisor)
	s.writeComponents(w)
	for _, n := range s.Nodes {
		state := "NotReady"
		if n.Ready {
			state = "Ready"
		}
		fmt.Fprintf(w, "node %s\t%s\n", n.Name, state)
	}
	if g := s.Gate; g != nil {
		fmt.Fprintf(w, "gate\tRules: %d, writes held: %d, faults: %d; see kubelite held, kubelite fault list\n", g.Rules, g.Held, g.Faults)
	}
	return w.Flush()
}

// printComponents writes the components alone.
func (s *Status) printComponents(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	s.writeComponents(w)
	return w.Flush()
}

func (s *Status) writeComponents(w io.Writer) {
	for _, c := range s.Components {
		pid := ""
		if c.PID != 0 {
			pid = fmt.Sprintf(" (pid %d)", c.PID)
		}
		fmt.Fprintf(w, "%s\t%s%s\n", c.Name, c.State, pid)
	}
}
