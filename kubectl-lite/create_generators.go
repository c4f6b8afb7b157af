package kubectllite

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// The generators make an object from a few flags, for those who do not want to write YAML yet. With
// "--dry-run=client -o yaml" they write it for them.

func newCreateDeployment(s *session) *cobra.Command {
	var o createOptions
	var images []string
	var replicas, port int32
	cmd := &cobra.Command{
		Use:   "deployment NAME --image=image -- [COMMAND] [args...]",
		Short: "Create a deployment with the specified name", Aliases: []string{"deploy"},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, command, err := nameAndCommand(cmd, args)
			if err != nil {
				return err
			}
			switch {
			case len(images) == 0:
				return errors.New(`required flag(s) "image" not set`)
			case len(images) > 1 && len(command) > 0:
				return errors.New("cannot specify multiple --image options and command")
			case replicas < 0:
				return errors.New("--replicas must be equal to or greater than 0")
			}
			return s.createTyped(cmd.Context(), &o, deploymentOf(name, images, command, replicas, port))
		},
	}
	o.add(cmd)
	cmd.Flags().StringSliceVar(&images, "image", nil, "Image names to run. A deployment can have multiple images set for multi-container pod.")
	cmd.Flags().Int32VarP(&replicas, "replicas", "r", 1, "Number of replicas to create. Default is 1.")
	cmd.Flags().Int32Var(&port, "port", -1, "The containerPort that this deployment exposes.")
	return cmd
}

// nameAndCommand splits "NAME -- COMMAND ARG...".
func nameAndCommand(cmd *cobra.Command, args []string) (name string, command []string, err error) {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		args, command = args[:dash], args[dash:]
	}
	if len(args) != 1 {
		return "", nil, exactlyOneName(cmd, args)
	}
	return args[0], command, nil
}

func deploymentOf(name string, images, command []string, replicas, port int32) *api.Deployment {
	labels := map[string]string{"app": name}
	var containers []api.Container
	for _, image := range images {
		containers = append(containers, api.Container{Name: containerName(image), Image: image, Command: command})
	}
	if port >= 0 {
		containers[0].Ports = []api.ContainerPort{{ContainerPort: port}}
	}
	return &api.Deployment{
		ObjectMeta: api.ObjectMeta{Name: name, Labels: labels},
		Spec: api.DeploymentSpec{
			Replicas: &replicas,
			Selector: &api.LabelSelector{MatchLabels: labels},
			Template: api.PodTemplateSpec{ObjectMeta: api.ObjectMeta{Labels: labels}, Spec: api.PodSpec{Containers: containers}},
		},
	}
}

// containerName is the image's last name. What a container's name may not hold is replaced, and made unique again.
func containerName(image string) string {
	name := image[strings.LastIndex(image, "/")+1:]
	name, _, _ = strings.Cut(name, ":")
	name, _, _ = strings.Cut(name, "@")
	if !strings.ContainsAny(name, "_.") {
		return name
	}
	return strings.NewReplacer("_", "-", ".", "-").Replace(name) + "-" + randomSuffix()
}

// randomSuffix makes a name unique, as the server's generateName does.
func randomSuffix() string {
	const letters = "bcdfghjklmnpqrstvwxz2456789" // no vowels: no words
	suffix := make([]byte, 5)
	for i := range suffix {
		suffix[i] = letters[rand.IntN(len(letters))]
	}
	return string(suffix)
}

func newCreateNamespace(s *session) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use: "namespace NAME", Short: "Create a namespace with the specified name", Aliases: []string{"ns"},
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.createTyped(cmd.Context(), &o, &api.Namespace{ObjectMeta: api.ObjectMeta{Name: args[0]}})
		},
	}
	o.add(cmd)
	return cmd
}

func newCreateServiceAccount(s *session) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use: "serviceaccount NAME", Short: "Create a service account with the specified name", Aliases: []string{"sa"},
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.createTyped(cmd.Context(), &o, &api.ServiceAccount{ObjectMeta: api.ObjectMeta{Name: args[0]}})
		},
	}
	o.add(cmd)
	return cmd
}

func exactlyOneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageErrorf(strings.TrimPrefix(cmd.CommandPath(), "kubectl-lite "), "exactly one NAME is required, got %d", len(args))
	}
	return nil
}

func newCreateConfigMap(s *session) *cobra.Command {
	var o createOptions
	var data dataFlags
	cmd := &cobra.Command{
		Use:     "configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1]",
		Short:   "Create a config map from a local file, directory or literal value",
		Aliases: []string{"cm"}, Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := data.read()
			if err != nil {
				return err
			}
			cm := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Name: args[0]}}
			for key, value := range values {
				if utf8.Valid(value) {
					if cm.Data == nil {
						cm.Data = map[string]string{}
					}
					cm.Data[key] = string(value)
					continue
				}
				if cm.BinaryData == nil {
					cm.BinaryData = map[string][]byte{}
				}
				cm.BinaryData[key] = value
			}
			return s.createTyped(cmd.Context(), &o, cm)
		},
	}
	o.add(cmd)
	data.add(cmd)
	return cmd
}

// dataFlags are where the keys and values of a config map or secret come from.
type dataFlags struct {
	literals, files, envFiles []string
}

func (d *dataFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&d.literals, "from-literal", nil, "Specify a key and literal value to insert (i.e. mykey=somevalue)")
	cmd.Flags().StringSliceVar(&d.files, "from-file", nil, "A file, with an optional key, or a directory whose files each become a key")
	cmd.Flags().StringSliceVar(&d.envFiles, "from-env-file", nil, "A file of lines key=value")
}

func (d *dataFlags) read() (map[string][]byte, error) {
	if len(d.envFiles) > 0 && len(d.files)+len(d.literals) > 0 {
		return nil, errors.New("from-env-file cannot be combined with from-file or from-literal")
	}
	values := map[string][]byte{}
	put := func(key string, value []byte) error {
		if _, taken := values[key]; taken {
			return fmt.Errorf("cannot add key %q, another key by that name already exists", key)
		}
		values[key] = value
		return nil
	}
	for _, source := range d.files {
		if err := readDataFile(source, put); err != nil {
			return nil, err
		}
	}
	for _, path := range d.envFiles {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := readEnvFile(text, put); err != nil {
			return nil, err
		}
	}
	for _, literal := range d.literals {
		key, value, ok := strings.Cut(literal, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("invalid literal source %v, expected key=value", literal)
		}
		if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		if err := put(key, []byte(value)); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func readDataFile(source string, put func(string, []byte) error) error {
	key, path, named := strings.Cut(source, "=")
	if !named {
		key, path = filepath.Base(source), source
	}
	info, err := os.Stat(path)
	if err != nil {
		var failed *os.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return fmt.Errorf("error reading %s: %w", path, err)
	}
	if !info.IsDir() {
		value, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return put(key, value)
	}
	if named {
		return errors.New("cannot give a key name for a directory path")
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		value, err := os.ReadFile(filepath.Join(path, entry.Name()))
		if err != nil {
			return err
		}
		if err := put(entry.Name(), value); err != nil {
			return err
		}
	}
	return nil
}

// readEnvFile reads lines key=value; a key alone takes its value from our own environment.
func readEnvFile(text []byte, put func(string, []byte) error) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimLeft(lines.Text(), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			value = os.Getenv(key)
		}
		if err := put(key, []byte(value)); err != nil {
			return err
		}
	}
	return lines.Err()
}
