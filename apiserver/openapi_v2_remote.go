package apiserver

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
)

// The document of version 2 is one for all, so what other servers say of their paths has to be in it, too. Of another server's
// document, the paths of the version that its APIService names are taken, and the definitions that these refer to. A path
// that is here already stays as it is. A definition that is here under the same name and says something else
// comes in under another name: "io.example.Thing_v2".

// remoteDocument is what another server says of itself.
type remoteDocument struct {
	gv   api.GroupVersion
	body []byte
}

// documents asks the other servers for their documents at a path, in the order of their versions. One that has none is left out.
func (a *aggregator) documents(ctx context.Context, path string) (list []remoteDocument) {
	remotes := a.remotes.get()
	versions := slices.SortedFunc(maps.Keys(remotes), func(x, y api.GroupVersion) int { return strings.Compare(x.String(), y.String()) })
	ctx, cancel := context.WithTimeout(ctx, remoteDiscoveryTimeout)
	defer cancel()
	for _, gv := range versions {
		if r := remotes[gv]; r.available {
			body, err := a.ask(ctx, r, path)
			if err != nil {
				a.server.log.Debug("no OpenAPI document of another server", "name", r.name, "error", err)
				continue
			}
			list = append(list, remoteDocument{gv, body})
		}
	}
	return list
}

// hashOf changes when one of them says something else.
func hashOf(remotes []remoteDocument) string {
	var all []byte
	for _, r := range remotes {
		all = append(append(all, r.gv.String()...), contentTag(r.body)...)
	}
	return contentTag(all)
}

// swaggerParts is as much of a document as is looked at.
type swaggerParts struct {
	Paths       map[string]map[string]any `json:"paths"`
	Definitions map[string]any            `json:"definitions"`
}

// merge takes in the paths of the version that the other server is asked about.
func (d *swaggerDocument) merge(remote remoteDocument) error {
	var other swaggerParts
	if err := api.UnmarshalJSON(remote.body, &other); err != nil {
		return err
	}
	paths := map[string]map[string]any{}
	needed := map[string]bool{}
	for path, item := range other.Paths {
		if _, known := d.Paths[path]; strings.HasPrefix(path, "/"+openapiPath(remote.gv)+"/") && !known {
			paths[path] = item
			other.need(item, needed)
		}
	}
	names := map[string]string{} // what the needed definitions are called here
	for name := range needed {
		names[name] = d.nameFor(name, other.Definitions[name])
	}
	for name, as := range names {
		if _, known := d.Definitions[as]; !known {
			d.Definitions[as] = renamed(other.Definitions[name], names)
		}
	}
	for path, item := range paths {
		d.Paths[path], _ = renamed(item, names).(map[string]any)
	}
	return nil
}

const definitionPrefix = "#/definitions/"

// need finds the definitions that a part of a document refers to, and those that these refer to.
func (s *swaggerParts) need(part any, needed map[string]bool) {
	switch part := part.(type) {
	case map[string]any:
		for key, value := range part {
			text, _ := value.(string)
			if name, ok := strings.CutPrefix(text, definitionPrefix); key != "$ref" || !ok {
				s.need(value, needed)
			} else if definition := s.Definitions[name]; definition != nil && !needed[name] {
				needed[name] = true
				s.need(definition, needed)
			}
		}
	case []any:
		for _, value := range part {
			s.need(value, needed)
		}
	}
}

// nameFor is the name itself, unless something else has it.
func (d *swaggerDocument) nameFor(name string, definition any) string {
	as := name
	for n := 2; ; n++ {
		known, taken := d.Definitions[as]
		if !taken || sameDefinition(known, definition) {
			return as
		}
		as = name + "_v" + strconv.Itoa(n)
	}
}

// sameDefinition compares what two definitions say, except in words and about the kinds that they stand for: those of the shared
// types of meta/v1 list the groups of their own server.
func sameDefinition(known, definition any) bool {
	return reflect.DeepEqual(plainDefinition(known), plainDefinition(definition))
}

func plainDefinition(definition any) any {
	json, err := api.MarshalJSON(definition)
	var tree any
	if err != nil || api.UnmarshalJSON(json, &tree) != nil {
		return definition
	}
	var strip func(part any)
	strip = func(part any) {
		switch part := part.(type) {
		case map[string]any:
			if _, text := part["description"].(string); text { // not a field of that name, which is a schema
				delete(part, "description")
			}
			delete(part, "x-kubernetes-group-version-kind")
			for _, value := range part {
				strip(value)
			}
		case []any:
			for _, value := range part {
				strip(value)
			}
		}
	}
	strip(tree)
	return tree
}

// renamed is a part of a document with its references changed.
func renamed(part any, names map[string]string) any {
	switch part := part.(type) {
	case map[string]any:
		out := make(map[string]any, len(part))
		for key, value := range part {
			out[key] = renamed(value, names)
			ref, _ := value.(string)
			if name, ok := strings.CutPrefix(ref, definitionPrefix); key == "$ref" && ok && names[name] != "" {
				out[key] = definitionPrefix + names[name]
			}
		}
		return out
	case []any:
		out := make([]any, len(part))
		for i, value := range part {
			out[i] = renamed(value, names)
		}
		return out
	}
	return part
}
