package apiserver

import (
	"context"
	"crypto/subtle"
	"time"

	"kubelite/api"
)

// bootstrapUser tells whose bootstrap token this is: of a machine that is to become a node, and has nothing else to show. Whatever is
// wrong, the caller hears only that the token is not valid; why is in the log, for the administrator who made it. As upstream's
// plugin/pkg/auth/authenticator/token/bootstrap.
func (s *Server) bootstrapUser(ctx context.Context, token string, now time.Time) (*User, bool) {
	id, text, ok := api.ParseBootstrapToken(token)
	if !ok {
		return nil, false
	}
	refuse := func(why string) (*User, bool) {
		s.log.Debug("a bootstrap token is refused", "name", api.BootstrapTokenName(id), "why", why)
		return nil, false
	}
	secret, err := read[*api.Secret](ctx, s, namespaceSystem, api.BootstrapTokenName(id))
	if err != nil {
		return refuse(err.Error())
	}
	at, expires := api.BootstrapTokenExpires(secret)
	groups, err := api.BootstrapTokenGroups(secret)
	switch {
	case secret.DeletionTimestamp != nil:
		return refuse("its Secret is being deleted")
	case secret.Type != api.SecretTypeBootstrapToken:
		return refuse("its Secret is not of type " + string(api.SecretTypeBootstrapToken))
	case subtle.ConstantTimeCompare(secret.Data[api.BootstrapTokenSecret], []byte(text)) == 0:
		return refuse("it has another " + api.BootstrapTokenSecret)
	case string(secret.Data[api.BootstrapTokenID]) != id:
		return refuse("it has another " + api.BootstrapTokenID)
	case expires && !now.Before(at):
		return refuse("it has expired")
	case string(secret.Data[api.BootstrapTokenUsageAuth]) != "true":
		return refuse(api.BootstrapTokenUsageAuth + " is not true")
	case err != nil:
		return refuse(err.Error())
	}
	return &User{Name: api.BootstrapTokenUser(id), Groups: append(groups, groupAuthenticated)}, true
}
