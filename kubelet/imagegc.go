package kubelet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"kubelite/client"
)

// Each image that a pod ever needed stays on the machine, until the disk is full of them. So the kubelet takes away
// those that no container uses, the one that was unused for longest first, when the disk is nearly full, and all of them
// before it evicts a pod for lack of disk.
//
// Docker belongs to the machine's user, who has images of their own in it and builds and loads others for the cluster.
// None of those can be fetched again. Therefore a kubelet takes away only what it fetched itself, and keeps a list of it.
//
// Upstream: pkg/kubelet/images/image_gc_manager.go, with the same figures.

const (
	imageGCPeriod = 5 * time.Minute
	// imageGCHigh is how full the disk has to be, in percent, before images are taken away; imageGCLow is when that is enough.
	imageGCHigh, imageGCLow = 85, 80
	// imageGCMinAge is how long an image is kept after its last use: the pod that it was fetched for may be about to start.
	imageGCMinAge = 2 * time.Minute
)

// fetchedImages is the list of images that the kubelet fetched, with the time when each was last seen in use. It is kept
// in a file, for the kubelet that comes after this one. It may be used by several goroutines.
type fetchedImages struct {
	file string

	mu       sync.Mutex
	lastUsed map[string]time.Time // by reference with tag or digest; guarded by mu
}

// openFetchedImages reads the list; there is none yet on a new node.
func openFetchedImages(file string) (*fetchedImages, error) {
	f := &fetchedImages{file: file, lastUsed: map[string]time.Time{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &f.lastUsed)
	}
	if err != nil {
		return nil, fmt.Errorf("read which images were fetched: %w", err)
	}
	return f, nil
}

// add puts an image on the list that was fetched just now. Pods whose images are asked for each time fetch the same one again
// and again: the file is written when there is a new one.
func (f *fetchedImages) add(ref string, now time.Time) error {
	return f.change(func() (worthWriting bool) {
		_, known := f.lastUsed[ref]
		f.lastUsed[ref] = now
		return !known
	})
}

// used notes that images are in use, of those on the list.
func (f *fetchedImages) used(refs []string, now time.Time) error {
	return f.change(func() (worthWriting bool) {
		for _, ref := range refs {
			if _, known := f.lastUsed[ref]; known {
				f.lastUsed[ref] = now
				worthWriting = true
			}
		}
		return worthWriting
	})
}

// forget takes an image off the list.
func (f *fetchedImages) forget(ref string) error {
	return f.change(func() (worthWriting bool) {
		delete(f.lastUsed, ref)
		return true
	})
}

func (f *fetchedImages) change(fn func() (worthWriting bool)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !fn() {
		return nil
	}
	text, err := json.Marshal(f.lastUsed)
	if err != nil {
		return err
	}
	return client.ReplaceFile(f.file, text, 0o600)
}

// unusedSince returns the images that nobody has used since then, the one unused for longest first.
func (f *fetchedImages) unusedSince(then time.Time) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var refs []string
	for ref, last := range f.lastUsed {
		if !last.After(then) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b string) int {
		return cmp.Or(f.lastUsed[a].Compare(f.lastUsed[b]), cmp.Compare(a, b))
	})
	return refs
}

// collectImagesForever keeps the disk from filling with images.
func (k *Kubelet) collectImagesForever(ctx context.Context) error {
	for client.Wait(ctx, imageGCPeriod) {
		if err := k.collectImages(ctx); err != nil && ctx.Err() == nil {
			k.log.Warn("unused images not removed", "node", k.cfg.NodeName, "error", err)
		}
	}
	return nil
}

// collectImages looks at the disk once.
func (k *Kubelet) collectImages(ctx context.Context) error {
	machine, err := k.runtime.Machine(ctx)
	if err != nil {
		return err
	}
	want := tooMuch(machine.Storage)
	freed, err := k.removeImages(ctx, want, imageGCMinAge)
	if err != nil {
		return err
	}
	// A disk that is full of other things than our images is not ours to complain of.
	if freed > 0 && freed < want {
		k.recorder.EventOn(client.WithTimer(ctx, "image garbage collection"), k.nodeReference(), eventWarning, "FreeDiskSpaceFailed",
			"Failed to garbage collect required amount of images. Attempted to free %d bytes, but only found %d bytes eligible to free.", want, freed)
	}
	return nil
}

// tooMuch is how many bytes have to go from a disk; 0 while it is not nearly full.
func tooMuch(disk Storage) int64 {
	if disk.Capacity <= 0 || 100-disk.Available*100/disk.Capacity < imageGCHigh {
		return 0
	}
	return disk.Capacity/100*(100-imageGCLow) - disk.Available
}

// removeAllImages removes every image that is not in use, and tells whether there was one.
func (k *Kubelet) removeAllImages(ctx context.Context) (some bool) {
	freed, err := k.removeImages(ctx, math.MaxInt64, 0)
	if err != nil {
		k.log.Warn("unused images not removed", "node", k.cfg.NodeName, "error", err)
	}
	return freed > 0
}

// removeImages removes images that nobody has used for minAge until so many bytes are free, and returns how many are.
func (k *Kubelet) removeImages(ctx context.Context, want int64, minAge time.Duration) (freed int64, err error) {
	now := time.Now()
	pods, err := k.runtime.ListPods(ctx)
	if err != nil {
		return 0, err
	}
	var inUse []string
	for _, pod := range pods {
		for _, c := range pod.Containers {
			inUse = append(inUse, withTag(c.Image))
		}
	}
	if err := k.fetched.used(inUse, now); err != nil {
		return 0, err
	}
	for _, ref := range k.fetched.unusedSince(now.Add(-minAge)) {
		if freed >= want {
			break
		}
		if slices.Contains(inUse, ref) {
			continue
		}
		size := int64(0)
		image, err := k.runtime.ImageStatus(ctx, ref)
		if err == nil && image != nil {
			size = image.Size
			err = k.runtime.RemoveImage(ctx, ref)
		}
		if err != nil { // another node's pod uses it, or a container that is not ours
			k.log.Debug("image not removed", "image", ref, "error", err)
			continue
		}
		if err := k.fetched.forget(ref); err != nil {
			return freed, err
		}
		k.log.Info("image removed", "image", ref, "bytes", size)
		freed += size
	}
	return freed, nil
}

func fetchedImagesFile(root string) string { return filepath.Join(root, "fetched-images.json") }
