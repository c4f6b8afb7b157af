package docker

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kubelite/kubelet"
)

// storageOf is the file system that holds a directory of this machine, nothing if the directory is not here: Docker
// Desktop keeps its own in a virtual machine.
func storageOf(dir string) kubelet.Storage {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return kubelet.Storage{}
	}
	block := int64(fs.Bsize)
	return kubelet.Storage{Capacity: int64(fs.Blocks) * block, Available: int64(fs.Bavail) * block, Inodes: int64(fs.Files), InodesFree: int64(fs.Ffree)}
}

// clockTick is the kernel's unit of cpu time in /proc/stat, the same on all architectures that Go runs on.
const clockTick = time.Second / 100

// machineStats reads what the kernel says of itself.
func machineStats() (kubelet.MachineStats, error) {
	var stats kubelet.MachineStats
	memory, err := os.Open("/proc/meminfo")
	if err != nil {
		return stats, fmt.Errorf("read the machine's memory: %w", err)
	}
	defer memory.Close()
	for lines := bufio.NewScanner(memory); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64) // the kernel wrote it
			stats.MemoryAvailable = kib << 10
		}
	}
	cpu, err := os.ReadFile("/proc/stat")
	if err != nil {
		return stats, fmt.Errorf("read the machine's cpu time: %w", err)
	}
	line, _, _ := strings.Cut(string(cpu), "\n")
	for i, field := range strings.Fields(line) { // cpu user nice system idle iowait irq softirq steal guest guest_nice
		if i == 0 || i == 4 || i == 5 || i > 8 {
			continue // idle, or counted already
		}
		ticks, _ := strconv.ParseInt(field, 10, 64)
		stats.CPU += time.Duration(ticks) * clockTick
	}
	return stats, nil
}
