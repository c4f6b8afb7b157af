package kubectllite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kubelite/client"
)

// kubeconfig is the files that say which clusters there are, for the commands that read and change them. Their content
// stays JSON, so that what we do not know survives. In each of the three lists an entry has a name:
//
//	clusters: [{name: a, cluster: {...}}]   users: [{name: b, user: {...}}]   contexts: [{name: c, context: {...}}]
type kubeconfig struct {
	files []*kubeconfigFile
}

type kubeconfigFile struct {
	path    string
	exists  bool
	changed bool
	object
}

// The lists of a kubeconfig, and what an entry's content is called in them.
var kubeconfigLists = map[string]string{"clusters": "cluster", "users": "user", "contexts": "context"}

// kubeconfig reads the files. One that does not exist is as good as an empty one.
func (s *session) kubeconfig() (*kubeconfig, error) {
	path, err := s.kubeconfigPath()
	if err != nil {
		return nil, err
	}
	paths := []string{path}
	if path == "" {
		paths = client.KubeconfigPaths()
	}
	k := &kubeconfig{}
	for _, path := range paths {
		content, err := client.ReadKubeconfig(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("error loading config file %q: %w", path, err)
		}
		f := &kubeconfigFile{path: path, exists: err == nil, object: content}
		if !f.exists {
			f.object = object{}
		}
		k.files = append(k.files, f)
	}
	return k, nil
}

func (f *kubeconfigFile) entry(list, name string) (content object, at int) {
	entries, _ := f.object[list].([]any)
	for i, e := range entries {
		if entry, ok := e.(map[string]any); ok && entry["name"] == name {
			content, ok := entry[kubeconfigLists[list]].(map[string]any)
			if !ok {
				content = map[string]any{}
				entry[kubeconfigLists[list]] = content
			}
			return content, i
		}
	}
	return nil, -1
}

func (k *kubeconfig) find(list, name string) (*kubeconfigFile, object) {
	for _, f := range k.files {
		if content, at := f.entry(list, name); at >= 0 {
			return f, content
		}
	}
	return nil, nil
}

// names are those of a list, over all files, sorted.
func (k *kubeconfig) names(list string) []string {
	var names []string
	for _, f := range k.files {
		entries, _ := f.object[list].([]any)
		for _, e := range entries {
			if entry, ok := e.(map[string]any); ok {
				names = append(names, object(entry).text("name"))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// current is the context that is used when none is named.
func (k *kubeconfig) current() string {
	for _, f := range k.files {
		if name := f.text("current-context"); name != "" {
			return name
		}
	}
	return ""
}

// target is the file that gets what is new: the first that exists, else the last of those that might.
func (k *kubeconfig) target() *kubeconfigFile {
	for _, f := range k.files {
		if f.exists {
			return f
		}
	}
	return k.files[len(k.files)-1]
}

// ensure returns an entry to change, a new one if there is none of the name.
func (k *kubeconfig) ensure(list, name string) (content object, f *kubeconfigFile, created bool) {
	if f, content := k.find(list, name); f != nil {
		f.changed = true
		return content, f, false
	}
	f = k.target()
	content = object{}
	entries, _ := f.object[list].([]any)
	entries = append(entries, map[string]any{"name": name, kubeconfigLists[list]: map[string]any(content)})
	slices.SortStableFunc(entries, func(a, b any) int {
		x, _ := a.(map[string]any)
		y, _ := b.(map[string]any)
		return strings.Compare(object(x).text("name"), object(y).text("name"))
	})
	f.object[list] = entries
	f.changed = true
	return content, f, true
}

// remove takes an entry out of the file that has it; it returns that file, nil if there is none.
func (k *kubeconfig) remove(list, name string) *kubeconfigFile {
	f, _ := k.find(list, name)
	if f == nil {
		return nil
	}
	_, at := f.entry(list, name)
	f.object[list] = slices.Delete(f.object[list].([]any), at, at+1)
	f.changed = true
	return f
}

func (k *kubeconfig) setCurrent(name string) {
	f := k.target()
	for _, one := range k.files {
		if one.text("current-context") != "" {
			f = one
			break
		}
	}
	f.object["current-context"] = name
	f.changed = true
}

// save writes the files that were changed, each in one step, so that nobody ever reads half of one.
func (k *kubeconfig) save() error {
	for _, f := range k.files {
		if !f.changed {
			continue
		}
		f.object["apiVersion"], f.object["kind"] = "v1", "Config"
		if f.object["current-context"] == nil {
			f.object["current-context"] = ""
		}
		for list := range kubeconfigLists {
			if entries, ok := f.object[list].([]any); !ok || len(entries) == 0 {
				f.object[list] = nil
			}
		}
		if err := client.WriteKubeconfig(f.path, f.object); err != nil {
			return err
		}
	}
	return nil
}

// merged is what the files say together: the first that defines a name wins. Relative paths become absolute ones.
func (k *kubeconfig) merged() object {
	all := object{"apiVersion": "v1", "kind": "Config", "current-context": k.current()}
	for list, what := range kubeconfigLists {
		var entries []any
		for _, name := range k.names(list) {
			f, content := k.find(list, name)
			content = copyObject(content)
			for _, field := range []string{"certificate-authority", "client-certificate", "client-key", "tokenFile"} {
				if path := content.text(field); path != "" && !filepath.IsAbs(path) {
					content[field] = filepath.Join(filepath.Dir(f.path), path)
				}
			}
			entries = append(entries, map[string]any{"name": name, what: map[string]any(content)})
		}
		all[list] = nil
		if len(entries) > 0 {
			all[list] = entries
		}
	}
	return all
}
