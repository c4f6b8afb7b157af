package kubectllite

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomized reads the objects that a kustomization makes.
func (s *session) kustomized(ctx context.Context, files fileFlags) ([]manifest, error) {
	if len(files.names) > 0 {
		return nil, errors.New("only one of -f or -k can be specified")
	}
	if files.recursive {
		return nil, errors.New("the -k flag can't be used with -f or -R")
	}
	text, err := s.buildKustomization(files.kustomize, krusty.MakeDefaultOptions())
	if err != nil {
		return nil, err
	}
	return s.parseManifests(ctx, source{files.kustomize, text})
}

// buildKustomization runs kustomize on a directory; where it names others, they are read, too.
func (s *session) buildKustomization(dir string, opts *krusty.Options) ([]byte, error) {
	made, err := krusty.MakeKustomizer(opts).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return made.AsYaml()
}

func newKustomize(s *session) *cobra.Command {
	opts := krusty.MakeDefaultOptions()
	var restrictor string
	cmd := &cobra.Command{
		Use: "kustomize DIR", Short: "Build a kustomization target from a directory or URL",
		Example: "  kubectl-lite kustomize overlays/production",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			switch restrictor {
			case "LoadRestrictionsNone":
				opts.LoadRestrictions = types.LoadRestrictionsNone
			case "LoadRestrictionsRootOnly":
			default:
				return fmt.Errorf("illegal flag value --load-restrictor %s; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]", restrictor)
			}
			text, err := s.buildKustomization(dir, opts)
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&restrictor, "load-restrictor", "LoadRestrictionsRootOnly", "if set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root. This does, however, break the relocatability of the kustomization.")
	return cmd
}
