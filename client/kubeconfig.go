package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kubelite/api"
)

// kubeconfig is the file that says which clusters there are, as who to talk to them, and which of them is meant.
// An auth provider, which nobody has any more, is refused where it is used.
type kubeconfig struct {
	CurrentContext string `json:"current-context"`
	Clusters       []struct {
		Name    string            `json:"name"`
		Cluster kubeconfigCluster `json:"cluster"`
	} `json:"clusters"`
	Contexts []struct {
		Name    string            `json:"name"`
		Context kubeconfigContext `json:"context"`
	} `json:"contexts"`
	Users []struct {
		Name string         `json:"name"`
		User kubeconfigUser `json:"user"`
	} `json:"users"`
}

type kubeconfigCluster struct {
	Server        string `json:"server"`
	TLSServerName string `json:"tls-server-name"`
	Insecure      bool   `json:"insecure-skip-tls-verify"`
	CAFile        string `json:"certificate-authority"`
	CAData        string `json:"certificate-authority-data"`
	dir           string // of the file it came from: relative paths begin there
}

type kubeconfigContext struct {
	Cluster   string `json:"cluster"`
	User      string `json:"user"`
	Namespace string `json:"namespace"`
}

type kubeconfigUser struct {
	CertFile     string            `json:"client-certificate"`
	CertData     string            `json:"client-certificate-data"`
	KeyFile      string            `json:"client-key"`
	KeyData      string            `json:"client-key-data"`
	Token        string            `json:"token"`
	TokenFile    string            `json:"tokenFile"`
	As           string            `json:"as"`
	AsGroups     []string          `json:"as-groups"`
	Exec         *execPlugin       `json:"exec"`
	AuthProvider *api.RawExtension `json:"auth-provider"`
	dir          string
}

// ErrNoKubeconfig says that no kubeconfig file exists where one was looked for, and that this is no pod.
var ErrNoKubeconfig = errors.New("no kubeconfig found")

// ErrNoCurrentContext says that a kubeconfig does not tell which of its contexts is meant, and nobody else did.
var ErrNoCurrentContext = errors.New("the kubeconfig has no current context")

// ErrNoContext says that a kubeconfig has no context of the name.
var ErrNoContext = errors.New("context was not found for specified context")

// KubeconfigPaths is where LoadKubeconfig looks by default: the files that $KUBECONFIG lists, else ~/.kube/config. It is
// empty if there is no home directory to look in.
func KubeconfigPaths() []string {
	list := slices.DeleteFunc(filepath.SplitList(os.Getenv("KUBECONFIG")), func(path string) bool { return path == "" })
	if len(list) > 0 {
		return list
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".kube", "config")}
}

// LoadKubeconfig reads the configuration of a context ("": the current one) from a kubeconfig file ("": the files of
// KubeconfigPaths, where the first file that defines a name wins). Where there is no file, a program in a pod is its pod's
// service account.
func LoadKubeconfig(path, context string) (*Config, error) {
	return LoadKubeconfigWith(path, KubeconfigChoice{Context: context})
}

// KubeconfigChoice says what of a kubeconfig is meant. Cluster and User take the place of the context's.
type KubeconfigChoice struct{ Context, Cluster, User string }

// LoadKubeconfigWith is LoadKubeconfig for those who choose more than a context.
func LoadKubeconfigWith(path string, choice KubeconfigChoice) (*Config, error) {
	merged, err := readKubeconfigs(path)
	if errors.Is(err, ErrNoKubeconfig) && choice == (KubeconfigChoice{}) && inPod() {
		return inCluster()
	}
	if err != nil {
		return nil, err
	}
	return merged.config(choice)
}

// mergedKubeconfig is what one or several files say, by name.
type mergedKubeconfig struct {
	current  string
	clusters map[string]kubeconfigCluster
	contexts map[string]kubeconfigContext
	users    map[string]kubeconfigUser
}

func readKubeconfigs(path string) (*mergedKubeconfig, error) {
	m := &mergedKubeconfig{
		clusters: map[string]kubeconfigCluster{}, contexts: map[string]kubeconfigContext{}, users: map[string]kubeconfigUser{},
	}
	if path != "" {
		return m, m.add(path)
	}
	found := false
	for _, path := range KubeconfigPaths() {
		switch err := m.add(path); {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			found = true
		}
	}
	if !found {
		return nil, ErrNoKubeconfig
	}
	return m, nil
}

func (m *mergedKubeconfig) add(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data, err := api.YAMLToJSON(text)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	var k kubeconfig
	if err := api.UnmarshalJSON(data, &k); err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	if m.current == "" {
		m.current = k.CurrentContext
	}
	dir := filepath.Dir(path)
	for _, c := range k.Clusters {
		c.Cluster.dir = dir
		addNew(m.clusters, c.Name, c.Cluster)
	}
	for _, c := range k.Contexts {
		addNew(m.contexts, c.Name, c.Context)
	}
	for _, u := range k.Users {
		u.User.dir = dir
		addNew(m.users, u.Name, u.User)
	}
	return nil
}

func addNew[V any](to map[string]V, name string, value V) {
	if _, taken := to[name]; !taken {
		to[name] = value
	}
}

// config turns a context into a client's configuration.
func (m *mergedKubeconfig) config(choice KubeconfigChoice) (*Config, error) {
	name := choice.Context
	if name == "" {
		name = m.current
	}
	if name == "" && choice.Cluster == "" {
		return nil, ErrNoCurrentContext
	}
	context, ok := m.contexts[name]
	if !ok && name != "" {
		return nil, fmt.Errorf("%w: %s", ErrNoContext, name)
	}
	if choice.Cluster != "" {
		context.Cluster = choice.Cluster
	}
	if choice.User != "" {
		context.User = choice.User
	}
	cluster, ok := m.clusters[context.Cluster]
	if !ok {
		return nil, fmt.Errorf("cluster %q does not exist", context.Cluster)
	}
	user, ok := m.users[context.User]
	if !ok && context.User != "" {
		return nil, fmt.Errorf("auth info %q does not exist", context.User)
	}
	if user.AuthProvider != nil {
		return nil, fmt.Errorf("user %q: auth-provider credentials are not supported, only certificates, tokens and exec", context.User)
	}
	cfg := &Config{
		Server: cluster.Server, TLSServerName: cluster.TLSServerName, Insecure: cluster.Insecure,
		Token: user.Token, Context: name, Namespace: context.Namespace, As: user.As, AsGroups: user.AsGroups,
	}
	var err, errCert, errKey error
	cfg.CAData, err = dataOrFile(cluster.CAData, cluster.CAFile, cluster.dir)
	cfg.CertData, errCert = dataOrFile(user.CertData, user.CertFile, user.dir)
	cfg.KeyData, errKey = dataOrFile(user.KeyData, user.KeyFile, user.dir)
	if err = errors.Join(err, errCert, errKey); err != nil {
		return nil, fmt.Errorf("context %q: %w", name, err)
	}
	if user.TokenFile != "" && cfg.Token == "" {
		token, err := dataOrFile("", user.TokenFile, user.dir)
		if err != nil {
			return nil, fmt.Errorf("context %q: %w", name, err)
		}
		cfg.Token = strings.TrimSpace(string(token))
	}
	if user.Exec != nil {
		if err := user.Exec.credentials(cfg); err != nil {
			return nil, fmt.Errorf("getting credentials: %w", err)
		}
	}
	return cfg, nil
}

// dataOrFile decodes inline data, which wins, or reads the file.
func dataOrFile(data, file, dir string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	if file == "" {
		return nil, nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	return os.ReadFile(file)
}
