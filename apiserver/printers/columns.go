package printers

import (
	"cmp"
	"strings"
	"time"

	"kubelite/api"
)

// Columns is how a kind is shown as a Table.
type Columns struct {
	Definitions []api.TableColumnDefinition
	// Row returns one cell per definition, and the row's conditions (Completed for finished pods).
	Row func(obj api.Object) (cells []any, conditions []api.TableRowCondition)
}

// columns makes the Columns of the kind with Go type T. Ages are cells too, so cells is told what time it is.
func columns[T api.Object](cells func(obj T, now time.Time) []any, definitions ...api.TableColumnDefinition) *Columns {
	return &Columns{
		Definitions: definitions,
		Row: func(obj api.Object) ([]any, []api.TableRowCondition) {
			return cells(obj.(T), time.Now()), nil
		},
	}
}

// Default shows a kind that has none of its own: its name and when it was made.
var Default = &Columns{
	Definitions: []api.TableColumnDefinition{
		NameColumn,
		{Name: "Created At", Type: "date", Description: "When the object was created."},
	},
	Row: func(obj api.Object) ([]any, []api.TableRowCondition) {
		meta := obj.GetObjectMeta()
		return []any{meta.Name, meta.CreationTimestamp.UTC().Format(time.RFC3339)}, nil
	},
}

// The columns that many kinds share. The format "name" tells a client which column to write before a slash, as
// in `get -o name`.
var (
	NameColumn       = api.TableColumnDefinition{Name: "Name", Type: "string", Format: "name", Description: "Unique among the objects of this kind in the namespace."}
	ageColumn        = text("Age", "Time since the object was created.")
	containersColumn = wide("Containers", "Names of the containers in the pod template.")
	imagesColumn     = wide("Images", "Images of the containers in the pod template.")
	selectorColumn   = wide("Selector", "Labels that select the pods.")
)

func text(name, description string) api.TableColumnDefinition {
	return api.TableColumnDefinition{Name: name, Type: "string", Description: description}
}

func integer(name, description string) api.TableColumnDefinition {
	return api.TableColumnDefinition{Name: name, Type: "integer", Description: description}
}

func boolean(name, description string) api.TableColumnDefinition {
	return api.TableColumnDefinition{Name: name, Type: "boolean", Description: description}
}

// wide is a text column that only `-o wide` shows.
func wide(name, description string) api.TableColumnDefinition {
	return api.TableColumnDefinition{Name: name, Type: "string", Description: description, Priority: 1}
}

// Age is the time since t, as people say it.
func Age(t time.Time, now time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return api.HumanDuration(now.Sub(t))
}

// orNone is what an empty cell shows.
func orNone(s string) string { return cmp.Or(s, "<none>") }

// labelsText writes a label map as a selector would be typed: "app=web,tier=front".
func labelsText(labels map[string]string) string {
	if len(labels) == 0 {
		return "<none>"
	}
	return api.SelectorFromSet(labels).String()
}

// containersText lists the containers' names and images.
func containersText(containers []api.Container) (names, images string) {
	n, i := make([]string, len(containers)), make([]string, len(containers))
	for c := range containers {
		n[c], i[c] = containers[c].Name, containers[c].Image
	}
	return strings.Join(n, ","), strings.Join(i, ",")
}
