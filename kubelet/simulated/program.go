package simulated

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
	"kubelite/kubelet"
)

// What a container does when nobody said so in an annotation: its command tells, as far as it can be understood.

// program is what a container was told to run.
type program struct {
	Image    string
	Command  []string // with its arguments; empty for whatever the image starts
	Args     []string // for the image's own program
	Env      []string
	Hostname string
	Restart  api.RestartPolicy // of its pod
}

// withoutEntrypoint are well-known images that start nothing of their own when they are given arguments: those are the command.
var withoutEntrypoint = []string{"alpine", "busybox", "debian", "fedora", "ubuntu"}

// imageName is the last word of an image's name: "busybox" of "registry/library/busybox:1.36".
func imageName(image string) string {
	name, _, _ := strings.Cut(path.Base(image), ":")
	name, _, _ = strings.Cut(name, "@")
	return name
}

func programOf(c *kubelet.ContainerConfig, s *kubelet.SandboxConfig) program {
	p := program{Image: c.Image, Hostname: s.Hostname, Restart: s.RestartPolicy}
	if len(c.Command) > 0 || slices.Contains(withoutEntrypoint, imageName(c.Image)) {
		p.Command = slices.Concat(c.Command, c.Args)
	} else {
		p.Args = c.Args
	}
	for _, e := range c.Env {
		p.Env = append(p.Env, e.Name+"="+e.Value)
	}
	return p
}

// usualRun is how long a program runs that nothing is known of, in a pod that is meant to come to an end.
const usualRun = time.Second

// life is how a container is going to spend its time.
type life struct {
	script string        // to be run, or
	ends   bool          // whether it ends by itself, or runs until it is stopped
	after  time.Duration // how long it takes
}

// live decides. An annotation has the first word. A script is run. What is unknown runs until it is stopped if the pod is to
// run always, and for a second if it is to come to an end: it is a Job's pod, and somebody waits for that.
func (c *simulatedContainer) live(b behaviour) life {
	command := c.Program.Command
	switch {
	case c.Init && len(command) == 0:
		return life{ends: true}
	case b.endsItself && !c.Init:
		return life{ends: true, after: b.runFor}
	}
	if len(command) == 2 && path.Base(command[0]) == "sleep" {
		if d, err := parseSeconds(command[1]); err == nil {
			return life{ends: true, after: d} // a timer does, however many of them there are
		}
	}
	if script, ok := scriptOf(command); ok {
		return life{script: script}
	}
	switch {
	case c.Init:
		return life{ends: true}
	case c.Program.Restart == api.RestartPolicyAlways || c.Program.Restart == "" || c.Program.stays():
		return life{}
	}
	return life{ends: true, after: usualRun}
}

// stays tells whether the program is known for doing nothing until it is stopped.
func (p *program) stays() bool {
	words := append(slices.Clone(p.Command), p.Args...)
	image := imageName(p.Image)
	return image == "pause" || image == "agnhost" && len(words) == 0 || slices.Contains(words, "pause") ||
		len(words) > 1 && path.Base(words[0]) == "tail" && strings.HasPrefix(words[1], "-f") || slices.Contains(words, "infinity")
}

// play runs a container's script until it ends or ctx does. Programs that the script starts and that cannot be pretended
// take as long as they would as the container's own.
func (c *simulatedContainer) play(ctx context.Context, pod string, files *files, script string) (int, error) {
	p := &c.Program
	hostname := p.Hostname
	if hostname == "" {
		hostname = pod
	}
	s := &shell{hostname: hostname, env: p.Env, files: files, out: c.log.writer(stdoutStream), err: c.log.writer(stderrStream)}
	s.unknown = func(ctx context.Context, name string, _ io.Writer) int {
		called := simulatedContainer{Init: c.Init, Program: program{Command: []string{name}, Restart: p.Restart}}
		switch l := called.live(behaviour{}); {
		case l.ends:
			client.Wait(ctx, l.after) // the script ends with ctx anyway
		default:
			<-ctx.Done()
		}
		return 0
	}
	return s.run(ctx, script)
}
