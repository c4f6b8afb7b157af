package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// manifest is one object that a person wrote, and where it goes.
type manifest struct {
	object   object
	source   string // the file, for messages
	resource *client.APIResource
}

func (m *manifest) path(name string) string { return m.resource.Path(m.object.namespace(), name) }

// display names the object in messages.
func (m *manifest) display() string { return displayName(m.resource, m.object.name()) }

// fileFlags are -f, -k and -R.
type fileFlags struct {
	names     []string
	kustomize string
	recursive bool
}

// given tells whether any file is named.
func (f *fileFlags) given() bool { return len(f.names) > 0 || f.kustomize != "" }

func (f *fileFlags) add(cmd *cobra.Command, purpose string) {
	cmd.Flags().StringSliceVarP(&f.names, "filename", "f", nil, "Filename, directory, or URL to files that "+purpose)
	cmd.Flags().StringVarP(&f.kustomize, "kustomize", "k", "", "Process a kustomization directory. This flag can't be used together with -f or -R.")
	cmd.Flags().BoolVarP(&f.recursive, "recursive", "R", false, "Process the directory used in -f, --filename recursively")
}

// manifests reads all objects of the files. What could be read is returned beside the error for what could not, so that
// one bad file does not hold back the others.
func (s *session) manifests(ctx context.Context, files fileFlags) ([]manifest, error) {
	var all []manifest
	var errs []error
	if files.kustomize != "" {
		return s.kustomized(ctx, files)
	}
	for _, name := range files.names {
		sources, err := s.readSources(ctx, name, files.recursive)
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			found, err := s.parseManifests(ctx, source)
			all = append(all, found...)
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return all, errors.Join(errs...)
}

// source is the text of one file.
type source struct {
	name string
	text []byte
}

// readSources reads what one -f names: "-" standard input, a URL, a file, a pattern, or a directory's manifests.
func (s *session) readSources(ctx context.Context, name string, recursive bool) ([]source, error) {
	switch {
	case name == "-":
		text, err := io.ReadAll(s.In)
		return []source{{"STDIN", text}}, err
	case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		text, err := download(ctx, name)
		return []source{{name, text}}, err
	}
	matches, err := filepath.Glob(name)
	if err != nil || len(matches) == 0 {
		return nil, fmt.Errorf("the path %q does not exist", name)
	}
	var sources []source
	for _, match := range matches {
		paths, err := manifestFiles(match, recursive)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			sources = append(sources, source{path, text})
		}
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("error reading [%s]: recognized file extensions are [.json .yaml .yml]", name)
	}
	return sources, nil
}

// manifestFiles is the file itself, or the manifests of a directory in order of their names.
func manifestFiles(path string, recursive bool) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var files []string
	err = filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && p != path && !recursive:
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(p)):
			files = append(files, p)
		}
		return nil
	})
	return files, err
}

func download(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("unable to read URL %q, server reported %s, status code=%d", url, resp.Status, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}

func (s *session) parseManifests(ctx context.Context, src source) ([]manifest, error) {
	var all []manifest
	var errs []error
	for _, doc := range api.SplitYAML(src.text) {
		objects, err := parseDocument(doc)
		var incomplete *incompleteError
		if errors.As(err, &incomplete) {
			errs = append(errs, fmt.Errorf("error validating %q: %w; if you choose to ignore these errors, turn validation off with --validate=false", src.name, err))
			continue
		}
		if err != nil {
			return all, errors.Join(append(errs, fmt.Errorf("error parsing %s: %w", src.name, err))...)
		}
		for _, o := range objects {
			m, err := s.resolve(ctx, o, src.name)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			all = append(all, m)
		}
	}
	return all, errors.Join(errs...)
}

// parseDocument reads one YAML or JSON document; a List counts as its items.
func parseDocument(doc []byte) ([]object, error) {
	data, err := api.YAMLToJSON(doc)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(data)
	switch {
	case err != nil:
		return nil, err
	case len(o) == 0:
		return nil, nil
	}
	objects := []object{o}
	if items, ok := o.items(); ok {
		objects = items
	}
	for _, o := range objects {
		var missing []string
		if o.apiVersion() == "" {
			missing = append(missing, "apiVersion not set")
		}
		if o.kind() == "" {
			missing = append(missing, "kind not set")
		}
		switch len(missing) {
		case 1:
			return nil, &incompleteError{missing[0]}
		case 2:
			return nil, &incompleteError{"[" + strings.Join(missing, ", ") + "]"}
		}
	}
	return objects, nil
}

// incompleteError says that an object does not tell what it is.
type incompleteError struct{ missing string }

// Error names what is missing.
func (e *incompleteError) Error() string { return "error validating data: " + e.missing }

// resolve finds the resource of an object and puts it into a namespace.
func (s *session) resolve(ctx context.Context, o object, source string) (manifest, error) {
	r, err := s.resourceOfObject(ctx, o)
	if err != nil {
		return manifest{}, fmt.Errorf("resource mapping not found for name: %q namespace: %q from %q: %w", o.name(), o.namespace(), source, err)
	}
	asked := s.flags.namespace
	switch {
	case !r.Namespaced:
	case o.namespace() == "":
		o.set(s.namespace(), "metadata", "namespace")
	case asked != "" && asked != o.namespace():
		return manifest{}, fmt.Errorf("the namespace from the provided object %q does not match the namespace %q. You must pass '--namespace=%s' to perform this operation.",
			o.namespace(), asked, o.namespace())
	}
	return manifest{object: o, source: source, resource: r}, nil
}
