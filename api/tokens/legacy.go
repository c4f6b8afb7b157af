package tokens

import (
	"github.com/golang-jwt/jwt/v5"
)

// LegacyIssuer is who made the old tokens, as they say themselves, whatever the cluster's issuer is called.
const LegacyIssuer = "kubernetes/serviceaccount"

// What the cluster notes about the old tokens. Their labels are on their Secrets.
const (
	// LabelLastUsed has the day of the last use. The API server writes it.
	LabelLastUsed = "kubernetes.io/legacy-token-last-used"
	// LabelInvalidSince has the day since when the token is worth nothing. Whoever takes the label away brings it back to life.
	LabelInvalidSince = "kubernetes.io/legacy-token-invalid-since"
	// TrackingConfigMap is the name of the ConfigMap in kube-system that has the day, as `since`, from which on uses are noted: a
	// token whose Secret is without the first label has not been used since.
	TrackingConfigMap = "kube-apiserver-legacy-service-account-token-tracking"
)

// legacyClaims are what a token of the old kind says: the one that stands in a Secret. It does not expire, it is meant for
// nobody in particular, and it is good for as long as its Secret holds it.
type legacyClaims struct {
	jwt.RegisteredClaims
	Namespace  string `json:"kubernetes.io/serviceaccount/namespace"`
	SecretName string `json:"kubernetes.io/serviceaccount/secret.name"`
	Account    string `json:"kubernetes.io/serviceaccount/service-account.name"`
	AccountUID string `json:"kubernetes.io/serviceaccount/service-account.uid"`
}

// SignLegacy makes a token of the old kind, of an account whose user has the name subject, for a Secret.
func (k *Key) SignLegacy(subject, namespace string, account Ref, secret string) (string, error) {
	return k.sign(&legacyClaims{
		RegisteredClaims: jwt.RegisteredClaims{Issuer: LegacyIssuer, Subject: subject},
		Namespace:        namespace, SecretName: secret, Account: account.Name, AccountUID: account.UID,
	})
}

// readLegacy checks the signature of a token of the old kind, and that no claim is missing. Claims of the new kind say the
// same, with no audience and no times; what is Legacy about them is that the Secret has to hold this very token.
func (k *Key) readLegacy(token string) (*Claims, error) {
	var old legacyClaims
	if err := k.verify(token, &old, jwt.WithIssuer(LegacyIssuer)); err != nil {
		return nil, err
	}
	for _, claim := range []struct{ name, value string }{
		{"sub", old.Subject}, {"namespace", old.Namespace}, {"secretName", old.SecretName}, {"serviceAccountName", old.Account}, {"serviceAccountUID", old.AccountUID},
	} {
		if claim.value == "" {
			return nil, missingClaimError(claim.name)
		}
	}
	return &Claims{Legacy: true, RegisteredClaims: old.RegisteredClaims, Kubernetes: Kubernetes{
		Namespace: old.Namespace, Secret: &Ref{Name: old.SecretName}, ServiceAccount: Ref{Name: old.Account, UID: old.AccountUID},
	}}, nil
}

type missingClaimError string

func (e missingClaimError) Error() string { return string(e) + " claim is missing" }
