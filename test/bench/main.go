package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	kubeconfig := flag.String("kubeconfig", "", "measure this API server instead of a cluster of our own")
	pidFiles := flag.String("pids", "", "with -kubeconfig: the folder with the pid files of its processes, to count their memory and processor time")
	kubelite := flag.String("kubelite", "bin/kubelite", "the program to measure")
	objects := flag.Int("n", 8000, "objects that each workload writes")
	clients := flag.Int("c", 16, "clients side by side")
	watchers := flag.Int("watchers", 50, "watchers in the fan-out workload")
	containers := flag.Bool("node", false, "measure what a kubelet adds to the containers that it runs, on the local Docker daemon")
	packets := flag.Bool("network", false, "measure what service addresses and names cost, on the local Docker daemon")
	nodes := flag.Int("scale", 0, "measure a cluster of so many simulated nodes, with -pods pods")
	pods := flag.Int("pods", 100_000, "with -scale: pods that run")
	rate := flag.Int("rate", 100, "with -scale: pods that are made a second")
	serveOn := flag.String("serve", "", "be the pod that -network reads from, at this address")
	pullFrom := flag.String("pull", "", "be the pod that reads for -network, from these addresses")
	flag.Parse()

	switch {
	case *serveOn != "":
		return serve(ctx, *serveOn)
	case *pullFrom != "":
		return pull(*pullFrom)
	}
	var table []row
	if *containers || *packets {
		c, err := startCluster(ctx, *kubelite, "docker", 1)
		if err != nil {
			return err
		}
		defer c.delete()
		measure := node
		if *packets {
			measure = network
		}
		rows, err := measure(ctx, c)
		return errors.Join(err, print(rows))
	}
	if *nodes > 0 {
		c, err := startCluster(ctx, *kubelite, "simulated", *nodes)
		if err != nil {
			return err
		}
		defer c.delete()
		rows, err := scale(ctx, c, *pods, *rate)
		return errors.Join(err, print(append(c.startUp, rows...)))
	}
	if *kubeconfig == "" {
		c, err := startCluster(ctx, *kubelite, "simulated", 1)
		if err != nil {
			return err
		}
		defer c.delete()
		table = append(table, c.startUp...)
		idle, err := idleMemory(c.pidFiles())
		if err != nil {
			return err
		}
		table = append(table, idle...)
		rows, err := load(ctx, c.kubeconfig, c.pidFiles(), *objects, *clients, *watchers)
		if err != nil {
			return err
		}
		table = append(table, rows...)
		loaded, err := memory(c.pidFiles(), "memory, after the load", 1)
		if err != nil {
			return err
		}
		return print(append(table, loaded...))
	}
	if *pidFiles != "" {
		idle, err := idleMemory(*pidFiles)
		if err != nil {
			return err
		}
		table = append(table, idle...)
	}
	rows, err := load(ctx, *kubeconfig, *pidFiles, *objects, *clients, *watchers)
	if err != nil {
		return err
	}
	return print(append(table, rows...))
}

// row is one line of the table.
type row struct {
	what     string
	figure   string
	p50, p99 time.Duration // zero where they make no sense
	cpu      cpuTimes      // of one request, or one event; likewise
}

func print(rows []row) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 3, ' ', 0)
	fmt.Fprintf(w, "WORKLOAD (%d cores, %s)\tFIGURE\tP50\tP99\tCPU CLIENT\tCPU SERVERS\n", runtime.NumCPU(), runtime.Version())
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.figure, short(r.p50), short(r.p99), short(r.cpu.client), short(r.cpu.server))
	}
	return w.Flush()
}

// short is a time with three digits or so, nothing for none.
func short(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 100*time.Microsecond:
		return d.Round(10 * time.Nanosecond).String()
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

// cluster is a cluster that the benchmark owns.
type cluster struct {
	program, home, kubeconfig string
	startUp                   []row
}

func startCluster(ctx context.Context, program, runtime string, nodes int) (*cluster, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "kubelite-bench-")
	if err != nil {
		return nil, err
	}
	c := &cluster{program: program, home: home, kubeconfig: filepath.Join(home, "bench", "kubeconfig")}
	began := time.Now()
	ready := make(chan time.Duration, 1)
	go func() { ready <- c.untilReady(ctx, began) }()
	out, err := exec.CommandContext(ctx, program, "start", "--home", home, "--profile", "bench", "--runtime", runtime,
		"--nodes", strconv.Itoa(nodes), "--wait", "10m", "--port", "0", "--no-merge").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("start the cluster: %w\n%s", err, out)
	}
	c.startUp = []row{
		{what: "first start: API ready", figure: ms(<-ready)},
		{what: "first start: default service account there", figure: ms(c.untilUsable(ctx, began))},
		{what: fmt.Sprintf("first start: Ready nodes: %d", nodes), figure: ms(time.Since(began))},
	}
	return c, nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// untilReady returns how long it took until /readyz answered 200.
func (c *cluster) untilReady(ctx context.Context, began time.Time) time.Duration {
	return c.until(ctx, began, "/readyz")
}

// untilUsable returns how long it took until pods could be made: their service account is there.
func (c *cluster) untilUsable(ctx context.Context, began time.Time) time.Duration {
	return c.until(ctx, began, "/api/v1/namespaces/default/serviceaccounts/default")
}

func (c *cluster) until(ctx context.Context, began time.Time, path string) time.Duration {
	for ctx.Err() == nil {
		if server, err := connect(c.kubeconfig); err == nil {
			_, err = server.call(ctx, "GET", path, nil)
			server.close()
			if err == nil {
				return time.Since(began)
			}
		}
		time.Sleep(2 * time.Millisecond) // the resolution of the figure
	}
	return 0
}

const (
	// untilAtRest is how long start-up's garbage has time to go.
	untilAtRest = 45 * time.Second
	// A cluster at rest does a little every few seconds, and every 15 seconds gives back what it took for it: its memory is the
	// mean of a minute, looked at so often that no phase of that is left out.
	samplesAtRest = 60
	sampleEvery   = time.Second
)

// idleMemory is the memory of processes that have nothing to do, by the folder of their pid files.
func idleMemory(folder string) ([]row, error) {
	time.Sleep(untilAtRest)
	return memory(folder, "memory, idle", samplesAtRest)
}

// memory is the memory of each process of a cluster, and of all of them, as the mean of so many samples: what `ps` shows, which counts the
// pages that several processes share (ours run one binary) for each of them, and the proportional size, which counts them once.
func memory(folder, when string, samples int) ([]row, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.pid"))
	if err != nil {
		return nil, err
	}
	sizes := []struct{ name, field string }{{"resident", "Rss:"}, {"proportional", "Pss:"}}
	sums := [][]int{make([]int, len(files)), make([]int, len(files))}
	for sample := range samples {
		if sample > 0 {
			time.Sleep(sampleEvery)
		}
		for i, size := range sizes {
			for j, file := range files {
				pid, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				kib, err := memorySize(strings.TrimSpace(string(pid)), size.field)
				if err != nil {
					return nil, err
				}
				sums[i][j] += kib
			}
		}
	}
	mib := func(sum int) float64 { return float64(sum) / float64(samples) / 1024 }
	var rows []row
	for i, size := range sizes {
		total, parts := 0, []string{}
		for j, file := range files {
			total += sums[i][j]
			parts = append(parts, fmt.Sprintf("%s %.1f", strings.TrimSuffix(filepath.Base(file), ".pid"), mib(sums[i][j])))
		}
		rows = append(rows, row{what: when + ", " + size.name, figure: fmt.Sprintf("%.1f MiB (%s)", mib(total), strings.Join(parts, ", "))})
	}
	return rows, nil
}

// memorySize reads one of the kernel's sums over a process's mappings, in KiB.
func memorySize(pid, field string) (int, error) {
	sums, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(sums)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
		}
	}
	return 0, fmt.Errorf("process %s: no %s", pid, field)
}

// pidFiles is the folder with the number of each process.
func (c *cluster) pidFiles() string { return filepath.Join(c.home, "bench", "run") }

func (c *cluster) delete() {
	if out, err := exec.Command(c.program, "delete", "--home", c.home, "--profile", "bench").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "bench: delete the cluster: %v\n%s", err, out)
	}
}
