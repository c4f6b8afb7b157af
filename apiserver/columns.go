package apiserver

import (
	"strings"
	"time"

	"kubelite/api"
)

// How `kubectl get` shows each kind. The server makes the cells, not kubectl, so that every client, of every
// version, shows a kind alike: table.go says how they travel.
//
// A column of priority 0 is always shown, one of priority 1 with `-o wide`. All cells are always sent; the client
// drops what it was not asked for.

// columns makes the Columns of the kind with Go type T. Ages are cells too, so cells is told what time it is.
func columns[T api.Object](cells func(obj T, now time.Time) []any, definitions ...api.TableColumnDefinition) *Columns {
	return &Columns{
		Definitions: definitions,
		Row: func(obj api.Object) ([]any, []api.TableRowCondition) {
			return cells(obj.(T), time.Now()), nil
		},
	}
}

// defaultColumns show a kind that has none of its own: its name and when it was made.
var defaultColumns = &Columns{
	Definitions: []api.TableColumnDefinition{
		nameColumn,
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
	nameColumn       = api.TableColumnDefinition{Name: "Name", Type: "string", Format: "name", Description: "Unique among the objects of this kind in the namespace."}
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

// age is the time since t, as people say it.
func age(t time.Time, now time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return api.HumanDuration(now.Sub(t))
}

// orNone is what an empty cell shows.
func orNone(s string) string { return or(s, "<none>") }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

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
