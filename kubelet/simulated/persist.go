package simulated

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"kubelite/kubelet"
)

// save writes the pod's file, or removes it once nothing is left of the pod. The caller holds mu.
func (r *Runtime) save(p *pod) error {
	empty := len(p.Sandboxes) == 0 && len(p.Containers) == 0
	if empty {
		delete(r.pods, p.UID)
	}
	if r.cfg.Dir == "" {
		return nil
	}
	file := filepath.Join(r.cfg.Dir, string(p.UID)+".json")
	if empty {
		if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".tmp", file)
}

// load reads what a former kubelet left. Containers whose time came in between have ended then.
func (r *Runtime) load() error {
	if r.cfg.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(r.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("make the directory of simulated pods: %w", err)
	}
	entries, err := os.ReadDir(r.cfg.Dir)
	if err != nil {
		return fmt.Errorf("read simulated pods: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(r.cfg.Dir, e.Name()))
		if err != nil {
			return fmt.Errorf("read simulated pods: %w", err)
		}
		p := new(pod)
		if err := json.Unmarshal(b, p); err != nil {
			// The machine lost power in the middle of a write. The kubelet makes what is missing anew.
			r.log.Warn("simulated pod lost", "file", e.Name(), "error", err)
			continue
		}
		r.adopt(p)
	}
	return nil
}

// adopt takes a pod from its file and sets its timers going. The caller holds mu.
func (r *Runtime) adopt(p *pod) {
	r.pods[p.UID] = p
	for _, s := range p.Sandboxes {
		r.byID[s.ID] = p
		if addr, err := netip.ParseAddr(s.IP); err == nil {
			r.used[addr] = true
		}
	}
	b, _ := readBehaviour(p.Annotations)
	for _, c := range p.Containers {
		r.byID[c.ID] = p
		c.ended = make(chan struct{})
		switch c.State {
		case kubelet.ContainerRunning:
			r.arm(p, c, b)
		case kubelet.ContainerExited:
			close(c.ended)
		}
	}
}
