package kubelet

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// A static pod is one that nobody sent: its manifest lies in a folder of the node, and the kubelet runs it whether there
// is an API server or not. That is how a control plane runs in pods before there is a control plane. So that people
// see it, the kubelet tells the API server of it by a mirror pod, which has the same name and spec, another UID, and no
// say: whoever deletes it finds it again a moment later, unless the static pod has ended.
//
//	manifests/etcd.yaml ──▶ pod etcd-node-1, UID = hash of the file ──▶ worker ──▶ containers
//	                                          mirror pod etcd-node-1 ◀──status──┘
//
// The mirror's annotation config.mirror is the static pod's UID: that ties the two together, also after a restart.
const (
	annotationSource = "kubernetes.io/config.source" // "file" of a static pod and of its mirror
	annotationHash   = "kubernetes.io/config.hash"
	annotationSeen   = "kubernetes.io/config.seen" // when the kubelet first saw the manifest
	annotationMirror = "kubernetes.io/config.mirror"
)

// manifestPeriod is how often the folder is looked at.
const manifestPeriod = 2 * time.Second

// isStatic tells whether a pod comes from a manifest of this node; its mirror says so, too.
func isStatic(pod *api.Pod) bool { return pod.Annotations[annotationSource] == "file" }

// isMirror tells whether a pod only shows a static one.
func isMirror(pod *api.Pod) bool { return pod.Annotations[annotationMirror] != "" }

// localUID is the UID under which this node runs a pod that the API has.
func localUID(pod *api.Pod) api.UID {
	if isMirror(pod) {
		return api.UID(pod.Annotations[annotationMirror])
	}
	return pod.UID
}

// readManifestsForever keeps the static pods those of the folder.
func (k *Kubelet) readManifestsForever(ctx context.Context, known map[string]*api.Pod) error {
	for client.Wait(ctx, k.manifestPeriod) {
		k.readManifests(ctx, known)
	}
	return nil
}

// readManifests hands every manifest that has changed to a worker. known are the pods of before, by file.
func (k *Kubelet) readManifests(ctx context.Context, known map[string]*api.Pod) {
	entries, err := os.ReadDir(k.cfg.ManifestDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.log.Warn("manifests not listed", "error", err)
		return // what runs goes on
	}
	found := map[string]*api.Pod{}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		file := filepath.Join(k.cfg.ManifestDir, e.Name())
		content, err := os.ReadFile(file)
		if err != nil {
			continue // removed meanwhile
		}
		pod, err := staticPod(content, file, k.cfg.NodeName)
		if err != nil {
			if known[file] != nil {
				found[file] = known[file] // half written, or wrong: what runs goes on
			}
			k.log.Warn("manifest not understood", "file", file, "error", err)
			continue
		}
		found[file] = pod
	}
	ctx = client.WithTimer(ctx, "static pod manifests")
	for file, old := range known {
		if now := found[file]; now == nil || now.UID != old.UID {
			k.worker(old.UID).update(ctx, old, true, 0)
		}
	}
	for file, pod := range found {
		if old := known[file]; old == nil || old.UID != pod.UID {
			k.log.Info("static pod", "namespace", pod.Namespace, "name", pod.Name, "file", file)
			k.worker(pod.UID).update(ctx, pod, false, 0)
		}
	}
	clear(known)
	maps.Copy(known, found)
}

// staticPod makes the pod that a manifest describes.
func staticPod(content []byte, file, node string) (*api.Pod, error) {
	text, err := api.YAMLToJSON(content) // JSON is YAML
	if err != nil {
		return nil, err
	}
	pod := api.New[*api.Pod]()
	if err := api.UnmarshalJSON(text, pod); err != nil {
		return nil, err
	}
	if pod.Kind != "Pod" || pod.APIVersion != "v1" {
		return nil, fmt.Errorf("a manifest holds a Pod of v1, not a %s of %s", pod.Kind, pod.APIVersion)
	}
	if pod.Name == "" || len(pod.Spec.Containers) == 0 {
		return nil, errors.New("a manifest holds a Pod with a name and containers")
	}
	sum := md5.Sum(append([]byte(node+"\n"+file+"\n"), content...))
	uid := hex.EncodeToString(sum[:])
	pod.UID, pod.Name = api.UID(uid), pod.Name+"-"+strings.ToLower(node)
	if pod.Namespace == "" {
		pod.Namespace = "default"
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[annotationSource], pod.Annotations[annotationHash] = "file", uid
	pod.Annotations[annotationSeen] = time.Now().Format(time.RFC3339Nano)
	pod.Spec.NodeName, pod.Status = node, api.PodStatus{Phase: api.PodPending}
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, api.Toleration{Operator: api.TolerationOpExists, Effect: api.TaintEffectNoExecute})
	api.KindFor(pod).Default(pod)
	return pod, nil
}

// mirrored is the pod with the status, the resource version and the UID that the API knows it by. A static pod without
// a mirror is as it is.
func (k *Kubelet) mirrored(pod *api.Pod) *api.Pod {
	mirror, ok := k.pods.Get(pod.Key())
	if !isStatic(pod) || !ok || localUID(mirror) != pod.UID {
		return pod
	}
	known := *pod
	known.Status, known.ResourceVersion = mirror.Status, mirror.ResourceVersion
	return &known
}

// ensureMirror makes the static pod's mirror, unless it is there, and returns its UID: "" as long as there is none to
// write a status to. One that was deleted, or stands for an older manifest, goes first.
func (k *Kubelet) ensureMirror(ctx context.Context, pod *api.Pod) (api.UID, error) {
	mirror, ok := k.pods.Get(pod.Key())
	if ok && localUID(mirror) == pod.UID && mirror.DeletionTimestamp == nil {
		return mirror.UID, nil
	}
	if ok {
		return "", k.deleteMirror(ctx, mirror)
	}
	made := api.DeepCopy(pod)
	made.UID, made.ResourceVersion, made.Generation, made.Status = "", "", 0, api.PodStatus{}
	made.Annotations[annotationMirror] = string(pod.UID)
	if node := k.node.Load(); node != nil {
		made.OwnerReferences = []api.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: api.Ptr(true)}}
	}
	ctx, done := k.writing(client.Because(ctx, "static pod %s runs on this node: show it", pod.Name))
	defer done()
	if _, err := client.Of[*api.Pod](k.client).Create(ctx, made); err != nil && !api.IsAlreadyExists(err) {
		return "", fmt.Errorf("mirror static pod %s: %w", pod.Key(), err)
	}
	return "", nil // the informer shows it in a moment, and wakes the worker
}

// deleteMirror removes a mirror pod: nothing runs under its UID, so nothing has to end first.
func (k *Kubelet) deleteMirror(ctx context.Context, mirror *api.Pod) error {
	ctx, done := k.writing(client.Because(ctx, "mirror pod %s shows no static pod of this node any more", mirror.Name))
	defer done()
	err := client.Of[*api.Pod](k.client).Delete(ctx, mirror.Namespace, mirror.Name, api.DeleteOptions{
		GracePeriodSeconds: api.Ptr[int64](0), Preconditions: &api.Preconditions{UID: &mirror.UID},
	})
	if err != nil && !api.IsNotFound(err) && !api.IsConflict(err) {
		return fmt.Errorf("delete mirror pod %s: %w", mirror.Key(), err)
	}
	return nil
}

// mirrorChanged is news of a mirror pod: its static pod's worker looks whether it is as it should be, and so does that of a
// newer manifest, which waits for the name. A mirror without a static pod is removed: its manifest went while the kubelet
// was away.
func (k *Kubelet) mirrorChanged(ctx context.Context, mirror *api.Pod, gone bool, revision int64) {
	uid, shown := localUID(mirror), false
	var workers []*podWorker
	k.mu.Lock()
	for _, w := range k.workers {
		w.mu.Lock()
		if w.uid == uid || w.pod != nil && isStatic(w.pod) && w.pod.Key() == mirror.Key() {
			workers = append(workers, w)
			shown = shown || w.uid == uid
		}
		w.mu.Unlock()
	}
	k.mu.Unlock()
	for _, w := range workers {
		w.wake(ctx)
	}
	if !shown && !gone {
		ctx := client.WithCauses(ctx, client.CauseOf(revision))
		k.working.Go(func() {
			if err := k.deleteMirror(ctx, mirror); err != nil && ctx.Err() == nil {
				k.log.Warn("mirror pod not deleted", "namespace", mirror.Namespace, "name", mirror.Name, "error", err)
			}
		})
	}
}
