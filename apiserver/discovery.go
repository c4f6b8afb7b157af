package apiserver

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"math"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"kubelite/api"
)

// Discovery tells clients which groups, versions and resources there are: kubectl knows none by heart. There are two
// forms, and both follow from the table of resources:
//
//	aggregated   GET /api and /apis with Accept ...;as=APIGroupDiscoveryList: everything in two answers
//	legacy       GET /api, /apis, /apis/{group} and one GET per group and version
//
// Nothing is kept: the answers are small, asked for rarely, and clients hold them by their ETag.

// groupVersions lists what is served, by this server, and through it by others, in the order in which clients try it when a
// short name exists in several groups: by the priorities of the APIServices, else by name.
func (s *Server) groupVersions() []api.GroupVersion {
	priorities := map[api.GroupVersion]priority{}
	for _, gv := range s.localVersions() {
		priorities[gv] = priorityOf(gv)
	}
	for gv, r := range s.aggregator.remotes.get() {
		priorities[gv] = r.priority
	}
	groups := map[string]int32{} // of a group, its most urgent version counts
	for gv, p := range priorities {
		groups[gv.Group] = max(groups[gv.Group], p.group)
	}
	groups["apiregistration.k8s.io"] = math.MaxInt32 // it is what clients read to find the others
	return slices.SortedFunc(maps.Keys(priorities), func(a, b api.GroupVersion) int {
		return cmp.Or(cmp.Compare(groups[b.Group], groups[a.Group]), cmp.Compare(a.Group, b.Group),
			cmp.Compare(priorities[b].version, priorities[a].version), compareVersions(a.Version, b.Version))
	})
}

// localVersions lists what this server serves itself, or would, were it not that another server does.
func (s *Server) localVersions() []api.GroupVersion {
	var list []api.GroupVersion
	for _, res := range s.rows() {
		if !slices.Contains(list, res.GroupVersion) {
			list = append(list, res.GroupVersion)
		}
	}
	return list
}

// resourcesOf lists the rows of a version, by name.
func (s *Server) resourcesOf(gv api.GroupVersion) []*Resource {
	var list []*Resource
	for _, res := range s.rows() {
		if res.GroupVersion == gv {
			list = append(list, res)
		}
	}
	slices.SortFunc(list, func(a, b *Resource) int { return cmp.Compare(a.Plural, b.Plural) })
	return list
}

// discoverable lists those of them that clients are told of: a custom kind once its definition says Established. Who finds it
// can change the definition, and the server does not come between.
func (s *Server) discoverable(gv api.GroupVersion) []*Resource {
	return slices.DeleteFunc(s.resourcesOf(gv), func(res *Resource) bool {
		return res.Definition != nil && !res.Definition.kind.isEstablished()
	})
}

// serveRoot serves /: the paths that one can go on from.
func (s *Server) serveRoot(w http.ResponseWriter, hr *http.Request) {
	paths := []string{"/api", "/apis", "/apis/", "/gate", "/ledger", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/.well-known/openid-configuration", "/version"}
	for _, gv := range s.groupVersions() {
		if gv.Group != "" {
			paths = append(paths, "/apis/"+gv.Group)
		}
		paths = append(paths, "/"+openapiPath(gv))
	}
	for endpoint, checks := range healthChecks {
		paths = append(paths, "/"+endpoint)
		for _, c := range checks {
			paths = append(paths, "/"+endpoint+"/"+c.name)
		}
	}
	slices.Sort(paths)
	body, err := api.MarshalJSON(map[string][]string{"paths": slices.Compact(paths)})
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	w.Header().Set("Content-Type", mediaJSON)
	_, _ = w.Write(body) // an error means that the client is gone
}

// serveCoreVersions serves /api.
func (s *Server) serveCoreVersions(w http.ResponseWriter, hr *http.Request) {
	if wantsAggregated(hr) {
		s.serveAggregated(w, hr, func(gv api.GroupVersion) bool { return gv.Group == "" })
		return
	}
	s.serveLegacy(w, hr, &api.APIVersions{
		TypeMeta: api.TypeMeta{Kind: "APIVersions"}, // upstream leaves apiVersion out here
		Versions: []string{"v1"},
		ServerAddressByClientCIDRs: []api.ServerAddressByClientCIDR{
			{ClientCIDR: "0.0.0.0/0", ServerAddress: s.advertised()},
		},
	})
}

// advertised is the address with port under which clients may come back.
func (s *Server) advertised() string {
	address, port := s.ownAddress()
	return net.JoinHostPort(address, strconv.Itoa(int(port)))
}

// serveGroups serves /apis.
func (s *Server) serveGroups(w http.ResponseWriter, hr *http.Request) {
	if wantsAggregated(hr) {
		s.serveAggregated(w, hr, func(gv api.GroupVersion) bool { return gv.Group != "" })
		return
	}
	list := &api.APIGroupList{TypeMeta: api.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []api.APIGroup{}}
	for _, gv := range s.groupVersions() {
		if n := len(list.Groups); gv.Group != "" && (n == 0 || list.Groups[n-1].Name != gv.Group) {
			list.Groups = append(list.Groups, s.group(gv.Group))
		}
	}
	s.serveLegacy(w, hr, list)
}

// group describes a group; its first version is the one that clients prefer.
func (s *Server) group(name string) api.APIGroup {
	group := api.APIGroup{Name: name}
	for _, gv := range s.groupVersions() {
		if gv.Group == name {
			group.Versions = append(group.Versions, api.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version})
		}
	}
	if len(group.Versions) > 0 {
		group.PreferredVersion = group.Versions[0]
	}
	return group
}

// serveGroup serves /apis/{group}.
func (s *Server) serveGroup(w http.ResponseWriter, hr *http.Request) {
	group := s.group(mux.Vars(hr)["group"])
	if len(group.Versions) == 0 {
		s.serveNotFound(w, hr)
		return
	}
	group.TypeMeta = api.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
	s.serveLegacy(w, hr, &group)
}

// serveResourceList serves /api/v1 and /apis/{group}/{version}.
func (s *Server) serveResourceList(w http.ResponseWriter, hr *http.Request) {
	vars := mux.Vars(hr)
	gv := api.GroupVersion{Group: vars["group"], Version: cmp.Or(vars["version"], "v1")}
	rows := s.discoverable(gv)
	if len(rows) == 0 || s.aggregator.serves(gv) {
		s.serveElsewhere(w, hr, gv)
		return
	}
	list := &api.APIResourceList{TypeMeta: api.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	if gv.Group == "" {
		list.APIVersion = "" // upstream's oldest group leaves it out
	}
	for _, res := range rows {
		row := api.APIResource{
			Name: res.Plural, SingularName: res.Singular, Namespaced: res.Namespaced, Kind: res.Kind.Kind,
			Verbs: res.Verbs, ShortNames: res.ShortNames, Categories: res.Categories,
		}
		if !res.neverStored() {
			row.StorageVersionHash = storageVersionHash(res.stored())
		}
		list.APIResources = append(list.APIResources, row)
		for _, name := range res.subresourceNames() {
			sub := res.Subresources[name]
			kind := sub.kind(res)
			row := api.APIResource{Name: res.Plural + "/" + name, Namespaced: res.Namespaced, Kind: kind.Kind, Verbs: slices.Sorted(slices.Values(sub.Verbs))}
			if kind.GroupVersion != gv {
				row.Group, row.Version = kind.Group, kind.Version
			}
			list.APIResources = append(list.APIResources, row)
		}
	}
	s.serveLegacy(w, hr, list)
}

// subresourceNames are in upstream's order: by name, but the status of a custom kind comes before its scale.
func (res *Resource) subresourceNames() []string {
	names := slices.Sorted(maps.Keys(res.Subresources))
	if res.Definition != nil {
		slices.Reverse(names)
	}
	return names
}

// kind is what the subresource's bodies and answers are.
func (sub *Subresource) kind(parent *Resource) *api.Kind {
	if sub.Kind != nil {
		return sub.Kind
	}
	return parent.Kind
}

// storageVersionHash lets a client see that two resources are the same objects under two names.
func storageVersionHash(k *api.Kind) string {
	sum := sha256.Sum256([]byte(k.Group + "/" + k.Version + "/" + k.Kind))
	return base64.StdEncoding.EncodeToString(sum[:8])
}

func (s *Server) serveLegacy(w http.ResponseWriter, hr *http.Request, obj any) {
	w.Header().Set("Vary", "Accept")
	s.respond(w, requestFrom(hr.Context()), answerObject(http.StatusOK, obj), nil)
}

// The aggregated form. Its types are here because nothing else uses them.
type (
	groupDiscoveryList struct {
		api.TypeMeta `json:",inline"`
		Metadata     struct{}         `json:"metadata"`
		Items        []groupDiscovery `json:"items"`
	}
	groupDiscovery struct {
		Metadata groupName          `json:"metadata"`
		Versions []versionDiscovery `json:"versions"`
	}
	groupName struct {
		Name string `json:"name,omitempty"`
	}
	versionDiscovery struct {
		Version   string              `json:"version"`
		Resources []resourceDiscovery `json:"resources,omitempty"`
		Freshness string              `json:"freshness"`
	}
	resourceDiscovery struct {
		Resource         string                 `json:"resource"`
		ResponseKind     responseKind           `json:"responseKind"`
		Scope            string                 `json:"scope"`
		SingularResource string                 `json:"singularResource"`
		Verbs            []string               `json:"verbs"`
		ShortNames       []string               `json:"shortNames,omitempty"`
		Categories       []string               `json:"categories,omitempty"`
		Subresources     []subresourceDiscovery `json:"subresources,omitempty"`
	}
	subresourceDiscovery struct {
		Subresource  string       `json:"subresource"`
		ResponseKind responseKind `json:"responseKind"`
		Verbs        []string     `json:"verbs"`
	}
	// responseKind leaves group and version empty where they are those of the list it is in. Of custom kinds they are told
	// all the same, as upstream does.
	responseKind struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	}
)

// wantsAggregated tells whether the client likes the aggregated form better than the legacy one.
func wantsAggregated(hr *http.Request) bool {
	for part := range strings.SplitSeq(hr.Header.Get("Accept"), ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		if params["as"] == "APIGroupDiscoveryList" && params["g"] == "apidiscovery.k8s.io" && params["v"] == "v2" && media == mediaJSON {
			return true
		}
		if params["as"] == "" && (media == mediaJSON || media == mediaProtobuf || media == "*/*") {
			return false
		}
	}
	return false
}

// serveAggregated writes the groups that pick picks.
func (s *Server) serveAggregated(w http.ResponseWriter, hr *http.Request, pick func(api.GroupVersion) bool) {
	list := groupDiscoveryList{
		TypeMeta: api.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
		Items:    []groupDiscovery{},
	}
	for _, gv := range s.groupVersions() {
		if !pick(gv) {
			continue
		}
		if n := len(list.Items); n == 0 || list.Items[n-1].Metadata.Name != gv.Group {
			list.Items = append(list.Items, groupDiscovery{Metadata: groupName{gv.Group}})
		}
		item := &list.Items[len(list.Items)-1]
		item.Versions = append(item.Versions, s.versionDiscovery(gv))
	}
	body, err := api.MarshalJSON(list)
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	writeTagged(w, hr, mediaJSON+";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", body)
}

func (s *Server) versionDiscovery(gv api.GroupVersion) versionDiscovery {
	if s.aggregator.serves(gv) {
		return s.aggregator.discovery(gv)
	}
	version := versionDiscovery{Version: gv.Version, Freshness: "Current"}
	kindOf := func(k *api.Kind) responseKind {
		if k.GroupVersion == gv && !k.Custom {
			return responseKind{Kind: k.Kind}
		}
		return responseKind{k.Group, k.Version, k.Kind}
	}
	for _, res := range s.discoverable(gv) {
		row := resourceDiscovery{
			Resource: res.Plural, ResponseKind: kindOf(res.Kind), Scope: "Cluster", SingularResource: res.Singular,
			Verbs: res.Verbs, ShortNames: res.ShortNames, Categories: res.Categories,
		}
		if res.Namespaced {
			row.Scope = "Namespaced"
		}
		for _, name := range res.subresourceNames() {
			sub := res.Subresources[name]
			row.Subresources = append(row.Subresources, subresourceDiscovery{
				Subresource: name, ResponseKind: kindOf(sub.kind(res)), Verbs: slices.Sorted(slices.Values(sub.Verbs)),
			})
		}
		version.Resources = append(version.Resources, row)
	}
	return version
}

// writeTagged answers with a body that clients may keep: next time they send its tag and get 304 if it is the same.
func writeTagged(w http.ResponseWriter, hr *http.Request, contentType string, body []byte) {
	writeUnderTag(w, hr, contentTag(body), contentType, body)
}

// writeUnderTag is writeTagged for a body whose tag is known. A client that has it already (hasTag) needs no body.
func writeUnderTag(w http.ResponseWriter, hr *http.Request, tag, contentType string, body []byte) {
	header := w.Header()
	header.Set("Cache-Control", "public")
	if writeNotModified(w, hr, tag) {
		return
	}
	header.Set("Content-Type", contentType)
	_, _ = w.Write(body) // an error means that the client is gone
}

// writeNotModified sets the tag of what is about to be written, and answers 304 if the client has it already.
func writeNotModified(w http.ResponseWriter, hr *http.Request, tag string) bool {
	w.Header().Set("ETag", `"`+tag+`"`)
	w.Header().Add("Vary", "Accept")
	if !hasTag(hr, tag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// hasTag tells whether the client says that it has what goes under the tag.
func hasTag(hr *http.Request, tag string) bool {
	tag = `"` + tag + `"`
	for known := range strings.SplitSeq(hr.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			return true
		}
	}
	return false
}

func contentTag(body []byte) string {
	sum := sha256.Sum256(body)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
