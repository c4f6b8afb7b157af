package kubectllite

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newCreateSecret(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "secret (docker-registry | generic | tls)", Short: "Create a secret using a specified subcommand", RunE: needsSubcommand}
	cmd.AddCommand(newCreateGenericSecret(s), newCreateRegistrySecret(s), newCreateTLSSecret(s))
	return cmd
}

func newCreateGenericSecret(s *session) *cobra.Command {
	var o createOptions
	var data dataFlags
	var secretType string
	cmd := &cobra.Command{
		Use:   "generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]",
		Short: "Create a secret from a local file, directory, or literal value", Args: exactlyOneName,
		Example: "  kubectl-lite create secret generic login --from-literal=user=ann --from-file=password=secret.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := data.read()
			if err != nil {
				return err
			}
			return s.createTyped(cmd.Context(), &o, &api.Secret{
				ObjectMeta: api.ObjectMeta{Name: args[0]}, Type: api.SecretType(secretType), Data: values,
			})
		},
	}
	o.add(cmd)
	data.add(cmd)
	cmd.Flags().StringVar(&secretType, "type", "", "The type of secret to create")
	return cmd
}

func newCreateTLSSecret(s *session) *cobra.Command {
	var o createOptions
	var cert, key string
	cmd := &cobra.Command{
		Use: "tls NAME --cert=path/to/cert/file --key=path/to/key/file", Short: "Create a TLS secret", Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cert == "" || key == "" {
				return errors.New("key and cert must be specified")
			}
			certText, err := os.ReadFile(cert)
			if err != nil {
				return err
			}
			keyText, err := os.ReadFile(key)
			if err != nil {
				return err
			}
			if _, err := tls.X509KeyPair(certText, keyText); err != nil {
				return err
			}
			return s.createTyped(cmd.Context(), &o, &api.Secret{
				ObjectMeta: api.ObjectMeta{Name: args[0]}, Type: api.SecretTypeTLS, Data: map[string][]byte{"tls.crt": certText, "tls.key": keyText},
			})
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&cert, "cert", "", "Path to PEM encoded public key certificate.")
	cmd.Flags().StringVar(&key, "key", "", "Path to private key associated with given certificate.")
	return cmd
}

func newCreateRegistrySecret(s *session) *cobra.Command {
	var o createOptions
	var server, username, password, email string
	var files []string
	cmd := &cobra.Command{
		Use:   "docker-registry NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source]",
		Short: "Create a secret for use with a Docker registry", Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(files) == 0 && (username == "" || password == "" || server == "") {
				return errors.New("either --from-file or the combination of --docker-username, --docker-password and --docker-server is required")
			}
			secret := &api.Secret{ObjectMeta: api.ObjectMeta{Name: args[0]}, Type: api.SecretTypeDockerConfigJson}
			if len(files) == 0 {
				config, err := registryConfig(server, username, password, email)
				if err != nil {
					return err
				}
				secret.Data = map[string][]byte{".dockerconfigjson": config}
				return s.createTyped(cmd.Context(), &o, secret)
			}
			data := dataFlags{}
			for _, file := range files {
				data.files = append(data.files, ".dockerconfigjson="+file)
			}
			values, err := data.read()
			if err != nil {
				return err
			}
			secret.Data = values
			return s.createTyped(cmd.Context(), &o, secret)
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.StringVar(&server, "docker-server", "https://index.docker.io/v1/", "Server location for Docker registry")
	f.StringVar(&username, "docker-username", "", "Username for Docker registry authentication")
	f.StringVar(&password, "docker-password", "", "Password for Docker registry authentication")
	f.StringVar(&email, "docker-email", "", "Email for Docker registry")
	f.StringSliceVar(&files, "from-file", nil, "A file with the credentials, such as ~/.docker/config.json")
	return cmd
}

// registryConfig is the file in which Docker keeps logins.
func registryConfig(server, username, password, email string) ([]byte, error) {
	type login struct {
		Username string `json:"username,omitempty"`
		Password string `json:"password,omitempty"`
		Email    string `json:"email,omitempty"`
		Auth     string `json:"auth,omitempty"`
	}
	auth := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	return api.MarshalJSON(map[string]any{"auths": map[string]login{server: {username, password, email, auth}}})
}

func newCreateToken(s *session) *cobra.Command {
	var o printFlags
	var audiences []string
	var kind, name, uid string
	duration := durationFlag(0)
	cmd := &cobra.Command{
		Use: "token SERVICE_ACCOUNT_NAME", Short: "Request a service account token", Args: exactlyOneName,
		Example:           "  kubectl-lite create token robot --duration=10m",
		ValidArgsFunction: s.completeObjects("serviceaccounts"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case cmd.Flags().Changed("duration") && duration <= 0:
				return errors.New("--duration must be greater than or equal to 0")
			case kind == "" && name != "":
				return errors.New("--bound-object-name can only be set if --bound-object-kind is provided")
			case kind != "" && name == "":
				return errors.New("--bound-object-name is required if --bound-object-kind is provided")
			}
			request := &api.TokenRequest{Spec: api.TokenRequestSpec{Audiences: audiences}}
			if duration > 0 {
				request.Spec.ExpirationSeconds = api.Ptr(duration.seconds())
			}
			if kind != "" {
				request.Spec.BoundObjectRef = &api.BoundObjectReference{Kind: kind, APIVersion: "v1", Name: name, UID: api.UID(uid)}
			}
			return s.createToken(cmd, &o, args[0], request)
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&audiences, "audience", nil, "Audience of the requested token. May be repeated to request a token valid for multiple audiences.")
	f.Var(&duration, "duration", "Requested lifetime of the issued token. If not set or if set to 0, the lifetime will be determined by the server automatically.")
	f.StringVar(&kind, "bound-object-kind", "", "Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret.")
	f.StringVar(&name, "bound-object-name", "", "Name of an object to bind the token to.")
	f.StringVar(&uid, "bound-object-uid", "", "UID of an object to bind the token to.")
	return cmd
}

func (s *session) createToken(cmd *cobra.Command, o *printFlags, account string, request *api.TokenRequest) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	p, err := o.printer(func(object) string { return "tokenrequest.authentication.k8s.io/" + account }, changeFormats)
	if err != nil {
		return err
	}
	created, err := c.CreateToken(cmd.Context(), s.namespace(), account, request)
	var refused *api.StatusError
	if errors.As(err, &refused) {
		return fmt.Errorf("failed to create token: %s", refused.ErrStatus.Message)
	}
	switch {
	case err != nil:
		return err
	case created.Status.Token == "":
		return errors.New("failed to create token: no token in server response")
	case p == nil:
		fmt.Fprintln(s.Out, created.Status.Token)
		return nil
	}
	m, err := generated(created)
	if err != nil {
		return err
	}
	return p.print(s.Out, m.object)
}
