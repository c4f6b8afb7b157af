package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A rate tells what a machine did in an hour on which it may have been busy with other things. What stays the same is how
// much processor time a request takes, of the servers and of the client that shares the cores with them.

// cpuTimes is the processor time that processes have had so far.
type cpuTimes struct {
	client, server time.Duration
}

// since is the difference, for each of n requests.
func (c cpuTimes) since(before cpuTimes, n int) cpuTimes {
	return cpuTimes{(c.client - before.client) / time.Duration(n), (c.server - before.server) / time.Duration(n)}
}

// cpu reads the times: our own, and that of the processes whose pid files are in a folder. Without a folder the servers' are unknown.
func cpu(pidFiles string) cpuTimes {
	times := cpuTimes{client: processTime("self")}
	files, _ := filepath.Glob(filepath.Join(pidFiles, "*.pid")) // the pattern is well-formed
	if pidFiles == "" {
		files = nil
	}
	for _, file := range files {
		if pid, err := os.ReadFile(file); err == nil {
			times.server += processTime(strings.TrimSpace(string(pid)))
		}
	}
	return times
}

// processTime adds up what the scheduler gave to each thread. It is exact; the clock ticks in /proc/PID/stat are 10 ms each.
func processTime(pid string) time.Duration {
	threads, _ := filepath.Glob("/proc/" + pid + "/task/*/schedstat") // the pattern is well-formed
	total := time.Duration(0)
	for _, file := range threads {
		var running, waiting time.Duration
		if b, err := os.ReadFile(file); err == nil {
			if _, err := fmt.Sscan(string(b), &running, &waiting); err == nil {
				total += running
			}
		}
	}
	return total
}
