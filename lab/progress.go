package lab

import (
	"context"
	"fmt"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Progress is somebody's way through one lab. It is kept in a ConfigMap, so that it outlives the lab's namespace.
type Progress struct {
	Attempts int       `json:"attempts,omitempty"` // how often it was started
	Started  time.Time `json:"started,omitzero"`   // for the first time
	Solved   time.Time `json:"solved,omitzero"`    // for the first time
}

// The ConfigMap has a key for each lab's name.
const progressNamespace, progressName = "kube-system", "kubelite-labs"

// AllProgress is the way through all labs that were ever started on a cluster, by name.
func AllProgress(ctx context.Context, c *client.Client) (map[string]Progress, error) {
	kept, err := client.Of[*api.ConfigMap](c).Get(ctx, progressNamespace, progressName)
	if api.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := map[string]Progress{}
	for name, text := range kept.Data {
		var p Progress
		if err := api.UnmarshalJSON([]byte(text), &p); err != nil {
			return nil, fmt.Errorf("ConfigMap %s/%s, key %s: %w", progressNamespace, progressName, name, err)
		}
		all[name] = p
	}
	return all, nil
}

// progress changes what is kept of this lab.
func (s *Session) progress(ctx context.Context, change func(*Progress)) error {
	all, err := AllProgress(ctx, s.Client)
	if err != nil {
		return err
	}
	p := all[s.Lab.Name]
	before := p
	if change(&p); p == before {
		return nil
	}
	text, err := api.MarshalJSON(p)
	if err != nil {
		return err
	}
	data := map[string]string{s.Lab.Name: string(text)}
	maps := client.Of[*api.ConfigMap](s.Client)
	if all == nil {
		_, err := maps.Create(ctx, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: progressNamespace, Name: progressName}, Data: data})
		if !api.IsAlreadyExists(err) {
			return err
		}
	}
	patch, err := api.MarshalJSON(map[string]any{"data": data}) // the other labs' keys stay
	if err != nil {
		return err
	}
	_, err = maps.Patch(ctx, progressNamespace, progressName, api.MergePatchType, patch)
	return err
}

// Report is the way through all labs, as `kubelite lab report` writes it.
type Report struct {
	Time   time.Time `json:"time"`
	Solved int       `json:"solved"`
	Total  int       `json:"total"`
	Labs   []Line    `json:"labs"`
}

// Line is one lab's.
type Line struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Sort  string `json:"sort"`
	State State  `json:"state"`
	Progress
}

// State of a lab.
type State string

// The states that a lab can be in.
const (
	NotStarted State = "not started"
	Started    State = "started" // and on the cluster
	Left       State = "left"    // started once, and removed without having been solved
	Solved     State = "solved"  // for good, whether it is still on the cluster or not
)

// NewReport is what the cluster knows now.
func NewReport(ctx context.Context, c *client.Client, all []*Lab) (*Report, error) {
	kept, err := AllProgress(ctx, c)
	if err != nil {
		return nil, err
	}
	running, err := Running(ctx, c)
	if err != nil {
		return nil, err
	}
	here := map[string]bool{}
	for _, name := range running {
		here[name] = true
	}
	report := &Report{Time: time.Now().UTC().Truncate(time.Second), Total: len(all)}
	for _, l := range all {
		line := Line{Name: l.Name, Title: l.Title, Sort: l.Sort, State: NotStarted, Progress: kept[l.Name]}
		switch {
		case !line.Solved.IsZero():
			line.State = Solved
			report.Solved++
		case here[l.Name]:
			line.State = Started
		case line.Attempts > 0:
			line.State = Left
		}
		report.Labs = append(report.Labs, line)
	}
	return report, nil
}
