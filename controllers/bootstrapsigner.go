package controllers

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
)

// The loop that lets a machine trust a cluster which it knows only by a bootstrap token.
//
//	desired    the ConfigMap kube-public/cluster-info has, for each bootstrap token that may sign, a signature of the kubeconfig in it
//	actual     that ConfigMap, if somebody has made it, and the cache of the tokens' Secrets
//	converge   write the signatures that are missing, and take away those of other tokens and of another kubeconfig
//
// A stranger may be let read the ConfigMap. Who knows a token sees by its signature that nobody else has put another certificate
// authority there. See upstream's pkg/controller/bootstrap/bootstrapsigner.go.

const (
	clusterInfoConfigMap  = "cluster-info"
	clusterInfoKubeconfig = "kubeconfig"
	clusterInfoSignature  = "jws-kubeconfig-" // and the token's ID
)

// BootstrapSigner writes the signatures.
type BootstrapSigner struct {
	client *client.Client
	infos  *client.Informer[*api.ConfigMap]
	tokens *client.Informer[*api.Secret]
	log    *slog.Logger
	queue  *client.Queue
}

// NewBootstrapSigner subscribes to the ConfigMap and to the tokens of the shared caches.
func NewBootstrapSigner(c *client.Client, caches *Caches, log *slog.Logger) *BootstrapSigner {
	b := &BootstrapSigner{client: c, infos: caches.ClusterInfos, tokens: caches.BootstrapTokens, log: log, queue: client.NewQueue("bootstrapsigner")}
	theOne := []api.Key{{Namespace: api.NamespacePublic, Name: clusterInfoConfigMap}}
	caches.ClusterInfos.Enqueue(b.queue, func(*api.ConfigMap) []api.Key { return theOne })
	caches.BootstrapTokens.Enqueue(b.queue, func(*api.Secret) []api.Key { return theOne })
	return b
}

// Run reconciles until ctx ends.
func (b *BootstrapSigner) Run(ctx context.Context) error {
	if err := waitForSync(ctx, b.infos, b.tokens); err != nil {
		return err
	}
	return b.queue.Run(ctx, 1, b.Reconcile, b.log)
}

// Reconcile signs the ConfigMap that key names.
func (b *BootstrapSigner) Reconcile(ctx context.Context, key api.Key) error {
	info, ok := b.infos.Get(key)
	if !ok {
		return nil
	}
	signed := signedInfo(info.Data, b.tokens.List(api.NamespaceSystem, nil), time.Now())
	if maps.Equal(signed, info.Data) {
		return nil
	}
	update := *info
	update.Data = signed
	_, err := client.Of[*api.ConfigMap](b.client).Update(client.Because(ctx, "bootstrap tokens or what they sign have changed: sign it"), &update)
	return ignoreConflict(err)
}

// signedInfo is what cluster-info is to have: a signature by each of the tokens that may sign now. Without a kubeconfig it stays as it is.
func signedInfo(data map[string]string, secrets []*api.Secret, now time.Time) map[string]string {
	kubeconfig, ok := data[clusterInfoKubeconfig]
	if !ok {
		return data
	}
	signed := maps.Clone(data)
	maps.DeleteFunc(signed, func(name, _ string) bool { return strings.HasPrefix(name, clusterInfoSignature) })
	for _, secret := range secrets {
		if id, key, ok := api.BootstrapTokenSigns(secret, now); ok {
			signed[clusterInfoSignature+id] = tokens.SignDetached(kubeconfig, id, key)
		}
	}
	return signed
}
