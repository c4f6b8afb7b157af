package story

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
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
