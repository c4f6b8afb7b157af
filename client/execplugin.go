package client

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"kubelite/api"
)

// execPlugin is a program that a kubeconfig names to be asked for credentials: how clouds log people in.
type execPlugin struct {
	Command    string   `json:"command"`
	Args       []string `json:"args"`
	APIVersion string   `json:"apiVersion"`
	Env        []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"env"`
	InstallHint        string `json:"installHint"`
	ProvideClusterInfo bool   `json:"provideClusterInfo"`
}

// credentials runs the program. It is told what it answers to in KUBERNETES_EXEC_INFO, and prints an ExecCredential.
func (p *execPlugin) credentials(cfg *Config) error {
	spec := map[string]any{"interactive": true}
	if p.ProvideClusterInfo {
		spec["cluster"] = map[string]any{"server": cfg.Server, "tls-server-name": cfg.TLSServerName,
			"insecure-skip-tls-verify": cfg.Insecure, "certificate-authority-data": cfg.CAData}
	}
	info, err := api.MarshalJSON(map[string]any{"kind": "ExecCredential", "apiVersion": p.APIVersion, "spec": spec})
	if err != nil {
		return err
	}
	cmd := exec.Command(p.Command, p.Args...)
	cmd.Env = append(os.Environ(), "KUBERNETES_EXEC_INFO="+string(info))
	for _, e := range p.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
	}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &out, os.Stderr
	if err := cmd.Run(); err != nil {
		if p.InstallHint != "" && errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("exec: executable %s not found\n\n%s", p.Command, p.InstallHint)
		}
		return fmt.Errorf("exec: executable %s failed: %w", p.Command, err)
	}
	var answer struct {
		APIVersion string `json:"apiVersion"`
		Status     *struct {
			Token string `json:"token"`
			Cert  string `json:"clientCertificateData"`
			Key   string `json:"clientKeyData"`
		} `json:"status"`
	}
	if err := api.UnmarshalJSON(out.Bytes(), &answer); err != nil {
		return fmt.Errorf("exec plugin: decoding stdout: %w", err)
	}
	switch {
	case answer.APIVersion != p.APIVersion:
		return fmt.Errorf("exec plugin is configured to use API version %s, plugin returned version %s", p.APIVersion, answer.APIVersion)
	case answer.Status == nil:
		return errors.New("exec plugin didn't return a status field")
	case answer.Status.Token == "" && answer.Status.Cert == "" && answer.Status.Key == "":
		return errors.New("exec plugin didn't return a token or cert/key pair")
	}
	cfg.Token = answer.Status.Token
	if answer.Status.Cert != "" {
		cfg.CertData, cfg.KeyData = []byte(answer.Status.Cert), []byte(answer.Status.Key)
	}
	return nil
}
