package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newSet(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "set SUBCOMMAND", Short: "Set specific features on objects"}
	var o setImageOptions
	image := &cobra.Command{
		Use:     "image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
		Short:   "Update existing container image(s) of resources",
		Example: "  kubectl-lite set image deployment/web nginx=nginx:1.29",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.setImage(cmd.Context(), &o, args)
		},
	}
	o.selection.add(image, "identifying the resource to get from a server.")
	o.changeFlags.add(image, "kubectl-set")
	cmd.AddCommand(image)
	return cmd
}

type setImageOptions struct {
	selection
	changeFlags
}

func (s *session) setImage(ctx context.Context, o *setImageOptions, args []string) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	args, images, err := splitImages(args)
	if err != nil {
		return err
	}
	found, err := s.selectObjects(ctx, &o.selection, args, true)
	errs := []error{err}
	for i := range found {
		errs = append(errs, s.setImageOf(ctx, o, &found[i], images))
	}
	return errors.Join(errs...)
}

// splitImages takes the NAME=IMAGE arguments from the end.
func splitImages(args []string) (objects []string, images map[string]string, err error) {
	images = map[string]string{}
	for _, arg := range args {
		name, image, isImage := strings.Cut(arg, "=")
		switch {
		case !isImage && len(images) > 0:
			return nil, nil, fmt.Errorf("all resources must be specified before image changes: %s", arg)
		case !isImage:
			objects = append(objects, arg)
		case name == "" || image == "":
			return nil, nil, fmt.Errorf("invalid image update %q: want CONTAINER=IMAGE", arg)
		default:
			images[name] = image
		}
	}
	if len(images) == 0 {
		return nil, nil, errors.New("at least one image update is required")
	}
	return objects, images, nil
}

func (s *session) setImageOf(ctx context.Context, o *setImageOptions, m *manifest, images map[string]string) error {
	changed := copyObject(m.object)
	podSpec := podSpecOf(changed)
	if podSpec == nil {
		return fmt.Errorf("%s has no containers", m.display())
	}
	if err := setImages(podSpec, images); err != nil {
		return err
	}
	kind := api.KindByName(api.GroupVersionKind{Group: m.resource.Group, Version: m.resource.Version, Kind: m.resource.Kind})
	patchType, patch := api.MergePatchType, []byte(nil)
	var err error
	if kind != nil {
		patchType = api.StrategicMergePatchType
		patch, err = api.CreateTwoWayMergePatch(m.object.json(), changed.json(), kind.New())
	} else {
		patch, err = api.CreateJSONMergePatch(m.object.json(), changed.json())
	}
	if err != nil {
		return err
	}
	if string(patch) == "{}" {
		return nil // the images are what they should be: kubectl says nothing either
	}
	if o.dryRun == "client" {
		m.object = changed
	} else if m.object, err = s.patchObject(ctx, m, patchType, patch, o.query()); err != nil {
		return fmt.Errorf("failed to patch image update to pod template: %w", err)
	}
	return s.report(ctx, &o.changeFlags, m, "image updated")
}

// podSpecOf finds the spec of the pod in an object: its own, or that of the template it makes pods from.
func podSpecOf(o object) object {
	for _, path := range [][]string{
		{"spec", "template", "spec"},
		{"spec", "jobTemplate", "spec", "template", "spec"},
		{"spec"},
	} {
		if spec, ok := o.at(path...).(map[string]any); ok && spec["containers"] != nil {
			return spec
		}
	}
	return nil
}

// setImages changes containers and init containers by name; "*" means all of them.
func setImages(podSpec object, images map[string]string) error {
	for _, name := range sortedKeys(images) {
		found := false
		for _, field := range []string{"initContainers", "containers"} {
			containers, _ := podSpec[field].([]any)
			for _, c := range containers {
				if container, ok := c.(map[string]any); ok && (name == "*" || container["name"] == name) {
					container["image"] = images[name]
					found = true
				}
			}
		}
		if !found {
			return fmt.Errorf("unable to find container named %q", name)
		}
	}
	return nil
}
