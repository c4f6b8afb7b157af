package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// imageCommand manages the images of the machine. Every node of every cluster on it shares them: they are the Docker
// daemon's, so what `docker build` makes is there at once, and load is for what comes in a file.
func imageCommand(machine Machine) *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Load, list or remove the images that pods can use", Args: cobra.NoArgs, RunE: showHelp}
	load := profileCommand("load FILE", "Load the images in a tar archive, as `docker save` writes them; - reads standard input", cobra.ExactArgs(1),
		func(cmd *cobra.Command, p Profile, args []string) error {
			return loadImages(cmd.Context(), p, machine, args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		})
	load.ValidArgsFunction = nil // a shell completes files by itself
	list := profileCommand("list", "List the images", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if err := needsDocker(p); err != nil {
			return err
		}
		images, err := machine.ListImages(cmd.Context())
		if err != nil {
			return err
		}
		return printImages(cmd.OutOrStdout(), images)
	})
	list.Aliases = []string{"ls"}
	rm := profileCommand("rm NAME...", "Remove images that no container uses", cobra.MinimumNArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
		if err := needsDocker(p); err != nil {
			return err
		}
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
	rm.ValidArgsFunction = completeNames(func(Profile, *Config) []string {
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
	cmd.AddCommand(load, list, rm)
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

func loadImages(ctx context.Context, p Profile, machine Machine, file string, in io.Reader, out io.Writer) error {
	if err := needsDocker(p); err != nil {
		return err
	}
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
