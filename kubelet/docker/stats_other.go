//go:build !linux

package docker

import "kubelite/kubelet"

// Elsewhere than on Linux the daemon runs in a virtual machine, of which this process sees nothing.

func storageOf(string) kubelet.Storage { return kubelet.Storage{} }

func machineStats() (kubelet.MachineStats, error) { return kubelet.MachineStats{}, nil }
