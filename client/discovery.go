package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// APIResource is one resource that the server serves, as discovery tells it. Unlike api.Kind it is not known at compile
// time: a program that handles every resource (kubectl-lite, the garbage collector) asks for these.
type APIResource struct {
	api.GroupVersion
	Kind         string
	Plural       string
	Singular     string
	ShortNames   []string
	Categories   []string
	Verbs        []string
	Namespaced   bool
	Subresources []string // "status", "scale"
}

// Resource is the name that messages use: "pods" or "deployments.apps".
func (r *APIResource) Resource() string { return r.kind().Resource() }

// Path is the URL path of the collection, or of one object when name is not empty.
func (r *APIResource) Path(namespace, name string) string { return r.kind().Path(namespace, name) }

// APIVersion is the value of the apiVersion field.
func (r *APIResource) APIVersion() string { return r.GroupVersion.String() }

// Can tells whether the resource has a verb: "list", "delete".
func (r *APIResource) Can(verb string) bool { return slices.Contains(r.Verbs, verb) }

func (r *APIResource) kind() *api.Kind {
	return &api.Kind{GroupVersion: r.GroupVersion, Kind: r.Kind, Plural: r.Plural, Namespaced: r.Namespaced}
}

const acceptDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

// discoveryList is the aggregated form: everything about all groups in one answer.
type discoveryList struct {
	Kind  string `json:"kind"`
	Items []struct {
		api.ObjectMeta `json:"metadata"`
		Versions       []struct {
			Version   string `json:"version"`
			Resources []struct {
				Resource     string `json:"resource"`
				ResponseKind struct {
					Kind string `json:"kind"`
				} `json:"responseKind"`
				Scope            string   `json:"scope"`
				SingularResource string   `json:"singularResource"`
				Verbs            []string `json:"verbs"`
				ShortNames       []string `json:"shortNames"`
				Categories       []string `json:"categories"`
				Subresources     []struct {
					Subresource string `json:"subresource"`
				} `json:"subresources"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
	// The older form, which a server that does not know the aggregated one answers with.
	Groups   []api.APIGroup `json:"groups"`
	Versions []string       `json:"versions"`
}

// Discover asks the server what it serves. Groups come in the server's order of preference, and so do the versions of
// a group: where a name fits several resources, the first is meant.
func (c *Client) Discover(ctx context.Context) ([]APIResource, error) {
	var all []APIResource
	for _, root := range []string{"/api", "/apis"} {
		resp, err := c.Do(ctx, Request{Path: root, Accept: acceptDiscovery})
		if err != nil {
			return nil, fmt.Errorf("discover resources: %w", err)
		}
		var found discoveryList
		if err := api.UnmarshalJSON(resp.Body, &found); err != nil {
			return nil, fmt.Errorf("discover resources: %s: %w", root, err)
		}
		if found.Kind == "APIGroupDiscoveryList" {
			all = append(all, found.resources()...)
			continue
		}
		for _, gv := range found.groupVersions() {
			resources, err := c.discoverVersion(ctx, gv)
			if err != nil {
				return nil, fmt.Errorf("discover resources: %w", err)
			}
			all = append(all, resources...)
		}
	}
	return all, nil
}

func (l *discoveryList) resources() []APIResource {
	var all []APIResource
	for _, group := range l.Items {
		for _, version := range group.Versions {
			for _, r := range version.Resources {
				resource := APIResource{
					GroupVersion: api.GroupVersion{Group: group.Name, Version: version.Version},
					Kind:         r.ResponseKind.Kind, Plural: r.Resource, Singular: r.SingularResource,
					ShortNames: r.ShortNames, Categories: r.Categories, Verbs: r.Verbs, Namespaced: r.Scope == "Namespaced",
				}
				for _, s := range r.Subresources {
					resource.Subresources = append(resource.Subresources, s.Subresource)
				}
				all = append(all, resource)
			}
		}
	}
	return all
}

func (l *discoveryList) groupVersions() []api.GroupVersion {
	var all []api.GroupVersion
	for _, version := range l.Versions {
		all = append(all, api.GroupVersion{Version: version})
	}
	for _, group := range l.Groups {
		for _, version := range group.Versions {
			all = append(all, api.ParseGroupVersion(version.GroupVersion))
		}
	}
	return all
}

// discoverVersion reads the older form, one request for each group and version.
func (c *Client) discoverVersion(ctx context.Context, gv api.GroupVersion) ([]APIResource, error) {
	path := "/apis/" + gv.String()
	if gv.Group == "" {
		path = "/api/" + gv.Version
	}
	resp, err := c.Do(ctx, Request{Path: path})
	if err != nil {
		return nil, err
	}
	var list api.APIResourceList
	if err := api.UnmarshalJSON(resp.Body, &list); err != nil {
		return nil, err
	}
	var all []APIResource
	places := map[string]int{}
	for _, r := range list.APIResources {
		parent, sub, isSub := strings.Cut(r.Name, "/")
		if isSub {
			if at, ok := places[parent]; ok {
				all[at].Subresources = append(all[at].Subresources, sub)
			}
			continue
		}
		places[r.Name] = len(all)
		all = append(all, APIResource{
			GroupVersion: gv, Kind: r.Kind, Plural: r.Name, Singular: r.SingularName, ShortNames: r.ShortNames,
			Categories: r.Categories, Verbs: r.Verbs, Namespaced: r.Namespaced,
		})
	}
	return all, nil
}

// FindResource finds what a person calls a resource: its plural, singular, short name or kind, in any case, with or without
// group and version: "po", "Deployment", "deployments.apps", "deployments.v1.apps". nil: there is none.
func FindResource(all []APIResource, word string) *APIResource {
	word = strings.ToLower(word)
	name, rest, qualified := strings.Cut(word, ".")
	inGroup := func(r *APIResource) bool {
		if !qualified {
			return true
		}
		version, group, _ := strings.Cut(rest, ".")
		return r.Group == rest || r.Version == version && r.Group == group
	}
	// A full name wins over a short one, whichever group comes first.
	for _, matches := range []func(r *APIResource) bool{
		func(r *APIResource) bool { return r.Plural == name },
		func(r *APIResource) bool { return r.Singular == name || strings.ToLower(r.Kind) == name },
		func(r *APIResource) bool { return slices.Contains(r.ShortNames, name) },
	} {
		for i := range all {
			if matches(&all[i]) && inGroup(&all[i]) {
				return &all[i]
			}
		}
	}
	return nil
}
