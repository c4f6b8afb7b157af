package simulated

import (
	"fmt"
	"strconv"
	"time"

	"kubelite/api"
)

// annotationPrefix begins the names of the annotations that this runtime obeys.
const annotationPrefix = "simulated.kubelite.io/"

// behaviour is what a pod's annotations ask for.
type behaviour struct {
	runFor     time.Duration // 0: until stopped
	endsItself bool
	exitCode   int
	startDelay time.Duration
	ready      bool
	logLines   int
	cores      float64 // of cpu in use
	memory     int64   // bytes in use
}

// readBehaviour reads a pod's annotations. A value that makes no sense is left out, and told about.
func readBehaviour(annotations map[string]string) (b behaviour, problems []string) {
	b = behaviour{ready: true, logLines: 1}
	read := func(name string, parse func(value string) error) {
		value, ok := annotations[annotationPrefix+name]
		if !ok {
			return
		}
		if err := parse(value); err != nil {
			problems = append(problems, fmt.Sprintf("annotation %s%s: %q makes no sense: %v", annotationPrefix, name, value, err))
		}
	}
	read("run-seconds", func(v string) (err error) {
		b.runFor, err = parseSeconds(v)
		b.endsItself = err == nil
		return err
	})
	read("exit-code", func(v string) error {
		code, err := strconv.ParseUint(v, 10, 8)
		b.exitCode = int(code)
		if err != nil {
			b.exitCode = 0
		}
		return err
	})
	read("start-delay", func(v string) (err error) {
		b.startDelay, err = parseSeconds(v)
		return err
	})
	read("ready", func(v string) error {
		ready, err := strconv.ParseBool(v)
		b.ready = ready || err != nil
		return err
	})
	read("log-lines", func(v string) error {
		lines, err := strconv.ParseUint(v, 10, 20)
		if err == nil {
			b.logLines = int(lines)
		}
		return err
	})
	read("cpu", func(v string) error {
		q, err := api.ParseQuantity(v)
		b.cores = q.AsFloat64()
		return err
	})
	read("memory", func(v string) error {
		q, err := api.ParseQuantity(v)
		b.memory = q.Value()
		return err
	})
	return b, problems
}

// parseSeconds reads "2.5", or a duration with a unit: "2500ms".
func parseSeconds(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err == nil && d < 0 {
		return 0, fmt.Errorf("must not be negative")
	}
	return d, err
}
