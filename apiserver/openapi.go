package apiserver

import (
	"crypto/sha512"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"kubelite/api"
)

// The OpenAPI documents describe every path and every field. kubectl needs them: to apply (how do lists merge?), to
// find out whether the server checks fields itself, and for explain. They are large and rarely asked for, so nothing
// of them is kept but their hashes: a document is made from the table of resources and the Go types when somebody
// wants it. Clients keep them by their hash.

// openapiDocuments remembers the hashes.
type openapiDocuments struct {
	mu     sync.Mutex
	hashes map[string]string // guarded by mu; by path: "apis/apps/v1"
	// tags of the version 2 document, by media type, and what it was made of; guarded by mu
	v2Tags map[string]string
	v2Of   swaggerSource
}

// swaggerSource is what a version 2 document is made of: a table, and a hash of what other servers say.
type swaggerSource struct {
	table   *resourceTable
	remotes string
}

// mediaOpenAPIV2 is the protobuf form of version 2. kubectl asks for it where version 3 does not know a kind, and old clients
// always do.
const mediaOpenAPIV2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

// mediaOpenAPIV2Answer is what the answer is called: the same without the '@', which no media type may have.
const mediaOpenAPIV2Answer = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

// serveOpenAPIIndex serves /openapi/v3: which documents there are. The hash in a document's URL changes with its
// content, so a client that has a document under this URL need not ask again.
func (s *Server) serveOpenAPIIndex(w http.ResponseWriter, hr *http.Request) {
	hashes, err := s.openapiHashes()
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	index := openapiIndex{Paths: map[string]openapiLink{}}
	for path, hash := range hashes {
		index.Paths[path] = openapiLink{"/openapi/v3/" + path + "?hash=" + hash}
	}
	for _, remote := range s.aggregator.documents(hr.Context(), "/openapi/v3") { // their own server knows what they are like
		path := openapiPath(remote.gv)
		delete(index.Paths, path)
		var theirs openapiIndex
		if err := api.UnmarshalJSON(remote.body, &theirs); err != nil {
			s.log.Debug("the OpenAPI index of another server cannot be read", "version", remote.gv.String(), "error", err)
		} else if link, ok := theirs.Paths[path]; ok {
			index.Paths[path] = link
		}
	}
	body, err := api.MarshalJSON(index)
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	writeTagged(w, hr, mediaJSON, body)
}

// openapiIndex says where the documents are.
type openapiIndex struct {
	Paths map[string]openapiLink `json:"paths"`
}

type openapiLink struct {
	URL string `json:"serverRelativeURL"`
}

// openapiHashes makes each document once, to hash it.
func (s *Server) openapiHashes() (map[string]string, error) {
	s.openapi.mu.Lock()
	defer s.openapi.mu.Unlock()
	hashes := map[string]string{}
	made := 0
	for _, name := range s.openapiNames() {
		if hash := s.openapi.hashes[name]; hash != "" {
			hashes[name] = hash
			continue
		}
		made++
		body, err := s.openapiV3(name)
		if err != nil {
			return nil, err
		}
		hashes[name] = contentHash(body)
	}
	s.openapi.hashes = hashes
	if made > 10 { // this took several times the memory that the server needs otherwise, and will not happen again
		debug.FreeOSMemory()
	}
	return hashes, nil
}

// openapiNames lists the documents: one for each group version, and those of the paths above them.
func (s *Server) openapiNames() []string {
	names := openapiRootNames(s.rows())
	for _, gv := range s.localVersions() {
		names = append(names, openapiPath(gv))
	}
	return names
}

// forget drops the hashes of the documents that rows are in.
func (d *openapiDocuments) forget(rows []*Resource) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := maps.Clone(d.hashes)
	for _, res := range rows {
		delete(known, openapiPath(res.GroupVersion))
	}
	d.hashes = known
}

func contentHash(body []byte) string {
	sum := sha512.Sum512(body)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// openapiPath is "api/v1" or "apis/apps/v1".
func openapiPath(gv api.GroupVersion) string {
	if gv.Group == "" {
		return "api/" + gv.Version
	}
	return "apis/" + gv.String()
}

// versionAt is what openapiPath was made of.
func versionAt(path string) api.GroupVersion {
	if version, ok := strings.CutPrefix(path, "api/"); ok {
		return api.GroupVersion{Version: version}
	}
	return api.ParseGroupVersion(strings.TrimPrefix(path, "apis/"))
}

// serveOpenAPI serves /openapi/v3/{api/v1,apis/...}.
func (s *Server) serveOpenAPI(w http.ResponseWriter, hr *http.Request) {
	path := strings.Trim(strings.TrimPrefix(hr.URL.Path, "/openapi/v3/"), "/")
	if gv := versionAt(path); !slices.Contains(s.openapiNames(), path) || s.aggregator.serves(gv) {
		s.serveElsewhere(w, hr, gv)
		return
	}
	hashes, err := s.openapiHashes()
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	hash := hashes[path]
	switch asked := hr.URL.Query().Get("hash"); asked {
	case "":
	case hash:
		w.Header().Set("Cache-Control", "public, immutable")
	default: // the document has changed since the client read the index
		http.Redirect(w, hr, "/openapi/v3/"+path+"?hash="+hash, http.StatusMovedPermanently)
		return
	}
	if writeNotModified(w, hr, hash) {
		return
	}
	body, err := s.openapiV3(path)
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	w.Header().Set("Content-Type", mediaJSON)
	_, _ = w.Write(body) // an error means that the client is gone
	debug.FreeOSMemory()
}

// serveOpenAPIV2 serves /openapi/v2, everything in one document of the older version, as JSON or protobuf.
func (s *Server) serveOpenAPIV2(w http.ResponseWriter, hr *http.Request) {
	media := mediaJSON
	switch {
	case strings.Contains(hr.Header.Get("Accept"), mediaOpenAPIV2):
		media = mediaOpenAPIV2Answer
	case !acceptsJSON(hr):
		s.respond(w, requestFrom(hr.Context()), nil, api.NewNotAcceptable([]string{mediaJSON, mediaOpenAPIV2}))
		return
	}
	// Clients ask again and again whether their copy is still good: that must not take making the document.
	remotes := s.aggregator.documents(hr.Context(), "/openapi/v2")
	source := swaggerSource{table: s.resources.table.Load(), remotes: hashOf(remotes)}
	tag := s.openapi.v2Tag(source, media)
	if tag != "" && hasTag(hr, tag) {
		writeUnderTag(w, hr, tag, media, nil)
		return
	}
	body, err := s.openapiV2(source.table, remotes)
	if err == nil && media != mediaJSON {
		body, err = openapiV2Protobuf(body)
	}
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	tag = contentTag(body)
	s.openapi.setV2Tag(source, media, tag)
	writeUnderTag(w, hr, tag, media, body)
	debug.FreeOSMemory()
}

// v2Tag is the tag of the version 2 document that is made of these, if it has been made.
func (d *openapiDocuments) v2Tag(source swaggerSource, media string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.v2Of != source {
		return ""
	}
	return d.v2Tags[media]
}

func (d *openapiDocuments) setV2Tag(source swaggerSource, media, tag string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.v2Of != source {
		d.v2Of, d.v2Tags = source, map[string]string{}
	}
	d.v2Tags[media] = tag
}

func acceptsJSON(hr *http.Request) bool {
	header := hr.Header.Get("Accept")
	if header == "" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && (media == mediaJSON || media == "*/*" || media == "application/*") {
			return true
		}
	}
	return false
}

// The parts of a document, version 3.
type (
	openapiDocument struct {
		OpenAPI    string                      `json:"openapi"`
		Info       openapiInfo                 `json:"info"`
		Paths      map[string]*openapiPathItem `json:"paths"`
		Components struct {
			Schemas         map[string]any `json:"schemas,omitempty"`
			SecuritySchemes map[string]any `json:"securitySchemes"`
		} `json:"components"`
	}
	openapiInfo struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	}
	openapiPathItem struct {
		Get        *openapiOperation  `json:"get,omitempty"`
		Put        *openapiOperation  `json:"put,omitempty"`
		Post       *openapiOperation  `json:"post,omitempty"`
		Delete     *openapiOperation  `json:"delete,omitempty"`
		Options    *openapiOperation  `json:"options,omitempty"`
		Head       *openapiOperation  `json:"head,omitempty"`
		Patch      *openapiOperation  `json:"patch,omitempty"`
		Parameters []openapiParameter `json:"parameters,omitempty"`
	}
	openapiOperation struct {
		Tags        []string                   `json:"tags"`
		Description string                     `json:"description"`
		ID          string                     `json:"operationId"`
		Parameters  []openapiParameter         `json:"parameters,omitempty"`
		Body        *openapiBody               `json:"requestBody,omitempty"`
		Responses   map[string]openapiResponse `json:"responses"`
		Action      string                     `json:"x-kubernetes-action,omitempty"`
		Kind        *openapiKind               `json:"x-kubernetes-group-version-kind,omitempty"`
	}
	openapiParameter struct {
		Name        string           `json:"name"`
		In          string           `json:"in"`
		Description string           `json:"description"`
		Required    bool             `json:"required,omitempty"`
		Schema      openapiTypedOnly `json:"schema"`
	}
	openapiTypedOnly struct {
		Type        string `json:"type"`
		UniqueItems bool   `json:"uniqueItems"`
	}
	openapiBody struct {
		Content  map[string]openapiContent `json:"content"`
		Required bool                      `json:"required,omitempty"`
	}
	openapiResponse struct {
		Description string                    `json:"description"`
		Content     map[string]openapiContent `json:"content,omitempty"`
	}
	openapiContent struct {
		Schema openapiRef `json:"schema"`
	}
	openapiRef struct {
		Ref  string `json:"$ref,omitempty"`
		Type string `json:"type,omitempty"`
	}
	openapiKind struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	}
)

// Names of schemas that belong to no kind.
const (
	schemaPrefix  = "#/components/schemas/"
	metaSchemas   = "io.k8s.apimachinery.pkg.apis.meta.v1."
	schemaPatch   = metaSchemas + "Patch"
	schemaStatus  = metaSchemas + "Status"
	schemaOptions = metaSchemas + "DeleteOptions"
	schemaWatch   = metaSchemas + "WatchEvent"
)

// openapiV3 makes the document of one name.
func (s *Server) openapiV3(name string) ([]byte, error) {
	document := &openapiDocument{OpenAPI: "3.0.0", Info: openapiTitle(), Paths: map[string]*openapiPathItem{}}
	document.Components.SecuritySchemes = map[string]any{
		"BearerToken": map[string]string{"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"},
	}
	if root := openapiRootOf(name); root != nil {
		document.Paths[root.url()], document.Components.Schemas = root.item(), root.schemas()
		return api.MarshalJSON(document)
	}
	gv := versionAt(name)
	document.Components.Schemas = api.OpenAPISchemas(gv)
	rows := s.resourcesOf(gv)
	if len(rows) > 0 && rows[0].Definition == nil {
		root := resourceListRoot(gv)
		document.Paths[root.url()] = root.item()
	}
	for _, res := range rows {
		maps.Copy(document.Paths, describeResource(res))
		if res.Definition != nil {
			maps.Copy(document.Components.Schemas, customSchemas(res, false))
		}
	}
	return api.MarshalJSON(document)
}

func openapiTitle() openapiInfo {
	v := newVersionInfo("")
	return openapiInfo{Title: "Kubernetes", Version: v.Major + "." + v.Minor}
}
