package api

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CertificateSigningRequests. Three hands write one: who asks (the object), who decides (subresource approval) and who
// signs (subresource status), and none may do another's part.

const (
	minCertificateSeconds = 600
	maxSignerName         = maxSubdomainLength + 1 + maxSubdomainLength + 1 + maxLabelLength
)

var keyUsages = []KeyUsage{
	UsageAny, UsageCertSign, UsageClientAuth, UsageCodeSigning, UsageContentCommitment, UsageCRLSign, UsageDataEncipherment,
	UsageDecipherOnly, UsageDigitalSignature, UsageEmailProtection, UsageEncipherOnly, UsageIPsecEndSystem, UsageIPsecTunnel,
	UsageIPsecUser, UsageKeyAgreement, UsageKeyEncipherment, UsageMicrosoftSGC, UsageNetscapeSGC, UsageOCSPSigning, UsageSMIME,
	UsageServerAuth, UsageSigning, UsageTimestamping,
}

// ParseCertificateRequest reads the PKCS#10 request of a CertificateSigningRequest.
func ParseCertificateRequest(text []byte) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	return x509.ParseCertificateRequest(block.Bytes)
}

func validateCSR(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*CertificateSigningRequest).Spec, Path("spec")
	request, err := ParseCertificateRequest(spec.Request)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		errs.add(path.Child("request").Invalid(spec.Request, err.Error()))
	}
	usages := path.Child("usages")
	if len(spec.Usages) == 0 {
		errs.add(usages.Required(""))
	}
	for i, usage := range spec.Usages {
		oneOf(&errs, usages.Index(i), "", usage, keyUsages...)
	}
	for i, usage := range spec.Usages {
		if slices.Contains(spec.Usages[:i], usage) {
			errs.add(usages.Index(i).Duplicate(string(usage)))
		}
	}
	if spec.SignerName == "kubernetes.io/legacy-unknown" {
		errs.add(path.Child("signerName").Invalid(spec.SignerName, "the legacy signerName is not allowed via this API version"))
	} else {
		errs.signerName(path.Child("signerName"), spec.SignerName)
	}
	if seconds := spec.ExpirationSeconds; seconds != nil && *seconds < minCertificateSeconds {
		errs.add(path.Child("expirationSeconds").Invalid(*seconds, "may not specify a duration less than 600 seconds (10 minutes)"))
	}
	return errs
}

// signerName checks "example.com/name".
func (l *ErrorList) signerName(path Path, name string) {
	if !l.required(path, "", name) {
		return
	}
	domain, rest, ok := strings.Cut(name, "/")
	if !ok || strings.Contains(rest, "/") {
		l.add(path.Invalid(name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"))
		return
	}
	if len(domain) > maxSubdomainLength {
		l.add(path.TooLong(maxSubdomainLength))
	}
	l.signerNamePart(path, domain, IsDNS1123Label)
	if !strings.Contains(domain, ".") {
		l.add(path.Invalid(domain, "should be a domain with at least two segments separated by dots"))
	}
	l.signerNamePart(path, rest, IsDNS1123Subdomain)
	if len(name) > maxSignerName {
		l.add(path.TooLong(maxSignerName))
	}
}

// signerNamePart checks what lies between dots, up to the first mistake.
func (l *ErrorList) signerNamePart(path Path, part string, form func(string) []string) {
	for label := range strings.SplitSeq(part, ".") {
		if messages := form(label); len(messages) > 0 {
			for _, message := range messages {
				l.add(path.Invalid(part, fmt.Sprintf("validating label %q: %s", label, message)))
			}
			return
		}
	}
}

// validateCSRUpdate is for the object itself: neither decision nor certificate.
func validateCSRUpdate(obj, old Object) ErrorList { return csrChange(obj, old, false, false) }

// validateCSRStatus is for the signer: the certificate, and conditions that are no decision.
func validateCSRStatus(obj, old Object) ErrorList { return csrChange(obj, old, false, true) }

// ValidateCSRApproval returns every mistake in a change through the subresource approval: the decision.
func ValidateCSRApproval(kind *Kind, obj, old Object) ErrorList {
	return validateChange(kind, obj, old, func(obj, old Object) ErrorList { return csrChange(obj, old, true, false) })
}

func csrChange(obj, old Object, mayDecide, maySign bool) ErrorList {
	errs := validateCSR(obj)
	status, before := &obj.(*CertificateSigningRequest).Status, &old.(*CertificateSigningRequest).Status
	path := Path("status.conditions")
	errs.csrConditions(path, status.Conditions)
	if !bytes.Equal(status.Certificate, before.Certificate) {
		if err := checkCertificates(status.Certificate); err != nil {
			errs.add(Path("status.certificate").Invalid("<certificate data>", err.Error()))
		}
	}
	for _, t := range []RequestConditionType{CertificateApproved, CertificateDenied, CertificateFailed} {
		have, had := conditionsOfType(status.Conditions, t), conditionsOfType(before.Conditions, t)
		if len(have) < len(had) {
			errs.add(path.Forbidden(fmt.Sprintf("updates may not remove a condition of type %q", t)))
		}
	}
	for _, t := range []RequestConditionType{CertificateApproved, CertificateDenied} {
		have, had := conditionsOfType(status.Conditions, t), conditionsOfType(before.Conditions, t)
		switch {
		case mayDecide, len(have) < len(had):
		case len(have) > len(had):
			errs.add(path.Forbidden(fmt.Sprintf("updates may not add a condition of type %q", t)))
		case !Equal(have, had):
			errs.add(path.Forbidden(fmt.Sprintf("updates may not modify a condition of type %q\n%v", t, diffGoNames(had, have))))
		}
	}
	if !bytes.Equal(status.Certificate, before.Certificate) {
		if !maySign {
			errs.add(Path("status.certificate").Forbidden("updates may not set certificate content"))
		} else if len(before.Certificate) > 0 {
			errs.add(Path("status.certificate").Forbidden("updates may not modify existing certificate content"))
		}
	}
	return errs
}

func conditionsOfType(conditions []CertificateSigningRequestCondition, t RequestConditionType) []CertificateSigningRequestCondition {
	return slices.DeleteFunc(slices.Clone(conditions), func(c CertificateSigningRequestCondition) bool { return c.Type != t })
}

func (l *ErrorList) csrConditions(path Path, conditions []CertificateSigningRequestCondition) {
	seen := map[RequestConditionType]bool{}
	for i, c := range conditions {
		at := path.Index(i)
		l.required(at, "type", string(c.Type))
		allowed := []ConditionStatus{ConditionFalse, ConditionTrue, ConditionUnknown}
		switch c.Type {
		case CertificateApproved, CertificateDenied, CertificateFailed:
			allowed = []ConditionStatus{ConditionTrue} // it happened, or it is not there
		}
		requiredOneOf(l, at, "status", c.Status, allowed...)
		if c.Type == CertificateApproved && seen[CertificateDenied] || c.Type == CertificateDenied && seen[CertificateApproved] {
			l.add(path.Invalid(string(c.Type), "Approved and Denied conditions are mutually exclusive"))
		}
		if seen[c.Type] {
			l.add(at.Child("type").Duplicate(string(c.Type)))
		}
		seen[c.Type] = true
	}
}

// checkCertificates wants one PEM block CERTIFICATE or more, and nothing else. No text at all is fine.
func checkCertificates(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	blocks := 0
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("only CERTIFICATE PEM blocks are allowed, found %q", block.Type)
		}
		if len(block.Headers) != 0 {
			return errors.New("no PEM block headers are permitted")
		}
		blocks++
		certificates, err := x509.ParseCertificates(block.Bytes)
		if err != nil {
			return err
		}
		if len(certificates) == 0 {
			return errors.New("found CERTIFICATE PEM block containing 0 certificates")
		}
		text = rest
	}
	if blocks == 0 {
		return errors.New("must contain at least one CERTIFICATE PEM block")
	}
	return nil
}
