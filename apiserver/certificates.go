package apiserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// How a certificate comes about: somebody creates a CertificateSigningRequest, and the server notes who it was. Who
// may approve for its signer writes the condition Approved through .../approval; the signer then writes the certificate
// through .../status.

// clientSigner signs certificates that the API server itself believes.
const clientSigner = "kubernetes.io/kube-apiserver-client"

var csrStrategy = Strategy{
	Resets: map[string][]string{"": {"spec", "status"}, "status": {"spec", "status.conditions"}, "approval": {"spec", "status.certificate"}},
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.CertificateSigningRequest).Status = api.CertificateSigningRequestStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		csr, before := obj.(*api.CertificateSigningRequest), old.(*api.CertificateSigningRequest)
		csr.Spec, csr.Status = before.Spec, before.Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		csr, before := obj.(*api.CertificateSigningRequest), old.(*api.CertificateSigningRequest)
		csr.Spec = before.Spec
		keepDecision(csr, before, api.CertificateApproved)
		keepDecision(csr, before, api.CertificateDenied)
		stampConditions(csr, before)
	},
	Begin: recordRequester,
}

// recordRequester writes who asks into a new request: signers decide by it.
func recordRequester(_ context.Context, _ *Server, req *Request, obj, old api.Object) (func(bool), error) {
	if old != nil {
		return nil, nil
	}
	spec := &obj.(*api.CertificateSigningRequest).Spec
	spec.Username, spec.UID, spec.Groups, spec.Extra = req.User.Name, req.User.UID, req.User.Groups, nil
	if len(req.User.Extra) > 0 {
		spec.Extra = map[string]api.ExtraValue{}
		for name, values := range req.User.Extra {
			spec.Extra[name] = values
		}
	}
	return nil, nil
}

// approvalSubresource writes nothing but status.conditions.
var approvalSubresource = &Subresource{
	Verbs:  []string{"get", "patch", "update"},
	Handle: serveStatus,
	Prepare: func(_ *Resource, obj, old api.Object) {
		csr, before := obj.(*api.CertificateSigningRequest), old.(*api.CertificateSigningRequest)
		stampConditions(csr, before)
		conditions := csr.Status.Conditions
		csr.Spec, csr.Status = before.Spec, before.Status
		csr.Status.Conditions = conditions
	},
	Validate: func(res *Resource, obj, old api.Object) api.ErrorList {
		return api.ValidateCSRApproval(res.Kind, obj, old)
	},
}

// keepDecision keeps the conditions of a type as they were, where there are as many: a signer may have seen an older
// text of them. (Another number of them is a mistake, which validation names.)
func keepDecision(csr, old *api.CertificateSigningRequest, t api.RequestConditionType) {
	was, is := conditionIndexes(old, t), conditionIndexes(csr, t)
	if len(was) == len(is) {
		for i := range is {
			csr.Status.Conditions[is[i]] = old.Status.Conditions[was[i]]
		}
	}
}

func conditionIndexes(csr *api.CertificateSigningRequest, t api.RequestConditionType) []int {
	var indexes []int
	for i, c := range csr.Status.Conditions {
		if c.Type == t {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// stampConditions fills in the times that the writer left out.
func stampConditions(csr, old *api.CertificateSigningRequest) {
	now := api.Now()
	for i := range csr.Status.Conditions {
		c := &csr.Status.Conditions[i]
		if c.LastUpdateTime.IsZero() {
			c.LastUpdateTime = now
		}
		if c.LastTransitionTime.IsZero() {
			c.LastTransitionTime = now
			j := slices.IndexFunc(old.Status.Conditions, func(o api.CertificateSigningRequestCondition) bool {
				return o.Type == c.Type && o.Status == c.Status && !o.LastTransitionTime.IsZero()
			})
			if j >= 0 {
				c.LastTransitionTime = old.Status.Conditions[j].LastTransitionTime
			}
		}
	}
}

func csrFields(obj api.Object) map[string]string {
	return map[string]string{"spec.signerName": obj.(*api.CertificateSigningRequest).Spec.SignerName}
}

// certificateAdmission asks who may approve and sign for a signer, and keeps the masters of the system from being made
// by certificate. Upstream's admission plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction.
type certificateAdmission struct{ server *Server }

// Mutate does nothing.
func (certificateAdmission) Mutate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// Validate asks, for each subresource, for the right to the part that it writes.
func (p certificateAdmission) Validate(_ context.Context, req *Request, obj, old api.Object) error {
	csr, ok := obj.(*api.CertificateSigningRequest)
	if !ok {
		return nil
	}
	switch req.Subresource {
	case "":
		if old == nil && csr.Spec.SignerName == clientSigner {
			return refuseMasters(csr)
		}
	case "approval":
		signer := old.(*api.CertificateSigningRequest).Spec.SignerName
		if !p.maySignFor(req.User, "approve", signer) {
			return fmt.Errorf("user not permitted to approve requests with signerName %q", signer)
		}
	case "status":
		before := old.(*api.CertificateSigningRequest)
		if api.Equal(csr.Status, before.Status) {
			return nil
		}
		if signer := before.Spec.SignerName; !p.maySignFor(req.User, "sign", signer) {
			return fmt.Errorf("user not permitted to sign requests with signerName %q", signer)
		}
	}
	return nil
}

// maySignFor asks for a verb on the signer, then on all signers of its domain. Signers are no resource: they exist only
// in rules.
func (p certificateAdmission) maySignFor(user *User, verb, signer string) bool {
	domain, _, _ := strings.Cut(signer, "/")
	for _, name := range []string{signer, domain + "/*"} {
		allowed, _ := p.server.authz.may(&Request{
			Verb: verb, IsResource: true, Group: "certificates.k8s.io", Version: "*", Plural: "signers", Name: name, User: user,
		})
		if allowed {
			return true
		}
	}
	return false
}

func refuseMasters(csr *api.CertificateSigningRequest) error {
	request, err := api.ParseCertificateRequest(csr.Spec.Request)
	if err != nil {
		return fmt.Errorf("failed to parse CSR: %w", err)
	}
	if slices.Contains(request.Subject.Organization, groupMasters) {
		return fmt.Errorf("use of %s signer with system:masters group is not allowed", clientSigner)
	}
	return nil
}
