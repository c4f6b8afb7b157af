package simulated

import (
	"context"
	"fmt"
	"io"
	"time"

	"kubelite/kubelet"
)

// ContainerLogs makes the log up: as many lines as the pod asks for, all from the container's first moment.
func (r *Runtime) ContainerLogs(ctx context.Context, id string, o kubelet.LogOptions, stdout, _ io.Writer) error {
	r.mu.Lock()
	c, p := r.find(id)
	if c == nil {
		r.mu.Unlock()
		return fmt.Errorf("no such container: %s", id)
	}
	b, _ := readBehaviour(p.Annotations)
	name, started, ended := c.Name, c.StartedAt, c.ended
	r.mu.Unlock()

	first := 1
	if o.Tail >= 0 {
		first = max(1, b.logLines-int(min(o.Tail, int64(b.logLines)))+1)
	}
	if started.IsZero() || started.Before(o.Since) {
		first = b.logLines + 1
	}
	for line := first; line <= b.logLines; line++ {
		prefix := ""
		if o.Timestamps {
			at := started.Add(time.Duration(line-1) * time.Millisecond)
			prefix = at.UTC().Format("2006-01-02T15:04:05.000000000Z") + " "
		}
		if _, err := fmt.Fprintf(stdout, "%ssimulated container %s: line %d of %d\n", prefix, name, line, b.logLines); err != nil {
			return err
		}
	}
	if o.Follow {
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
	return nil
}
