package apiserver

import (
	"strings"

	"kubelite/api"
)

// A service account is a user too. Its name and groups follow from its namespace and name:
//
//	system:serviceaccount:NAMESPACE:NAME
//	system:serviceaccounts, system:serviceaccounts:NAMESPACE
//
// api.ServiceAccountUser and api.ServiceAccountGroups make them; splitServiceAccount takes the name apart.

// What a token says of its holder besides: users' Extra, under these keys.
const (
	extraPodName      = "authentication.kubernetes.io/pod-name"
	extraPodUID       = "authentication.kubernetes.io/pod-uid"
	extraNodeName     = "authentication.kubernetes.io/node-name"
	extraNodeUID      = "authentication.kubernetes.io/node-uid"
	extraCredentialID = "authentication.kubernetes.io/credential-id"
)

// splitServiceAccount is the reverse of api.ServiceAccountUser.
func splitServiceAccount(user string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(user, api.ServiceAccountUserPrefix)
	if !ok {
		return "", "", false
	}
	namespace, name, ok = strings.Cut(rest, ":")
	return namespace, name, ok && len(api.IsDNS1123Label(namespace)) == 0 && len(api.IsDNS1123Subdomain(name)) == 0
}
