package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// An addon is a part of a cluster that runs in it as ordinary pods, of the image that holds our own binary. Its manifest is
// applied when it is enabled, and again by each start, for a new version of kubelite has a new image.
//
//go:embed addons/*.yaml
var addonManifests embed.FS

// addonPurposes says what there is.
var addonPurposes = []struct{ name, purpose string }{
	{"dns", "names of services, for all pods"},
	{"ingress", "HTTP from outside to services, by host and path, as ingress-nginx does"},
}

// defaultAddons are what a new cluster has. Simulated pods run nothing, so there they would be of no use.
func defaultAddons(runtime string) []string {
	if runtime == RuntimeDocker {
		return []string{"dns"}
	}
	return nil
}

// addonObjects are the objects of an addon in this cluster.
func (c *Config) addonObjects(name string) ([]*api.Unstructured, error) {
	manifest, err := addonManifests.ReadFile("addons/" + name + ".yaml")
	if err != nil {
		var names []string
		for _, a := range addonPurposes {
			names = append(names, a.name)
		}
		return nil, fmt.Errorf("no addon %q; there are %s", name, strings.Join(names, ", "))
	}
	text := strings.NewReplacer("$IMAGE", c.Image, "$DNS_ADDRESS", c.dnsAddress().String(), "$NODE_IP", c.nodeIP()).Replace(string(manifest))
	var objects []*api.Unstructured
	for _, document := range api.SplitYAML([]byte(text)) {
		content, err := api.YAMLToJSON(document)
		if err != nil {
			return nil, fmt.Errorf("addon %s: %w", name, err)
		}
		object := &api.Unstructured{}
		if err := api.UnmarshalJSON(content, object); err != nil {
			return nil, fmt.Errorf("addon %s: %w", name, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// applyAddon makes the addon's objects what its manifest says.
func applyAddon(ctx context.Context, c *client.Client, config *Config, name string) error {
	objects, err := config.addonObjects(name)
	if err != nil {
		return err
	}
	for _, object := range objects {
		body, err := api.MarshalJSON(object)
		if err != nil {
			return err
		}
		_, err = c.Do(client.Because(ctx, "addon %s is enabled", name), client.Request{
			Method: http.MethodPatch, Path: addonPath(object), Body: body, ContentType: string(api.ApplyPatchType),
			Query: url.Values{"fieldManager": {"kubelite"}, "force": {"true"}},
		})
		if err != nil {
			return fmt.Errorf("addon %s: apply %s: %w", name, api.Describe(object), err)
		}
	}
	return nil
}

// deleteAddon removes the addon's objects, the last one first.
func deleteAddon(ctx context.Context, c *client.Client, config *Config, name string) error {
	objects, err := config.addonObjects(name)
	if err != nil {
		return err
	}
	for _, object := range slices.Backward(objects) {
		_, err := c.Do(client.Because(ctx, "addon %s is disabled", name), client.Request{Method: http.MethodDelete, Path: addonPath(object)})
		if err != nil && !api.IsNotFound(err) {
			return fmt.Errorf("addon %s: delete %s: %w", name, api.Describe(object), err)
		}
	}
	return nil
}

func addonPath(object *api.Unstructured) string {
	gv := api.ParseGroupVersion(object.APIVersion)
	kind := api.KindByName(api.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: object.Kind})
	return kind.Path(object.Namespace, object.Name)
}

// addonsCommand lists, enables and disables addons of a running cluster.
func addonsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "addons", Short: "List, enable and disable what runs in the cluster beside your own"}
	cmd.AddCommand(profileCommand("list", "Show which addons there are", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 3, ' ', 0)
		fmt.Fprintln(w, "ADDON\tSTATE\tPURPOSE")
		for _, a := range addonPurposes {
			state := "disabled"
			if slices.Contains(config.Addons, a.name) {
				state = "enabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", a.name, state, a.purpose)
		}
		return w.Flush()
	}))
	change := func(use, short, done string, act func(ctx context.Context, c *client.Client, config *Config, name string) error, edit func(addons []string, name string) []string) {
		cmd.AddCommand(profileCommand(use+" ADDON", short, cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
			config, err := loadConfig(p)
			if err != nil {
				return err
			}
			if !config.hasProxy() {
				return errors.New("addons are pods, and this cluster's nodes are simulated: they would do nothing")
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
			defer cancel()
			c, err := waitAPI(ctx, p)
			if err != nil {
				return err
			}
			if err := act(ctx, c, config, args[0]); err != nil {
				return err
			}
			config.Addons = edit(config.Addons, args[0])
			if err := config.save(p); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "addon %s %s\n", args[0], done)
			return err
		}))
	}
	change("enable", "Run an addon", "enabled", applyAddon, func(addons []string, name string) []string {
		if slices.Contains(addons, name) {
			return addons
		}
		return append(addons, name)
	})
	change("disable", "Remove an addon", "disabled", deleteAddon, func(addons []string, name string) []string {
		return slices.DeleteFunc(addons, func(a string) bool { return a == name })
	})
	return cmd
}
