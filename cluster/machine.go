package cluster

import (
	"context"
	"io"
	"net/netip"

	"kubelite/api"
)

// Machine is what a cluster needs of the container daemon beside what its kubelets do on their own. The Docker
// package implements it. All of its methods may be called again when they have succeeded before.
type Machine interface {
	// Available returns nil if the daemon answers, else why it does not.
	Available(ctx context.Context) error
	// EnsureNetwork makes the profile's bridge network with the first of the ranges that no other network of this
	// machine overlaps, and returns what it has. An existing network keeps its range.
	EnsureNetwork(ctx context.Context, profile, name string, ranges []netip.Prefix) (cidr netip.Prefix, gateway netip.Addr, err error)
	// EnsureImage makes an image FROM scratch that holds the binary as /kubelite, unless the same one is there.
	EnsureImage(ctx context.Context, ref, binary string) error
	// KillNode ends every container of a node at once. What they have written stays.
	KillNode(ctx context.Context, profile, node string) error
	// RemoveNode removes every container of a node.
	RemoveNode(ctx context.Context, profile, node string) error
	// SetPaused freezes the running containers of a profile, or lets the frozen ones go on: those of pods in the namespaces, all
	// if that is nil, and always those that are in no pod. It returns how many it changed.
	SetPaused(ctx context.Context, profile string, namespaces []string, paused bool) (changed int, err error)
	// RunOnHost runs the image in a container that shares the machine's network, may change its packet rules and listen on
	// any port, until it ends by itself or ctx does. A container of that name that is there already gives way; afterwards none is there.
	// files are by their path in the container; what it says goes to out.
	RunOnHost(ctx context.Context, profile, name, image string, args []string, files map[string][]byte, out io.Writer) error
	// DialFromHost connects data with an address, from where a container of RunOnHost is: that may be Docker's virtual
	// machine. It returns when both ends have said all.
	DialFromHost(ctx context.Context, name, address string, data io.ReadWriter) error
	// LoadImages reads an archive of images and returns their names.
	LoadImages(ctx context.Context, archive io.Reader) (names []string, err error)
	// ListImages returns the images that have a name, in order of their names.
	ListImages(ctx context.Context) ([]api.ContainerImage, error)
	// RemoveImage removes an image's name, and the image with its last name.
	RemoveImage(ctx context.Context, name string) error
	// TagImage gives an image another name.
	TagImage(ctx context.Context, name, another string) error
	// SaveImages writes images and their names as an archive that LoadImages reads.
	SaveImages(ctx context.Context, names []string, archive io.Writer) error
	// PullImage fetches an image from its registry. How it goes on is shown on out.
	PullImage(ctx context.Context, name string, out io.Writer) error
	// BuildImage builds a directory by a Dockerfile, the one in it if that is "". How it goes on is shown on out.
	BuildImage(ctx context.Context, dir, dockerfile, name string, args map[string]string, out io.Writer) error
	// Purge removes every container and network that carries the profile's label.
	Purge(ctx context.Context, profile string) error
}
