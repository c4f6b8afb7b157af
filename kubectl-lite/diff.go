package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// diffOptions are the flags of diff.
type diffOptions struct {
	applyOptions
	managedFields, secrets bool
}

func newDiff(s *session) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use: "diff -f FILENAME", Short: "Diff the live version against a would-be applied version",
		Long: `Show what an apply of the files would change. The exit code is 0 without differences, 1 with some, and more after an error.

KUBECTL_EXTERNAL_DIFF names the program that compares; it is "diff -u -N" if nothing else is set.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			err := s.diff(cmd.Context(), &o, args)
			var exit *exitError
			if err != nil && !errors.As(err, &exit) {
				return &exitError{code: 2, err: err} // 1 means that there are differences
			}
			return err
		},
	}
	o.files.add(cmd, "contains the configuration to diff")
	f := cmd.Flags()
	f.StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter the manifests on")
	f.BoolVar(&o.serverSide, "server-side", false, "If true, apply runs in the server instead of the client.")
	f.BoolVar(&o.forceConflicts, "force-conflicts", false, "If true, server-side apply will force the changes against conflicts.")
	f.StringVar(&o.manager, "field-manager", "kubectl-client-side-apply", "Name of the manager used to track field ownership.")
	f.BoolVar(&o.managedFields, "show-managed-fields", false, "If true, include managed fields in the diff.")
	f.BoolVar(&o.secrets, "show-secrets", false, "If true, do not mask secret values in the diff.")
	o.dryRun, o.validate, o.overwrite = "server", "strict", true
	return cmd
}

func (s *session) diff(ctx context.Context, o *diffOptions, args []string) error {
	switch {
	case len(args) != 0:
		return usageErrorf("diff", "Unexpected args: %v", args)
	case !o.files.given():
		return errors.New("must specify one of -f and -k")
	case o.forceConflicts && !o.serverSide:
		return errors.New("--force-conflicts only works with --server-side")
	}
	manifests, err := s.manifests(ctx, o.files)
	if err != nil {
		return err
	}
	if manifests, err = filterManifests(manifests, o.selector); err != nil {
		return err
	}
	var dirs [2]string
	for i, prefix := range []string{"LIVE", "MERGED"} {
		if dirs[i], err = os.MkdirTemp("", prefix+"-"); err != nil {
			return err
		}
		defer os.RemoveAll(dirs[i])
	}
	for i := range manifests {
		m := &manifests[i]
		live, merged, err := s.wouldApply(ctx, &o.applyOptions, m)
		if err != nil {
			return err
		}
		if m.resource.Resource() == "secrets" && !o.secrets {
			maskSecrets(live, merged)
		}
		name := diffName(m)
		for j, one := range []object{live, merged} {
			if err := writeForDiff(filepath.Join(dirs[j], name), one, o.managedFields); err != nil {
				return err
			}
		}
	}
	return s.runDiff(ctx, dirs[0], dirs[1])
}

// wouldApply returns an object as it is, nil if it is not there, and as an apply would make it.
func (s *session) wouldApply(ctx context.Context, o *applyOptions, m *manifest) (live, merged object, err error) {
	live, err = s.getObject(ctx, m.resource, m.object.namespace(), m.object.name())
	if api.IsNotFound(err) {
		live, err = nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var current object
	if live != nil {
		current = copyObject(live)
	}
	merged, err = s.applied(ctx, o, m, current)
	return live, merged, err
}

// applied is what the server would have after an apply.
func (s *session) applied(ctx context.Context, o *applyOptions, m *manifest, current object) (object, error) {
	if o.serverSide {
		query := o.writeQuery()
		query.Set("force", fmt.Sprint(o.forceConflicts))
		return s.patchObject(ctx, m, api.ApplyPatchType, m.object.json(), query)
	}
	modified := withLastApplied(m.object)
	delete(modified.at("metadata", "annotations").(map[string]any), lastApplied) // it changes whenever anything does
	if current == nil {
		api.DropNulls(modified)
		return s.postObject(ctx, m, modified, o.writeQuery())
	}
	patchType, patch, err := applyPatchFor(m.resource, modified, current, o.overwrite)
	if err != nil {
		return nil, err
	}
	return s.patchObject(ctx, m, patchType, patch, o.writeQuery())
}

// diffName names the file of an object in both directories.
func diffName(m *manifest) string {
	group := ""
	if m.resource.Group != "" {
		group = m.resource.Group + "."
	}
	return group + m.resource.Version + "." + m.resource.Kind + "." + m.object.namespace() + "." + m.object.name()
}

func writeForDiff(path string, o object, managedFields bool) error {
	if o == nil {
		return os.WriteFile(path, nil, 0o600)
	}
	if !managedFields {
		dropManagedFields(o)
	}
	text, err := api.MarshalYAML(map[string]any(o))
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// maskSecrets hides the values, yet shows which of them differ.
func maskSecrets(live, merged object) {
	before, _ := live["data"].(map[string]any)
	after, _ := merged["data"].(map[string]any)
	mask := func(values, others map[string]any, changed string) map[string]any {
		masked := map[string]any{}
		for key, value := range values {
			masked[key] = "***"
			if other, both := others[key]; both && other != value {
				masked[key] = changed
			}
		}
		return masked
	}
	maskedBefore, maskedAfter := mask(before, after, "*** (before)"), mask(after, before, "*** (after)")
	if before != nil {
		live["data"] = maskedBefore
	}
	if after != nil {
		merged["data"] = maskedAfter
	}
	for _, o := range []object{live, merged} { // the annotation holds the values, too
		if o.text("metadata", "annotations", lastApplied) != "" {
			o.set("***", "metadata", "annotations", lastApplied)
		}
	}
}

var diffArgument = regexp.MustCompile(`^[\w=-]+$`)

// runDiff compares the two directories. Its exit code 1 is ours: there are differences.
func (s *session) runDiff(ctx context.Context, live, merged string) error {
	program, args := "diff", []string{"-u", "-N"}
	if custom := strings.Fields(os.Getenv("KUBECTL_EXTERNAL_DIFF")); len(custom) > 0 {
		program, args = custom[0], nil
		for _, arg := range custom[1:] {
			if diffArgument.MatchString(arg) {
				args = append(args, arg)
			}
		}
	}
	cmd := exec.CommandContext(ctx, program, append(args, live, merged)...)
	cmd.Stdout, cmd.Stderr = s.Out, s.Err
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() <= 1 {
		return &exitError{code: ended.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("failed to run %q: %w", program, err)
	}
	return nil
}
