package kubectllite

import (
	"context"
	"errors"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// localManifests reads the objects of the files for a command that works without a server. What a kind's resource is
// called nobody can ask then: the built-in kinds are known, for others the plural is guessed, and it only is printed.
func (s *session) localManifests(ctx context.Context, sel *selection, args []string) ([]manifest, error) {
	if len(args) > 0 {
		return nil, errors.New("error: you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'")
	}
	var all []manifest
	for _, name := range sel.files.names {
		sources, err := s.readSources(ctx, name, sel.files.recursive)
		if err != nil {
			return nil, err
		}
		for _, src := range sources {
			for _, doc := range api.SplitYAML(src.text) {
				objects, err := parseDocument(doc)
				if err != nil {
					return nil, err
				}
				for _, o := range objects {
					all = append(all, manifest{object: o, source: src.name, resource: localResource(o)})
				}
			}
		}
	}
	return all, nil
}

func localResource(o object) *client.APIResource {
	gv := api.ParseGroupVersion(o.apiVersion())
	if kind := api.KindByName(api.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: o.kind()}); kind != nil {
		return builtIn(kind)
	}
	return &client.APIResource{GroupVersion: gv, Kind: o.kind(), Plural: strings.ToLower(o.kind()) + "s", Namespaced: true}
}

// builtIn is the resource of a kind that we know without asking a server.
func builtIn(kind *api.Kind) *client.APIResource {
	return &client.APIResource{GroupVersion: kind.GroupVersion, Kind: kind.Kind, Plural: kind.Plural, Namespaced: kind.Namespaced}
}
