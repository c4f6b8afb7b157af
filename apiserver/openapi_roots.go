package apiserver

import (
	"slices"
	"strings"

	"kubelite/api"
)

// Above the paths of resources stand those that say what there is: /apis, a group, a version. Each has an operation,
// and each but those of versions has a document for it alone. So have the paths that other programs read: the server's version, and
// the keys of its tokens.

// openapiRoot is one path with one GET.
type openapiRoot struct {
	path, tag, id, description string
	media                      []string
	answer                     any // an object of the answer's type; nil: text
}

// openapiRootNames lists the documents for roots, by the name that they have in the index, given the rows of the table.
func openapiRootNames(rows []*Resource) []string {
	names := []string{".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"}
	for _, res := range rows {
		if name := "apis/" + res.Group; res.Group != "" && res.Definition == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// openapiRootOf is the root that a document is about; nil if it is about a group version.
func openapiRootOf(name string) *openapiRoot {
	switch name {
	case ".well-known/openid-configuration":
		return &openapiRoot{path: name, tag: "WellKnown", id: "getServiceAccountIssuerOpenIDConfiguration", media: []string{mediaJSON},
			description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'"}
	case "openid/v1/jwks":
		return &openapiRoot{path: name, tag: "openid", id: "getServiceAccountIssuerOpenIDKeyset", media: []string{"application/jwk-set+json"},
			description: "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)"}
	case "version":
		return &openapiRoot{path: name, tag: "version", id: "getCodeVersion", media: []string{mediaJSON}, answer: &api.VersionInfo{},
			description: "get the version information for this server"}
	case "api":
		return &openapiRoot{path: name, tag: "core", id: "getCoreAPIVersions", media: mediaTypes, answer: &api.APIVersions{},
			description: "get available API versions"}
	case "apis":
		return &openapiRoot{path: name, tag: "apis", id: "getAPIVersions", media: mediaTypes, answer: &api.APIGroupList{},
			description: "get available API versions"}
	}
	group, ok := strings.CutPrefix(name, "apis/")
	if !ok || strings.Contains(group, "/") {
		return nil
	}
	tag := groupIdentifier(group)
	return &openapiRoot{path: name, tag: tag, id: "get" + exported(tag) + "APIGroup", media: mediaTypes, answer: &api.APIGroup{},
		description: "get information of a group"}
}

// resourceListRoot is what tells the resources of a version. It is in the version's document.
func resourceListRoot(gv api.GroupVersion) *openapiRoot {
	group := groupIdentifier(gv.Group)
	return &openapiRoot{path: openapiPath(gv), tag: group + "_" + gv.Version, id: "get" + exported(group) + exported(gv.Version) + "APIResources",
		media: mediaTypes, answer: &api.APIResourceList{}, description: "get available resources"}
}

func (r *openapiRoot) url() string { return "/" + r.path + "/" }

func (r *openapiRoot) item() *openapiPathItem {
	content := textContents(r.media...)
	if r.answer != nil {
		name, _ := api.OpenAPISchemasOf(r.answer)
		content = contents(name, r.media...)
	}
	return &openapiPathItem{Get: &openapiOperation{
		Tags: []string{r.tag}, Description: r.description, ID: r.id,
		Responses: map[string]openapiResponse{"200": {Description: "OK", Content: content}, "401": {Description: "Unauthorized"}},
	}}
}

// schemas are those of the answer, for a document of its own.
func (r *openapiRoot) schemas() map[string]any {
	if r.answer == nil {
		return nil
	}
	_, schemas := api.OpenAPISchemasOf(r.answer)
	return schemas
}
