package controllers

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// What each signer signs: pure functions of the request. A certificate is believed for what it says, so the kinds must
// not be able to say each other's things: who may have a kubelet's certificate must not get an administrator's.

// signerChecks say why a signer does not sign a request; nil if it does.
var signerChecks = map[string]func(*x509.CertificateRequest, []api.KeyUsage) error{
	signerClient:        checkClient,
	signerKubeletClient: checkKubeletClient,
	signerKubelet:       checkKubeletServing,
	signerLegacy:        func(*x509.CertificateRequest, []api.KeyUsage) error { return nil },
}

func checkClient(_ *x509.CertificateRequest, usages []api.KeyUsage) error {
	for _, usage := range usages {
		if usage != api.UsageDigitalSignature && usage != api.UsageKeyEncipherment && usage != api.UsageClientAuth {
			return fmt.Errorf("invalid usage for client certificate: %s", usage)
		}
	}
	if !slices.Contains(usages, api.UsageClientAuth) {
		return fmt.Errorf("missing required usage for client certificate: %s", api.UsageClientAuth)
	}
	return nil
}

func checkKubeletClient(request *x509.CertificateRequest, usages []api.KeyUsage) error {
	switch {
	case !slices.Equal(request.Subject.Organization, []string{"system:nodes"}):
		return errors.New("subject organization is not system:nodes")
	case len(request.DNSNames) > 0:
		return errors.New("DNS subjectAltNames are not allowed")
	case len(request.EmailAddresses) > 0:
		return errors.New("Email subjectAltNames are not allowed") //nolint:staticcheck // upstream's words
	case len(request.IPAddresses) > 0:
		return errors.New("IP subjectAltNames are not allowed")
	case len(request.URIs) > 0:
		return errors.New("URI subjectAltNames are not allowed")
	case !strings.HasPrefix(request.Subject.CommonName, "system:node:"):
		return errors.New("subject common name does not begin with system:node:")
	}
	return exactUsages(usages, api.UsageClientAuth)
}

func checkKubeletServing(request *x509.CertificateRequest, usages []api.KeyUsage) error {
	switch {
	case !slices.Equal(request.Subject.Organization, []string{"system:nodes"}):
		return errors.New("subject organization is not system:nodes")
	case len(request.DNSNames) == 0 && len(request.IPAddresses) == 0:
		return errors.New("DNS or IP subjectAltName is required")
	case len(request.EmailAddresses) > 0:
		return errors.New("Email subjectAltNames are not allowed") //nolint:staticcheck // upstream's words
	case len(request.URIs) > 0:
		return errors.New("URI subjectAltNames are not allowed")
	}
	if err := exactUsages(usages, api.UsageServerAuth); err != nil {
		return err
	}
	if !strings.HasPrefix(request.Subject.CommonName, "system:node:") {
		return errors.New("subject common name does not begin with system:node:")
	}
	return nil
}

// exactUsages wants a signature and the purpose. Key encipherment is what RSA keys may add.
func exactUsages(usages []api.KeyUsage, purpose api.KeyUsage) error {
	wanted := []api.KeyUsage{purpose, api.UsageDigitalSignature, api.UsageKeyEncipherment}
	slices.Sort(wanted)
	given := append(slices.Clone(usages), api.UsageKeyEncipherment)
	slices.Sort(given)
	if !slices.Equal(slices.Compact(given), wanted) {
		return fmt.Errorf("usages did not match %v", wanted)
	}
	return nil
}

var plainUsages = map[api.KeyUsage]x509.KeyUsage{
	api.UsageSigning: x509.KeyUsageDigitalSignature, api.UsageDigitalSignature: x509.KeyUsageDigitalSignature,
	api.UsageContentCommitment: x509.KeyUsageContentCommitment, api.UsageKeyEncipherment: x509.KeyUsageKeyEncipherment,
	api.UsageKeyAgreement: x509.KeyUsageKeyAgreement, api.UsageDataEncipherment: x509.KeyUsageDataEncipherment,
	api.UsageCertSign: x509.KeyUsageCertSign, api.UsageCRLSign: x509.KeyUsageCRLSign,
	api.UsageEncipherOnly: x509.KeyUsageEncipherOnly, api.UsageDecipherOnly: x509.KeyUsageDecipherOnly,
}

var extendedUsages = map[api.KeyUsage]x509.ExtKeyUsage{
	api.UsageAny: x509.ExtKeyUsageAny, api.UsageServerAuth: x509.ExtKeyUsageServerAuth, api.UsageClientAuth: x509.ExtKeyUsageClientAuth,
	api.UsageCodeSigning: x509.ExtKeyUsageCodeSigning, api.UsageEmailProtection: x509.ExtKeyUsageEmailProtection, api.UsageSMIME: x509.ExtKeyUsageEmailProtection,
	api.UsageIPsecEndSystem: x509.ExtKeyUsageIPSECEndSystem, api.UsageIPsecTunnel: x509.ExtKeyUsageIPSECTunnel, api.UsageIPsecUser: x509.ExtKeyUsageIPSECUser,
	api.UsageTimestamping: x509.ExtKeyUsageTimeStamping, api.UsageOCSPSigning: x509.ExtKeyUsageOCSPSigning,
	api.UsageMicrosoftSGC: x509.ExtKeyUsageMicrosoftServerGatedCrypto, api.UsageNetscapeSGC: x509.ExtKeyUsageNetscapeServerGatedCrypto,
}
