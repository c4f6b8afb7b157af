package apiserver

import (
	"kubelite/api"
	"kubelite/apiserver/printers"
)

// A Table is a list made ready for people to read: what `kubectl get` asks for, with an Accept header that says
// as=Table. Rows carry the object too, or only its metadata (the default, by which kubectl finds labels for -L and
// the name for -w), or nothing: ?includeObject=.

// newTable makes a Table of objects of one kind. Without headers it is one of the later events of a watch: the first
// has told the columns.
func newTable(req *Request, accept *accepted, objs []api.Object, meta api.ListMeta, headers bool) (*api.Table, error) {
	include, err := includeObject(req)
	if err != nil {
		return nil, err
	}
	columns := columnsFor(req.Resource, objs)
	table := &api.Table{
		TypeMeta: api.TypeMeta{Kind: "Table", APIVersion: "meta.k8s.io/" + accept.version},
		ListMeta: meta,
	}
	if len(objs) > 0 || columns != printers.Default { // there, none are null
		table.Rows = make([]api.TableRow, len(objs))
	}
	if headers {
		table.ColumnDefinitions = columns.Definitions
	}
	for i, obj := range objs {
		row := &table.Rows[i]
		row.Cells, row.Conditions = columns.Row(obj)
		var shown any = obj
		switch include {
		case api.IncludeNone:
			continue
		case api.IncludeMetadata:
			shown = partialMetadata(obj, accept.version)
		}
		if row.Object.Raw, err = api.MarshalJSON(shown); err != nil {
			return nil, err
		}
	}
	return table, nil
}

// columnsFor are the columns of what is shown: the resource's, unless a subresource answers with another kind.
func columnsFor(res *Resource, objs []api.Object) *printers.Columns {
	if len(objs) > 0 {
		switch objs[0].(type) {
		case *api.Scale:
			return printers.Scale
		case *api.PartialObjectMetadata:
			return printers.Default
		}
	}
	if res == nil || res.Columns == nil {
		return printers.Default
	}
	return res.Columns
}

// includeObject says what of the object goes into a row.
func includeObject(req *Request) (api.IncludeObjectPolicy, error) {
	switch policy := api.IncludeObjectPolicy(req.Query().Get("includeObject")); policy {
	case "":
		return api.IncludeMetadata, nil
	case api.IncludeNone, api.IncludeMetadata, api.IncludeObject:
		return policy, nil
	default:
		return "", api.NewBadRequest("Unable to convert to Table as requested: %v",
			api.Path("includeObject").Invalid(string(policy), "must be 'Metadata', 'Object', 'None', or empty"))
	}
}
