package story

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/controllers"
	"kubelite/scheduler"
)

// Stop ends the scheduler, or a control loop as "controllers/job-controller", and returns when it has ended. With Start it is
// to a test what `kubelite component` is to a person.
func (h *Harness) Stop(_ context.Context, name string) error { return h.change(name, true) }

// Start runs it again.
func (h *Harness) Start(_ context.Context, name string) error { return h.change(name, false) }

func (h *Harness) change(name string, stop bool) error {
	if name == "scheduler" {
		if running := h.components[name]; running != nil {
			running()
			delete(h.components, name)
		}
		if !stop {
			h.startScheduler()
		}
		return nil
	}
	loop, ok := strings.CutPrefix(name, "controllers/")
	if loop, err := api.ControllerName(loop); !ok || err != nil || stop == slices.Contains(h.stopped, "-"+loop) {
		return err
	}
	if stop {
		h.stopped = append(h.stopped, "-"+loop)
	} else {
		h.stopped = slices.DeleteFunc(h.stopped, func(l string) bool { return l == "-"+loop })
	}
	h.stopControllers()
	selection := append(api.ControllerSelection{"*"}, h.stopped...)
	h.stopControllers = h.runToEnd("controllers", h.controllers(h.As("system:kube-controller-manager"), append(h.options, func(cfg *controllers.Config) { cfg.Controllers = selection })...))
	return nil
}

func (h *Harness) startScheduler() {
	c := h.As("system:kube-scheduler")
	h.components["scheduler"] = h.runToEnd("scheduler", func(ctx context.Context) error {
		return scheduler.Run(ctx, scheduler.Config{Client: c, Logger: h.log})
	})
}

// runToEnd is run; the function that it returns waits until the component has ended, so that another can take its place.
func (h *Harness) runToEnd(name string, component func(ctx context.Context) error) context.CancelFunc {
	ended := make(chan struct{})
	cancel := h.run(name, func(ctx context.Context) error {
		defer close(ended)
		if err := component(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("it ended by itself: %w", err)
		}
		return nil
	})
	return func() {
		cancel()
		<-ended
	}
}
