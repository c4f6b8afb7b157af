package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kubelite/api"
	"kubelite/client"
)

// Profile is one cluster on this machine: a name and the directory that holds all of its state. Nothing is written
// outside of it but the context in the user's kubeconfig.
type Profile struct {
	Name string
	Home string // the directory that holds all profiles
}

// validProfile keeps names usable in paths, Docker labels and DNS.
var validProfile = api.Pattern(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// NewProfile checks the name and resolves the home directory: the argument, else $KUBELITE_HOME, else ~/.kubelite.
func NewProfile(name, home string) (Profile, error) {
	if !validProfile().MatchString(name) {
		return Profile{}, fmt.Errorf("profile %q: must be at most 40 lower case letters, digits and '-', starting and ending with a letter or digit", name)
	}
	home, err := client.ProfileHome(home)
	return Profile{Name: name, Home: home}, err
}

// Dir is where the profile's state lives.
func (p Profile) Dir() string { return filepath.Join(p.Home, p.Name) }

// Path joins elements below Dir.
func (p Profile) Path(elem ...string) string {
	return filepath.Join(append([]string{p.Dir()}, elem...)...)
}

// Kubeconfig is the administrator's kubeconfig.
func (p Profile) Kubeconfig() string { return p.Path("kubeconfig") }

// LogFile is where a component's output goes.
func (p Profile) LogFile(component string) string { return p.Path("logs", component+".log") }

// PIDFile holds the process id of a running component.
func (p Profile) PIDFile(component string) string { return p.Path("run", component+".pid") }

// stoppedFile exists while a component is meant to stay stopped.
func (p Profile) stoppedFile(component string) string { return p.Path("run", component+".stopped") }

// exists tells whether the profile has been started before and not deleted.
func (p Profile) exists() bool {
	_, err := os.Stat(p.Path("cluster.json"))
	return err == nil
}

// create makes the profile's directories. Only the owner may look in: keys and tokens live there.
func (p Profile) create() error {
	var errs []error
	for _, dir := range []string{"pki", "data", "logs", "run"} {
		errs = append(errs, os.MkdirAll(p.Path(dir), 0o700))
	}
	return errors.Join(errs...)
}

// admin makes a client that may do everything. choose says how it is to behave.
func (p Profile) admin(choose func(*client.Config)) (*client.Client, error) {
	cfg, err := client.LoadKubeconfig(p.Kubeconfig(), "")
	if err != nil {
		return nil, err
	}
	choose(cfg)
	return client.New(cfg)
}
