package apiserver

import (
	"fmt"
	"net/url"

	"kubelite/api"
)

// selection is which objects of a kind a list or watch is about.
type selection struct {
	res       *Resource
	namespace string
	labels    api.Selector
	fields    []api.FieldRequirement // names as in the stored kind
	name      string                 // from metadata.name=..., which allows short cuts
	// convert brings entries into the form that the fields are about, where versions of a custom resource differ in more
	// than their names. Nil: the stored form has them.
	convert func(entries ...*entry) ([]*entry, error)
}

// newSelection is of everything that the path names. A watch of one object by the old path
// (/api/v1/watch/namespaces/default/pods/web) is a selection by name.
func newSelection(req *Request) *selection {
	return &selection{res: req.Resource, namespace: req.objectNamespace(), labels: api.Everything(), name: req.Name}
}

// read takes in the selectors of a query. The fields are not looked at yet.
func (sel *selection) read(query url.Values) (fields []api.FieldRequirement, err error) {
	if text := query.Get("labelSelector"); text != "" {
		if sel.labels, err = api.ParseSelector(text); err != nil {
			return nil, api.NewBadRequest("%v", err)
		}
	}
	if text := query.Get("fieldSelector"); text != "" {
		if fields, err = api.ParseFieldSelector(text); err != nil {
			return nil, api.NewBadRequest("%v", err)
		}
	}
	return fields, nil
}

// addField takes in one term; those on name and namespace narrow down where to look.
func (sel *selection) addField(term api.FieldRequirement, req *Request) error {
	switch {
	case term.Field == "metadata.name":
		if term.NotEqual {
			break
		}
		if req.Name != "" && term.Value != req.Name {
			return api.NewBadRequest("fieldSelector metadata.name doesn't match requested name")
		}
		sel.name = term.Value
	case term.Field == "metadata.namespace" && (sel.res.Namespaced || sel.res.fields() == nil):
		if sel.res.Namespaced && !term.NotEqual && sel.namespace == "" {
			sel.namespace = term.Value
		}
	default:
		field, ok := sel.res.selectableField(term.Field)
		if !ok {
			if sel.res.fields() == nil && sel.res.Definition == nil {
				return api.NewBadRequest("%q is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", term.Field)
			}
			return api.NewBadRequest("%s", notSelectable(sel.res.Kind, term.Field))
		}
		term.Field = field
		if sel.res.Definition != nil {
			sel.convert = func(entries ...*entry) ([]*entry, error) { return sel.res.present(req.HTTP.Context(), entries) }
		}
	}
	sel.fields = append(sel.fields, term)
	return nil
}

// notSelectable says that a field of a kind that has selectable ones is not one of them. Upstream has a wording for
// each of three groups.
func notSelectable(kind *api.Kind, field string) string {
	switch kind.Group {
	case "batch":
		return fmt.Sprintf("field label %q not supported for Job", field)
	case "resource.k8s.io":
		return fmt.Sprintf("field label not supported for %s, Kind=%s: %s", kind.APIVersion(), kind.Kind, field)
	}
	return "field label not supported: " + field
}

// prefix is where in the store the selected objects are.
func (sel *selection) prefix() string {
	if sel.res.Namespaced && sel.namespace != "" {
		return sel.res.prefix + sel.namespace + "/"
	}
	return sel.res.prefix
}

// single is the key of the only object that can match, "" if there may be several.
func (sel *selection) single() string {
	if sel.name == "" || sel.res.Namespaced && sel.namespace == "" {
		return ""
	}
	return sel.res.key(sel.namespace, sel.name)
}

// all tells that everything below prefix matches.
func (sel *selection) all() bool { return sel.name == "" && len(sel.fields) == 0 && sel.labels.Empty() }

// feed is the narrowest feed that has everything the selection may match.
func (sel *selection) feed() feedKey {
	if key := sel.single(); key != "" {
		return feedKey{oneObject, key}
	}
	for _, term := range sel.fields {
		if !term.NotEqual && term.Field == sel.res.storedRow().Index && term.Value != "" {
			return feedKey{indexed, term.Value}
		}
	}
	if sel.res.Namespaced && sel.namespace != "" {
		return feedKey{inNamespace, sel.namespace}
	}
	return feedKey{part: everything}
}

// matches tells whether an entry is selected.
func (sel *selection) matches(e *entry) bool {
	if sel.namespace != "" && e.namespace != sel.namespace || sel.name != "" && e.name != sel.name {
		return false
	}
	if len(sel.fields) == 0 && sel.labels.Empty() {
		return true
	}
	if sel.convert != nil {
		own, err := sel.convert(e)
		if err != nil { // what cannot be converted cannot be selected by its fields
			return false
		}
		e = own[0]
	}
	attributes := e.attrs(sel.res)
	for _, term := range sel.fields {
		var value string
		switch term.Field {
		case "metadata.name":
			value = e.name
		case "metadata.namespace":
			value = e.namespace
		default:
			value = attributes.fields[term.Field]
		}
		if !term.Matches(value) {
			return false
		}
	}
	return sel.labels.Empty() || sel.labels.Matches(attributes.labels)
}

// fields are the fields that selectors may ask for: those of the stored kind, but every version of a custom kind has its
// own.
func (res *Resource) fields() func(obj api.Object) map[string]string {
	if res.Definition != nil {
		return res.Fields
	}
	return res.storedRow().Fields
}

// selectableField finds what a field of a selector is called in the stored kind.
func (res *Resource) selectableField(name string) (stored string, ok bool) {
	if res.View != nil && res.View.FieldNames != nil {
		if name, ok = res.View.FieldNames[name]; !ok {
			return "", false
		}
	}
	fields := res.fields()
	if fields == nil {
		return "", false
	}
	_, ok = fields(res.stored().New())[name] // every object has all of them
	return name, ok
}
