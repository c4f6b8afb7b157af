package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

var patchTypes = map[string]api.PatchType{"json": api.JSONPatchType, "merge": api.MergePatchType, "strategic": api.StrategicMergePatchType}

// patchOptions are the flags of patch.
type patchOptions struct {
	changeOptions
	patch, file, kind string
	subresource       string
}

func newPatch(s *session) *cobra.Command {
	var o patchOptions
	cmd := &cobra.Command{
		Use: "patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]", Short: "Update fields of a resource",
		Example:           `  kubectl-lite patch node n1 -p '{"spec":{"unschedulable":true}}'`,
		ValidArgsFunction: s.completeObjects(),
		RunE:              func(cmd *cobra.Command, args []string) error { return s.patch(cmd.Context(), &o, args) },
	}
	o.files.add(cmd, "identifying the resource to update")
	o.changeFlags.add(cmd, "kubectl-patch")
	o.terse = true
	cmd.Flags().BoolVar(&o.local, "local", false, "If true, patch will operate on the content of the file, not the server-side resource.")
	cmd.Flags().StringVarP(&o.patch, "patch", "p", "", "The patch to be applied to the resource JSON file.")
	cmd.Flags().StringVar(&o.file, "patch-file", "", "A file containing a patch to be applied to the resource.")
	cmd.Flags().StringVar(&o.kind, "type", "strategic", "The type of patch being provided; one of [json merge strategic]")
	cmd.Flags().StringVar(&o.subresource, "subresource", "", "If specified, patch will operate on the subresource of the requested object.")
	return cmd
}

func (s *session) patch(ctx context.Context, o *patchOptions, args []string) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	patchType, known := patchTypes[strings.ToLower(o.kind)]
	switch {
	case o.patch != "" && o.file != "":
		return errors.New("cannot specify --patch and --patch-file together")
	case o.patch == "" && o.file == "":
		return errors.New("must specify --patch or --patch-file containing the contents of the patch")
	case o.local && len(args) > 0:
		return errors.New("cannot specify --local and server resources")
	case o.local && o.dryRun == "server":
		return errors.New("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
	case !known:
		return fmt.Errorf("--type must be one of [json merge strategic], not %q", o.kind)
	}
	text := []byte(o.patch)
	if o.file != "" {
		var err error
		if text, err = os.ReadFile(o.file); err != nil {
			return fmt.Errorf("unable to read patch file: %w", err)
		}
	}
	patch, err := api.YAMLToJSON(text)
	if err != nil {
		return fmt.Errorf("unable to parse %q: %w", o.patch, err)
	}
	found, err := s.selectObjects(ctx, &o.selection, args, true)
	if len(found) == 0 && err == nil {
		return errors.New("no objects passed to patch")
	}
	errs := []error{err}
	for i := range found {
		errs = append(errs, s.patchSelected(ctx, o, &found[i], patchType, patch))
	}
	return errors.Join(errs...)
}

func (s *session) patchSelected(ctx context.Context, o *patchOptions, m *manifest, patchType api.PatchType, patch []byte) (err error) {
	before := m.object
	if o.stays() {
		m.object, err = patchLocally(m.resource, patchType, m.object, patch)
	} else {
		m.object, err = s.patchSubresource(ctx, m, o.subresource, patchType, patch, o.query())
	}
	if api.Reason(err) == api.StatusReasonUnsupportedMediaType {
		return fmt.Errorf("%s is not supported by %s, Kind=%s: %w", patchType, m.resource.APIVersion(), m.resource.Kind, err)
	}
	if err != nil {
		return err
	}
	if o.subresource != "" { // it may be of another kind: a Scale
		m.resource = localResource(m.object)
	}
	done := "patched"
	if o.subresource == "" && api.Equal(map[string]any(before), map[string]any(m.object)) {
		done = "patched (no change)"
	}
	return s.report(ctx, &o.changeFlags, m, done)
}
