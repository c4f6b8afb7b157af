package apiserver

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// describeResource makes the paths of one row of the table, and of its subresources.
func describeResource(res *Resource) map[string]*openapiPathItem {
	d := &describer{res: res, paths: map[string]*openapiPathItem{}}
	version, collection := "/"+openapiPath(res.GroupVersion)+"/", ""
	if res.Namespaced {
		if slices.Contains(res.Verbs, "list") { // of all namespaces
			d.item(version + res.Plural).Get = d.operation("list", "list", "list or watch objects of kind "+res.Kind.Kind, "ForAllNamespaces", res.Kind)
		}
		if d.watches() {
			d.watch(version+"watch/"+res.Plural, "ListForAllNamespaces")
		}
		collection = "namespaces/{namespace}/"
		d.scope = "Namespaced"
	}
	collection += res.Plural
	if d.watches() {
		d.watch(version+"watch/"+collection, "List")
		d.watch(version+"watch/"+collection+"/{name}", "")
	}
	collection = version + collection
	one := collection + "/{name}"
	d.verbs(collection, one, res.Verbs, res.Kind, "")
	for _, name := range slices.Sorted(maps.Keys(res.Subresources)) {
		sub := res.Subresources[name]
		if sub.Connects {
			d.connections(one+"/"+name, sub, name, "")
			if sub.AnyMethod { // what stands behind it in the path is passed on
				d.connections(one+"/"+name+"/{path}", sub, name, "WithPath")
			}
			continue
		}
		// A create on a subresource is a POST below the object.
		d.verbs(one+"/"+name, one+"/"+name, sub.Verbs, sub.kind(res), name)
	}
	for _, item := range d.paths {
		item.share()
	}
	return d.paths
}

// describer puts together the paths of one resource.
type describer struct {
	res   *Resource
	scope string // "Namespaced" in the names of operations
	paths map[string]*openapiPathItem
}

// item is a path; it is made when the first operation on it comes.
func (d *describer) item(path string) *openapiPathItem {
	if d.paths[path] == nil {
		item := &openapiPathItem{}
		if strings.Contains(path, "{name}") {
			item.Parameters = append(item.Parameters, parameter("name", "path", "string", "name of the "+d.res.Kind.Kind))
		}
		if strings.Contains(path, "{namespace}") {
			item.Parameters = append(item.Parameters, parameter("namespace", "path", "string", "Namespace of the object."))
		}
		if strings.Contains(path, "{path}") {
			item.Parameters = append(item.Parameters, parameter("path", "path", "string", "What is asked for behind the proxy."))
		}
		d.paths[path] = item
	}
	return d.paths[path]
}

// operations are those of a path.
func (i *openapiPathItem) operations() (list []*openapiOperation) {
	for _, op := range []*openapiOperation{i.Get, i.Head, i.Put, i.Post, i.Delete, i.Options, i.Patch} {
		if op != nil {
			list = append(list, op)
		}
	}
	return list
}

// share says once, beside the operations of a path, which parameters all of them take.
func (i *openapiPathItem) share() {
	all := i.operations()
	shared := func(p openapiParameter) bool {
		return !slices.ContainsFunc(all, func(op *openapiOperation) bool { return !slices.Contains(op.Parameters, p) })
	}
	for _, p := range all[0].Parameters {
		if shared(p) {
			i.Parameters = append(i.Parameters, p)
		}
	}
	for _, op := range all {
		op.Parameters = slices.DeleteFunc(slices.Clone(op.Parameters), func(p openapiParameter) bool { return slices.Contains(i.Parameters, p) })
	}
}

// verbs describes what can be done on a collection and on one object (of a subresource, both are its path).
func (d *describer) verbs(collection, one string, verbs []string, kind *api.Kind, sub string) {
	suffix := exported(sub)
	what := "the specified " + d.res.Kind.Kind
	if sub != "" {
		what = sub + " of " + what
	}
	for _, verb := range verbs {
		switch verb {
		case "list":
			d.item(collection).Get = d.operation("list", "list", "list or watch objects of kind "+d.res.Kind.Kind, suffix, kind)
		case "create":
			description := "create a " + d.res.Kind.Kind
			if sub != "" {
				description = "create " + what
			}
			d.item(collection).Post = d.operation("create", "post", description, suffix, kind)
		case "deletecollection":
			d.item(collection).Delete = d.operation("deletecollection", "deletecollection", "delete collection of "+d.res.Kind.Kind, suffix, kind)
		case "get":
			d.item(one).Get = d.operation("read", "get", "read "+what, suffix, kind)
		case "update":
			d.item(one).Put = d.operation("replace", "put", "replace "+what, suffix, kind)
		case "patch":
			d.item(one).Patch = d.operation("patch", "patch", "partially update "+what, suffix, kind)
		case "delete":
			d.item(one).Delete = d.operation("delete", "delete", "delete a "+d.res.Kind.Kind, suffix, kind)
		}
	}
}

// watches tells whether the kind has the deprecated paths for watching. Custom kinds, which are younger, do without.
func (d *describer) watches() bool {
	return slices.Contains(d.res.Verbs, "watch") && !d.res.Kind.Custom
}

// watch describes the deprecated path that watches a list or, without a suffix, one object.
func (d *describer) watch(path, suffix string) {
	action, description := "watchlist", "watch individual changes to a list of "+d.res.Kind.Kind+". deprecated: use the 'watch' parameter with a list operation instead."
	if suffix == "" {
		action = "watch"
		description = "watch changes to an object of kind " + d.res.Kind.Kind +
			". deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter."
	}
	d.item(path).Get = d.operation("watch", action, description, suffix, d.res.Kind)
}

// connections describes a subresource whose answers are somebody else's, whatever the method.
func (d *describer) connections(path string, sub *Subresource, name, suffix string) {
	item := d.item(path)
	for verb, operation := range map[string]**openapiOperation{
		"Get": &item.Get, "Post": &item.Post,
		"Head": &item.Head, "Put": &item.Put, "Delete": &item.Delete, "Options": &item.Options, "Patch": &item.Patch,
	} {
		if verb != "Get" && verb != "Post" && !sub.AnyMethod {
			continue
		}
		op := d.begin("connect", verb, "connect", "connect "+strings.ToUpper(verb)+" requests to "+name+" of "+d.res.Kind.Kind, exported(name)+suffix, sub.Kind)
		op.Parameters = optionParameters(sub.Kind)
		op.Responses["200"] = openapiResponse{Description: "OK", Content: textContents("*/*")}
		*operation = op
	}
}

// optionParameters are the parameters of a query that is read as a kind of its own: PodExecOptions.
func optionParameters(kind *api.Kind) (list []openapiParameter) {
	doc, err := api.Explain(kind)
	if err != nil { // only of a path below the kind
		return nil
	}
	for _, field := range doc.Fields {
		if field.Name != "kind" && field.Name != "apiVersion" {
			list = append(list, query(field.Name, strings.TrimPrefix(field.Type, "[]"), field.Description)) // a list: the parameter is repeated
		}
	}
	return list
}

// begin names an operation. kind is that of bodies and answers.
func (d *describer) begin(name, method, action, description, suffix string, kind *api.Kind) *openapiOperation {
	group := groupIdentifier(d.res.GroupVersion.Group)
	return &openapiOperation{
		Tags: []string{group + "_" + d.res.Version}, Description: description, Action: action,
		ID:        name + exported(group) + exported(d.res.Version) + method + d.scope + d.res.Kind.Kind + suffix,
		Kind:      &openapiKind{kind.Group, kind.Version, kind.Kind},
		Responses: map[string]openapiResponse{"401": {Description: "Unauthorized"}},
	}
}

// operation describes one verb.
func (d *describer) operation(name, action, description, suffix string, kind *api.Kind) *openapiOperation {
	media, bodies := mediaTypes, []string{"*/*"}
	lists := slices.Concat(mediaTypes, []string{mediaJSON + watchStream, mediaProtobuf + watchStream})
	if d.res.Kind.Custom {
		media, lists, bodies = customMediaTypes, customMediaTypes, customMediaTypes
	}
	collection := ""
	if action == "deletecollection" {
		name, collection = "delete", "Collection"
	}
	op := d.begin(name, collection, action, description, suffix, kind)
	object := api.SchemaName(kind)
	if suffix == "Log" {
		op.Parameters = append(logParameters, prettyParameter)
		op.Responses["200"] = openapiResponse{Description: "OK", Content: textContents(append(mediaTypes, "text/plain")...)}
		return op
	}
	answers := func(schema string, media []string, codes ...string) {
		texts := map[string]string{"200": "OK", "201": "Created", "202": "Accepted"}
		for _, code := range codes {
			op.Responses[code] = openapiResponse{Description: texts[code], Content: contents(schema, media...)}
		}
	}
	deleted := schemaStatus
	if d.res.Strategy.AnswersDeleted {
		deleted = object
	}
	switch action {
	case "list":
		op.Parameters = listParameters
		answers(object+"List", lists, "200")
	case "watch", "watchlist":
		op.Parameters = listParameters
		answers(schemaWatch, lists, "200")
	case "get":
		answers(object, media, "200")
	case "post":
		op.Parameters, op.Body = writeParameters, &openapiBody{Content: contents(object, bodies...), Required: true}
		answers(object, media, "200", "201", "202")
	case "put":
		op.Parameters, op.Body = writeParameters, &openapiBody{Content: contents(object, bodies...), Required: true}
		answers(object, media, "200", "201")
	case "patch":
		op.Parameters, op.Body = patchParameters, &openapiBody{Content: contents(schemaPatch, d.res.patchTypes()...), Required: true}
		answers(object, media, "200", "201")
	case "delete":
		op.Parameters, op.Body = deleteParameters, &openapiBody{Content: contents(schemaOptions, bodies...)}
		answers(deleted, media, "200", "202")
	case "deletecollection":
		op.Parameters, op.Body = slices.Concat(deleteParameters, selectParameters), &openapiBody{Content: contents(schemaOptions, bodies...)}
		answers(schemaStatus, media, "200")
	}
	op.Parameters = append(slices.Clip(op.Parameters), prettyParameter)
	return op
}

// groupIdentifier is what tags and the names of operations call a group: rbacAuthorization, stableExampleCom.
func groupIdentifier(group string) string {
	parts := strings.FieldsFunc(strings.TrimSuffix(cmp.Or(group, "core"), ".k8s.io"), func(r rune) bool { return r == '.' || r == '-' })
	for i := range parts[1:] {
		parts[i+1] = exported(parts[i+1])
	}
	return strings.Join(parts, "")
}

// textContents are answers that are plain text, whatever they are called.
func textContents(media ...string) map[string]openapiContent {
	all := map[string]openapiContent{}
	for _, m := range media {
		all[m] = openapiContent{openapiRef{Type: "string"}}
	}
	return all
}

func contents(schema string, media ...string) map[string]openapiContent {
	all := map[string]openapiContent{}
	for _, m := range media {
		all[m] = openapiContent{openapiRef{Ref: schemaPrefix + schema}}
	}
	return all
}

// exported is a name with its first letter in upper case.
func exported(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
