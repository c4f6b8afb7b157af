package apiserver

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"

	"kubelite/api"
)

// maxBody is the most bytes of a request body: 3 MiB, as upstream.
const maxBody = 3 << 20

// readBody reads the whole body of a request, up to the limit.
func readBody(hr *http.Request) ([]byte, error) {
	if hr.ContentLength > maxBody {
		return nil, api.NewRequestEntityTooLarge(maxBody)
	}
	if hr.ContentLength >= 0 { // the size is known: one allocation
		body := make([]byte, hr.ContentLength)
		if _, err := io.ReadFull(hr.Body, body); err != nil {
			return nil, bodyError(err)
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(hr.Body, maxBody+1))
	if err != nil {
		return nil, bodyError(err)
	}
	if len(body) > maxBody {
		return nil, api.NewRequestEntityTooLarge(maxBody)
	}
	return body, nil
}

func bodyError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return api.NewTimeout("request did not complete within the allotted timeout")
	}
	return api.NewBadRequest("reading the body: %v", err)
}

// contentType is the media type of the body; none means JSON.
func contentType(hr *http.Request) (string, error) {
	media, _, _ := strings.Cut(hr.Header.Get("Content-Type"), ";")
	switch media = strings.TrimSpace(strings.ToLower(media)); media {
	case "":
		return mediaJSON, nil
	case mediaJSON, mediaYAML, mediaProtobuf:
		return media, nil
	}
	return "", api.NewUnsupportedMediaType(mediaTypes)
}

// typedBody is a request's body and what it is written in.
type typedBody struct {
	data  []byte
	media string
}

// json is the body as JSON, as far as it can be read.
func (b typedBody) json() []byte {
	if json, err := api.YAMLToJSON(b.data); b.media == mediaYAML && err == nil {
		return json
	}
	return b.data
}

// readTyped reads the request's body, if it is of a media type that the server reads.
func (r *Request) readTyped() (typedBody, error) {
	media, err := contentType(r.HTTP)
	if err != nil {
		return typedBody{}, err
	}
	if media == mediaProtobuf && r.Resource != nil && r.Resource.Custom && r.Subresource != "scale" {
		return typedBody{}, api.NewUnsupportedMediaType(customMediaTypes)
	}
	data, err := readBody(r.HTTP)
	return typedBody{data, media}, err
}

// readPatch reads the request's body, which is a patch.
func (r *Request) readPatch() ([]byte, error) {
	patch, err := readBody(r.HTTP)
	if err == nil {
		r.audit.patched(patch)
	}
	return patch, err
}

// decodeBody reads the request's body as an object of the kind; see decode.
func decodeBody(req *Request, kind *api.Kind) (api.Object, error) {
	body, err := req.readTyped()
	if err != nil {
		return nil, err
	}
	return decode(req, kind, body)
}

// decode makes an object of the kind and fills in defaults. What is unknown or doubled in the body is an error or a
// warning, as the client asked by fieldValidation.
func decode(req *Request, kind *api.Kind, body typedBody) (api.Object, error) {
	obj := kind.New()
	strict, err := decodeInto(body.data, body.media, obj, req.fieldValidation())
	if kind.Custom && err == nil && obj.GetTypeMeta().Kind == "" { // nothing but the body says what a custom object is
		return nil, api.NewBadRequest("the object provided is unrecognized (must be of type %s): Object 'Kind' is missing in '%s' (%s)", kind.Kind, body.json(), summarize(body.data))
	}
	// Of the wrong kind? That is the better message: every other mistake follows from it.
	if mismatch := checkKind(kind, obj.GetTypeMeta()); mismatch != nil && (err == nil || !kind.Custom) {
		return nil, mismatch
	}
	if err != nil {
		return nil, undecodable(kind, body, err)
	}
	if kind.Prune != nil {
		strict = append(strict, kind.Prune(obj)...)
	}
	if err := req.strictErrors(strict, func(err error) error { return undecodable(kind, body, err) }); err != nil {
		return nil, err
	}
	setTypeMeta(kind, obj)
	if kind.Default != nil {
		kind.Default(obj)
	}
	req.audit.sent(obj)
	return obj, nil
}

// setTypeMeta fills in what a body may leave out. Of a custom object, a wrong kind stays for validation to find.
func setTypeMeta(kind *api.Kind, obj api.Object) {
	meta := obj.GetTypeMeta()
	meta.APIVersion = kind.APIVersion()
	if meta.Kind == "" || !kind.Custom {
		meta.Kind = kind.Kind
	}
}

// decodeInto decodes a body of any media type. strict is what a careful reader would complain about.
func decodeInto(body []byte, media string, into any, validation string) (strict []error, err error) {
	switch media {
	case mediaProtobuf:
		return nil, api.UnmarshalProtobuf(body, into)
	case mediaYAML:
		var duplicates []error
		if body, duplicates, err = api.YAMLToJSONStrict(body); err != nil {
			return nil, err
		}
		if strict, err = decodeJSON(body, into, validation); len(strict) > 1 {
			strict = inOrderOfNames(body, into, strict)
		}
		return append(duplicates, strict...), err
	}
	return decodeJSON(body, into, validation)
}

// inOrderOfNames finds the same mistakes again, sorted: where the body was YAML, they are reported as if its fields had
// come by name.
func inOrderOfNames(body []byte, into any, found []error) []error {
	var tree any
	if api.UnmarshalJSON(body, &tree) != nil {
		return found
	}
	sorted, err := api.MarshalJSON(tree)
	if err != nil {
		return found
	}
	again, err := api.UnmarshalJSONStrict(sorted, reflect.New(reflect.TypeOf(into).Elem()).Interface())
	if err != nil {
		return found
	}
	return again
}

func decodeJSON(body []byte, into any, validation string) (strict []error, err error) {
	if validation == fieldValidationIgnore {
		return nil, api.UnmarshalJSON(body, into)
	}
	return api.UnmarshalJSONStrict(body, into)
}

// checkKind refuses a body that says it is something else. What a body leaves out is taken from the URL.
func checkKind(kind *api.Kind, got *api.TypeMeta) error {
	gvk := got.GroupVersionKind()
	if gvk.Kind == "" {
		gvk.Kind = kind.Kind
	}
	if got.APIVersion == "" && !kind.Custom {
		gvk.Group, gvk.Version = kind.Group, kind.Version
	}
	refuse := func(format string, args ...any) error {
		return api.NewBadRequest("%s in version %q cannot be handled as a %s: %s", gvk.Kind, gvk.Version, kind.Kind, fmt.Sprintf(format, args...))
	}
	switch {
	case gvk == kind.GroupVersionKind(), kind.Custom && gvk.GroupVersion() == kind.GroupVersion:
		return nil // of a custom object, another kind is found by validation
	case gvk.Kind == kind.Kind && gvk.Group == kind.Group && slices.Contains(kind.Older, gvk.Version):
		return nil
	case api.KindByName(gvk) == nil && !kind.Custom:
		return refuse("no kind %q is registered for version %q", gvk.Kind, gvk.GroupVersion())
	case gvk.Kind != kind.Kind && !kind.Custom:
		return refuse("converting (%s.%s) to (%s.%s): unknown conversion", gvk.Version, gvk.Kind, cmp.Or(kind.Group, "core"), kind.Kind)
	}
	return api.NewBadRequest("the API version in the data (%s) does not match the expected API version (%s)", got.APIVersion, kind.APIVersion())
}

// goType finds a type that an error names.
var goType = api.Pattern(` of type \S+`)

// inAllVersions are types of v1 that are in objects of other versions, too.
var inAllVersions = []string{"ObjectMeta", "LabelSelector", "ResourceName", "Time"}

// withVersion writes a type as users of Kubernetes know it, by its version: []v1.Container.
func withVersion(name, version string) string {
	if _, bare, _ := strings.Cut(name, "api."); slices.Contains(inAllVersions, bare) {
		version = "v1"
	}
	return strings.ReplaceAll(name, "api.", version+".")
}

// upstreamNames are those of types that have other names here, since another group has a type of that name.
var upstreamNames = strings.NewReplacer("StorageTokenRequest", "TokenRequest", "FlowcontrolSubject", "Subject",
	"ResourceResourceClaim", "ResourceClaim", "APIRegistrationServiceReference", "ServiceReference")

// typesIn is a decoder's error with its Go types as users know them.
func typesIn(version string, err error) error {
	text := upstreamNames.Replace(err.Error())
	return errors.New(goType().ReplaceAllStringFunc(text, func(name string) string { return withVersion(name, version) }))
}

// undecodable is upstream's message for a body that is no object of the kind: one for a body that is not even JSON, one
// for a body with something wrong inside.
func undecodable(kind *api.Kind, body typedBody, err error) error {
	var typeMeta api.TypeMeta
	switch body.media {
	case mediaJSON:
		if jsonErr := api.UnmarshalJSON(body.data, &typeMeta); jsonErr != nil {
			return api.NewBadRequest("the object provided is unrecognized (must be of type %s): couldn't get version/kind; json parse error: %v (%s)",
				kind.Kind, jsonErr, summarize(body.data))
		}
	case mediaYAML:
		if _, yamlErr := api.YAMLToJSON(body.data); yamlErr != nil {
			what := strings.TrimPrefix(yamlErr.Error(), "error converting YAML to JSON: ")
			return api.NewBadRequest("the object provided is unrecognized (must be of type %s): %s (%s)", kind.Kind, what, summarize(body.data))
		}
	case mediaProtobuf:
		if !api.IsProtobuf(body.data) {
			return api.NewBadRequest("the object provided is unrecognized (must be of type %s): %v (%s)", kind.Kind, err, summarize(body.data))
		}
	}
	return api.NewBadRequest("%s in version %q cannot be handled as a %s: %v", kind.Kind, kind.Version, kind.Kind, typesIn(kind.Version, err))
}

// summarize shows the start of a body in an error: as text if it looks like JSON, else as hexadecimal digits.
func summarize(body []byte) string {
	const most = 30
	if len(body) == 0 {
		return "<empty>"
	}
	shown, rest := body, ""
	if len(body) > most {
		shown, rest = body[:most], " ..."
	}
	if body[0] == '{' {
		return string(shown) + rest
	}
	return fmt.Sprintf("%x", shown) + rest
}

// The values of the query parameter fieldValidation.
const (
	fieldValidationIgnore = "Ignore"
	fieldValidationWarn   = "Warn"
	fieldValidationStrict = "Strict"
)

// fieldValidation says what to do about unknown and doubled fields; Warn if the client does not say.
func (r *Request) fieldValidation() string {
	if r.HTTP == nil || r.HTTP.URL.RawQuery == "" {
		return fieldValidationWarn
	}
	if v := r.Query().Get("fieldValidation"); v != "" {
		return v
	}
	return fieldValidationWarn
}

// strictErrors makes warnings of what strict decoding found, or an error if the client wants that.
func (r *Request) strictErrors(strict []error, fail func(error) error) error {
	if len(strict) == 0 {
		return nil
	}
	switch r.fieldValidation() {
	case fieldValidationStrict:
		texts := make([]string, len(strict))
		for i, err := range strict {
			texts[i] = err.Error()
		}
		return fail(errors.New("strict decoding error: " + strings.Join(texts, ", ")))
	case fieldValidationWarn:
		for _, err := range strict {
			for _, text := range api.YAMLMistakes(err) {
				r.Warn(text)
			}
		}
	}
	return nil
}

// readWriteOptions checks the query parameters of a write and notes a dry run. kind is upstream's name for the
// set of parameters: "CreateOptions".
func (r *Request) readWriteOptions(kind string) error {
	if r.HTTP == nil || r.HTTP.URL.RawQuery == "" {
		return nil
	}
	return invalidOptions(kind, r.checkWriteOptions())
}

// readPatchOptions is readWriteOptions for a patch: an apply has to say who applies, and only an apply can be forced.
func (r *Request) readPatchOptions(form api.PatchType) error {
	var errs api.ErrorList
	query := r.Query()
	switch {
	case form == api.ApplyPatchType && query.Get("fieldManager") == "":
		errs = append(errs, api.Path("fieldManager").Required("is required for apply patch"))
	case form != api.ApplyPatchType && query.Has("force"):
		errs = append(errs, api.Path("force").Forbidden("may not be specified for non-apply patch"))
	}
	return invalidOptions("PatchOptions", append(errs, r.checkWriteOptions()...))
}

func (r *Request) checkWriteOptions() (errs api.ErrorList) {
	query := r.Query()
	if manager := query.Get("fieldManager"); manager != "" {
		errs = append(errs, api.ValidateFieldManager("", "fieldManager", manager)...)
	}
	if dryRun := query["dryRun"]; len(dryRun) > 0 {
		r.DryRun = true
		errs = append(errs, checkDryRun(dryRun)...)
	}
	switch v := query.Get("fieldValidation"); v {
	case "", fieldValidationIgnore, fieldValidationWarn, fieldValidationStrict:
	default:
		errs = append(errs, api.Path("fieldValidation").NotSupported(v, "", fieldValidationIgnore, fieldValidationStrict, fieldValidationWarn))
	}
	return errs
}

// checkDryRun: there is one kind of dry run, the whole one.
func checkDryRun(values []string) api.ErrorList {
	if slices.ContainsFunc(values, func(v string) bool { return v != "All" }) {
		return api.ErrorList{api.Path("dryRun").NotSupported(values, "All")}
	}
	return nil
}

// invalidOptions is the error for query parameters or DeleteOptions that break a rule.
func invalidOptions(kind string, errs api.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return api.NewInvalid(&api.Kind{GroupVersion: api.GroupVersion{Group: "meta.k8s.io", Version: "v1"}, Kind: kind}, "", errs)
}
