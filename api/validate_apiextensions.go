package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Definitions of custom resources: names, versions, conversion, columns. What is in a schema is checked where schemas are
// understood: the API server adds it to these rules.

func validateCustomResourceDefinition(obj Object) ErrorList {
	crd := obj.(*CustomResourceDefinition)
	var errs ErrorList
	if crd.Name != "" && crd.Name != crd.Spec.Names.Plural+"."+crd.Spec.Group {
		errs.add(metadata.Child("name").Invalid(crd.Name, `must be spec.names.plural+"."+spec.group`))
	}
	errs.definition(crd, nil)
	return errs
}

func validateCustomResourceDefinitionUpdate(obj, old Object) ErrorList {
	var errs ErrorList
	errs.definition(obj.(*CustomResourceDefinition), old.(*CustomResourceDefinition))
	return errs
}

func validateCustomResourceDefinitionStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	errs.definitionNames("status.acceptedNames", &obj.(*CustomResourceDefinition).Status.AcceptedNames)
	return errs
}

func (l *ErrorList) definition(crd, old *CustomResourceDefinition) {
	spec, path := &crd.Spec, Path("spec")
	if l.required(path, "group", spec.Group) {
		if messages := IsDNS1123Subdomain(spec.Group); messages != nil {
			l.add(path.Child("group").Invalid(spec.Group, strings.Join(messages, ",")))
		} else if !strings.Contains(spec.Group, ".") {
			l.add(path.Child("group").Invalid(spec.Group, "should be a domain with at least one dot"))
		}
	}
	requiredOneOf(l, path, "scope", spec.Scope, ClusterScoped, NamespaceScoped)
	for i := range spec.Versions {
		if v := &spec.Versions[i]; v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			l.add(path.Child("versions").Index(i).Child("schema", "openAPIV3Schema").Required(""))
		}
	}
	l.versions(path.Child("versions"), spec.Versions)
	names := path.Child("names")
	l.required(names, "plural", spec.Names.Plural)
	l.required(names, "singular", spec.Names.Singular)
	l.required(names, "kind", spec.Names.Kind)
	l.required(names, "listKind", spec.Names.ListKind)
	l.definitionNames(names, &spec.Names)
	if spec.Conversion != nil {
		l.conversion(path.Child("conversion"), spec.Conversion)
	}
	if old != nil {
		if old.Is(CRDEstablished) {
			l.immutable(path, "scope", spec.Scope, old.Spec.Scope)
			l.immutable(names, "kind", spec.Names.Kind, old.Spec.Names.Kind)
		}
		l.immutable(path, "group", spec.Group, old.Spec.Group)
		l.immutable(names, "plural", spec.Names.Plural, old.Spec.Names.Plural)
	}
	l.definitionNames("status.acceptedNames", &crd.Status.AcceptedNames)
	l.storedVersions("status.storedVersions", crd)
	l.approval(crd, old)
	if spec.PreserveUnknownFields && (old == nil || !old.Spec.PreserveUnknownFields) {
		l.add(path.Child("preserveUnknownFields").Invalid(true, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"))
	}
}

// VersionField is a field of the versions of a definition. What all have in common is one field of the spec for upstream, as it was before
// definitions had versions, and so for those who read its messages: it is checked once.
type VersionField struct {
	name   string
	Common bool // all versions have the same
}

// NewVersionField compares what of finds in the versions.
func NewVersionField[T any](versions []CustomResourceDefinitionVersion, name string, of func(*CustomResourceDefinitionVersion) T) VersionField {
	return VersionField{name, !slices.ContainsFunc(versions, func(v CustomResourceDefinitionVersion) bool { return !Equal(of(&v), of(&versions[0])) })}
}

// Path is where messages find the field of a version; check tells whether it is to be checked there.
func (f VersionField) Path(version int) (path Path, check bool) {
	switch {
	case !f.Common:
		return Path("spec.versions").Index(version).Child(f.name), true
	case f.name == "schema":
		return "spec.validation", version == 0
	}
	return Path("spec").Child(f.name), version == 0
}

func (l *ErrorList) versions(path Path, versions []CustomResourceDefinitionVersion) {
	subresources := NewVersionField(versions, "subresources", func(v *CustomResourceDefinitionVersion) *CustomResourceSubresources { return v.Subresources })
	columns := NewVersionField(versions, "additionalPrinterColumns", func(v *CustomResourceDefinitionVersion) []CustomResourceColumnDefinition {
		return v.AdditionalPrinterColumns
	})
	stored, names, unique := 0, map[string]bool{}, true
	for i := range versions {
		v, at := &versions[i], path.Index(i)
		if v.Storage {
			stored++
		}
		unique = unique && !names[v.Name]
		names[v.Name] = true
		if messages := IsDNS1035Label(v.Name); messages != nil {
			l.add(at.Child("name").Invalid(v.Name, strings.Join(messages, ",")))
		}
		l.deprecationWarning(at.Child("deprecationWarning"), v)
		if at, check := subresources.Path(i); check && v.Subresources != nil && v.Subresources.Scale != nil {
			l.scalePaths(at, v.Subresources.Scale)
		}
		if at, check := columns.Path(i); check {
			for j := range v.AdditionalPrinterColumns {
				l.printerColumn(at.Index(j), &v.AdditionalPrinterColumns[j])
			}
		}
	}
	if !unique {
		l.add(path.Invalid(versions, "must contain unique version names"))
	}
	if stored != 1 {
		l.add(path.Invalid(versions, "must have exactly one version marked as storage version"))
	}
}

func (l *ErrorList) deprecationWarning(path Path, v *CustomResourceDefinitionVersion) {
	if v.DeprecationWarning == nil {
		return
	}
	text := *v.DeprecationWarning
	if !v.Deprecated {
		l.add(path.Invalid(text, "can only be set for deprecated versions"))
		return
	}
	if len(text) > 256 {
		l.add(path.Invalid(text, "must be <= 256 characters long"))
	}
	if text == "" {
		l.add(path.Invalid(text, "must not be an empty string"))
	}
	for i, r := range text {
		if !unicode.IsPrint(r) {
			l.add(path.Invalid(text, fmt.Sprintf("must only contain printable UTF-8 characters; non-printable character found at index %d", i)))
			return
		}
	}
}

func (l *ErrorList) scalePaths(path Path, scale *CustomResourceSubresourceScale) {
	l.scalePath(path.Child("scale.specReplicasPath"), scale.SpecReplicasPath, "should be a json path under .spec", ".spec.")
	l.scalePath(path.Child("scale.statusReplicasPath"), scale.StatusReplicasPath, "should be a json path under .status", ".status.")
	if selector := Deref(scale.LabelSelectorPath, ""); selector != "" {
		l.scalePath(path.Child("scale.labelSelectorPath"), selector, "should be a json path under either .spec or .status", ".spec.", ".status.")
	}
}

func (l *ErrorList) scalePath(path Path, value, detail string, prefixes ...string) {
	switch {
	case !l.required(path, "", value):
	case !l.simpleJSONPath(path, value):
	case !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(value, prefix) }):
		l.add(path.Invalid(value, detail))
	}
}

// simpleJSONPath wants names with dots before them.
func (l *ErrorList) simpleJSONPath(path Path, value string) bool {
	if value[0] != '.' {
		l.add(path.Invalid(value, "must be a simple json path starting with ."))
		return false
	}
	return true
}

var (
	columnTypes   = []string{"boolean", "date", "integer", "number", "string"}
	columnFormats = []string{"byte", "date", "date-time", "double", "float", "int32", "int64", "password"}
)

func (l *ErrorList) printerColumn(path Path, column *CustomResourceColumnDefinition) {
	l.required(path, "name", column.Name)
	types := "must be one of " + strings.Join(columnTypes, ",")
	if column.Type == "" {
		l.add(path.Child("type").Required(types))
	} else if !slices.Contains(columnTypes, column.Type) {
		l.add(path.Child("type").Invalid(column.Type, types))
	}
	if column.Format != "" && !slices.Contains(columnFormats, column.Format) {
		l.add(path.Child("format").Invalid(column.Format, "must be one of "+strings.Join(columnFormats, ",")))
	}
	if l.required(path, "JSONPath", column.JSONPath) {
		l.simpleJSONPath(path.Child("JSONPath"), column.JSONPath)
	}
}

func (l *ErrorList) definitionNames(path Path, names *CustomResourceDefinitionNames) {
	label := func(at Path, value string) {
		if messages := IsDNS1035Label(value); value != "" && messages != nil {
			l.add(at.Invalid(value, strings.Join(messages, ",")))
		}
	}
	kind := func(at Path, value string) {
		if messages := IsDNS1035Label(strings.ToLower(value)); value != "" && messages != nil {
			l.add(at.Invalid(value, "may have mixed case, but should otherwise match: "+strings.Join(messages, ",")))
		}
	}
	label(path.Child("plural"), names.Plural)
	label(path.Child("singular"), names.Singular)
	kind(path.Child("kind"), names.Kind)
	kind(path.Child("listKind"), names.ListKind)
	for i, name := range names.ShortNames {
		if messages := IsDNS1035Label(name); messages != nil {
			l.add(path.Child("shortNames").Index(i).Invalid(name, strings.Join(messages, ",")))
		}
	}
	if names.Kind != "" && names.Kind == names.ListKind {
		l.add(path.Child("listKind").Invalid(names.ListKind, "kind and listKind may not be the same"))
	}
	for i, name := range names.Categories {
		if messages := IsDNS1035Label(name); messages != nil {
			l.add(path.Child("categories").Index(i).Invalid(name, strings.Join(messages, ",")))
		}
	}
}

// conversion checks how versions are turned into each other. Its paths are those of upstream's internal type, which is
// flatter than what clients write.
func (l *ErrorList) conversion(path Path, c *CustomResourceConversion) {
	requiredOneOf(l, path, "strategy", c.Strategy, NoneConverter, WebhookConverter)
	client, versions := path.Child("webhookClientConfig"), path.Child("conversionReviewVersions")
	hook := c.Webhook
	if hook == nil {
		hook = &WebhookConversion{}
	}
	if c.Strategy != WebhookConverter {
		if hook.ClientConfig != nil {
			l.add(client.Forbidden("should not be set when strategy is not set to Webhook"))
		}
		if len(hook.ConversionReviewVersions) > 0 {
			l.add(versions.Forbidden("should not be set when strategy is not set to Webhook"))
		}
		return
	}
	if hook.ClientConfig == nil {
		l.add(client.Required("required when strategy is set to Webhook"))
	} else {
		c := hook.ClientConfig
		l.webhookClient(client, &WebhookClientConfig{URL: c.URL, Service: (*ServiceReference)(c.Service), CABundle: c.CABundle})
	}
	l.reviewVersions(versions, hook.ConversionReviewVersions)
}

func (l *ErrorList) reviewVersions(path Path, versions []string) {
	if len(versions) == 0 {
		l.add(path.Required(""))
		return
	}
	seen := map[string]bool{}
	for i, v := range versions {
		if seen[v] {
			l.add(path.Index(i).Invalid(v, "duplicate version"))
			continue
		}
		seen[v] = true
		l.format(path.Index(i), "", v, IsDNS1035Label)
	}
	if !seen["v1"] && !seen["v1beta1"] {
		l.add(path.Invalid(versions, "must include at least one of v1, v1beta1"))
	}
}

// storedVersions: a version that objects may be stored in cannot go.
func (l *ErrorList) storedVersions(path Path, crd *CustomResourceDefinition) {
	stored := crd.Status.StoredVersions
	if len(stored) == 0 {
		l.add(path.Invalid(stored, "must have at least one stored version"))
		return
	}
	known := map[string]bool{}
	for _, v := range crd.Spec.Versions {
		known[v.Name] = true
		if v.Storage && !slices.Contains(stored, v.Name) {
			l.add(path.Invalid(stored, "must have the storage version "+v.Name))
		}
	}
	for i, name := range stored {
		if !known[name] {
			l.add(path.Index(i).Invalid(name, fmt.Sprintf("missing from spec.versions; %[1]s was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in %[1]s and removes %[1]s from status.storedVersions", name)))
		}
	}
}

// approval: groups of the Kubernetes project are not everybody's.
func (l *ErrorList) approval(crd, old *CustomResourceDefinition) {
	if !IsProtectedGroup(crd.Spec.Group) || old != nil && old.Annotations[KubeAPIApprovedAnnotation] == crd.Annotations[KubeAPIApprovedAnnotation] {
		return
	}
	path := metadata.Child("annotations").Key(KubeAPIApprovedAnnotation)
	switch state, reason := APIApproval(crd); state {
	case "missing":
		l.add(path.Required(reason))
	case "invalid":
		l.add(path.Invalid(crd.Annotations[KubeAPIApprovedAnnotation], reason))
	}
}

// IsProtectedGroup tells of the groups that the Kubernetes project keeps for itself.
func IsProtectedGroup(group string) bool {
	return group == "k8s.io" || group == "kubernetes.io" || strings.HasSuffix(group, ".k8s.io") || strings.HasSuffix(group, ".kubernetes.io")
}

// APIApproval reads the annotation by which a definition in a protected group shows that it may be there: the URL of the
// approval, or the admission that there is none. The state is missing, invalid, bypassed or approved.
func APIApproval(crd *CustomResourceDefinition) (state, reason string) {
	const more = ", see https://github.com/kubernetes/enhancements/pull/1111"
	text := crd.Annotations[KubeAPIApprovedAnnotation]
	u, err := url.ParseRequestURI(text)
	switch {
	case text == "":
		return "missing", fmt.Sprintf("protected groups must have approval annotation %q", KubeAPIApprovedAnnotation) + more
	case strings.HasPrefix(text, "unapproved"):
		return "bypassed", fmt.Sprintf("not approved: %q", text)
	case err == nil && u.Host != "" && u.Scheme != "":
		return "approved", "approved in " + text
	}
	return "invalid", fmt.Sprintf("protected groups must have approval annotation %q with either a URL or a reason starting with \"unapproved\"", KubeAPIApprovedAnnotation) + more
}
