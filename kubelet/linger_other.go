//go:build !unix

package kubelet

// endSoon leaves connections to the system.
func endSoon(uintptr) {}
