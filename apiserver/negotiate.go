package apiserver

import (
	"cmp"
	"mime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"kubelite/api"
)

// The media types that bodies and answers come in.
const (
	mediaJSON     = "application/json"
	mediaYAML     = "application/yaml"
	mediaProtobuf = "application/vnd.kubernetes.protobuf"
)

var mediaTypes = []string{mediaJSON, mediaYAML, mediaProtobuf}

// accepted is the form of an answer that the client likes best among those the server can make.
type accepted struct {
	media string
	// as is the kind to show the object as: "" (itself), "Table", "PartialObjectMetadata" or
	// "PartialObjectMetadataList"; version is that of meta.k8s.io to write it in.
	as, version string
}

// plain tells that the stored bytes are the answer.
func (a *accepted) plain() bool { return a.media == mediaJSON && a.as == "" }

var plainJSON = &accepted{media: mediaJSON}

// negotiate chooses the form of the answer from the Accept header, once per request.
func (r *Request) negotiate() (*accepted, error) {
	if r.accept != nil {
		return r.accept, nil
	}
	if r.HTTP == nil {
		return plainJSON, nil
	}
	header := r.HTTP.Header.Get("Accept")
	r.accept = parseAccept(header)
	if r.accept == nil {
		return nil, api.NewNotAcceptable(mediaTypes)
	}
	return r.accept, nil
}

// acceptCache remembers what Accept headers mean: clients send a handful of different ones, over and over.
var acceptCache sync.Map // string -> *accepted

// parseAccept returns nil if the server has nothing that the client accepts.
func parseAccept(header string) *accepted {
	if header == "" || header == mediaJSON {
		return plainJSON
	}
	if a, ok := acceptCache.Load(header); ok {
		return a.(*accepted)
	}
	a := chooseAccepted(header)
	if len(header) < 512 { // long ones are nobody's habit
		acceptCache.Store(header, a)
	}
	return a
}

func chooseAccepted(header string) *accepted {
	type clause struct {
		media   string
		params  map[string]string
		quality float64
	}
	var clauses []clause
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		quality := 1.0
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			quality = q
		}
		clauses = append(clauses, clause{media, params, quality})
	}
	slices.SortStableFunc(clauses, func(a, b clause) int { return cmp.Compare(b.quality, a.quality) })
	for _, c := range clauses {
		media := c.media
		switch media {
		case "*/*", "application/*":
			media = mediaJSON
		case mediaJSON, mediaYAML, mediaProtobuf:
		default:
			continue
		}
		as := c.params["as"]
		switch as {
		case "":
			return &accepted{media: media}
		case "Table":
			if media == mediaProtobuf { // tables have no protobuf form
				continue
			}
		case "PartialObjectMetadata", "PartialObjectMetadataList":
		default:
			continue
		}
		if version := c.params["v"]; c.params["g"] == "meta.k8s.io" && (version == "v1" || version == "v1beta1") {
			return &accepted{media: media, as: as, version: version}
		}
	}
	return nil
}
