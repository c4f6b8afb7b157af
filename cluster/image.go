package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// imageCommand manages the images of the machine. Every node of every cluster on it shares them: they are the Docker
// daemon's, so what `docker build` makes is there at once, and load is for what comes in a file.
func imageCommand(machine Machine) *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Build, pull, load, save, tag, list or remove the images that pods can use", Args: cobra.NoArgs, RunE: showHelp}
	cmd.AddCommand(buildCommand(machine))

	pull := imageSubcommand("pull NAME...", "Fetch images from their registries", cobra.MinimumNArgs(1), func(cmd *cobra.Command, args []string) error {
		for _, name := range args {
			if err := machine.PullImage(cmd.Context(), name, cmd.OutOrStdout()); err != nil {
				return fmt.Errorf("pull image %q: %w", name, err)
			}
		}
		return nil
	})
	load := imageSubcommand("load FILE", "Load the images in a tar archive, as `docker save` writes them; - reads standard input", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error {
			return loadImages(cmd.Context(), machine, args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		})
	load.ValidArgsFunction = nil // a shell completes files by itself

	var file string
	save := imageSubcommand("save NAME...", "Write images to a tar archive, which load reads", cobra.MinimumNArgs(1), func(cmd *cobra.Command, args []string) error {
		return saveImages(cmd.Context(), machine, args, file, cmd.OutOrStdout())
	})
	save.Flags().StringVarP(&file, "output", "o", "-", "the file to write; -: standard output")

	tag := imageSubcommand("tag NAME ANOTHER", "Give an image another name", cobra.ExactArgs(2), func(cmd *cobra.Command, args []string) error {
		if err := machine.TagImage(cmd.Context(), args[0], args[1]); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "image %q is also %q\n", args[0], args[1])
		return err
	})
	list := imageSubcommand("list", "List the images", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		images, err := machine.ListImages(cmd.Context())
		if err != nil {
			return err
		}
		return printImages(cmd.OutOrStdout(), images)
	})
	list.Aliases = []string{"ls"}
	rm := imageSubcommand("rm NAME...", "Remove images that no container uses", cobra.MinimumNArgs(1), func(cmd *cobra.Command, args []string) error {
		var errs []error
		for _, name := range args {
			err := machine.RemoveImage(cmd.Context(), name)
			if err == nil {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "image %q removed\n", name)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	names := completeNames(func(Profile, *Config) []string {
		images, err := machine.ListImages(context.Background())
		if err != nil {
			return nil
		}
		var names []string
		for _, image := range images {
			names = append(names, image.Names...)
		}
		return names
	})
	save.ValidArgsFunction, tag.ValidArgsFunction, rm.ValidArgsFunction = names, names, names
	cmd.AddCommand(pull, load, save, tag, list, rm)
	return cmd
}

// imageSubcommand is a command about images, for clusters that have any.
func imageSubcommand(use, short string, args cobra.PositionalArgs, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return profileCommand(use, short, args, func(cmd *cobra.Command, p Profile, args []string) error {
		if err := needsDocker(p); err != nil {
			return err
		}
		return run(cmd, args)
	})
}

func buildCommand(machine Machine) *cobra.Command {
	var name, dockerfile string
	var buildArgs map[string]string
	cmd := imageSubcommand("build DIRECTORY", "Build an image from a directory with a Dockerfile", cobra.ExactArgs(1), func(cmd *cobra.Command, args []string) error {
		if err := machine.BuildImage(cmd.Context(), args[0], dockerfile, name, buildArgs, cmd.OutOrStdout()); err != nil {
			return fmt.Errorf("build image %q: %w", name, err)
		}
		return nil
	})
	cmd.Long = cmd.Short + ".\n\nThe Docker daemon's own builder does it, without BuildKit. What `docker build` makes is there for pods just as well."
	cmd.ValidArgsFunction = nil // a shell completes directories by itself
	cmd.Flags().StringVarP(&name, "tag", "t", "", "the image's name, such as web:v1 (required)")
	cmd.Flags().StringVarP(&dockerfile, "file", "f", "", "the Dockerfile (default: Dockerfile in the directory)")
	cmd.Flags().StringToStringVar(&buildArgs, "build-arg", nil, "values for the Dockerfile's ARGs: NAME=VALUE")
	if err := cmd.MarkFlagRequired("tag"); err != nil {
		panic(err) // the flag has just been made
	}
	return cmd
}

// needsDocker refuses what makes no sense for simulated pods: they run every image without having any.
func needsDocker(p Profile) error {
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	if config.Runtime != RuntimeDocker {
		return fmt.Errorf("the pods of cluster %q are simulated: they need no images", p.Name)
	}
	return nil
}

func loadImages(ctx context.Context, machine Machine, file string, in io.Reader, out io.Writer) error {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("load images: %w", err)
		}
		defer f.Close()
		in = f
	}
	var names []string
	err := working(out, "Loading images from "+file, func() (err error) {
		names, err = machine.LoadImages(ctx, in)
		return err
	})
	if err != nil {
		return fmt.Errorf("load images from %s: %w", file, err)
	}
	for _, name := range names {
		if _, err := fmt.Fprintf(out, "image %q loaded\n", name); err != nil {
			return err
		}
	}
	return nil
}

// saveImages writes an archive. One that is not whole is not left behind.
func saveImages(ctx context.Context, machine Machine, names []string, file string, out io.Writer) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("save %s: %w", strings.Join(names, ", "), err) // the daemon does not say which
		}
	}()
	if file == "-" {
		if isTerminal(out) {
			return errors.New("an archive is nothing to look at: name a file with -o, or send it into another command")
		}
		return machine.SaveImages(ctx, names, out)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".images-")
	if err != nil {
		return err
	}
	err = working(out, "Saving images to "+file, func() error { return machine.SaveImages(ctx, names, f) })
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	_, err = fmt.Fprintf(out, "saved to %s\n", file)
	return err
}

// printImages writes a line for each name.
func printImages(out io.Writer, images []api.ContainerImage) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tMEGABYTES")
	for _, image := range images {
		for _, name := range image.Names {
			fmt.Fprintf(w, "%s\t%.1f\n", name, float64(image.SizeBytes)/1e6)
		}
	}
	return w.Flush()
}
