package kubectllite

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func newSetImage(s *session) *cobra.Command {
	var o setOptions
	cmd := &cobra.Command{
		Use:               "image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
		Short:             "Update the image of a pod template",
		ValidArgsFunction: s.completeObjects(),
		Example:           "  kubectl-lite set image deployment/web nginx=nginx:1.29",
		RunE: func(cmd *cobra.Command, args []string) error {
			resources, images, err := splitImages(args)
			if err != nil {
				return err
			}
			if err := o.check(resources); err != nil {
				return err
			}
			if len(images) == 0 {
				return errors.New("at least one image update is required")
			}
			if _, all := images["*"]; all && len(images) > 1 {
				return errors.New("all containers are already specified by *, but saw more than one container_name=container_image pairs")
			}
			return s.setPodSpecs(cmd.Context(), &o, resources, "image updated", "image update", func(_ *manifest, spec object) error { return setImages(spec, images) })
		},
	}
	o.addSet(cmd)
	return cmd
}

// splitImages takes the NAME=IMAGE arguments from the end.
func splitImages(args []string) (resources []string, images map[string]string, err error) {
	resources, pairs, err := resourcesAndPairs(args, "image")
	if err != nil {
		return nil, nil, err
	}
	images, _, err = parsePairs(pairs, "image", false)
	return resources, images, err
}

// setImages changes containers and init containers by name; "*" means all of them.
func setImages(podSpec object, images map[string]string) error {
	for _, name := range sortedKeys(images) {
		found := containersIn(podSpec, name, "initContainers", "containers")
		for _, c := range found {
			c["image"] = images[name]
		}
		if len(found) == 0 {
			return fmt.Errorf("error: unable to find container named %q", name)
		}
	}
	return nil
}
