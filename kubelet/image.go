package kubelet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/distribution/reference"

	"kubelite/api"
)

// startError is why a container could not be started: it becomes the container's waiting state.
type startError struct {
	waitingReason
	until time.Time // when to try again; zero: as soon as the pod is looked at
}

func (e *startError) Error() string { return e.Reason + ": " + e.Message }

// The reasons that containers wait for, as users know them from `kubectl get pods`.
const (
	reasonErrImagePull      = "ErrImagePull"
	reasonImagePullBackOff  = "ImagePullBackOff"
	reasonErrImageNeverPull = "ErrImageNeverPull"
	reasonImageInspectError = "ImageInspectError"
	reasonInvalidImageName  = "InvalidImageName"
	reasonCreateConfigError = "CreateContainerConfigError"
	reasonCreateError       = "CreateContainerError"
	reasonRunError          = "RunContainerError"
	reasonPostStartError    = "PostStartHookError"
	reasonCrashLoopBackOff  = "CrashLoopBackOff"

	reasonStartError = "StartError" // of a container that ended before it began
)

// pull remembers how often an image could not be fetched for a pod, and why.
type pull struct {
	backoff  backoff
	failedAt time.Time
	message  string
}

// ensureImage makes sure that a container's image is on this machine, as its pull policy demands: Never does not
// fetch, IfNotPresent fetches what is missing, Always asks the registry each time.
func (w *podWorker) ensureImage(ctx context.Context, pod *api.Pod, c *api.Container) (*Image, *startError) {
	if _, err := reference.ParseNormalizedNamed(c.Image); err != nil {
		message := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", c.Image, c.Image, err)
		w.event(ctx, pod, c.Name, eventWarning, "InspectFailed", "%s", message)
		return nil, &startError{waitingReason: waitingReason{reasonInvalidImageName, message}}
	}
	ref := withTag(c.Image)
	if c.ImagePullPolicy != api.PullAlways {
		image, err := w.k.runtime.ImageStatus(ctx, ref)
		switch {
		case err != nil:
			message := fmt.Sprintf("Failed to inspect image %q: %v", ref, err)
			w.event(ctx, pod, c.Name, eventWarning, "InspectFailed", "%s", message)
			return nil, &startError{waitingReason: waitingReason{reasonImageInspectError, message}}
		case image != nil:
			w.event(ctx, pod, c.Name, eventNormal, "Pulled", "Container image %q already present on machine and can be accessed by the pod", c.Image)
			return image, nil
		case c.ImagePullPolicy == api.PullNever:
			message := fmt.Sprintf("Container image %q is not present with pull policy of Never", c.Image)
			w.event(ctx, pod, c.Name, eventWarning, reasonErrImageNeverPull, "%s", message)
			return nil, &startError{waitingReason: waitingReason{reasonErrImageNeverPull, message}}
		}
	}
	return w.pullImage(ctx, pod, c, ref)
}

// pullImage fetches an image, unless that failed a short while ago.
func (w *podWorker) pullImage(ctx context.Context, pod *api.Pod, c *api.Container, ref string) (*Image, *startError) {
	now := time.Now()
	last := w.pulls[ref]
	if until := last.backoff.until(last.failedAt, now); !until.IsZero() {
		message := fmt.Sprintf("Back-off pulling image %q", ref)
		w.event(ctx, pod, c.Name, eventNormal, "BackOff", "%s", message)
		message += ": " + reasonErrImagePull + ": " + last.message
		return nil, &startError{waitingReason: waitingReason{reasonImagePullBackOff, message}, until: until}
	}
	w.event(ctx, pod, c.Name, eventNormal, "Pulling", "Pulling image %q", ref)
	waited := time.Now()
	select { // pulls share the line: a few at a time finish sooner than all at once
	case w.k.pullSlots <- struct{}{}:
		defer func() { <-w.k.pullSlots }()
	case <-ctx.Done():
		return nil, &startError{waitingReason: waitingReason{reasonErrImagePull, ctx.Err().Error()}}
	}
	began := time.Now()
	image, err := w.pullWithSecrets(ctx, pod, ref)
	if err != nil {
		w.event(ctx, pod, c.Name, eventWarning, "Failed", "Failed to pull image %q: %v", ref, err)
		failed := time.Now()
		w.pulls[ref] = pull{backoff: last.backoff.next(failed, failed), failedAt: failed, message: err.Error()}
		return nil, &startError{waitingReason: waitingReason{reasonErrImagePull, err.Error()}}
	}
	delete(w.pulls, ref)
	if err := w.k.fetched.add(ref, time.Now()); err != nil {
		w.k.log.Warn("not noted that an image was fetched", "image", ref, "error", err)
	}
	done := time.Now()
	w.event(ctx, pod, c.Name, eventNormal, "Pulled", "Successfully pulled image %q in %v (%v including waiting). Image size: %v bytes.",
		ref, done.Sub(began).Truncate(time.Millisecond), done.Sub(waited).Truncate(time.Millisecond), image.Size)
	return image, nil
}

// pullWithSecrets tries the pod's imagePullSecrets for the image's registry one after the other, or no credentials
// if there are none.
func (w *podWorker) pullWithSecrets(ctx context.Context, pod *api.Pod, ref string) (*Image, error) {
	var auths []RegistryAuth
	for _, s := range pod.Spec.ImagePullSecrets {
		secret, err := w.k.objects.secret(ctx, pod.Namespace, s.Name)
		if err != nil {
			w.event(ctx, pod, "", eventWarning, "FailedToRetrieveImagePullSecret",
				"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed.", s.Name)
			continue
		}
		auths = append(auths, registryAuths(secret, registryOf(ref))...)
	}
	var image *Image
	var err error
	for i := range auths {
		if image, err = w.k.runtime.PullImage(ctx, ref, &auths[i]); err == nil {
			return image, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return w.k.runtime.PullImage(ctx, ref, nil)
}

// registryAuths reads the credentials for one registry out of a pull secret.
func registryAuths(secret *api.Secret, registry string) []RegistryAuth {
	type entry struct{ Username, Password, Auth string }
	var config struct{ Auths map[string]entry }
	if json.Unmarshal(secret.Data[".dockerconfigjson"], &config) != nil {
		if json.Unmarshal(secret.Data[".dockercfg"], &config.Auths) != nil { // the form from before 2015
			return nil
		}
	}
	var auths []RegistryAuth
	for server, e := range config.Auths {
		host := strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")
		host, _, _ = strings.Cut(host, "/")
		if host == "index.docker.io" {
			host = "docker.io"
		}
		if host != registry {
			continue
		}
		if b, err := base64.StdEncoding.DecodeString(e.Auth); err == nil && e.Username == "" {
			e.Username, e.Password, _ = strings.Cut(string(b), ":")
		}
		auths = append(auths, RegistryAuth{Server: server, Username: e.Username, Password: e.Password})
	}
	return auths
}

// registryOf returns the host that serves an image: what is before the first slash if it looks like a host.
func registryOf(ref string) string {
	host, _, ok := strings.Cut(ref, "/")
	if ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return host
	}
	return "docker.io"
}

// withTag adds the default tag to a reference that has neither tag nor digest.
func withTag(ref string) string {
	if strings.Contains(ref, "@") || strings.Contains(ref[strings.LastIndex(ref, "/")+1:], ":") {
		return ref
	}
	return ref + ":latest"
}
