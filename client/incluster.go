package client

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// serviceAccountDir is where every pod finds who it is.
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// InCluster is the configuration of a program in a pod: the API server's address is in its environment, and its token in
// a file that the kubelet renews.
func InCluster() (*Config, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("this is no pod: KUBERNETES_SERVICE_HOST is not set")
	}
	ca, err := os.ReadFile(filepath.Join(serviceAccountDir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	return &Config{Server: "https://" + net.JoinHostPort(host, port), CAData: ca, TokenFile: filepath.Join(serviceAccountDir, "token")}, nil
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
