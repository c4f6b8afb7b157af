//go:build !linux

package nft

import (
	"context"
	"errors"
)

// Writer is for Linux, where nf_tables is. Elsewhere the proxy runs in Docker's virtual machine, which is Linux.
type Writer struct{}

var errNotLinux = errors.New("packet rules are written on Linux alone")

// NewWriter returns a writer that cannot write.
func NewWriter(Family, string) *Writer { return &Writer{} }

// Set fails.
func (*Writer) Set(string, Fragment) error { return errNotLinux }

// Rebuild fails.
func (*Writer) Rebuild(map[string]Fragment) error { return errNotLinux }

// Restore fails.
func (*Writer) Restore() error { return errNotLinux }

// Remove fails.
func (*Writer) Remove() error { return errNotLinux }

// Complete fails.
func (*Writer) Complete() (bool, error) { return false, errNotLinux }

// WatchRemovals fails.
func (*Writer) WatchRemovals(context.Context, func(bool)) error { return errNotLinux }
