package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A bootstrap token is what a machine shows that is to become a node and has no certificate yet. It is ID.SECRET, and stands in the
// Secret kube-system/bootstrap-token-ID, under these keys. See upstream's k8s.io/cluster-bootstrap/token.
const (
	BootstrapTokenID           = "token-id"
	BootstrapTokenSecret       = "token-secret"
	BootstrapTokenExpiration   = "expiration"
	BootstrapTokenUsageAuth    = "usage-bootstrap-authentication"
	BootstrapTokenUsageSigning = "usage-bootstrap-signing"
	BootstrapTokenExtraGroups  = "auth-extra-groups"
)

// GroupBootstrappers is the group of everybody who logs in with a bootstrap token.
const GroupBootstrappers = "system:bootstrappers"

var (
	bootstrapToken = regexp.MustCompile(`^([a-z0-9]{6})\.([a-z0-9]{16})$`)
	bootstrapGroup = regexp.MustCompile(`^` + GroupBootstrappers + `:[a-z0-9:-]*[a-z0-9]$`)
)

// maxBootstrapGroup is how long a group's name may be. An expression that counts so far would be compiled in a recursion so deep that it
// makes the stack of every process larger, for good.
const maxBootstrapGroup = len(GroupBootstrappers+":") + 256

// ParseBootstrapToken takes a token apart. Not ok: it is none of this kind.
func ParseBootstrapToken(token string) (id, secret string, ok bool) {
	parts := bootstrapToken.FindStringSubmatch(token)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// BootstrapTokenName is the name of the Secret of a token.
func BootstrapTokenName(id string) string { return "bootstrap-token-" + id }

// BootstrapTokenUser is as whom one logs in with a token.
func BootstrapTokenUser(id string) string { return "system:bootstrap:" + id }

// BootstrapTokenExpires is when the token of a Secret ends; expires is false if it never does. A time that cannot be read is long past.
func BootstrapTokenExpires(s *Secret) (at time.Time, expires bool) {
	text := string(s.Data[BootstrapTokenExpiration])
	if text == "" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, true
	}
	return at, true
}

// BootstrapTokenGroups are the groups that the token of a Secret gives, in order. Those it adds must be below GroupBootstrappers, or who
// may write such Secrets could make themselves anybody.
func BootstrapTokenGroups(s *Secret) ([]string, error) {
	groups := []string{GroupBootstrappers}
	if extra := string(s.Data[BootstrapTokenExtraGroups]); extra != "" {
		for group := range strings.SplitSeq(extra, ",") {
			if len(group) > maxBootstrapGroup || !bootstrapGroup.MatchString(group) {
				return nil, fmt.Errorf("bootstrap group %q is invalid (must match %s and have at most %d characters)", group, bootstrapGroup, maxBootstrapGroup)
			}
			groups = append(groups, group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), nil
}

// BootstrapTokenSigns takes the token of a Secret apart that may sign what machines are told of the cluster. Not ok: it may not, or does
// not any more.
func BootstrapTokenSigns(s *Secret, now time.Time) (id string, secret []byte, ok bool) {
	id, secret = string(s.Data[BootstrapTokenID]), s.Data[BootstrapTokenSecret]
	at, expires := BootstrapTokenExpires(s)
	ok = id != "" && s.Name == BootstrapTokenName(id) && len(secret) > 0 && string(s.Data[BootstrapTokenUsageSigning]) == "true" && (!expires || now.Before(at))
	return id, secret, ok
}
