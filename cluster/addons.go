package cluster

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// addon is a part of a cluster that people can do without. Most run in it as ordinary pods, of the image that holds our own binary:
// the manifest is applied when the addon is enabled, and again by each start, for a new version of kubelite has a new image.
type addon struct {
	name, purpose string
	// byDefault says that a new cluster has it.
	byDefault bool
	// process says that it is a process of the supervisor's, which works on simulated nodes, too. Pods run nothing there.
	process bool
	apply   func(ctx context.Context, c *client.Client, config *Config, p Profile) error
	remove  func(ctx context.Context, c *client.Client, config *Config) error
}

//go:embed addons/*.yaml
var addonManifests embed.FS

// addons are all that there are.
func addons() []addon {
	return []addon{
		podAddon("dns", "names of services, for all pods", true),
		podAddon("ingress", "HTTP from outside to services, by host and path, as ingress-nginx does", false),
		{name: metricsServer, purpose: "what pods and nodes use: kubectl top, and autoscaling", byDefault: true, process: true, apply: ensureMetricsServer, remove: removeMetricsServer},
	}
}

// podAddon is one that its manifest, addons/<name>.yaml, says all of.
func podAddon(name, purpose string, byDefault bool) addon {
	return addon{
		name: name, purpose: purpose, byDefault: byDefault,
		apply: func(ctx context.Context, c *client.Client, config *Config, _ Profile) error {
			return applyManifest(ctx, c, config, name)
		},
		remove: func(ctx context.Context, c *client.Client, config *Config) error {
			return deleteManifest(ctx, c, config, name)
		},
	}
}

// addonNamed finds an addon.
func addonNamed(name string) (addon, error) {
	var names []string
	for _, a := range addons() {
		if a.name == name {
			return a, nil
		}
		names = append(names, a.name)
	}
	return addon{}, fmt.Errorf("no addon %q; there are %s", name, strings.Join(names, ", "))
}

// defaultAddons are what a new cluster has.
func defaultAddons(runtime string) []string {
	var names []string
	for _, a := range addons() {
		if a.byDefault && (a.process || runtime == RuntimeDocker) {
			names = append(names, a.name)
		}
	}
	return names
}

// addonObjects are the objects of an addon in this cluster.
func (c *Config) addonObjects(name string) ([]*api.Unstructured, error) {
	manifest, err := addonManifests.ReadFile("addons/" + name + ".yaml")
	if err != nil {
		return nil, err
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

// applyManifest makes the addon's objects what its manifest says.
func applyManifest(ctx context.Context, c *client.Client, config *Config, name string) error {
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

// deleteManifest removes the addon's objects, the last one first, each gone before the one that it may need: pods that end
// have their rights until they have, and the ingress controller takes its addresses back with them.
func deleteManifest(ctx context.Context, c *client.Client, config *Config, name string) error {
	objects, err := config.addonObjects(name)
	if err != nil {
		return err
	}
	for _, object := range slices.Backward(objects) {
		_, err := c.Do(client.Because(ctx, "addon %s is disabled", name), client.Request{
			Method: http.MethodDelete, Path: addonPath(object), Query: url.Values{"propagationPolicy": {"Foreground"}},
		})
		if err == nil {
			err = waitGone(ctx, c, addonPath(object))
		}
		if err != nil && !api.IsNotFound(err) {
			return fmt.Errorf("addon %s: delete %s: %w", name, api.Describe(object), err)
		}
	}
	return nil
}

// waitGone returns when there is nothing at path any more.
func waitGone(ctx context.Context, c *client.Client, path string) error {
	return poll(ctx, func() error {
		_, err := c.Do(ctx, client.Request{Path: path})
		switch {
		case api.IsNotFound(err):
			return nil
		case err == nil:
			return errors.New("it is still there")
		}
		return err
	})
}

func addonPath(object *api.Unstructured) string {
	gv := api.ParseGroupVersion(object.APIVersion)
	kind := api.KindByName(api.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: object.Kind})
	return kind.Path(object.Namespace, object.Name)
}

// addonsCommand lists, enables and disables addons of a running cluster.
func addonsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "addons", Short: "List, enable and disable what runs in the cluster beside your own", Args: cobra.NoArgs, RunE: showHelp}
	var format string
	list := profileCommand("list", "Show which addons there are", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		return printAddons(cmd.OutOrStdout(), config, format)
	})
	list.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	cmd.AddCommand(list)
	change := func(use, short, doing, done string, act func(ctx context.Context, c *client.Client, config *Config, p Profile, a addon) error) {
		c := profileCommand(use+" ADDON", short, cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
			config, err := loadConfig(p)
			if err != nil {
				return err
			}
			a, err := addonNamed(args[0])
			if err != nil {
				return err
			}
			if !config.hasProxy() && !a.process {
				return fmt.Errorf("addon %s is pods, and this cluster's nodes are simulated: they would do nothing", a.name)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
			defer cancel()
			c, err := waitAPI(ctx, p)
			if err != nil {
				return err
			}
			err = working(cmd.OutOrStdout(), doing+" addon "+a.name, func() error { return act(ctx, c, config, p, a) })
			if err != nil {
				return err
			}
			if err := config.save(p); err != nil {
				return err
			}
			if pid := supervisorPID(p); a.process && pid != 0 {
				if err := signalProcess(pid, syscall.SIGHUP); err != nil {
					return fmt.Errorf("tell the supervisor: %w", err)
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "addon %s %s\n", a.name, done)
			return err
		})
		c.ValidArgsFunction = completeOnce(func(Profile, *Config) []string {
			var names []string
			for _, a := range addons() {
				names = append(names, a.name)
			}
			return names
		})
		cmd.AddCommand(c)
	}
	change("enable", "Run an addon", "Enabling", "enabled", func(ctx context.Context, c *client.Client, config *Config, p Profile, a addon) error {
		if !slices.Contains(config.Addons, a.name) {
			config.Addons = append(config.Addons, a.name)
		}
		return a.apply(ctx, c, config, p)
	})
	change("disable", "Remove an addon", "Disabling", "disabled", func(ctx context.Context, c *client.Client, config *Config, _ Profile, a addon) error {
		config.Addons = slices.DeleteFunc(config.Addons, func(name string) bool { return name == a.name })
		return a.remove(ctx, c, config)
	})
	return cmd
}

// printAddons writes a line for each addon, or minikube's JSON: an object with the addons by name.
func printAddons(out io.Writer, config *Config, format string) error {
	states := map[string]map[string]string{}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "ADDON\tSTATE\tPURPOSE")
	for _, a := range addons() {
		state := "disabled"
		if slices.Contains(config.Addons, a.name) {
			state = "enabled"
		}
		states[a.name] = map[string]string{"Status": state, "Profile": config.Profile}
		fmt.Fprintf(w, "%s\t%s\t%s\n", a.name, state, a.purpose)
	}
	switch format {
	case "":
		return w.Flush()
	case "json":
		return json.NewEncoder(out).Encode(states)
	}
	return fmt.Errorf("-o %s: only json is known", format)
}
