package client

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// serviceAccountDir is where every pod finds who it is.
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// apiServerOfPod is what the environment of every pod says about the API server, empty outside of one.
func apiServerOfPod() (host, port string) {
	return os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
}

// inPod reports whether this program runs in a pod that may talk to the API server.
func inPod() bool {
	host, port := apiServerOfPod()
	_, err := os.Stat(filepath.Join(serviceAccountDir, "token"))
	return host != "" && port != "" && err == nil
}

// inCluster is the configuration of a program in a pod: its token is in a file that the kubelet renews.
func inCluster() (*Config, error) {
	ca, err := os.ReadFile(filepath.Join(serviceAccountDir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	namespace, err := os.ReadFile(filepath.Join(serviceAccountDir, "namespace"))
	if err != nil {
		return nil, err
	}
	return &Config{
		Server: "https://" + net.JoinHostPort(apiServerOfPod()), CAData: ca, TokenFile: filepath.Join(serviceAccountDir, "token"),
		Namespace: strings.TrimSpace(string(namespace)),
	}, nil
}

// tokenFile is a token on disk, read again when it may have been renewed.
type tokenFile struct {
	path string

	mu    sync.Mutex
	token string    // guarded by mu
	read  time.Time // guarded by mu
}

func newTokenFile(path string) *tokenFile {
	if path == "" {
		return nil
	}
	return &tokenFile{path: path}
}

// bearer is the token to send, "" if there is none.
func (c *Client) bearer() string {
	if c.tokenFile == nil {
		return c.token
	}
	return c.tokenFile.get()
}

func (f *tokenFile) get() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.read) > time.Minute {
		if b, err := os.ReadFile(f.path); err == nil { // else the old one is as good as any
			f.token, f.read = strings.TrimSpace(string(b)), time.Now()
		}
	}
	return f.token
}
