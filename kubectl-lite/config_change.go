package kubectllite

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func newConfigSetContext(s *session) *cobra.Command {
	var current bool
	cmd := &cobra.Command{
		Use:   "set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
		Short: "Set a context entry in kubeconfig", ValidArgsFunction: s.completeConfig("contexts"),
	}
	cmd.Flags().BoolVar(&current, "current", false, "Modify the current context")
	return s.changeConfig(cmd, -1, func(cmd *cobra.Command, k *kubeconfig, args []string) (string, error) {
		var name string
		switch {
		case len(args) > 1:
			if err := cmd.Help(); err != nil {
				return "", err
			}
			return "", fmt.Errorf("Unexpected args: %v", args)
		case len(args) == 1 && current:
			return "", errors.New("you cannot specify both a context name and --current")
		case len(args) == 1:
			name = args[0]
		case current && k.current() == "":
			return "", errors.New("no current context is set")
		case current:
			name = k.current()
		default:
			return "", errors.New("you must specify a non-empty context name or --current")
		}
		content, _, created := k.ensure("contexts", name)
		for _, field := range []string{"cluster", "user", "namespace"} {
			if flag := cmd.Flags().Lookup(field); flag.Changed {
				setOrDrop(content, field, flag.Value.String())
			} else if field != "namespace" && content[field] == nil {
				content[field] = ""
			}
		}
		if created {
			return fmt.Sprintf("Context %q created.", name), nil
		}
		return fmt.Sprintf("Context %q modified.", name), nil
	})
}

func setOrDrop(content object, field, value string) {
	if content[field] = value; value == "" {
		delete(content, field)
	}
}

func newConfigSetCluster(s *session) *cobra.Command {
	var proxy string
	var embed bool
	cmd := &cobra.Command{
		Use:   "set-cluster NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]",
		Short: "Set a cluster entry in kubeconfig", ValidArgsFunction: s.completeConfig("clusters"),
	}
	cmd.Flags().BoolVar(&embed, "embed-certs", false, "embed-certs for the cluster entry in kubeconfig")
	cmd.Flags().StringVar(&proxy, "proxy-url", "", "proxy-url for the cluster entry in kubeconfig")
	return s.changeConfig(cmd, 1, func(cmd *cobra.Command, k *kubeconfig, args []string) (string, error) {
		f := &s.flags
		if f.caFile != "" && f.insecure {
			return "", errors.New("you cannot specify a certificate authority and insecure mode at the same time")
		}
		if embed && f.caFile == "" {
			return "", errors.New("you must specify a --certificate-authority to embed")
		}
		content, _, _ := k.ensure("clusters", args[0])
		if content["server"] == nil {
			content["server"] = ""
		}
		changed := cmd.Flags().Changed
		if changed("server") {
			content["server"] = f.server
		}
		if changed("tls-server-name") {
			setOrDrop(content, "tls-server-name", f.tlsServerName)
		}
		if changed("proxy-url") {
			setOrDrop(content, "proxy-url", proxy)
		}
		if changed("insecure-skip-tls-verify") {
			if content["insecure-skip-tls-verify"] = f.insecure; !f.insecure {
				delete(content, "insecure-skip-tls-verify")
			} else {
				delete(content, "certificate-authority")
				delete(content, "certificate-authority-data")
			}
		}
		if changed("certificate-authority") {
			delete(content, "insecure-skip-tls-verify")
			if err := setConfigFile(content, "certificate-authority", f.caFile, embed); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("Cluster %q set.", args[0]), nil
	})
}

// setConfigFile names a file in an entry, or puts its content there.
func setConfigFile(content object, field, path string, embed bool) error {
	delete(content, field)
	delete(content, field+"-data")
	if path == "" {
		return nil
	}
	if embed {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("could not stat %s file %s: %w", field, path, errStat(err))
		}
		content[field+"-data"] = base64.StdEncoding.EncodeToString(data)
		return nil
	}
	absolute, err := filepath.Abs(path)
	content[field] = absolute
	return err
}

// errStat says "stat" where reading failed: what was asked is whether the file is there.
func errStat(err error) error {
	var failed *os.PathError
	if errors.As(err, &failed) {
		return &os.PathError{Op: "stat", Path: failed.Path, Err: failed.Err}
	}
	return err
}

func newConfigSetCredentials(s *session) *cobra.Command {
	var username, password string
	var embed bool
	var command string
	var execArgs, execEnv []string
	var execVersion string
	cmd := &cobra.Command{
		Use:   "set-credentials NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value]",
		Short: "Set a user entry in kubeconfig", ValidArgsFunction: s.completeConfig("users"),
	}
	f := cmd.Flags()
	f.BoolVar(&embed, "embed-certs", false, "Embed client cert/key for the user entry in kubeconfig")
	f.StringVar(&username, "username", "", "username for the user entry in kubeconfig")
	f.StringVar(&password, "password", "", "password for the user entry in kubeconfig")
	f.StringVar(&command, "exec-command", "", "Command for the exec credential plugin for the user entry in kubeconfig")
	f.StringVar(&execVersion, "exec-api-version", "", "API version of the exec credential plugin for the user entry in kubeconfig")
	f.StringSliceVar(&execArgs, "exec-arg", nil, "New arguments for the exec credential plugin command for the user entry in kubeconfig")
	f.StringArrayVar(&execEnv, "exec-env", nil, "'key=value' environment values for the exec credential plugin")
	return s.changeConfig(cmd, 1, func(cmd *cobra.Command, k *kubeconfig, args []string) (string, error) {
		var methods []string
		if s.flags.token != "" {
			methods = append(methods, "--token")
		}
		if username != "" || password != "" {
			methods = append(methods, "--username/--password")
		}
		if len(methods) > 1 {
			return "", fmt.Errorf("you cannot specify more than one authentication method at the same time: %v", strings.Join(methods, ", "))
		}
		if embed && s.flags.certFile == "" && s.flags.keyFile == "" {
			return "", errors.New("you must specify a --client-certificate or --client-key to embed")
		}
		content, _, _ := k.ensure("users", args[0])
		changed := cmd.Flags().Changed
		for field, path := range map[string]string{"client-certificate": s.flags.certFile, "client-key": s.flags.keyFile} {
			if changed(field) {
				if err := setConfigFile(content, field, path, embed); err != nil {
					return "", err
				}
			}
		}
		if changed("token") {
			setOrDrop(content, "token", s.flags.token)
			delete(content, "username")
			delete(content, "password")
		}
		for field, value := range map[string]string{"username": username, "password": password} {
			if changed(field) {
				setOrDrop(content, field, value)
				delete(content, "token")
			}
		}
		if changed("exec-command") {
			content["exec"] = execEntry(command, execVersion, execArgs, execEnv)
		}
		return fmt.Sprintf("User %q set.", args[0]), nil
	})
}

// execEntry is a program that is asked for credentials.
func execEntry(command, version string, args, env []string) map[string]any {
	entry := map[string]any{"command": command, "args": nil, "env": nil, "interactiveMode": "IfAvailable", "provideClusterInfo": false}
	if version != "" {
		entry["apiVersion"] = version
	}
	if len(args) > 0 {
		list := make([]any, len(args))
		for i, arg := range args {
			list[i] = arg
		}
		entry["args"] = list
	}
	var list []any
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		list = append(list, map[string]any{"name": name, "value": value})
	}
	if len(list) > 0 {
		entry["env"] = list
	}
	return entry
}

func newConfigRename(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "rename-context CONTEXT_NAME NEW_NAME", Short: "Rename a context from the kubeconfig file", ValidArgsFunction: s.completeConfig("contexts")}
	return s.changeConfig(cmd, 2, func(_ *cobra.Command, k *kubeconfig, args []string) (string, error) {
		from, to := args[0], args[1]
		f, _ := k.find("contexts", from)
		if f == nil {
			return "", fmt.Errorf("cannot rename the context %q, it's not in %s", from, k.target().path)
		}
		if other, _ := k.find("contexts", to); other != nil {
			return "", fmt.Errorf("cannot rename the context %q, the context %q already exists in %s", from, to, other.path)
		}
		_, at := f.entry("contexts", from)
		f.object["contexts"].([]any)[at].(map[string]any)["name"] = to
		f.changed = true
		if k.current() == from {
			k.setCurrent(to)
		}
		return fmt.Sprintf("Context %q renamed to %q.", from, to), nil
	})
}

func newConfigDelete(s *session, what string) *cobra.Command {
	list := what + "s"
	cmd := &cobra.Command{Use: "delete-" + what + " NAME", Short: "Delete the specified " + what + " from the kubeconfig", ValidArgsFunction: s.completeConfig(list)}
	run := s.changeConfig(cmd, -1, func(_ *cobra.Command, k *kubeconfig, args []string) (string, error) {
		f := k.remove(list, args[0])
		if f == nil {
			return "", fmt.Errorf("cannot delete %s %s, not in %s", what, args[0], k.target().path)
		}
		if what == "context" && k.current() == args[0] {
			fmt.Fprint(s.Err, "warning: this removed your active context, use \"kubectl-lite config use-context\" to select a different one\n")
		}
		return fmt.Sprintf("deleted %s %s from %s", what, args[0], f.path), nil
	}).RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 1:
			return run(cmd, args)
		case what == "user":
			return usageErrorf("config delete-user", "user to delete is required")
		}
		return cmd.Help()
	}
	return cmd
}

func newConfigSet(s *session) *cobra.Command {
	var rawBytes bool
	cmd := &cobra.Command{
		Use: "set PROPERTY_NAME PROPERTY_VALUE", Short: "Set an individual value in a kubeconfig file",
		Example: "  kubectl-lite config set clusters.my-cluster.server https://1.2.3.4",
	}
	cmd.Flags().BoolVar(&rawBytes, "set-raw-bytes", false, "When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.")
	return s.changeConfig(cmd, 2, func(_ *cobra.Command, k *kubeconfig, args []string) (string, error) {
		p, err := parseProperty(args[0])
		if err != nil {
			return "", err
		}
		switch {
		case args[1] == "":
			return "", errors.New("you cannot use set to unset a property")
		case p.list == "current-context":
			k.setCurrent(args[1])
		case p.field == "":
			return "", fmt.Errorf("can't set a map to a value: %v", args[0])
		default:
			value, err := configValue(p.field, args[1], rawBytes)
			if err != nil {
				return "", err
			}
			content, _, _ := k.ensure(p.list, p.name)
			content.set(value, strings.Split(p.field, ".")...)
		}
		return fmt.Sprintf("Property %q set.", args[0]), nil
	})
}

func configValue(field, text string, rawBytes bool) (any, error) {
	switch {
	case field == "insecure-skip-tls-verify" || field == "disable-compression":
		return strconv.ParseBool(text)
	case strings.HasSuffix(field, "-data") && rawBytes:
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	case strings.HasSuffix(field, "-data"):
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("error decoding input value: %w", err)
		}
	}
	return text, nil
}

// property is a path such as "clusters.my.cluster.server": a list, a name that may have dots in it, and a field.
type property struct{ list, name, field string }

// configFields are what an entry may have; the last words of a path are one of these, and what is before is the name.
var configFields = map[string][]string{
	"clusters": {"server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "certificate-authority-data", "proxy-url", "disable-compression"},
	"contexts": {"cluster", "user", "namespace"},
	"users":    {"client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile", "as", "as-uid", "username", "password", "exec.command", "exec.apiVersion", "auth-provider.name"},
}

func parseProperty(path string) (property, error) {
	list, rest, hasRest := strings.Cut(path, ".")
	if list == "current-context" && !hasRest {
		return property{list: list}, nil
	}
	fields, known := configFields[list]
	if !known {
		return property{}, fmt.Errorf("unable to parse %v after [] at api.Config", path)
	}
	for _, field := range fields {
		if name, ok := strings.CutSuffix(rest, "."+field); ok {
			return property{list, name, field}, nil
		}
	}
	return property{list: list, name: rest}, nil
}

func newConfigUnset(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "unset PROPERTY_NAME", Short: "Unset an individual value in a kubeconfig file",
		Example: "  kubectl-lite config unset contexts.foo.namespace",
	}
	return s.changeConfig(cmd, 1, func(_ *cobra.Command, k *kubeconfig, args []string) (string, error) {
		p, err := parseProperty(args[0])
		if err != nil {
			return "", err
		}
		f, content := k.find(p.list, p.name)
		switch {
		case p.list == "current-context":
			k.setCurrent("")
		case p.name == "":
			for _, f := range k.files {
				f.object[p.list] = nil
				f.changed = true
			}
		case f == nil:
			return "", fmt.Errorf("current map key `%s` is invalid", p.name)
		case p.field == "":
			k.remove(p.list, p.name)
		default:
			delete(content, p.field)
			f.changed = true
		}
		return fmt.Sprintf("Property %q unset.", args[0]), nil
	})
}
