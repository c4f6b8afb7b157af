package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"kubelite/api"
)

// listOptions are the query parameters of list, watch and deletecollection, besides the selectors.
type listOptions struct {
	resourceVersion string
	revision        int64 // resourceVersion as a number
	match           api.ResourceVersionMatch
	limit           int64
	continueToken   string

	// For watches only.
	bookmarks      bool
	initialEvents  *bool
	timeoutSeconds int64
}

// readList reads the query of a list, a watch or a deletecollection, and refuses what makes no sense, in upstream's order: values that cannot
// be read, combinations of options, fields that the kind does not select by.
func readList(req *Request) (*selection, *listOptions, error) {
	sel, o := newSelection(req), &listOptions{}
	watch := req.Verb == "watch"
	if req.HTTP.URL.RawQuery == "" {
		o.setDefaults(watch)
		return sel, o, nil
	}
	err := o.read(req.Query())
	if err != nil {
		return nil, nil, err
	}
	fields, err := sel.read(req.Query())
	if err != nil {
		return nil, nil, err
	}
	o.setDefaults(watch)
	if err := invalidOptions("ListOptions", o.check(watch)); err != nil {
		return nil, nil, err
	}
	for _, term := range fields {
		if err := sel.addField(term, req); err != nil {
			return nil, nil, err
		}
	}
	if o.continueToken != "" && !watch {
		return sel, o, nil // there must be no resourceVersion
	}
	o.revision, err = parseRevision(o.resourceVersion)
	switch {
	case err != nil && watch:
		return nil, nil, api.NewUnexplained("%v", err)
	case err != nil:
		return nil, nil, api.NewBadRequest("invalid resource version: %v", err)
	}
	return sel, o, nil
}

// read takes in the parameters of a query.
func (o *listOptions) read(query url.Values) error {
	o.resourceVersion = query.Get("resourceVersion")
	o.match = api.ResourceVersionMatch(query.Get("resourceVersionMatch"))
	o.continueToken = query.Get("continue")
	o.bookmarks = isTrue(query.Get("allowWatchBookmarks"))
	if query.Has("sendInitialEvents") {
		o.initialEvents = api.Ptr(isTrue(query.Get("sendInitialEvents")))
	}
	for name, into := range map[string]*int64{"limit": &o.limit, "timeoutSeconds": &o.timeoutSeconds} {
		if text := query.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return api.NewBadRequest("%v", err)
			}
			*into = n
		}
	}
	return nil
}

// setDefaults gives a watch from "any point" its old meaning: first what is there, as ADDED events.
func (o *listOptions) setDefaults(watch bool) {
	if watch && o.initialEvents == nil && o.match == "" && (o.resourceVersion == "" || o.resourceVersion == "0") {
		o.initialEvents, o.match = api.Ptr(true), api.ResourceVersionMatchNotOlderThan
	}
}

func (o *listOptions) check(watch bool) (errs api.ErrorList) {
	match := api.Path("resourceVersionMatch")
	if watch {
		if o.initialEvents != nil && o.match != api.ResourceVersionMatchNotOlderThan {
			errs = append(errs, match.Forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
		}
		if o.match != "" {
			if o.initialEvents == nil {
				errs = append(errs, match.Forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
			}
			if o.match != api.ResourceVersionMatchNotOlderThan {
				errs = append(errs, match.NotSupported(string(o.match), "NotOlderThan"))
			}
			if o.continueToken != "" {
				errs = append(errs, match.Forbidden("resourceVersionMatch is forbidden when continue is provided"))
			}
		}
		return errs
	}
	if o.match != "" {
		if o.resourceVersion == "" {
			errs = append(errs, match.Forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"))
		}
		if o.continueToken != "" {
			errs = append(errs, match.Forbidden("resourceVersionMatch is forbidden when continue is provided"))
		}
		if o.match != api.ResourceVersionMatchExact && o.match != api.ResourceVersionMatchNotOlderThan {
			errs = append(errs, match.NotSupported(string(o.match), "Exact", "NotOlderThan", ""))
		}
		if o.match == api.ResourceVersionMatchExact && o.resourceVersion == "0" {
			errs = append(errs, match.Forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
		}
	}
	if o.initialEvents != nil {
		errs = append(errs, api.Path("sendInitialEvents").Forbidden("sendInitialEvents is forbidden for list"))
	}
	return errs
}

// continueToken says where the next page of a list begins, and at which revision, so that all pages together are one
// picture. Revision -1 means "whatever is current". It is upstream's form.
type continueToken struct {
	Version  string `json:"v"`
	Revision int64  `json:"rv"`
	Start    string `json:"start"`
}

const continueVersion = "meta.k8s.io/v1"

// newContinue makes the token for the page behind the key last.
func newContinue(prefix, last string, revision int64) string {
	b, err := json.Marshal(continueToken{continueVersion, revision, strings.TrimPrefix(last, prefix) + "\x00"})
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseContinue returns the key to go on behind.
func parseContinue(token, prefix string) (after string, revision int64, err error) {
	bad := func(why any) error {
		return api.NewBadRequest("invalid continue token: continue key is not valid: %v", why)
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", 0, bad(err)
	}
	var t continueToken
	if err := json.Unmarshal(b, &t); err != nil {
		return "", 0, bad(err)
	}
	switch {
	case t.Version != continueVersion:
		return "", 0, bad(fmt.Sprintf("server does not recognize this encoded version %s", t.Version))
	case t.Revision == 0:
		return "", 0, bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
	case t.Start == "":
		return "", 0, bad("encoded start key empty (version meta.k8s.io/v1)")
	}
	// The key must not lead out of the part of the store that the list is about.
	start := "/" + strings.TrimPrefix(t.Start, "/")
	if path.Clean(start) != start {
		return "", 0, bad(t.Start)
	}
	return prefix + strings.TrimSuffix(start[1:], "\x00"), t.Revision, nil
}
