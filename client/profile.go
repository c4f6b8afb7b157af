package client

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// DefaultProfile is the kubelite cluster that commands mean when they name none and `kubelite profile` has set none.
const DefaultProfile = "kubelite"

// ProfileHome is the directory that holds the kubelite clusters of this machine: the one given, else $KUBELITE_HOME, else
// ~/.kubelite.
func ProfileHome(given string) (string, error) {
	for _, home := range []string{given, os.Getenv("KUBELITE_HOME")} {
		if home != "" {
			return filepath.Abs(home)
		}
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home directory: %w", err)
	}
	return filepath.Join(user, ".kubelite"), nil
}

// ChosenKubeconfig is the kubeconfig to read for a person who gave these flags (none: ""): the one named, else that of a kubelite
// cluster. It is "" where kubectl's own rules say more ($KUBECONFIG, ~/.kube/config): elsewhere tells that the person named
// something that is looked for there.
func ChosenKubeconfig(kubeconfig, profile, home string, elsewhere bool) (string, error) {
	if kubeconfig != "" {
		return kubeconfig, nil
	}
	asked := profile != "" || home != ""
	if !asked && (os.Getenv("KUBECONFIG") != "" || elsewhere) {
		return "", nil
	}
	home, err := ProfileHome(home)
	if err != nil {
		return "", err
	}
	if profile == "" {
		profile = ActiveProfile(home)
	}
	path := filepath.Join(home, profile, "kubeconfig")
	if _, err := os.Stat(path); err != nil {
		if asked {
			return "", fmt.Errorf("there is no kubelite cluster %q in %s: start it with \"kubelite start\"", profile, home)
		}
		return "", nil
	}
	return path, nil
}

// activeFile holds a name. No profile can be called so.
const activeFile = ".active"

// ActiveProfile is the cluster that is meant when none is named.
func ActiveProfile(home string) string {
	b, err := os.ReadFile(filepath.Join(home, activeFile))
	if name := strings.TrimSpace(string(b)); err == nil && name != "" {
		return name
	}
	return DefaultProfile
}

// SetActiveProfile makes a cluster the one that is meant.
func SetActiveProfile(home, name string) error {
	if name == DefaultProfile {
		return os.RemoveAll(filepath.Join(home, activeFile))
	}
	return ReplaceFile(filepath.Join(home, activeFile), []byte(name+"\n"), 0o600)
}
