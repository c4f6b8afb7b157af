package kubelet

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// runHook does what a container wants done right after its start or right before its end.
func (k *Kubelet) runHook(ctx context.Context, pod *api.Pod, c *api.Container, id, ip string, h *api.LifecycleHandler) error {
	switch {
	case h.Exec != nil:
		output, code, err := k.runtime.ExecSync(ctx, id, h.Exec.Command)
		if err == nil && code != 0 {
			err = fmt.Errorf("command '%v' exited with %d: %s", h.Exec.Command, code, output)
		}
		return err
	case h.HTTPGet != nil:
		req, err := httpRequest(ctx, ip, c, h.HTTPGet)
		if err != nil {
			return err
		}
		resp, err := probeClient(nil).Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= http.StatusBadRequest {
			return fmt.Errorf("hook of container %s answered with status %d", c.Name, resp.StatusCode)
		}
		return nil
	case h.Sleep != nil:
		if !client.Wait(ctx, time.Duration(h.Sleep.Seconds)*time.Second) {
			return ctx.Err()
		}
		return nil
	}
	return fmt.Errorf("pod %s: a hook of container %s does nothing", pod.Key(), c.Name)
}
