package simulated

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"kubelite/client"
	"kubelite/kubelet"
)

// What is kept of a pod is a file with a line for each of its states, of which the last whole one counts. A line is added at
// once or not at all, whenever the kubelet is killed. To replace the file each time would cost several times as much: a new
// file has to be found room for, and an old one's be given back.

// linesOfState is how many a file has before it begins anew with one: containers that crash again and again change states for ever.
const linesOfState = 64

// save adds the pod's state to its file, or removes the file once nothing is left of the pod. The caller holds mu.
func (r *Runtime) save(p *pod) error {
	empty := len(p.Sandboxes) == 0 && len(p.Containers) == 0
	if empty {
		delete(r.pods, p.UID)
	}
	if r.cfg.Dir == "" {
		return nil
	}
	path := filepath.Join(r.cfg.Dir, string(p.UID)+".json")
	if empty {
		if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	state, err := json.Marshal(p)
	if err != nil {
		return err
	}
	state = append(state, '\n')
	if p.lines >= linesOfState {
		if err := client.ReplaceFile(path, state, 0o600); err != nil {
			return err
		}
		p.lines = 1
		return nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	p.lines++
	if _, err = file.Write(state); err != nil {
		p.lines = linesOfState // perhaps half of it is there
	}
	return errors.Join(err, file.Close())
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
		p, err := readState(b)
		if err != nil {
			// The machine lost power in the middle of a write. The kubelet makes what is missing anew.
			r.log.Warn("simulated pod lost", "file", e.Name(), "error", err)
			continue
		}
		r.adopt(p)
	}
	return nil
}

// readState finds the last whole state in a pod's file. The next one begins the file anew, since half a line may follow. A file
// of v0.1.0 is one state without the end of a line.
func readState(file []byte) (*pod, error) {
	end := bytes.LastIndexByte(file, '\n')
	if end < 0 {
		end = len(file)
	}
	begin := bytes.LastIndexByte(file[:end], '\n') + 1
	p := &pod{lines: linesOfState}
	return p, json.Unmarshal(file[begin:end], p)
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
