//go:build !unix

package kubelet

import "io/fs"

// groupOf is not known where files have no groups.
func groupOf(fs.FileInfo) int64 { return -1 }
