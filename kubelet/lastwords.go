package kubelet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kubelite/api"
)

// How many bytes of last words are told: the end of what one container left, and of that no more than its part of what all of its pod
// may have together, so that a status stays small.
const maxTerminationMessage, maxPodTerminationMessages = 4096, 12 << 10

func (k *Kubelet) terminationFile(uid api.UID, container string, attempt int) string {
	return filepath.Join(k.podDir(uid), "containers", container, fmt.Sprint(attempt))
}

// terminationMessage reads the end of what a container that has ended wrote to its terminationMessagePath.
func (k *Kubelet) terminationMessage(uid api.UID, c *RuntimeContainer) string {
	f, err := os.Open(k.terminationFile(uid, c.Name, c.Attempt))
	if err != nil {
		return "" // it had no such file
	}
	defer f.Close()
	f.Seek(-maxTerminationMessage, io.SeekEnd) // a file that is shorter is read from where it begins
	b, _ := io.ReadAll(io.LimitReader(f, maxTerminationMessage))
	return string(b) // an empty file is no message
}

// Where a failed container left no message, the end of its log may serve as one: so much of it.
const fallbackLogLines, fallbackLogBytes = 80, 2048

// lastWords is the message of a container that has ended: what it wrote to its message file or, if its policy says
// so and it failed, the end of its log.
func (k *Kubelet) lastWords(ctx context.Context, pod *api.Pod, c *RuntimeContainer) string {
	words := k.allLastWords(ctx, pod, c)
	most := maxPodTerminationMessages / max(1, len(pod.Spec.Containers)+len(pod.Spec.InitContainers)+len(pod.Spec.EphemeralContainers))
	return strings.ToValidUTF8(words[:min(len(words), most)], "�")
}

func (k *Kubelet) allLastWords(ctx context.Context, pod *api.Pod, c *RuntimeContainer) string {
	if message := k.terminationMessage(pod.UID, c); message != "" {
		return message
	}
	spec := findContainer(pod, c.Name)
	if spec == nil || spec.TerminationMessagePolicy != api.TerminationMessageFallbackToLogsOnError || c.ExitCode == 0 {
		return ""
	}
	var b bytes.Buffer
	if err := k.runtime.ContainerLogs(ctx, c.ID, LogOptions{Tail: fallbackLogLines}, &b, &b); err != nil {
		return ""
	}
	text := b.Bytes()
	return string(text[max(0, len(text)-fallbackLogBytes):])
}
