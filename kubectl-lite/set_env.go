package kubectllite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// envOptions are the flags of set env.
type envOptions struct {
	setOptions
	from          string
	keys, params  []string
	prefix        string
	list, resolve bool
	overwrite     bool
	set           []any // as they stand in a container: {name, value}
	remove        []string
}

func newSetEnv(s *session) *cobra.Command {
	var o envOptions
	cmd := &cobra.Command{
		Use:               "env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
		Short:             "Update environment variables on a pod template",
		ValidArgsFunction: s.completeObjects(),
		Example: `  kubectl-lite set env deployment/web LOG_LEVEL=debug OLD-
  kubectl-lite set env deployment/web --from=secret/login --prefix=DB_
  kubectl-lite set env deployment/web --list`,
		RunE: func(cmd *cobra.Command, args []string) error { return s.setEnv(cmd.Context(), &o, args) },
	}
	o.addSet(cmd)
	o.addContainers(cmd)
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "The name of a resource from which to inject environment variables")
	f.StringVar(&o.prefix, "prefix", "", "Prefix to append to variable names")
	f.StringArrayVarP(&o.params, "env", "e", nil, "Specify a key-value pair for an environment variable to set into each container.")
	f.StringSliceVar(&o.keys, "keys", nil, "Comma-separated list of keys to import from specified resource")
	f.BoolVar(&o.list, "list", false, "If true, display the environment and any changes in the standard format. this flag will removed when we have kubectl view env.")
	f.BoolVar(&o.resolve, "resolve", false, "If true, show secret or configmap references when listing variables")
	f.BoolVar(&o.overwrite, "overwrite", true, "If true, allow environment to be overwritten, otherwise reject updates that overwrite existing environment.")
	return cmd
}

func (s *session) setEnv(ctx context.Context, o *envOptions, args []string) error {
	resources, specs, err := splitEnv(args)
	if err != nil {
		return err
	}
	if err := o.check(resources); err != nil {
		return err
	}
	switch {
	case o.list && o.output != "":
		return errors.New("--list and --output may not be specified together")
	case len(o.keys) > 0 && o.from == "":
		return errors.New("when specifying --keys, a configmap or secret must be provided with --from")
	}
	specs = append(o.params, specs...)
	if o.set, o.remove, err = parseEnv(specs, s.In); err != nil {
		return err
	}
	if o.from != "" {
		imported, err := s.envFrom(ctx, o)
		if err != nil {
			return err
		}
		o.set = append(o.set, imported...)
	}
	for _, v := range o.set {
		variable := object(v.(map[string]any))
		variable["name"] = o.prefix + variable.text("name")
	}
	return s.setPodSpecs(ctx, &o.setOptions, resources, "env updated", "env update", func(m *manifest, spec object) error {
		return s.setEnvOf(ctx, o, m, spec)
	})
}

var environmentArgument = regexp.MustCompile(`(?ms)^(.+)=(.*)$`)

func splitEnv(args []string) (resources, specs []string, err error) {
	resources, specs, late := splitChanges(args, func(arg string) bool {
		return environmentArgument.MatchString(arg) || strings.HasSuffix(arg, "-")
	})
	if late >= 0 {
		return nil, nil, fmt.Errorf("all resources must be specified before environment changes: %s", strings.Join(args, " "))
	}
	return resources, specs, nil
}

// parseEnv reads KEY=VALUE, KEY- and "-", which means lines of standard input.
func parseEnv(specs []string, in io.Reader) (set []any, remove []string, err error) {
	for _, spec := range specs {
		key, value, isSet := strings.Cut(spec, "=")
		switch {
		case spec == "-":
			fromInput, err := readEnv(in)
			if err != nil {
				return nil, nil, err
			}
			set = append(set, fromInput...)
		case isSet:
			if mistakes := envNameMistakes(key); mistakes != "" {
				return nil, nil, fmt.Errorf("%q is not a valid key name: %s", key, mistakes)
			}
			set = append(set, map[string]any{"name": key, "value": value})
		case strings.HasSuffix(spec, "-"):
			remove = append(remove, strings.TrimSuffix(spec, "-"))
		default:
			return nil, nil, fmt.Errorf("unknown environment variable: %v", spec)
		}
	}
	for _, v := range set {
		if slices.Contains(remove, object(v.(map[string]any)).text("name")) {
			return nil, nil, errors.New("can not both modify and remove the same environment variable in the same command")
		}
	}
	return set, remove, nil
}

// envNameMistakes says what is wrong with a variable's name, "" if nothing is.
func envNameMistakes(name string) string {
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '=' }) {
		return ""
	}
	return "a valid environment variable name must consist only of printable ASCII characters other than '='"
}

func readEnv(in io.Reader) (set []any, err error) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if key, value, ok := strings.Cut(line, "="); ok {
			set = append(set, map[string]any{"name": key, "value": value})
		}
	}
	return set, lines.Err()
}

var notInEnvName = regexp.MustCompile("[^a-zA-Z0-9_]")

// envFrom makes a variable of every key of a config map or secret.
func (s *session) envFrom(ctx context.Context, o *envOptions) ([]any, error) {
	found, err := s.selectObjects(ctx, &selection{}, []string{o.from}, true)
	if err != nil {
		return nil, err
	}
	var set []any
	for _, m := range found {
		field := map[string]string{"secrets": "secretKeyRef", "configmaps": "configMapKeyRef"}[m.resource.Resource()]
		if field == "" {
			return nil, errors.New("unsupported resource specified in --from")
		}
		data, _ := m.object["data"].(map[string]any)
		for _, key := range sortedKeys(data) {
			if len(o.keys) > 0 && !slices.Contains(o.keys, key) {
				continue
			}
			name := strings.ToUpper(notInEnvName.ReplaceAllString(key, "_"))
			if name != key {
				fmt.Fprintf(s.Err, "Warning: key %s transferred to %s\n", key, name)
			}
			set = append(set, map[string]any{"name": name, "valueFrom": map[string]any{field: map[string]any{"name": m.object.name(), "key": key}}})
		}
	}
	return set, nil
}

func (s *session) setEnvOf(ctx context.Context, o *envOptions, m *manifest, spec object) error {
	containers := containersIn(spec, o.containers, "containers", "initContainers")
	if len(containers) == 0 {
		fmt.Fprintf(s.Err, "Warning: %s/%s does not have any containers matching %q\n", m.resource.Kind, m.object.name(), o.containers)
	}
	unresolved := false
	for _, c := range containers {
		env, _ := c["env"].([]any)
		if !o.overwrite {
			if err := wouldOverwrite(env, o.set); err != nil {
				return fmt.Errorf("error: %s %w\n", m.shortName(), err)
			}
		}
		if env = updateEnv(env, o.set, o.remove); len(env) > 0 || c["env"] != nil {
			c["env"] = env
		}
		if o.list {
			fmt.Fprintf(s.Out, "# %s %s, container %s\n", m.resource.Kind, m.object.name(), c.text("name"))
			unresolved = s.listEnv(ctx, o, m, env) || unresolved
		}
	}
	switch {
	case unresolved:
		return errors.New("failed to retrieve valueFrom references")
	case o.list:
		return errSkip
	}
	return nil
}

func envNamed(list []any, name string) (object, bool) {
	for _, v := range list {
		if variable, ok := v.(map[string]any); ok && variable["name"] == name {
			return variable, true
		}
	}
	return nil, false
}

func wouldOverwrite(existing, set []any) error {
	for _, v := range set {
		variable := object(v.(map[string]any))
		if now, ok := envNamed(existing, variable.text("name")); ok && now.text("value") != variable.text("value") {
			return fmt.Errorf("'%s' already has a value (%s), and --overwrite is false", now.text("name"), now.text("value"))
		}
	}
	return nil
}

// updateEnv keeps the place of a variable that is there already; what is to be removed goes, even if it is set too.
func updateEnv(existing, set []any, remove []string) []any {
	var out []any
	covered := slices.Clone(remove)
	add := func(v any) {
		name := object(v.(map[string]any)).text("name")
		if slices.Contains(covered, name) {
			return
		}
		if newer, ok := envNamed(set, name); ok {
			covered = append(covered, name)
			v = map[string]any(newer)
		}
		out = append(out, v)
	}
	for _, v := range existing {
		add(v)
	}
	for _, v := range set {
		add(v)
	}
	return out
}

// listEnv prints variables so that a shell could read them. It tells whether a reference could not be resolved.
func (s *session) listEnv(ctx context.Context, o *envOptions, m *manifest, env []any) (unresolved bool) {
	failed := map[string][]string{}
	for _, v := range env {
		variable := object(v.(map[string]any))
		from, isRef := variable["valueFrom"].(map[string]any)
		if !isRef {
			fmt.Fprintf(s.Out, "%s=%s\n", variable.text("name"), variable.text("value"))
			continue
		}
		if o.resolve {
			value, err := s.resolveEnv(ctx, m, from)
			if err == nil {
				fmt.Fprintf(s.Out, "%s=%s\n", variable.text("name"), value)
				continue
			}
			unresolved = true
			failed[err.Error()] = append(failed[err.Error()], variable.text("name"))
		}
		fmt.Fprintf(s.Out, "# %s from %s\n", variable.text("name"), envRefText(from))
	}
	for _, message := range sortedKeys(failed) {
		fmt.Fprintf(s.Err, "error retrieving reference for %s: %v\n", strings.Join(failed[message], ", "), message)
	}
	return unresolved
}

// envRefText says where a variable's value comes from.
func envRefText(from object) string {
	for _, kind := range []struct{ field, text string }{{"configMapKeyRef", "configmap"}, {"secretKeyRef", "secret"}} {
		if ref, ok := from[kind.field].(map[string]any); ok {
			return fmt.Sprintf("%s %s, key %s", kind.text, ref["name"], ref["key"])
		}
	}
	if path := from.text("fieldRef", "fieldPath"); path != "" {
		return "field path " + path
	}
	if name := from.text("resourceFieldRef", "resource"); name != "" {
		if container := from.text("resourceFieldRef", "containerName"); container != "" {
			container += "/"
			return "resource field " + container + name
		}
		return "resource field " + name
	}
	return "invalid valueFrom"
}

func (s *session) resolveEnv(ctx context.Context, m *manifest, from object) (string, error) {
	c, err := s.connect()
	if err != nil {
		return "", err
	}
	if ref, ok := from["secretKeyRef"].(map[string]any); ok {
		name, key := object(ref).text("name"), object(ref).text("key")
		secret, err := client.Of[*api.Secret](c).Get(ctx, m.object.namespace(), name)
		if err != nil {
			return "", err
		}
		if value, ok := secret.Data[key]; ok {
			return string(value), nil
		}
		return "", fmt.Errorf("key %s not found in secret %s", key, name)
	}
	if ref, ok := from["configMapKeyRef"].(map[string]any); ok {
		name, key := object(ref).text("name"), object(ref).text("key")
		settings, err := client.Of[*api.ConfigMap](c).Get(ctx, m.object.namespace(), name)
		if err != nil {
			return "", err
		}
		if value, ok := settings.Data[key]; ok {
			return value, nil
		}
		return "", fmt.Errorf("key %s not found in config map %s", key, name)
	}
	if path := from.text("fieldRef", "fieldPath"); path != "" {
		value := m.object.at(strings.Split(path, ".")...)
		if value == nil {
			return "", fmt.Errorf("unsupported fieldPath: %v", path)
		}
		return fmt.Sprint(value), nil
	}
	return "", errors.New("invalid valueFrom")
}
