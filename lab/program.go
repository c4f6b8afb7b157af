package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"kubelite/api"
	"kubelite/client"
)

// Program is what a lab says of the program that the learner writes: whose place it takes, who it is, and what it may do.
type Program struct {
	// Replaces are the components that are down while the lab is on, by the names that `kubelite component` takes.
	Replaces []string `json:"replaces,omitempty"`
	// User and Groups are who the program is to the API server. A lab that says nothing has a user of its own; where that is not
	// enough, as with a node, it is the component's.
	User   string   `json:"user,omitempty"`
	Groups []string `json:"groups,omitempty"`
	// Roles are ClusterRoles that it has, those of the component; Rules is what it may do beside.
	Roles []string         `json:"roles,omitempty"`
	Rules []api.PolicyRule `json:"rules,omitempty"`
	// Leaves are objects outside of namespaces that may be left over, "nodes/mine".
	Leaves []string `json:"leaves,omitempty"`
	// Circumstances are the faults under which the program must do its work, too; see trial.go.
	Circumstances []string `json:"circumstances"`
}

// copies is how many copies of a program there are at most.
const copies = 2

// certificateSeconds is how long the program's certificates are good.
const certificateSeconds = 7 * 24 * 3600

// complete fills in what a lab does not say.
func (p *Program) complete(l *Lab) error {
	group := "lab:" + l.Name
	if p.User == "" {
		p.User = group
	}
	p.Groups = append(p.Groups, group)
	for _, name := range p.Circumstances {
		if _, err := circumstance(name); err != nil {
			return err
		}
	}
	return nil
}

// user is who a copy of the program is: the second has a name of its own, where that is possible, so that one can tell who did
// what.
func (p *Program) user(l *Lab, copy int) string {
	if copy > 1 && p.User == "lab:"+l.Name {
		return p.User + ":" + strconv.Itoa(copy)
	}
	return p.User
}

// Place is what it takes to let a program take a component's place, beside the API.
type Place struct {
	Components Components
	// Dir is where the program's credentials are, its output, and the timelines.
	Dir string
	// Server is where the API server is, and CA the certificate that it proves itself by.
	Server string
	CA     []byte
}

// Components stops and starts what is built in.
type Components interface {
	Stop(ctx context.Context, name string) error
	Start(ctx context.Context, name string) error
}

// takePlace stops what the program replaces, and lets the program in.
func (s *Session) takePlace(ctx context.Context) error {
	if err := s.grant(ctx); err != nil {
		return err
	}
	for copy := 1; copy <= copies; copy++ {
		if err := s.identify(ctx, copy); err != nil {
			return fmt.Errorf("get a certificate for the program: %w", err)
		}
	}
	for _, name := range s.Lab.Program.Replaces { // last: certificates are signed by a controller
		if err := s.Place.Components.Stop(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// giveBack starts again what was stopped, and removes what the lab has outside of its namespace.
func (s *Session) giveBack(ctx context.Context) error {
	for _, name := range s.Lab.Program.Replaces {
		if err := s.Place.Components.Start(ctx, name); err != nil {
			return err
		}
	}
	for name := range s.trialNamespaces() {
		if err := s.clear(ctx, name); err != nil {
			return err
		}
	}
	mine := client.ListOptions{LabelSelector: labelLab + "=" + s.Lab.Name}
	err := errors.Join(
		client.Of[*api.ClusterRoleBinding](s.Client).DeleteCollection(ctx, "", api.DeleteOptions{}, mine),
		client.Of[*api.ClusterRole](s.Client).DeleteCollection(ctx, "", api.DeleteOptions{}, mine))
	return errors.Join(err, os.RemoveAll(s.Place.Dir))
}

// grant gives the program its rights: those of the component, a role of its own for the rest, and Leases and Events, which
// every controller may need.
func (s *Session) grant(ctx context.Context) error {
	own := "lab:" + s.Lab.Name
	meta := func(name string) api.ObjectMeta {
		return api.ObjectMeta{Name: name, Labels: map[string]string{labelLab: s.Lab.Name}}
	}
	rules := append(slices.Clone(s.Lab.Program.Rules),
		api.PolicyRule{Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}, APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}},
		api.PolicyRule{Verbs: []string{"create", "patch", "update"}, APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}})
	if _, err := client.Of[*api.ClusterRole](s.Client).Create(ctx, &api.ClusterRole{ObjectMeta: meta(own), Rules: rules}); err != nil && !api.IsAlreadyExists(err) {
		return err
	}
	for _, role := range append([]string{own}, s.Lab.Program.Roles...) {
		binding := &api.ClusterRoleBinding{
			ObjectMeta: meta(own + "." + role),
			RoleRef:    api.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: role},
			Subjects:   []api.Subject{{Kind: "Group", APIGroup: "rbac.authorization.k8s.io", Name: own}},
		}
		if _, err := client.Of[*api.ClusterRoleBinding](s.Client).Create(ctx, binding); err != nil && !api.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

// identify gets a certificate for a copy of the program, as anybody gets one: by a request that an administrator approves.
func (s *Session) identify(ctx context.Context, copy int) error {
	p := s.Lab.Program
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: p.user(s.Lab, copy), Organization: p.Groups}}, key)
	if err != nil {
		return err
	}
	requests := client.Of[*api.CertificateSigningRequest](s.Client)
	request, err := requests.Create(ctx, &api.CertificateSigningRequest{
		ObjectMeta: api.ObjectMeta{GenerateName: s.Lab.Namespace() + "-"},
		Spec: api.CertificateSigningRequestSpec{
			Request: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), SignerName: "kubernetes.io/kube-apiserver-client",
			Usages: []api.KeyUsage{api.UsageClientAuth}, ExpirationSeconds: api.Ptr[int32](certificateSeconds),
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = requests.Delete(context.WithoutCancel(ctx), "", request.Name, api.DeleteOptions{}) }() // if not: it goes by itself in an hour
	approved := api.DeepCopy(request)
	approved.Status.Conditions = []api.CertificateSigningRequestCondition{{Type: api.CertificateApproved, Status: api.ConditionTrue, Reason: "Lab", Message: "the program of lab " + s.Lab.Name}}
	if _, err := requests.UpdateSubresource(ctx, approved, "approval"); err != nil {
		return err
	}
	watch, err := requests.Watch(ctx, "", client.ListOptions{FieldSelector: "metadata.name=" + request.Name, ResourceVersion: request.ResourceVersion})
	if err != nil {
		return err
	}
	defer watch.Stop()
	for e := range watch.Events() {
		if len(e.Object.Status.Certificate) > 0 {
			return s.writeCredentials(copy, key, e.Object.Status.Certificate)
		}
	}
	return errors.Join(errors.New("nobody signed the request"), watch.Err(), ctx.Err())
}

// credentials is where a copy of the program finds what it needs: kubeconfig, ca.crt, client.crt, client.key.
func (s *Session) credentials(copy int, file string) string {
	return filepath.Join(s.Place.Dir, "copy-"+strconv.Itoa(copy), file)
}

func (s *Session) writeCredentials(copy int, key *ecdsa.PrivateKey, cert []byte) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.credentials(copy, ""), 0o700); err != nil {
		return err
	}
	for file, content := range map[string][]byte{
		"ca.crt": s.Place.CA, "client.crt": cert, "client.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	} {
		if err := client.ReplaceFile(s.credentials(copy, file), content, 0o600); err != nil {
			return err
		}
	}
	name := "lab-" + s.Lab.Name
	return client.WriteKubeconfig(s.credentials(copy, "kubeconfig"), map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": name,
		"clusters": []any{map[string]any{"name": name, "cluster": map[string]any{"server": s.Place.Server, "certificate-authority": s.credentials(copy, "ca.crt")}}},
		"users":    []any{map[string]any{"name": name, "user": map[string]any{"client-certificate": s.credentials(copy, "client.crt"), "client-key": s.credentials(copy, "client.key")}}},
		"contexts": []any{map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": name}}},
	})
}

// Environment is what a copy of the program finds in its environment, beside what everybody has there.
func (s *Session) Environment(copy int) []string {
	return []string{
		"KUBECONFIG=" + s.credentials(copy, "kubeconfig"), "LAB_SERVER=" + s.Place.Server, "LAB_CA=" + s.credentials(copy, "ca.crt"),
		"LAB_CERT=" + s.credentials(copy, "client.crt"), "LAB_KEY=" + s.credentials(copy, "client.key"),
		"LAB_NAMESPACE=" + s.Lab.Namespace(), "LAB_COPY=" + strconv.Itoa(copy), "LAB_DIR=" + s.credentials(copy, ""),
	}
}
