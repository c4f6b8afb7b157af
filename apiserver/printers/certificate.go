package printers

import (
	"slices"
	"time"

	"kubelite/api"
)

// CertificateSigningRequest are the columns of CertificateSigningRequest.
var CertificateSigningRequest = columns(func(c *api.CertificateSigningRequest, now time.Time) []any {
	duration := "<none>"
	if seconds := c.Spec.ExpirationSeconds; seconds != nil {
		duration = api.HumanDuration(time.Duration(*seconds) * time.Second)
	}
	return []any{c.Name, Age(c.CreationTimestamp.Time, now), orNone(c.Spec.SignerName), c.Spec.Username, duration, csrState(c)}
},
	NameColumn,
	ageColumn,
	text("SignerName", "Who is to sign."),
	text("Requestor", "Who asks."),
	text("RequestedDuration", "For how long the certificate should be good."),
	text("Condition", "What became of the request."),
)

// csrState is "Pending", "Approved,Issued" and the like.
func csrState(csr *api.CertificateSigningRequest) string {
	has := func(t api.RequestConditionType) bool {
		return slices.ContainsFunc(csr.Status.Conditions, func(c api.CertificateSigningRequestCondition) bool { return c.Type == t })
	}
	state := "Pending"
	switch {
	case has(api.CertificateDenied):
		state = "Denied"
	case has(api.CertificateApproved):
		state = "Approved"
	}
	if has(api.CertificateFailed) {
		state += ",Failed"
	}
	if len(csr.Status.Certificate) > 0 {
		state += ",Issued"
	}
	return state
}
