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

// customMediaTypes are those that custom objects come in: without a Go type there are no field numbers.
var customMediaTypes = mediaTypes[:2]

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
	custom := r.Resource != nil && r.Resource.Custom
	r.accept = parseAccept(header, custom)
	switch {
	case r.accept != nil:
		return r.accept, nil
	case !custom && namesNoMedia(header):
		available := strings.Join(mediaTypes, ", ")
		if r.Verb == "list" || r.Verb == "watch" {
			available += ", " + mediaJSON + watchStream + ", " + mediaProtobuf + watchStream
		}
		err := api.NewNotAcceptable(nil)
		err.ErrStatus.Message, err.ErrStatus.Details = "406: Not Acceptable\n\nAvailable representations: "+available, &api.StatusDetails{}
		return nil, err
	}
	return nil, api.NewNotAcceptable(mediaTypes)
}

// checkAccept refuses a request whose answer the client would not accept. Streams have forms of their own.
func (r *Request) checkAccept() error {
	if sub := r.Resource.Subresources[r.Subresource]; sub != nil && sub.LongRunning {
		return nil
	}
	accept, err := r.negotiate()
	if err == nil && accept.as == "Table" && r.Resource.neverStored() && r.Resource.Columns == nil { // an answer, not an object to be shown
		if r.accept = chooseAccepted(r.HTTP.Header.Get("Accept"), false, true); r.accept == nil {
			return api.NewNotAcceptable(mediaTypes)
		}
	}
	return err
}

// watchStream marks the media type of a stream of watch events.
const watchStream = ";stream=watch"

// namesNoMedia tells whether a header has not even a media type that the server writes, whatever its parameters say.
// Upstream refuses it earlier and in other words.
func namesNoMedia(header string) bool {
	if header == "" {
		return false
	}
	for part := range strings.SplitSeq(header, ",") {
		media, _, _ := strings.Cut(part, ";")
		if media = strings.TrimSpace(media); media == "*/*" || slices.Contains(mediaTypes, media) {
			return false
		}
	}
	return true
}

// errorMedia is the media type of a Status. It has all forms, whatever the object has, but no Status is shown as something else: what
// asks for that does not count.
func (r *Request) errorMedia() string {
	if accept, err := r.negotiate(); err == nil && accept.as == "" {
		return accept.media
	}
	if accept := chooseAccepted(r.HTTP.Header.Get("Accept"), false, true); accept != nil {
		return accept.media
	}
	return mediaJSON
}

// acceptCache remembers what Accept headers mean: clients send a handful of different ones, over and over.
var acceptCache sync.Map // acceptKey -> *accepted

type acceptKey struct {
	header string
	custom bool
}

// parseAccept returns nil if the server has nothing that the client accepts.
func parseAccept(header string, custom bool) *accepted {
	if header == "" || header == mediaJSON {
		return plainJSON
	}
	key := acceptKey{header, custom}
	if a, ok := acceptCache.Load(key); ok {
		return a.(*accepted)
	}
	a := chooseAccepted(header, custom, false)
	if len(header) < 512 { // long ones are nobody's habit
		acceptCache.Store(key, a)
	}
	return a
}

// chooseAccepted finds the form that the client likes best; plainly, among those that show a thing as what it is. Of
// custom objects, only the metadata have a protobuf form.
func chooseAccepted(header string, custom, plainly bool) *accepted {
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
		case "*/*":
			media = mediaJSON
		case "application/*":
			if !custom { // upstream takes it for these alone
				continue
			}
			media = mediaJSON
		case mediaJSON, mediaYAML, mediaProtobuf:
		default:
			continue
		}
		as := c.params["as"]
		if plainly && as != "" {
			continue
		}
		switch as {
		case "":
			if custom && media == mediaProtobuf {
				continue
			}
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
