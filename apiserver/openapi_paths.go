package apiserver

import (
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// describeResource makes the paths of one row of the table, and of its subresources.
func describeResource(res *Resource) map[string]*openapiPathItem {
	d := &describer{res: res, paths: map[string]*openapiPathItem{}}
	collection, scope := "/"+openapiPath(res.GroupVersion)+"/", ""
	if res.Namespaced {
		if slices.Contains(res.Verbs, "list") { // of all namespaces
			d.item(collection + res.Plural).Get = d.operation("list", "list", "list or watch objects of kind "+res.Kind.Kind, "ForAllNamespaces", res.Kind)
		}
		collection += "namespaces/{namespace}/"
		scope = "Namespaced"
	}
	d.scope = scope
	collection += res.Plural
	one := collection + "/{name}"
	d.verbs(collection, one, res.Verbs, res.Kind, "")
	for _, name := range slices.Sorted(maps.Keys(res.Subresources)) {
		sub := res.Subresources[name]
		if sub.Connects {
			d.connections(one+"/"+name, sub, name)
			continue
		}
		// A create on a subresource is a POST below the object.
		d.verbs(one+"/"+name, one+"/"+name, sub.Verbs, sub.kind(res), name)
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
		item.Parameters = append(item.Parameters, parameter("pretty", "query", "string", "If 'true', the answer is indented for people."))
		d.paths[path] = item
	}
	return d.paths[path]
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

// connections describes a subresource whose answers are somebody else's, whatever the method.
func (d *describer) connections(path string, sub *Subresource, name string) {
	item := d.item(path)
	for verb, operation := range map[string]**openapiOperation{
		"Post": &item.Post, "Delete": &item.Delete, "Get": &item.Get, "Patch": &item.Patch, "Put": &item.Put,
	} {
		if (verb == "Delete" || verb == "Patch" || verb == "Put") && !sub.AnyMethod {
			continue
		}
		description := "connect " + strings.ToUpper(verb) + " requests to " + name + " of " + d.res.Kind.Kind
		*operation = d.operation("connect"+verb, "connect", description, exported(name), sub.Kind)
		(*operation).Responses["200"] = openapiResponse{Description: "OK", Content: map[string]openapiContent{"*/*": {openapiRef{Type: "string"}}}}
	}
}

// operation describes one verb. kind is that of bodies and answers.
func (d *describer) operation(name, action, description, suffix string, kind *api.Kind) *openapiOperation {
	group, _, _ := strings.Cut(or(d.res.Group, "core"), ".")
	media := mediaTypes
	if d.res.Kind.Custom {
		group, media = customGroupName(d.res.Group), customMediaTypes
	}
	inName := d.scope
	if name == "deletecollection" {
		name, inName = "delete", "Collection"+d.scope
	}
	op := &openapiOperation{
		Tags: []string{group + "_" + d.res.Version}, Description: description, Action: action,
		ID:        name + exported(group) + exported(d.res.Version) + inName + d.res.Kind.Kind + suffix,
		Kind:      openapiKind{kind.Group, kind.Version, kind.Kind},
		Responses: map[string]openapiResponse{"401": {Description: "Unauthorized"}},
	}
	object := api.SchemaName(kind)
	if suffix == "Log" {
		op.Responses["200"] = openapiResponse{Description: "OK", Content: map[string]openapiContent{"text/plain": {openapiRef{Type: "string"}}}}
		op.Parameters = logParameters
		return op
	}
	answers := func(schema string, codes ...string) {
		texts := map[string]string{"200": "OK", "201": "Created", "202": "Accepted"}
		for _, code := range codes {
			op.Responses[code] = openapiResponse{Description: texts[code], Content: contents(schema, media...)}
		}
	}
	switch action {
	case "list":
		op.Parameters = listParameters
		answers(object+"List", "200")
	case "get":
		answers(object, "200")
	case "post":
		op.Parameters, op.Body = writeParameters, &openapiBody{Content: contents(object, "*/*"), Required: true}
		answers(object, "200", "201", "202")
	case "put":
		op.Parameters, op.Body = writeParameters, &openapiBody{Content: contents(object, "*/*"), Required: true}
		answers(object, "200", "201")
	case "patch":
		op.Parameters, op.Body = patchParameters, &openapiBody{Content: contents(schemaPatch, d.res.patchTypes()...), Required: true}
		answers(object, "200", "201")
	case "delete":
		op.Parameters, op.Body = deleteParameters, &openapiBody{Content: contents(schemaOptions, "*/*")}
		answers(schemaStatus, "200", "202")
	case "deletecollection":
		op.Parameters, op.Body = slices.Concat(deleteParameters, selectParameters), &openapiBody{Content: contents(schemaOptions, "*/*")}
		answers(schemaStatus, "200")
	}
	return op
}

// customGroupName is what the names of operations call a group: stableExampleCom.
func customGroupName(group string) string {
	first, rest, _ := strings.Cut(group, ".")
	for label := range strings.SplitSeq(rest, ".") {
		first += exported(label)
	}
	return first
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

func parameter(name, in, typ, description string) openapiParameter {
	return openapiParameter{Name: name, In: in, Description: description, Required: in == "path", Schema: openapiTypedOnly{typ, true}}
}

func query(name, typ, description string) openapiParameter {
	return parameter(name, "query", typ, description)
}

// The query parameters by what they go with. kubectl looks for fieldValidation at PATCH: a server that has it checks
// fields itself.
var (
	dryRunParameter = query("dryRun", "string", "With the value All, everything happens but the storing.")
	writeParameters = []openapiParameter{
		dryRunParameter,
		query("fieldManager", "string", "Name of the program or person that makes the change, at most 128 printable characters."),
		query("fieldValidation", "string", "What to do about fields that are unknown or given twice: Ignore drops them, Warn (the default) drops them with a warning, Strict refuses the request."),
	}
	patchParameters = append(slices.Clip(writeParameters),
		query("force", "boolean", "Of an apply patch: take over fields that other managers own."))
	deleteParameters = []openapiParameter{
		dryRunParameter,
		query("gracePeriodSeconds", "integer", "How many seconds the object may live on; 0 deletes at once. Defaults to what the object says."),
		query("orphanDependents", "boolean", "Deprecated, use propagationPolicy: whether dependents are left alone."),
		query("propagationPolicy", "string", "What happens to dependents: Orphan leaves them alone, Background deletes them afterwards, Foreground deletes them first."),
	}
	selectParameters = []openapiParameter{
		query("continue", "string", "Token of the page before, to get the next one."),
		query("fieldSelector", "string", "Only objects with these fields. Defaults to all."),
		query("labelSelector", "string", "Only objects with these labels. Defaults to all."),
		query("limit", "integer", "How many objects to return at most; if there are more, metadata.continue has a token for the next page."),
		query("resourceVersion", "string", "Which state to show; see resourceVersionMatch."),
		query("resourceVersionMatch", "string", "Whether resourceVersion means exactly that state, or one that is not older."),
		query("sendInitialEvents", "boolean", "Of a watch: begin with what exists, as ADDED events and a bookmark."),
		query("timeoutSeconds", "integer", "After how many seconds a watch ends."),
	}
	listParameters = append(slices.Clip(selectParameters),
		query("allowWatchBookmarks", "boolean", "Of a watch: whether to send BOOKMARK events, which tell how far the watch is."),
		query("watch", "boolean", "Send changes as they happen, instead of a list."))
	logParameters = []openapiParameter{
		query("container", "string", "Name of the container; a pod with only one needs none."),
		query("follow", "boolean", "Send lines as they are written."),
		query("insecureSkipTLSVerifyBackend", "boolean", "Do not check the kubelet's certificate."),
		query("limitBytes", "integer", "After how many bytes to end."),
		query("previous", "boolean", "Read the log of the container's run before the last restart."),
		query("sinceSeconds", "integer", "Leave out lines older than so many seconds."),
		query("stream", "string", "All, Stdout or Stderr."),
		query("tailLines", "integer", "How many lines from the end to begin with."),
		query("timestamps", "boolean", "Put the time before each line."),
	}
)
