package kubectllite

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// editOptions are the flags of edit.
type editOptions struct {
	changeOptions
	validate    string
	outputPatch bool
	saveConfig  bool
	subresource string
	crlf        bool
}

func newEdit(s *session) *cobra.Command {
	var o editOptions
	cmd := &cobra.Command{
		Use: "edit (RESOURCE/NAME | -f FILENAME)", Short: "Edit a resource on the server",
		Long: `Open what the server has in the editor that KUBE_EDITOR or EDITOR names (vi if none), and send what was changed. What the
server refuses is opened again, with the reason at the top; leave it as it is to give up.`,
		ValidArgsFunction: s.completeObjects(),
		RunE:              func(cmd *cobra.Command, args []string) error { return s.edit(cmd.Context(), &o, args) },
	}
	o.files.add(cmd, "to use to edit the resource")
	o.printFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.manager, "field-manager", "kubectl-edit", "Name of the manager used to track field ownership.")
	f.StringVar(&o.validate, "validate", "strict", "Must be one of: strict (or true), warn, ignore (or false)")
	f.Lookup("validate").NoOptDefVal = "strict"
	f.BoolVar(&o.outputPatch, "output-patch", false, "Output the patch if the resource is edited.")
	f.BoolVar(&o.saveConfig, "save-config", false, "Save the configuration in the object's annotation, for a later apply")
	f.StringVar(&o.subresource, "subresource", "", "If specified, edit will operate on the subresource of the requested object.")
	f.BoolVar(&o.crlf, "windows-line-endings", false, "Defaults to the line ending native to your platform.")
	o.dryRun = "none"
	return cmd
}

func (s *session) edit(ctx context.Context, o *editOptions, args []string) error {
	o.all = len(args) == 1 && !strings.Contains(args[0], "/")
	found, err := s.selectObjects(ctx, &o.selection, args, true)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errors.New("edit cancelled, no objects found")
	}
	asJSON := o.output == "json"
	if asJSON || o.output == "yaml" {
		o.output = "" // it is the form in the editor
	}
	var objects []object
	for i := range found {
		dropManagedFields(found[i].object)
		objects = append(objects, found[i].object)
	}
	shown := objects[0]
	if len(objects) > 1 {
		shown = listOf(objects)
	}
	original, err := editText(shown, asJSON)
	if err != nil {
		return err
	}
	return s.editLoop(ctx, o, found, original, asJSON)
}

const editHeader = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`

func editText(o object, asJSON bool) ([]byte, error) {
	if !asJSON {
		return api.MarshalYAML(map[string]any(o))
	}
	var b bytes.Buffer
	err := writeJSON(&b, map[string]any(o))
	return b.Bytes(), err
}

// editLoop opens the editor until the server takes what comes out of it, or the user gives up.
func (s *session) editLoop(ctx context.Context, o *editOptions, found []manifest, original []byte, asJSON bool) error {
	text, reasons := original, ""
	for {
		header := editHeader + reasons
		if asJSON {
			header = ""
		}
		edited, file, err := s.openEditor(ctx, append([]byte(header), text...), asJSON)
		if err != nil {
			return err
		}
		plain := withoutComments(edited)
		switch {
		case reasons != "" && bytes.Equal(plain, withoutComments(text)):
			fmt.Fprintf(s.Err, "A copy of your changes has been stored to %q\n", file)
			return errors.New("Edit cancelled, no valid changes were saved.")
		case bytes.Equal(plain, withoutComments(original)):
			fmt.Fprintln(s.Err, "Edit cancelled, no changes made.")
			return os.Remove(file)
		case len(bytes.TrimSpace(plain)) == 0:
			fmt.Fprintln(s.Err, "Edit cancelled, saved file was empty.")
			return os.Remove(file)
		}
		text = plain
		mistakes, err := s.sendEdited(ctx, o, found, plain)
		if err != nil || len(mistakes) == 0 {
			return errors.Join(err, os.Remove(file))
		}
		reasons = ""
		for _, mistake := range mistakes {
			fmt.Fprintf(s.Err, "error: %s\n", mistake)
			reasons += "# " + strings.ReplaceAll(strings.TrimSpace(mistake), "\n", "\n# ") + "\n#\n"
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
}

func withoutComments(text []byte) []byte {
	var kept [][]byte
	for _, line := range bytes.Split(text, []byte("\n")) {
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, []byte("\n"))
}

func (s *session) openEditor(ctx context.Context, text []byte, asJSON bool) (edited []byte, path string, err error) {
	pattern := "kubectl-lite-edit-*.yaml"
	if asJSON {
		pattern = "kubectl-lite-edit-*.json"
	}
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, "", err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, "", err
	}
	editor := cmp.Or(os.Getenv("KUBE_EDITOR"), os.Getenv("EDITOR"), "vi")
	words := []string{editor}
	if strings.ContainsAny(editor, "\"'\\ ") { // arguments, and perhaps quotes: a shell's business
		words = []string{"/bin/sh", "-c", editor + ` "$1"`, "sh"}
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], file.Name())...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.In, s.Out, s.Err
	if err := cmd.Run(); err != nil {
		return nil, "", errors.Join(fmt.Errorf("there was a problem with the editor %q", editor), os.Remove(file.Name()))
	}
	edited, err = os.ReadFile(file.Name())
	return edited, file.Name(), err
}

// sendEdited patches every object that was changed. It returns what the user should mend, as text for the file.
func (s *session) sendEdited(ctx context.Context, o *editOptions, found []manifest, text []byte) (mistakes []string, err error) {
	edited, err := parseDocument(text)
	if err != nil {
		return []string{"The edited file had a syntax error: " + err.Error()}, nil
	}
	for _, after := range edited {
		at := -1
		for i := range found {
			if found[i].object.name() == after.name() && found[i].object.namespace() == after.namespace() && found[i].object.kind() == after.kind() {
				at = i
			}
		}
		if at < 0 {
			return nil, errors.New("At least one of apiVersion, kind and name was changed")
		}
		m := manifest{object: after, resource: found[at].resource}
		if o.saveConfig {
			m.object = withLastApplied(after)
		}
		patchType, patch, err := patchBetween(&m, found[at].object)
		if err != nil {
			return nil, err
		}
		if string(patch) == "{}" {
			fmt.Fprintf(s.Out, "%s skipped\n", m.display())
			continue
		}
		if o.outputPatch {
			fmt.Fprintf(s.Out, "Patch: %s\n", patch)
		}
		query := o.query()
		query.Set("fieldValidation", fieldValidation(o.validate))
		patched, err := s.patchSubresource(ctx, &m, o.subresource, patchType, patch, query)
		switch {
		case api.IsInvalid(err) || api.Reason(err) == api.StatusReasonBadRequest:
			mistakes = append(mistakes, fmt.Sprintf("%s %q was not valid:\n* %s", m.resource.Plural, m.object.name(), errorText(err)))
			continue
		case err != nil:
			fmt.Fprintf(s.Err, "error: %s\n", errorText(err))
			kept, keepErr := keepEdited(text)
			fmt.Fprintf(s.Err, "You can run `kubectl-lite replace -f %s` to try this update again.\n", kept)
			return nil, errors.Join(&exitError{code: 1}, keepErr)
		}
		m.object = patched
		found[at].object = copyObject(patched)
		if err := s.report(ctx, &o.changeFlags, &m, "edited"); err != nil {
			return nil, err
		}
	}
	return mistakes, nil
}

// keepEdited saves what could not be sent, so that nothing that was typed is lost.
func keepEdited(text []byte) (string, error) {
	file, err := os.CreateTemp("", "kubectl-lite-edit-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	return file.Name(), errors.Join(err, file.Close())
}
