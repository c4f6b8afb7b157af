package story

import (
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
	"kubelite/controllers"
)

// A secret of the old kind holds a token that works until the secret goes, or somebody marks it invalid. The day of its last
// use is on it.
func TestTokenSecret(t *testing.T) {
	h := Start(t, 0)
	secrets, accounts := client.Of[*api.Secret](h.Client), client.Of[*api.ServiceAccount](h.Client)
	Apply(h, &api.ServiceAccount{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "robot"}, Secrets: []api.ObjectReference{{Name: "robot-token"}, {Name: "other"}}})
	Apply(h, &api.Secret{Type: "kubernetes.io/service-account-token", ObjectMeta: api.ObjectMeta{
		Namespace: "default", Name: "robot-token", Annotations: map[string]string{"kubernetes.io/service-account.name": "robot"},
	}})
	var secret *api.Secret
	h.Eventually(func() (err error) {
		if secret, err = secrets.Get(h.Ctx, "default", "robot-token"); err == nil && len(secret.Data["token"]) == 0 {
			err = errors.New("the secret has no token")
		}
		return err
	})
	ca, err := os.ReadFile(h.pki.CertFile("ca"))
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"ca.crt": ca, "namespace": []byte("default"), "token": secret.Data["token"]}, secret.Data)

	robot, err := client.New(&client.Config{Server: h.url, CAData: ca, Token: string(secret.Data["token"]), Agent: "robot"})
	require.NoError(t, err)
	try := func() error {
		_, err := client.Of[*api.Pod](robot).List(h.Ctx, "default", client.ListOptions{})
		return err
	}
	require.ErrorContains(t, try(), `User "system:serviceaccount:default:robot" cannot list`)
	secret, err = secrets.Get(h.Ctx, "default", "robot-token")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"kubernetes.io/legacy-token-last-used": time.Now().UTC().Format(time.DateOnly)}, secret.Labels)

	secret.Labels["kubernetes.io/legacy-token-invalid-since"] = "2026-01-01"
	secret, err = secrets.Update(h.Ctx, secret)
	require.NoError(t, err)
	require.Equal(t, api.StatusReasonUnauthorized, api.Reason(try()))
	delete(secret.Labels, "kubernetes.io/legacy-token-invalid-since")
	_, err = secrets.Update(h.Ctx, secret)
	require.NoError(t, err)
	require.True(t, api.IsForbidden(try()))

	require.NoError(t, secrets.Delete(h.Ctx, "default", "robot-token", api.DeleteOptions{}))
	require.Equal(t, api.StatusReasonUnauthorized, api.Reason(try()))
	h.Eventually(func() error {
		account, err := accounts.Get(h.Ctx, "default", "robot")
		if err == nil && len(account.Secrets) != 1 {
			err = fmt.Errorf("the account lists %v", account.Secrets)
		}
		return err
	})
}

// A token that was made for an account by itself, and that nobody uses, is made invalid, and is gone a period later. One that somebody
// made stays, and so does one that a pod mounts.
func TestForgottenTokens(t *testing.T) {
	const cleaner = "controllers/legacy-serviceaccount-token-cleaner-controller"
	h := Start(t, 0, func(cfg *controllers.Config) { cfg.LegacyTokenCleanUpPeriod = time.Nanosecond })
	require.NoError(t, h.Stop(h.Ctx, cleaner)) // so that it knows of everything when it looks first
	secrets := client.Of[*api.Secret](h.Client)
	Apply(h, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "kube-system", Name: tokens.TrackingConfigMap}, Data: map[string]string{"since": "2020-01-01"}})
	Apply(h, &api.ServiceAccount{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "robot"}, Secrets: []api.ObjectReference{{Name: "forgotten"}, {Name: "mounted"}}})
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "user"}, Spec: api.PodSpec{
		ServiceAccountName: "robot",
		Containers:         []api.Container{{Name: "c", Image: "app:1"}},
		Volumes:            []api.Volume{{Name: "v", VolumeSource: api.VolumeSource{Secret: &api.SecretVolumeSource{SecretName: "mounted"}}}},
	}})
	for _, name := range []string{"mounted", "made-by-hand", "forgotten"} {
		Apply(h, &api.Secret{Type: api.SecretTypeServiceAccountToken, ObjectMeta: api.ObjectMeta{
			Namespace: "default", Name: name, Annotations: map[string]string{"kubernetes.io/service-account.name": "robot"},
		}})
	}
	require.NoError(t, h.Start(h.Ctx, cleaner))
	var secret *api.Secret
	h.Eventually(func() (err error) {
		if secret, err = secrets.Get(h.Ctx, "default", "forgotten"); err == nil && secret.Labels[tokens.LabelInvalidSince] != time.Now().UTC().Format(time.DateOnly) {
			err = fmt.Errorf("its labels are %v", secret.Labels)
		}
		return err
	})
	for _, other := range []string{"mounted", "made-by-hand"} { // came first, and were looked at first
		secret, err := secrets.Get(h.Ctx, "default", other)
		require.NoError(t, err)
		require.Empty(t, secret.Labels, other)
	}
	_, err := secrets.Patch(h.Ctx, "default", "forgotten", api.MergePatchType, []byte(`{"metadata":{"labels":{"`+tokens.LabelInvalidSince+`":"2021-01-01"}}}`))
	require.NoError(t, err)
	h.Eventually(func() error {
		_, err := secrets.Get(h.Ctx, "default", "forgotten")
		if api.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there (%w)", err)
	})
}

// A machine that is to become a node has nothing but a bootstrap token. With it, it asks for a certificate, and gets one without anybody
// having to approve that. When the token's time is up it is worth nothing, and goes.
func TestBootstrapToken(t *testing.T) {
	h := Start(t, 0)
	for binding, role := range map[string]string{
		"machines-ask":         "system:node-bootstrapper",
		"machines-are-trusted": "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
	} {
		Apply(h, &api.ClusterRoleBinding{
			ObjectMeta: api.ObjectMeta{Name: binding}, RoleRef: api.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: role},
			Subjects: []api.Subject{{Kind: "Group", APIGroup: "rbac.authorization.k8s.io", Name: "system:bootstrappers:machines"}},
		})
	}
	secrets := client.Of[*api.Secret](h.Client)
	token := Apply(h, &api.Secret{Type: api.SecretTypeBootstrapToken, ObjectMeta: api.ObjectMeta{Namespace: "kube-system", Name: "bootstrap-token-07401b"}, StringData: map[string]string{
		"token-id": "07401b", "token-secret": "f395accd246ae52d", "usage-bootstrap-authentication": "true", "auth-extra-groups": "system:bootstrappers:machines",
		"expiration": time.Now().Add(time.Hour).Format(time.RFC3339),
	}})
	ca, err := os.ReadFile(h.pki.CertFile("ca"))
	require.NoError(t, err)
	with := func(token string) *client.Client {
		c, err := client.New(&client.Config{Server: h.url, CAData: ca, Token: token, Agent: "machine"})
		require.NoError(t, err)
		return c
	}
	machine := with("07401b.f395accd246ae52d")
	_, err = client.Of[*api.CertificateSigningRequest](machine).Create(client.WithTimer(h.Ctx, "kubelet start"),
		certificateRequest(t, newKey(t), "n1", "kubernetes.io/kube-apiserver-client-kubelet", pkix.Name{CommonName: "system:node:n1", Organization: []string{"system:nodes"}}))
	require.NoError(t, err)
	h.Eventually(h.certificateIssued("n1"))
	request, err := client.Of[*api.CertificateSigningRequest](h.Client).Get(h.Ctx, "", "n1")
	require.NoError(t, err)
	require.Equal(t, "system:bootstrap:07401b", request.Spec.Username)
	require.Equal(t, []string{"system:bootstrappers", "system:bootstrappers:machines", "system:authenticated"}, request.Spec.Groups)

	list := func(c *client.Client) error {
		_, err := client.Of[*api.Node](c).List(h.Ctx, "", client.ListOptions{})
		return err
	}
	require.True(t, api.IsForbidden(list(machine)), "it may ask for a certificate, and nothing else")
	require.Equal(t, api.StatusReasonUnauthorized, api.Reason(list(with("07401b.f395accd246ae52e"))))
	require.Equal(t, api.StatusReasonUnauthorized, api.Reason(list(with("07401c.f395accd246ae52d"))))
	for key, wrong := range map[string]string{
		"token-id": "07401c", "usage-bootstrap-authentication": "false", "auth-extra-groups": "system:masters",
	} {
		right := token.Data[key]
		token.Data[key] = []byte(wrong)
		token, err = secrets.Update(h.Ctx, token)
		require.NoError(t, err)
		require.Equal(t, api.StatusReasonUnauthorized, api.Reason(list(machine)), key)
		token.Data[key] = right
	}
	token, err = secrets.Update(h.Ctx, token)
	require.NoError(t, err)
	require.True(t, api.IsForbidden(list(machine)))

	token.Data["expiration"] = []byte(time.Now().Add(-time.Second).Format(time.RFC3339))
	_, err = secrets.Update(h.Ctx, token)
	require.NoError(t, err)
	require.Equal(t, api.StatusReasonUnauthorized, api.Reason(list(machine)))
	h.Eventually(func() error {
		_, err := secrets.Get(h.Ctx, "kube-system", token.Name)
		if api.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("the token is still there"), err)
	})
}

// Who knows a bootstrap token can check what a stranger is told of the cluster: it is signed by each token that may, and by no other.
func TestClusterInfoIsSigned(t *testing.T) {
	h := Start(t, 0)
	maps := client.Of[*api.ConfigMap](h.Client)
	token := func(id, usage string) *api.Secret {
		return &api.Secret{Type: api.SecretTypeBootstrapToken, ObjectMeta: api.ObjectMeta{Namespace: "kube-system", Name: "bootstrap-token-" + id},
			StringData: map[string]string{"token-id": id, "token-secret": "f395accd246ae52d", usage: "true"}}
	}
	signedBy := func(kubeconfig string, ids ...string) {
		want := map[string]string{"kubeconfig": kubeconfig}
		for _, id := range ids {
			want["jws-kubeconfig-"+id] = tokens.SignDetached(kubeconfig, id, []byte("f395accd246ae52d"))
		}
		h.Eventually(func() error {
			info, err := maps.Get(h.Ctx, "kube-public", "cluster-info")
			if err == nil && !api.Equal(info.Data, want) {
				err = fmt.Errorf("it has %v, want %v", info.Data, want)
			}
			return err
		})
	}
	Apply(h, token("111111", "usage-bootstrap-signing"))
	Apply(h, token("222222", "usage-bootstrap-authentication"))
	Apply(h, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "kube-public", Name: "cluster-info"}, Data: map[string]string{"kubeconfig": "one", "jws-kubeconfig-333333": "old"}})
	signedBy("one", "111111")
	Apply(h, token("222222", "usage-bootstrap-signing"))
	signedBy("one", "111111", "222222")
	require.NoError(t, client.Of[*api.Secret](h.Client).Delete(h.Ctx, "kube-system", "bootstrap-token-111111", api.DeleteOptions{}))
	signedBy("one", "222222")
	_, err := maps.Patch(h.Ctx, "kube-public", "cluster-info", api.MergePatchType, []byte(`{"data":{"kubeconfig":"two"}}`))
	require.NoError(t, err)
	signedBy("two", "222222")
}
