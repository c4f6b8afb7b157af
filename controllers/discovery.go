package controllers

import (
	"context"

	"kubelite/client"
)

// discover asks the server which kinds it serves, and returns each of them once, in the version that the server
// prefers. The namespace controller and the garbage collector must reach every kind, also those that were added to
// the server while it runs, so they ask again and again.
func discover(ctx context.Context, c *client.Client) ([]client.APIResource, error) {
	all, err := c.Discover(ctx)
	return preferredOnly(all), err
}

// preferredOnly keeps the first version of each kind: discovery lists the preferred one first.
func preferredOnly(all []client.APIResource) []client.APIResource {
	type groupResource struct{ group, plural string }
	seen := map[groupResource]bool{}
	var preferred []client.APIResource
	for _, r := range all {
		if key := (groupResource{r.Group, r.Plural}); !seen[key] {
			seen[key] = true
			preferred = append(preferred, r)
		}
	}
	return preferred
}

// canAll tells whether the server offers all these verbs on the resource.
func canAll(r client.APIResource, verbs ...string) bool {
	for _, verb := range verbs {
		if !r.Can(verb) {
			return false
		}
	}
	return true
}
