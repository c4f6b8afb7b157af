package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"kubelite/client"
)

// writeKubeconfig writes a kubeconfig by which the holder of a client certificate reaches the API server. The CA, the
// certificate and the key are inside the file, so it can be copied to wherever a client runs.
func writeKubeconfig(path, context, server string, pki *PKI, cert string) error {
	var errs []error
	inline := func(file string) []byte { // []byte is base64 in JSON, as kubeconfigs want it
		b, err := os.ReadFile(file)
		errs = append(errs, err)
		return b
	}
	config := map[string]any{
		"apiVersion": "v1", "kind": "Config", "preferences": map[string]any{}, "current-context": context,
		"clusters": []any{named(context, "cluster", map[string]any{
			"server": server, "certificate-authority-data": inline(pki.CertFile("ca")),
		})},
		"users": []any{named(context, "user", map[string]any{
			"client-certificate-data": inline(pki.CertFile(cert)), "client-key-data": inline(pki.KeyFile(cert)),
		})},
		"contexts": []any{named(context, "context", map[string]any{"cluster": context, "user": context})},
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return client.WriteKubeconfig(path, config)
}

// named is one entry of a kubeconfig's lists.
func named(name, what string, value any) map[string]any {
	return map[string]any{"name": name, what: value}
}

// userKubeconfig is the file that kubectl reads when it is told nothing: the first of $KUBECONFIG, else ~/.kube/config. Its path is
// absolute: a profile keeps it.
func userKubeconfig() (string, error) {
	if paths := client.KubeconfigPaths(); len(paths) > 0 {
		return filepath.Abs(paths[0])
	}
	_, err := os.UserHomeDir()
	return "", fmt.Errorf("find the user's kubeconfig: %w", err)
}

// mergeKubeconfig adds the profile's cluster, user and context to the user's kubeconfig and makes the context the
// current one. All else in the file stays as it is. The profile remembers which file it was: by the time that it is
// deleted, $KUBECONFIG may name another.
func mergeKubeconfig(p Profile) (file string, err error) {
	if file, err = userKubeconfig(); err != nil {
		return "", err
	}
	config, err := loadConfig(p)
	if err != nil {
		return "", err
	}
	if !slices.Contains(config.Kubeconfigs, file) {
		config.Kubeconfigs = append(config.Kubeconfigs, file)
		if err := config.save(p); err != nil {
			return "", err
		}
	}
	return file, editKubeconfig(p, file, func(user map[string]any) (bool, error) {
		ours, err := readKubeconfig(p.Kubeconfig())
		if err != nil {
			return false, err
		}
		for _, list := range []string{"clusters", "users", "contexts"} {
			rest := without(user[list], contextName(p))
			mine, _ := ours[list].([]any)
			user[list] = append(rest, mine...)
		}
		user["apiVersion"], user["kind"], user["current-context"] = "v1", "Config", contextName(p)
		return true, nil
	})
}

// unmergeKubeconfigs takes out what mergeKubeconfig put into files. One that then holds nothing is removed.
func unmergeKubeconfigs(p Profile, files []string) error {
	var errs []error
	for _, file := range files {
		errs = append(errs, editKubeconfig(p, file, withoutProfile(p)))
	}
	return errors.Join(errs...)
}

// withoutProfile takes the profile's entries out of a kubeconfig, and all of it if they were all.
func withoutProfile(p Profile) func(map[string]any) (changed bool, err error) {
	return func(user map[string]any) (bool, error) {
		left, changed := 0, false
		for _, list := range []string{"clusters", "users", "contexts"} {
			before, _ := user[list].([]any)
			rest := without(user[list], contextName(p))
			changed = changed || len(rest) != len(before)
			left += len(rest)
			user[list] = rest
		}
		if user["current-context"] == contextName(p) {
			user["current-context"] = ""
		}
		if left == 0 && changed {
			clear(user)
		}
		return changed, nil
	}
}

// contextName is how the profile is called in kubeconfigs.
func contextName(p Profile) string { return p.Name }

// editKubeconfig reads a kubeconfig of the user's, lets edit change it and writes it back if edit says so. The profile's
// own file is left alone: a user may point $KUBECONFIG at it.
func editKubeconfig(p Profile, file string, edit func(map[string]any) (changed bool, err error)) error {
	if file == p.Kubeconfig() {
		return nil
	}
	config, err := readKubeconfig(file)
	if err != nil {
		return err
	}
	changed, err := edit(config)
	if err != nil || !changed {
		return err
	}
	if len(config) == 0 {
		return os.Remove(file)
	}
	return client.WriteKubeconfig(file, config)
}

// readKubeconfig reads a file, which is as good as empty if it is not there.
func readKubeconfig(file string) (map[string]any, error) {
	config, err := client.ReadKubeconfig(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return map[string]any{}, nil
	case err != nil:
		return nil, fmt.Errorf("read kubeconfig %s: %w", file, err)
	}
	return config, nil
}

// without returns a kubeconfig list less the entries of the given name.
func without(list any, name string) []any {
	rest := []any{}
	entries, _ := list.([]any)
	for _, e := range entries {
		if m, ok := e.(map[string]any); ok && m["name"] == name {
			continue
		}
		rest = append(rest, e)
	}
	return rest
}
