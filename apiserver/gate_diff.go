package apiserver

import (
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// maxShownChanges bounds the diff of a write that is about many objects.
const maxShownChanges = 20

// diffOf shows changes as a unified diff of YAML.
func diffOf(changes []change) string {
	var out strings.Builder
	for i := range changes {
		if i == maxShownChanges {
			out.WriteString("... and more objects\n")
			break
		}
		c := &changes[i]
		before, after := shownTree(c.old), shownTree(c.new)
		if c.res.Resource() == "secrets" {
			hideValues(before, after)
		}
		from, to := c.path(), c.path()
		if c.old == nil {
			from = "/dev/null"
			metadata, _ := after["metadata"].(map[string]any)
			for _, own := range []string{"uid", "creationTimestamp"} { // other ones than these
				delete(metadata, own)
			}
			if metadata != nil {
				metadata["name"] = c.name()
			}
		}
		if c.new == nil {
			to = "/dev/null"
		}
		text := api.UnifiedDiff(yamlText(before), yamlText(after))
		if text == "" {
			continue
		}
		out.WriteString("--- " + from + "\n+++ " + to + "\n" + text)
	}
	return out.String()
}

// path is how the diff calls the object: "deployments.apps/default/web".
func (c *change) path() string {
	path := c.res.Resource()
	if namespace := c.meta().Namespace; namespace != "" {
		path += "/" + namespace
	}
	return path + "/" + c.name()
}

// meta is that of the object as it is, or, if it is new, as it would be.
func (c *change) meta() *api.ObjectMeta {
	if c.old != nil {
		return c.old.GetObjectMeta()
	}
	return c.new.GetObjectMeta()
}

// makesUpName tells that the object is new, and that its name will be another one than that of the rehearsal.
func (c *change) makesUpName() bool {
	meta := c.meta()
	return c.old == nil && meta.GenerateName != "" && strings.HasPrefix(meta.Name, meta.GenerateName)
}

// name is what is known of the object's name: "web-6d4-*".
func (c *change) name() string {
	if c.makesUpName() {
		return c.meta().GenerateName + "*"
	}
	return c.meta().Name
}

// shownTree is an object less what changes with every write.
func shownTree(obj api.Object) map[string]any {
	if obj == nil {
		return nil
	}
	tree, err := api.JSONOf(obj)
	if err != nil {
		return map[string]any{"unreadable": err.Error()}
	}
	if metadata, ok := tree["metadata"].(map[string]any); ok {
		delete(metadata, "managedFields")
		delete(metadata, "resourceVersion")
	}
	return tree
}

func yamlText(tree map[string]any) string {
	if tree == nil {
		return ""
	}
	text, err := api.MarshalYAML(tree)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// hideValues keeps what is in a secret from being seen, but not that it changes.
func hideValues(before, after map[string]any) {
	old, _ := before["data"].(map[string]any)
	data, _ := after["data"].(map[string]any)
	changed := map[string]bool{}
	for key, value := range old {
		now, both := data[key]
		changed[key] = both && now != value
	}
	for _, side := range []struct {
		data map[string]any
		mark string
	}{{old, "before"}, {data, "after"}} {
		for _, key := range slices.Collect(maps.Keys(side.data)) {
			side.data[key] = "***"
			if changed[key] {
				side.data[key] = "*** (" + side.mark + ")"
			}
		}
	}
	for _, tree := range []map[string]any{before, after} {
		if metadata, ok := tree["metadata"].(map[string]any); ok {
			if annotations, ok := metadata["annotations"].(map[string]any); ok && annotations[lastAppliedAnnotation] != nil {
				annotations[lastAppliedAnnotation] = "***" // has the values, too
			}
		}
	}
}

// lastAppliedAnnotation is where `kubectl apply` keeps the manifest.
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"
