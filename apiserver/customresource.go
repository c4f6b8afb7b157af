package apiserver

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"kubelite/api"
	"kubelite/apiserver/managedfields"
	"kubelite/apiserver/structural"
)

// A custom resource is rows of the table that a CustomResourceDefinition makes: one for each version that is served. What
// other kinds have as Go code follows from the definition here: pruning, defaults, validation, columns, subresources,
// conversion. When a definition changes, all its rows are made anew.

// customKind is what all versions of one custom kind share.
type customKind struct {
	server      *Server
	definition  *api.CustomResourceDefinition
	names       *api.CustomResourceDefinitionNames // those under which it is served
	schemas     map[string]*structural.Schema      // by version
	storage     string                             // the version that objects are stored in
	terminating bool
	established atomic.Bool // as far as anybody has looked: see isEstablished
	// since is the revision of the definition: what was stored up to it was written under other rules.
	since int64
}

// newCustomKind compiles the schemas of a definition. names are those that are accepted.
func (s *Server) newCustomKind(crd *api.CustomResourceDefinition, names *api.CustomResourceDefinitionNames, since int64) *customKind {
	k := &customKind{server: s, definition: crd, names: names, schemas: map[string]*structural.Schema{}, since: since, terminating: crd.DeletionTimestamp != nil}
	k.established.Store(crd.Is(api.CRDEstablished))
	for i := range crd.Spec.Versions {
		v := &crd.Spec.Versions[i]
		if v.Storage {
			k.storage = v.Name
		}
		if v.Schema != nil {
			k.schemas[v.Name] = structural.New(v.Schema.OpenAPIV3Schema)
		}
	}
	return k
}

// rows makes a row for each version that is served, and the one that says how objects are stored: one of them, or one
// that only the store sees.
func (k *customKind) rows() (rows []*Resource, stored *Resource) {
	for i := range k.definition.Spec.Versions {
		v := &k.definition.Spec.Versions[i]
		if !v.Served && !v.Storage {
			continue
		}
		row := k.row(v)
		if v.Served {
			rows = append(rows, row)
		}
		if v.Storage {
			stored = row
		}
	}
	prepareRows(rows, stored)
	for _, row := range append(slices.Clone(rows), stored) {
		row.View = k.view(row.Version, stored.Kind)
	}
	return rows, stored
}

func (k *customKind) row(v *api.CustomResourceDefinitionVersion) *Resource {
	crd, schema := k.definition, k.schemas[v.Name]
	rules := &customRules{kind: k, version: v, schema: schema, status: schema.Field("status")}
	kind := api.NewCustomKind(api.Kind{
		GroupVersion: api.GroupVersion{Group: crd.Spec.Group, Version: v.Name},
		Kind:         k.names.Kind, ListKind: k.names.ListKind, Plural: k.names.Plural, Singular: k.names.Singular,
		ShortNames: k.names.ShortNames, Categories: k.names.Categories, Namespaced: crd.Spec.Scope == api.NamespaceScoped,
		Prune: rules.prune, Default: rules.fillIn, Validate: rules.validate, ValidateUpdate: rules.validateUpdate,
		ValidateStatusUpdate: rules.validateStatusUpdate,
	})
	rules.name = kind
	row := &Resource{
		Kind: kind, Verbs: customVerbs, Strategy: rules.strategy(), Columns: customColumns(v.AdditionalPrinterColumns),
		Fields: customFields(v.SelectableFields), Refresh: k.refresh, Definition: &customVersion{kind: k, version: v},
	}
	if schema != nil {
		row.Schema = sync.OnceValue(func() *managedfields.Schema { return managedfields.NewSchema(schema.Shape()) })
	}
	if v.Deprecated {
		row.Deprecation = deprecationWarning(crd, v)
	}
	if sub := v.Subresources; sub != nil {
		row.Subresources = map[string]*Subresource{}
		if sub.Status != nil {
			row.Subresources["status"] = statusSubresource
		}
		if sub.Scale != nil {
			row.Subresources["scale"], row.ScalePaths = scaleSubresource, sub.Scale
		}
	}
	return row
}

// customVersion is what the documents about the API need to know of a custom row.
type customVersion struct {
	kind    *customKind
	version *api.CustomResourceDefinitionVersion
}

// isEstablished tells whether the definition, as clients see it, says Established. It is served a moment before.
func (k *customKind) isEstablished() bool {
	if k.established.Load() {
		return true
	}
	res := resourceOf[*api.CustomResourceDefinition](k.server)
	e := k.server.cache.kind(res).get(res.key("", k.definition.Name))
	if e == nil {
		return false
	}
	crd, err := e.object(res)
	if err != nil || !crd.(*api.CustomResourceDefinition).Is(api.CRDEstablished) {
		return false
	}
	k.established.Store(true)
	return true
}

// apiVersion is the value of the field for a version of the kind.
func (k *customKind) apiVersion(version string) string {
	return k.definition.Spec.Group + "/" + version
}

// refresh brings what was stored under other rules up to date: fields that the schema does not know any more go, new
// defaults come.
func (k *customKind) refresh(json []byte, revision int64) ([]byte, bool) {
	if revision > k.since {
		return json, false
	}
	obj := &api.Unstructured{}
	if err := api.UnmarshalJSON(json, obj); err != nil {
		return json, false
	}
	schema := k.schemas[obj.GroupVersionKind().Version]
	if schema == nil {
		return json, false
	}
	schema.Prune(obj.Content)
	schema.Default(obj.Content)
	encoded, err := encode(obj)
	if err != nil {
		return json, false
	}
	fresh := encoded.with(revision)
	if bytes.Equal(fresh, json) {
		return json, false
	}
	return fresh, true
}

// view says how a version is stored: as the storage version. What is there already may be in any version that ever was
// the storage version.
func (k *customKind) view(version string, stored *api.Kind) *View {
	prefix := []byte(`{"kind":"` + k.names.Kind + `","apiVersion":"` + k.apiVersion(version) + `",`)
	return &View{
		Of:    stored,
		IsOwn: func(json []byte) bool { return bytes.HasPrefix(json, prefix) },
		ToStored: func(ctx context.Context, obj api.Object) (api.Object, error) {
			objs, err := k.convert(ctx, []api.Object{obj}, k.storage)
			if err != nil {
				return nil, err
			}
			return objs[0], nil
		},
		FromStored: func(ctx context.Context, objs []api.Object) ([]api.Object, error) {
			return k.convert(ctx, objs, version)
		},
	}
}

// convert turns objects into a version. Those that are in it already stay as they are.
func (k *customKind) convert(ctx context.Context, objs []api.Object, version string) ([]api.Object, error) {
	wanted := k.apiVersion(version)
	var others []int
	for i, obj := range objs {
		if obj.GetTypeMeta().APIVersion != wanted {
			others = append(others, i)
		}
	}
	if len(others) == 0 {
		return objs, nil
	}
	converted := make([]api.Object, len(others))
	for n, i := range others {
		converted[n] = objs[i]
	}
	if c := k.definition.Spec.Conversion; c != nil && c.Strategy == api.WebhookConverter {
		var err error
		if converted, err = k.server.callConverter(ctx, k.definition, converted, wanted); err != nil {
			return nil, err
		}
	}
	result := slices.Clone(objs)
	for n, i := range others {
		obj := api.DeepCopy(converted[n].(*api.Unstructured))
		obj.APIVersion = wanted
		if schema := k.schemas[version]; schema != nil {
			schema.Prune(obj.Content)
		}
		result[i] = obj
	}
	return result, nil
}

// deprecationWarning is what users of a version hear with every answer.
func deprecationWarning(crd *api.CustomResourceDefinition, v *api.CustomResourceDefinitionVersion) string {
	if v.DeprecationWarning != nil {
		return *v.DeprecationWarning
	}
	text := fmt.Sprintf("%s/%s %s is deprecated", crd.Spec.Group, v.Name, crd.Spec.Names.Kind)
	newest := ""
	for _, other := range crd.Spec.Versions {
		if other.Served && !other.Deprecated && compareVersions(other.Name, v.Name) < 0 && (newest == "" || compareVersions(other.Name, newest) < 0) {
			newest = other.Name
		}
	}
	if newest != "" {
		text += fmt.Sprintf("; use %s/%s %s", crd.Spec.Group, newest, crd.Spec.Names.Kind)
	}
	return text
}

// customFields are the fields that selectors may ask for, by their paths without the first dot.
func customFields(selectable []api.SelectableField) func(obj api.Object) map[string]string {
	if len(selectable) == 0 {
		return nil
	}
	return func(obj api.Object) map[string]string {
		fields := make(map[string]string, len(selectable))
		for _, field := range selectable {
			name := strings.TrimPrefix(field.JSONPath, ".")
			fields[name] = ""
			if value, ok, _ := nested(obj.(*api.Unstructured).Content, name); ok && value != nil {
				fields[name] = fmt.Sprint(value)
			}
		}
		return fields
	}
}

// nested finds a value by a simple path: spec.replicas. The error says what on the way there is no object.
func nested(content map[string]any, path string) (value any, found bool, err error) {
	value = content
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		fields, ok := value.(map[string]any)
		switch {
		case value == nil:
			return nil, false, nil
		case !ok:
			return nil, false, wrongAccessor(path, value, "map[string]interface{}")
		}
		if value, ok = fields[name]; !ok {
			return nil, false, nil
		}
	}
	return value, true, nil
}

// setNested sets a value at a simple path, and makes the objects on the way to it.
func setNested(content map[string]any, path string, value any) error {
	names := strings.Split(strings.TrimPrefix(path, "."), ".")
	for _, name := range names[:len(names)-1] {
		below, ok := content[name].(map[string]any)
		if !ok {
			if content[name] != nil {
				return fmt.Errorf("value cannot be set because %s is not a map", name)
			}
			below = map[string]any{}
			content[name] = below
		}
		content = below
	}
	content[names[len(names)-1]] = value
	return nil
}
