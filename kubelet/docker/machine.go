package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// labelBinary is the digest of the binary inside an image of ours.
const labelBinary = "io.kubelite.binary"

// Machine prepares the Docker daemon for a cluster and cleans up after it: what all of its nodes share. It holds no
// connection; each call makes one.
type Machine struct{}

// Available returns nil if the daemon answers.
func (Machine) Available(ctx context.Context) error {
	return withDaemon(func(d *client.Client) error {
		_, err := d.Ping(ctx)
		return err
	})
}

// EnsureNetwork makes the profile's bridge network with the first range that is free, or returns what the existing one
// has. Its gateway is the first address: where this machine meets the pods.
func (Machine) EnsureNetwork(ctx context.Context, profile, name string, ranges []netip.Prefix) (cidr netip.Prefix, gateway netip.Addr, err error) {
	err = withDaemon(func(d *client.Client) error {
		networks, err := d.NetworkList(ctx, network.ListOptions{})
		if err != nil {
			return err
		}
		taken := hostRanges()
		for _, n := range networks {
			for _, ipam := range n.IPAM.Config {
				subnet, err := netip.ParsePrefix(ipam.Subnet)
				if err != nil {
					continue // an IPv6 range written in a way of its own cannot be in our way
				}
				if n.Name == name {
					cidr, gateway = subnet, subnet.Addr().Next()
					return nil
				}
				taken = append(taken, subnet)
			}
		}
		for _, r := range ranges {
			if overlapsAny(r, taken) {
				continue
			}
			cidr, gateway = r, r.Addr().Next()
			_, err = d.NetworkCreate(ctx, name, network.CreateOptions{
				Driver: "bridge",
				IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: cidr.String(), Gateway: gateway.String()}}},
				Labels: map[string]string{labelProfile: profile},
			})
			return err
		}
		return fmt.Errorf("every range is taken by another network of this machine: %v", ranges)
	})
	return cidr, gateway, err
}

// hostRanges are the ranges of this machine's own interfaces, Docker's bridges among them.
func hostRanges() []netip.Prefix {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil // the daemon refuses an overlap by itself; this only picks a better range at once
	}
	var ranges []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			ranges = append(ranges, p.Masked())
		}
	}
	return ranges
}

func overlapsAny(r netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if r.Overlaps(t) {
			return true
		}
	}
	return false
}

// EnsureImage makes an image that holds the binary as /kubelite and nothing else, so that nothing is pulled. An image
// made from the same binary is kept.
func (Machine) EnsureImage(ctx context.Context, ref, binary string) error {
	digest, err := fileDigest(binary)
	if err != nil {
		return err
	}
	return withDaemon(func(d *client.Client) error {
		old, err := d.ImageInspect(ctx, ref)
		if err == nil && old.Config != nil && old.Config.Labels[labelBinary] == digest {
			return nil
		}
		rootfs, write := io.Pipe()
		go func() { write.CloseWithError(tarBinary(write, binary)) }()
		answer, err := d.ImageImport(ctx, image.ImportSource{Source: rootfs, SourceName: "-"}, ref, image.ImportOptions{
			Changes: []string{`ENTRYPOINT ["/kubelite"]`, fmt.Sprintf("LABEL %s=%s", labelBinary, digest)},
		})
		if err != nil {
			return errors.Join(err, rootfs.Close())
		}
		err = errors.Join(readProgress(answer, nil), answer.Close()) // the image is there when the answer ends
		if err == nil && old.ID != "" {
			_, _ = d.ImageRemove(ctx, old.ID, image.RemoveOptions{}) // without its name it is of no use; but it may be in use
		}
		return err
	})
}

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// tarBinary writes a root file system with one file in it.
func tarBinary(w io.Writer, binary string) error {
	f, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	if err := t.WriteHeader(&tar.Header{Name: "kubelite", Mode: 0o755, Size: info.Size(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	if _, err := io.Copy(t, f); err != nil {
		return err
	}
	return t.Close()
}

// Purge removes every container and network with the profile's label, running or not. A kubelet that was just killed
// may have left the daemon in the middle of starting a container: that shows as a container that was not there a
// moment ago, or as a network that is still in use. Then it takes another look.
func (Machine) Purge(ctx context.Context, profile string) error {
	return withDaemon(func(d *client.Client) error {
		var err error
		for range purgeAttempts {
			if err = purge(ctx, d, profile); err == nil {
				return nil
			}
			select {
			case <-time.After(purgePause):
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			}
		}
		return err
	})
}

// KillNode ends every container of a node at once, as a power cut would.
func (Machine) KillNode(ctx context.Context, profile, node string) error {
	return eachOfNode(ctx, profile, node, false, func(d *client.Client, id string) error {
		err := d.ContainerKill(ctx, id, "KILL")
		if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
			return nil // it has ended by itself
		}
		return err
	})
}

// RemoveNode removes every container of a node.
func (Machine) RemoveNode(ctx context.Context, profile, node string) error {
	return eachOfNode(ctx, profile, node, true, func(d *client.Client, id string) error { return removeContainer(ctx, d, id) })
}

// eachOfNode does something with the containers of a node: those that run, or all.
func eachOfNode(ctx context.Context, profile, node string, all bool, do func(d *client.Client, id string) error) error {
	return withDaemon(func(d *client.Client) error {
		its := filters.NewArgs(filters.Arg("label", labelProfile+"="+profile), filters.Arg("label", labelNode+"="+node))
		containers, err := d.ContainerList(ctx, container.ListOptions{All: all, Filters: its})
		if err != nil {
			return err
		}
		var errs []error
		for _, c := range containers {
			errs = append(errs, do(d, c.ID))
		}
		return errors.Join(errs...)
	})
}

const (
	purgeAttempts = 30
	purgePause    = 300 * time.Millisecond
)

// purge is one try. The daemon refuses to remove a network that something is still plugged into.
func purge(ctx context.Context, d *client.Client, profile string) error {
	ours := filters.NewArgs(filters.Arg("label", labelProfile+"="+profile))
	containers, err := d.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	if err != nil {
		return err
	}
	results := make(chan error, len(containers))
	slots := make(chan struct{}, maxStarts)
	for _, c := range containers {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results <- removeContainer(ctx, d, c.ID)
		}()
	}
	var errs []error
	for range containers {
		errs = append(errs, <-results)
	}
	networks, err := d.NetworkList(ctx, network.ListOptions{Filters: ours})
	errs = append(errs, err)
	for _, n := range networks {
		if err := d.NetworkRemove(ctx, n.ID); err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// withDaemon calls f with a client that speaks whatever API version the daemon has.
func withDaemon(f func(d *client.Client) error) error {
	d, err := connect()
	if err != nil {
		return err
	}
	return errors.Join(f(d), d.Close())
}
