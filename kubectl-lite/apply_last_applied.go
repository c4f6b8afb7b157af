package kubectllite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// newViewLastApplied shows what the last apply of an object was given.
func newViewLastApplied(s *session) *cobra.Command {
	var sel selection
	var output string
	cmd := &cobra.Command{
		Use:   "view-last-applied (TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
		Short: "View the latest last-applied-configuration annotations of a resource/object",
		Example: `  # What the last apply of a deployment was given, and the same as JSON
  kubectl-lite apply view-last-applied deployment/web
  kubectl-lite apply view-last-applied -f web.yaml -o json`,
		ValidArgsFunction: s.completeObjects(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.viewLastApplied(cmd.Context(), &sel, args, output)
		},
	}
	sel.add(cmd, "that contains the last-applied-configuration annotations")
	cmd.Flags().StringVarP(&output, "output", "o", "yaml", "Output format. Must be one of (yaml, json)")
	return cmd
}

func (s *session) viewLastApplied(ctx context.Context, sel *selection, args []string, output string) error {
	found, err := s.selectObjects(ctx, sel, args, true)
	if err != nil {
		return err
	}
	var texts []string
	for _, m := range found {
		if text := m.object.text("metadata", "annotations", lastApplied); text != "" { // kubectl passes over the others without a word
			texts = append(texts, text)
		}
	}
	for _, text := range texts {
		switch output {
		case "json":
			var b bytes.Buffer
			if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
				return err
			}
			fmt.Fprint(s.Out, b.String())
		case "yaml":
			o, err := parseObject([]byte(text))
			if err != nil {
				return err
			}
			if err := (&printer{format: "yaml"}).print(s.Out, o); err != nil {
				return err
			}
		default:
			return usageErrorf("apply view-last-applied", "Unexpected -o output mode: %s, the flag 'output' must be one of yaml|json", output)
		}
	}
	return nil
}

// setLastAppliedOptions are the flags of apply set-last-applied.
type setLastAppliedOptions struct {
	changeFlags
	files  fileFlags
	create bool
}

// newSetLastApplied makes a later apply believe that it was an apply of these files which made the objects.
func newSetLastApplied(s *session) *cobra.Command {
	var o setLastAppliedOptions
	cmd := &cobra.Command{
		Use:   "set-last-applied -f FILENAME",
		Short: "Set the last-applied-configuration annotation on a live object to match the contents of a file",
		Long: `Note on an object what a file says, as if it had been applied, and change nothing else of the object. A later apply then
removes the fields that are in this file and no longer in the one that it is given.`,
		Example: `  # Take over a deployment that was made without apply
  kubectl-lite apply set-last-applied -f web.yaml --create-annotation`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return s.setLastApplied(cmd.Context(), &o) },
	}
	o.changeFlags.add(cmd, "kubectl-client-side-apply")
	cmd.Flags().StringSliceVarP(&o.files.names, "filename", "f", nil, "Filename, directory, or URL to files that contains the last-applied-configuration annotations")
	cmd.Flags().BoolVar(&o.create, "create-annotation", false, "Will create 'last-applied-configuration' annotations if current objects doesn't have one")
	return cmd
}

func (s *session) setLastApplied(ctx context.Context, o *setLastAppliedOptions) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	if !o.files.given() {
		return errNothingGiven
	}
	wanted, err := s.manifests(ctx, o.files)
	if err != nil {
		return err
	}
	var changes []manifest
	var texts []string
	for _, m := range wanted {
		text := string(m.object.json())
		if m.object, err = s.getObject(ctx, m.resource, m.object.namespace(), m.object.name()); err != nil {
			return err
		}
		switch current := m.object.text("metadata", "annotations", lastApplied); {
		case current == "" && !o.create:
			return fmt.Errorf("no last-applied-configuration annotation found on resource: %s, to create the annotation, run the command with --create-annotation", m.object.name())
		case strings.TrimSpace(current) == strings.TrimSpace(text):
			fmt.Fprintf(s.Out, "set-last-applied %s: no changes required.\n", m.object.name())
		default:
			changes, texts = append(changes, m), append(texts, text)
		}
	}
	for i := range changes {
		m := &changes[i]
		if o.dryRun != "client" {
			patch := object{"metadata": map[string]any{"annotations": map[string]any{lastApplied: texts[i]}}}
			if m.object, err = s.patchObject(ctx, m, api.MergePatchType, patch.json(), o.query()); err != nil {
				return err
			}
		}
		if err := s.report(ctx, &o.changeFlags, m, "configured"); err != nil {
			return err
		}
	}
	return nil
}
