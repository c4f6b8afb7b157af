package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"kubelite/api"
	"kubelite/client"
)

// The provisioner of directories.
//
//	desired    a volume for each claim that asks LocalProvisioner for one; none, and no data, when its claim is gone
//	actual     PersistentVolumes with its name on them, and directories below one root
//	converge   make the directory, then the volume; remove the directory, then the volume
//
// In a real cluster this is a program of the storage's maker. Ours is the simplest there can be: all nodes of a cluster
// here are on this machine, so a directory of it is a volume on any of them. To its claims it behaves as a disk in a
// node would: where the scheduler has chosen a node (class standard waits for that), the volume can be reached from that
// node only. It does not bound how much is written.
//
// Names come from the claim's UID. So whoever is killed after the directory and before the volume finds both next time:
//
//	<root>/pvc-<uid>_<namespace>_<claim>/        PersistentVolume pvc-<uid>

// LocalProvisioner is the name by which a StorageClass asks for directories.
const LocalProvisioner = "kubelite.io/local-path"

// finalizerProvisioner holds a volume until its data is removed, whichever of volume and claim is deleted first.
const finalizerProvisioner = "external-provisioner.volume.kubernetes.io/finalizer"

// DirectoryProvisioner makes volumes and removes them.
type DirectoryProvisioner struct {
	client  *client.Client
	root    string
	claims  *client.Informer[*api.PersistentVolumeClaim]
	volumes *client.Informer[*api.PersistentVolume]
	classes *client.Informer[*api.StorageClass]
	nodes   *client.Informer[*api.Node]
	events  *client.Recorder
	log     *slog.Logger
	queue   *client.Queue // claims to make volumes for, or to let grow
	old     *client.Queue // volumes to remove
}

// NewDirectoryProvisioner subscribes to claims and volumes. Directories are made below root.
func NewDirectoryProvisioner(c *client.Client, caches *Caches, root string, log *slog.Logger) *DirectoryProvisioner {
	p := &DirectoryProvisioner{
		client: c, root: root, claims: caches.VolumeClaims, volumes: caches.Volumes, classes: caches.StorageClasses, nodes: caches.Nodes, log: log,
		events: client.NewRecorder(c, LocalProvisioner, ""),
		queue:  client.NewQueue("localprovisioner"), old: client.NewQueue("localprovisioner-old"),
	}
	caches.VolumeClaims.Enqueue(p.queue, func(claim *api.PersistentVolumeClaim) []api.Key {
		if claim.Annotations[annotationProvisioner] != LocalProvisioner {
			return nil
		}
		return []api.Key{claim.Key()}
	})
	caches.Volumes.Enqueue(p.old, func(volume *api.PersistentVolume) []api.Key {
		if volume.Annotations[annotationProvisionedBy] != LocalProvisioner {
			return nil
		}
		return []api.Key{volume.Key()}
	})
	return p
}

// Run reconciles claims and volumes until ctx ends.
func (p *DirectoryProvisioner) Run(ctx context.Context) error {
	if err := waitForSync(ctx, p.claims, p.volumes, p.classes, p.nodes); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- p.old.Run(ctx, 4, p.reconcileVolume, p.log) }()
	return errors.Join(p.queue.Run(ctx, 4, p.Reconcile, p.log), <-done)
}

// Reconcile makes the volume of a claim that has none, and lets it grow when the claim does.
func (p *DirectoryProvisioner) Reconcile(ctx context.Context, key api.Key) error {
	claim, ok := p.claims.Get(key)
	if !ok || claim.DeletionTimestamp != nil || claim.Annotations[annotationProvisioner] != LocalProvisioner {
		return nil
	}
	if claim.Spec.VolumeName != "" {
		return p.grow(ctx, claim)
	}
	class, ok := p.classes.Get(api.Key{Name: api.ClaimClass(claim)})
	if !ok || class.Provisioner != LocalProvisioner || waitsForConsumer(class) && claim.Annotations[api.AnnotationSelectedNode] == "" {
		return nil // not our turn, or not yet
	}
	if _, made := p.volumes.Get(api.Key{Name: provisionedName(claim)}); made {
		return nil
	}
	p.events.Event(ctx, claim, api.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", key)
	err := p.provision(ctx, claim, class)
	if err != nil {
		p.events.Event(ctx, claim, api.EventTypeWarning, "ProvisioningFailed", "failed to provision volume with StorageClass %q: %v", class.Name, err)
		return err
	}
	p.events.Event(ctx, claim, api.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", provisionedName(claim))
	return nil
}

// provision makes the directory, then the volume that says where it is.
func (p *DirectoryProvisioner) provision(ctx context.Context, claim *api.PersistentVolumeClaim, class *api.StorageClass) error {
	var node *api.Node
	if name := claim.Annotations[api.AnnotationSelectedNode]; name != "" {
		var ok bool
		if node, ok = p.nodes.Get(api.Key{Name: name}); !ok {
			return p.reschedule(ctx, claim, name)
		}
	}
	dir := filepath.Join(p.root, provisionedName(claim)+"_"+claim.Namespace+"_"+claim.Name)
	volume, err := provisionedVolume(claim, class, node, dir)
	if err != nil {
		return err
	}
	// Containers write as whatever user they run as.
	if err := errors.Join(os.MkdirAll(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
		return err
	}
	_, err = client.Of[*api.PersistentVolume](p.client).Create(client.Because(ctx, "claim %s asks for a volume of class %s: here is one", claim.Key(), class.Name), volume)
	if api.IsAlreadyExists(err) {
		return nil // made before, and not in the cache yet
	}
	return err
}

// reschedule takes the chosen node off a claim, for that node is gone: the scheduler chooses another one.
func (p *DirectoryProvisioner) reschedule(ctx context.Context, claim *api.PersistentVolumeClaim, node string) error {
	update := api.DeepCopy(claim)
	delete(update.Annotations, api.AnnotationSelectedNode)
	_, err := client.Of[*api.PersistentVolumeClaim](p.client).Update(client.Because(ctx, "node %s, chosen for the volume, is gone: choose again", node), update)
	return errors.Join(fmt.Errorf("node %q not found", node), err)
}

// grow gives a claim that asks for more what it asks for. The API server lets through only what the class allows; there
// is nothing to be done to a directory.
func (p *DirectoryProvisioner) grow(ctx context.Context, claim *api.PersistentVolumeClaim) error {
	volume, ok := p.volumes.Get(api.Key{Name: claim.Spec.VolumeName})
	size := api.ClaimSize(claim)
	if !ok || !api.IsVolumeFor(volume, claim) || claim.Status.Phase != api.ClaimBound || claim.Status.Capacity[api.ResourceStorage].Cmp(size) >= 0 {
		return nil
	}
	ctx = client.Because(ctx, "claim %s asks for %s now: give it that", claim.Key(), size)
	if api.VolumeSize(volume).Cmp(size) < 0 {
		p.events.Event(ctx, claim, api.EventTypeNormal, "Resizing", "External resizer is resizing volume %s", volume.Name)
		update := *volume
		update.Spec.Capacity = api.ResourceList{api.ResourceStorage: size}
		if _, err := client.Of[*api.PersistentVolume](p.client).Update(ctx, &update); err != nil {
			return err
		}
	}
	update := *claim
	update.Status.Capacity = api.ResourceList{api.ResourceStorage: size}
	if _, err := client.Of[*api.PersistentVolumeClaim](p.client).UpdateStatus(ctx, &update); err != nil {
		return err
	}
	p.events.Event(ctx, claim, api.EventTypeNormal, "VolumeResizeSuccessful", "Resize volume succeeded")
	return nil
}

// reconcileVolume removes a volume that nobody has a claim to any more.
func (p *DirectoryProvisioner) reconcileVolume(ctx context.Context, key api.Key) error {
	volume, ok := p.volumes.Get(key)
	if !ok || !slices.Contains(volume.Finalizers, finalizerProvisioner) {
		return nil
	}
	unused := volume.Status.Phase == api.VolumeReleased || volume.Status.Phase == api.VolumeFailed ||
		volume.DeletionTimestamp != nil && volume.Status.Phase != api.VolumeBound
	remove := volume.Spec.PersistentVolumeReclaimPolicy == api.PersistentVolumeReclaimDelete
	if !unused || !remove && volume.DeletionTimestamp == nil {
		return nil
	}
	if remove {
		if err := p.removeDirectory(volume); err != nil {
			p.events.Event(ctx, volume, api.EventTypeWarning, "VolumeFailedDelete", "%v", err)
			return err
		}
	}
	ctx = client.Because(ctx, "volume %s has no claim any more, and its policy is %s: remove it", key.Name, volume.Spec.PersistentVolumeReclaimPolicy)
	if volume.DeletionTimestamp == nil {
		err := client.Of[*api.PersistentVolume](p.client).Delete(ctx, "", volume.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &volume.UID}})
		if err != nil && !api.IsNotFound(err) {
			return err
		}
		return nil // the event of the deletion brings us back for the finalizer
	}
	return setFinalizer(ctx, p.client, volume, finalizerProvisioner, false)
}

// removeDirectory removes a volume's data, and never anything outside of our root: a volume can be edited.
func (p *DirectoryProvisioner) removeDirectory(volume *api.PersistentVolume) error {
	if volume.Spec.HostPath == nil || filepath.Dir(filepath.Clean(volume.Spec.HostPath.Path)) != filepath.Clean(p.root) {
		return fmt.Errorf("volume %s is not a directory in %s: left alone", volume.Name, p.root)
	}
	return os.RemoveAll(volume.Spec.HostPath.Path)
}

func provisionedName(claim *api.PersistentVolumeClaim) string { return "pvc-" + string(claim.UID) }

// provisionedVolume is the volume for a claim, reachable from the node, or from everywhere if none was chosen.
func provisionedVolume(claim *api.PersistentVolumeClaim, class *api.StorageClass, node *api.Node, dir string) (*api.PersistentVolume, error) {
	switch {
	case claim.Spec.Selector != nil:
		return nil, errors.New("claim.Spec.Selector is not supported")
	case claim.Spec.DataSource != nil || claim.Spec.DataSourceRef != nil:
		return nil, errors.New("claim.Spec.DataSource is not supported")
	case api.VolumeMode(claim.Spec.VolumeMode) != api.PersistentVolumeFilesystem:
		return nil, fmt.Errorf("volumeMode %s is not supported: a directory is a file system", *claim.Spec.VolumeMode)
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode != api.ReadWriteOnce && mode != api.ReadWriteOncePod {
			return nil, fmt.Errorf("access mode %s is not supported: a directory of one node is ReadWriteOnce or ReadWriteOncePod", mode)
		}
	}
	reference := client.ReferenceTo(claim)
	volume := &api.PersistentVolume{
		ObjectMeta: api.ObjectMeta{
			Name: provisionedName(claim), Annotations: map[string]string{annotationProvisionedBy: LocalProvisioner}, Finalizers: []string{finalizerProvisioner},
		},
		Spec: api.PersistentVolumeSpec{
			Capacity: api.ResourceList{api.ResourceStorage: api.ClaimSize(claim)},
			PersistentVolumeSource: api.PersistentVolumeSource{
				HostPath: &api.HostPathVolumeSource{Path: dir, Type: api.Ptr(api.HostPathDirectoryOrCreate)},
			},
			AccessModes: claim.Spec.AccessModes, ClaimRef: &reference, VolumeMode: api.Ptr(api.PersistentVolumeFilesystem),
			PersistentVolumeReclaimPolicy: api.Deref(class.ReclaimPolicy, api.PersistentVolumeReclaimDelete),
			StorageClassName:              class.Name, MountOptions: class.MountOptions,
		},
	}
	if node != nil {
		volume.Spec.NodeAffinity = &api.VolumeNodeAffinity{Required: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{{
			MatchExpressions: []api.NodeSelectorRequirement{{Key: api.LabelHostname, Operator: api.NodeSelectorOpIn, Values: []string{node.Labels[api.LabelHostname]}}},
		}}}}
	}
	return volume, nil
}
