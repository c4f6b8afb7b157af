package kubelet

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kubelite/api"
)

// maxTerminationMessage is how much of a container's last words the API takes.
const maxTerminationMessage = 4096

func (k *Kubelet) terminationFile(uid api.UID, container string, attempt int) string {
	return filepath.Join(k.podDir(uid), "containers", container, fmt.Sprint(attempt))
}

// terminationMessage reads what a container that has ended wrote to its terminationMessagePath.
func (k *Kubelet) terminationMessage(uid api.UID, c *RuntimeContainer) string {
	f, err := os.Open(k.terminationFile(uid, c.Name, c.Attempt))
	if err != nil {
		return "" // it had no such file
	}
	defer f.Close()
	b := make([]byte, maxTerminationMessage)
	n, _ := f.Read(b) // an empty file is no message
	return strings.ToValidUTF8(string(b[:n]), "�")
}

// Where a failed container left no message, the end of its log may serve as one: so much of it.
const fallbackLogLines, fallbackLogBytes = 80, 2048

// lastWords is the message of a container that has ended: what it wrote to its message file or, if its policy says
// so and it failed, the end of its log.
func (k *Kubelet) lastWords(ctx context.Context, pod *api.Pod, c *RuntimeContainer) string {
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
