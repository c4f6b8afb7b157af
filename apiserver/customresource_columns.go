package apiserver

import (
	"strings"
	"time"

	"kubelite/api"
	"kubelite/apiserver/printers"
)

// customColumns are the columns that a definition asks for, behind the name. Without any, there is the age.
func customColumns(asked []api.CustomResourceColumnDefinition) *printers.Columns {
	if len(asked) == 0 {
		asked = []api.CustomResourceColumnDefinition{{
			Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp", Description: "Time since the object was created.",
		}}
	}
	definitions := []api.TableColumnDefinition{printers.NameColumn}
	paths := make([]*api.JSONPath, len(asked))
	for i, column := range asked {
		description := column.Description
		if description == "" {
			description = "Custom resource definition column (in JSONPath format): " + column.JSONPath
		}
		definitions = append(definitions, api.TableColumnDefinition{
			Name: column.Name, Type: column.Type, Format: column.Format, Description: description, Priority: column.Priority,
		})
		path, err := api.ParseJSONPath("{" + column.JSONPath + "}")
		if err != nil {
			return printers.Default // as upstream: an object must be shown, whatever its definition says
		}
		paths[i] = path
	}
	return &printers.Columns{
		Definitions: definitions,
		Row: func(obj api.Object) ([]any, []api.TableRowCondition) {
			data := whole(obj)
			cells := []any{obj.GetObjectMeta().Name}
			for i, path := range paths {
				var cell any
				if values, err := path.Values(data); err == nil && len(values) > 0 {
					cell = customCell(asked[i].Type, values[0])
				}
				cells = append(cells, cell)
			}
			return cells, nil
		},
	}
}

// customCell shows a value as a column's type wants it; nil is an empty cell.
func customCell(columnType string, value any) any {
	switch columnType {
	case "string":
		text, err := api.JSONPathText(value)
		if err != nil {
			return nil
		}
		return text
	case "integer":
		switch n := value.(type) {
		case int64:
			return n
		case float64:
			return int64(n)
		}
	case "number":
		switch n := value.(type) {
		case int64:
			return float64(n)
		case float64:
			return n
		}
	case "boolean":
		if b, ok := value.(bool); ok {
			return b
		}
	case "date":
		text, ok := value.(string)
		if !ok {
			return nil
		}
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
		if err != nil {
			return "<invalid>"
		}
		return printers.Age(t, time.Now())
	}
	return nil
}
