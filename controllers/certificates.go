package controllers

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that answers CertificateSigningRequests.
//
//	desired    a certificate for each request that is approved, of the signers whose name begins with kubernetes.io/
//	actual     status.conditions and status.certificate
//	converge   approve the requests of kubelets that may have what they ask for; check and sign what is approved, by
//	           whomever; delete what has been answered, or left without an answer, for long enough
//
// Approving and signing are two steps on purpose. `kubectl certificate approve` says that somebody may be who he says he
// is; the signer sees to it that the certificate says no more than its kind may.

const (
	signerClient        = "kubernetes.io/kube-apiserver-client"
	signerKubeletClient = "kubernetes.io/kube-apiserver-client-kubelet"
	signerKubelet       = "kubernetes.io/kubelet-serving"
	signerLegacy        = "kubernetes.io/legacy-unknown"

	certificateLifetime = 365 * 24 * time.Hour // upstream's --cluster-signing-duration
	certificateMinimum  = 10 * time.Minute
	certificateBackdate = 5 * time.Minute // clocks differ
	certificateShort    = 8 * time.Hour   // shorter ones are given their whole time from now

	csrAnsweredFor  = time.Hour // what is issued or denied goes after this time
	csrPendingFor   = 24 * time.Hour
	csrCleanedEvery = time.Hour
)

// CertificateSigner answers requests with the cluster's certificate authority.
type CertificateSigner struct {
	client *client.Client
	csrs   *client.Informer[*api.CertificateSigningRequest]
	ca     *x509.Certificate
	key    crypto.Signer
	log    *slog.Logger
	queue  *client.Queue
}

// NewCertificateSigner subscribes to requests. The authority comes as PEM.
func NewCertificateSigner(c *client.Client, caches *Caches, caCert, caKey []byte, log *slog.Logger) (*CertificateSigner, error) {
	pair, err := tls.X509KeyPair(caCert, caKey)
	if err != nil {
		return nil, fmt.Errorf("load the certificate authority: %w", err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("load the certificate authority: its key cannot sign")
	}
	s := &CertificateSigner{client: c, csrs: caches.CertificateRequests, ca: pair.Leaf, key: key, log: log, queue: client.NewQueue("certificates")}
	caches.CertificateRequests.Enqueue(s.queue, func(csr *api.CertificateSigningRequest) []api.Key { return []api.Key{csr.Key()} })
	return s, nil
}

// Run reconciles until ctx ends.
func (s *CertificateSigner) Run(ctx context.Context) error {
	if err := waitForSync(ctx, s.csrs); err != nil {
		return err
	}
	return s.queue.Run(ctx, 2, s.Reconcile, s.log)
}

// Reconcile takes a request one step further.
func (s *CertificateSigner) Reconcile(ctx context.Context, key api.Key) error {
	csr, ok := s.csrs.Get(key)
	if !ok {
		return nil
	}
	if left, why := csrTimeLeft(csr, time.Now()); left <= 0 {
		err := client.Of[*api.CertificateSigningRequest](s.client).Delete(client.Because(ctx, "%s: delete it", why), "", csr.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &csr.UID}})
		if api.IsNotFound(err) || api.IsConflict(err) {
			return nil
		}
		return err
	} else {
		s.queue.AddAfter(key, min(left, csrCleanedEvery), "cleaning of requests")
	}
	approved, decided, failed := csrHas(csr, api.CertificateApproved), csrHas(csr, api.CertificateApproved) || csrHas(csr, api.CertificateDenied), csrHas(csr, api.CertificateFailed)
	switch {
	case len(csr.Status.Certificate) > 0 || failed:
		return nil
	case !decided:
		return s.approve(ctx, csr)
	case approved:
		return s.sign(ctx, csr)
	}
	return nil
}

// approve approves the request of a kubelet for its own kind of certificate, if whoever asks may have it.
func (s *CertificateSigner) approve(ctx context.Context, csr *api.CertificateSigningRequest) error {
	request, err := api.ParseCertificateRequest(csr.Spec.Request)
	if err != nil {
		return fmt.Errorf("unable to parse csr %q: %w", csr.Name, err)
	}
	if csr.Spec.SignerName != signerKubeletClient || checkKubeletClient(request, csr.Spec.Usages) != nil {
		return nil // for a person to decide
	}
	ways := []struct{ subresource, message string }{{"nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."}}
	if csr.Spec.Username == request.Subject.CommonName {
		ways = slices.Insert(ways, 0, struct{ subresource, message string }{"selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."})
	}
	for _, way := range ways {
		allowed, err := s.mayCreate(ctx, csr, way.subresource)
		if err != nil {
			return err
		}
		if !allowed {
			continue
		}
		update := api.DeepCopy(csr)
		update.Status.Conditions = append(update.Status.Conditions, api.CertificateSigningRequestCondition{
			Type: api.CertificateApproved, Status: api.ConditionTrue, Reason: "AutoApproved", Message: way.message,
		})
		_, err = client.Of[*api.CertificateSigningRequest](s.client).UpdateSubresource(client.Because(ctx, "%s may create certificatesigningrequests/%s: approve", csr.Spec.Username, way.subresource), update, "approval")
		return ignoreConflict(err)
	}
	tell(client.Because(ctx, "a kubelet's request, but %s may not approve its own: wait for a person", csr.Spec.Username), s.client, s.log, csr)
	return nil
}

// mayCreate asks whether the requester may have such a certificate without a person looking.
func (s *CertificateSigner) mayCreate(ctx context.Context, csr *api.CertificateSigningRequest, subresource string) (bool, error) {
	review := api.New[*api.SubjectAccessReview]()
	review.Spec = api.SubjectAccessReviewSpec{
		User: csr.Spec.Username, UID: csr.Spec.UID, Groups: csr.Spec.Groups, Extra: csr.Spec.Extra,
		ResourceAttributes: &api.ResourceAttributes{Group: "certificates.k8s.io", Resource: "certificatesigningrequests", Verb: "create", Subresource: subresource, Version: "*"},
	}
	answer, err := client.Of[*api.SubjectAccessReview](s.client).Create(ctx, review)
	if err != nil {
		return false, err
	}
	return answer.Status.Allowed, nil
}

// sign issues the certificate, or says why it never will.
func (s *CertificateSigner) sign(ctx context.Context, csr *api.CertificateSigningRequest) error {
	check, ours := signerChecks[csr.Spec.SignerName]
	if !ours {
		return nil
	}
	request, err := api.ParseCertificateRequest(csr.Spec.Request)
	if err != nil {
		return fmt.Errorf("unable to parse csr %q: %w", csr.Name, err)
	}
	update := api.DeepCopy(csr)
	if refused := check(request, csr.Spec.Usages); refused != nil {
		ctx = client.Because(ctx, "%s cannot sign this: %v", csr.Spec.SignerName, refused)
		update.Status.Conditions = append(update.Status.Conditions, api.CertificateSigningRequestCondition{
			Type: api.CertificateFailed, Status: api.ConditionTrue, Reason: "SignerValidationFailure", Message: refused.Error(),
		})
	} else {
		template, err := certificateFor(request, csr.Spec.Usages, csr.Spec.ExpirationSeconds, s.ca.NotAfter, time.Now())
		if err != nil {
			return fmt.Errorf("error auto signing csr: %w", err)
		}
		der, err := x509.CreateCertificate(rand.Reader, template, s.ca, request.PublicKey, s.key)
		if err != nil {
			return fmt.Errorf("error auto signing csr: %w", err)
		}
		ctx = client.Because(ctx, "request %s is approved, and is what %s signs: here is the certificate", csr.Name, csr.Spec.SignerName)
		update.Status.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	_, err = client.Of[*api.CertificateSigningRequest](s.client).UpdateStatus(ctx, update)
	return ignoreConflict(err)
}

func csrHas(csr *api.CertificateSigningRequest, t api.RequestConditionType) bool {
	return slices.ContainsFunc(csr.Status.Conditions, func(c api.CertificateSigningRequestCondition) bool {
		return c.Type == t && c.Status == api.ConditionTrue
	})
}

// csrTimeLeft is how long a request may stay, and why it goes then: requests make themselves, and nobody clears away.
func csrTimeLeft(csr *api.CertificateSigningRequest, now time.Time) (left time.Duration, why string) {
	since, most, why := csr.CreationTimestamp.Time, csrPendingFor, "the request has waited for a day"
	for _, c := range csr.Status.Conditions {
		switch {
		case c.Type == api.CertificateDenied, c.Type == api.CertificateFailed, c.Type == api.CertificateApproved && len(csr.Status.Certificate) > 0:
			since, most, why = c.LastUpdateTime.Time, csrAnsweredFor, "the request was answered an hour ago"
		case c.Type == api.CertificateApproved:
			since, why = c.LastUpdateTime.Time, "the request was approved a day ago, and nobody has signed it"
		}
	}
	if block, _ := pem.Decode(csr.Status.Certificate); block != nil {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && cert.NotAfter.Before(now) {
			return 0, "its certificate has expired"
		}
	}
	return since.Add(most).Sub(now), why
}

// certificateFor is the certificate without its signature: the subject and names of the request, the usages and time of
// the CertificateSigningRequest, and no longer than the authority itself is good.
func certificateFor(request *x509.CertificateRequest, usages []api.KeyUsage, seconds *int32, authorityEnds, now time.Time) (*x509.Certificate, error) {
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("unable to verify certificate request signature: %w", err)
	}
	if !now.Before(authorityEnds) {
		return nil, fmt.Errorf("the signer has expired: NotAfter=%v", authorityEnds)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, err
	}
	lasts := certificateLifetime
	if seconds != nil {
		lasts = min(lasts, max(certificateMinimum, time.Duration(*seconds)*time.Second))
	}
	ends := now.Add(lasts)
	if lasts >= certificateShort {
		ends = ends.Add(-certificateBackdate)
	}
	if ends.After(authorityEnds) {
		ends = authorityEnds
	}
	cert := &x509.Certificate{
		SerialNumber: serial, Subject: request.Subject, DNSNames: request.DNSNames, IPAddresses: request.IPAddresses,
		EmailAddresses: request.EmailAddresses, URIs: request.URIs, BasicConstraintsValid: true,
		NotBefore: now.Add(-certificateBackdate), NotAfter: ends,
	}
	for _, usage := range usages {
		if extended, ok := extendedUsages[usage]; ok {
			if !slices.Contains(cert.ExtKeyUsage, extended) {
				cert.ExtKeyUsage = append(cert.ExtKeyUsage, extended)
			}
			continue
		}
		plain, ok := plainUsages[usage]
		if !ok {
			return nil, fmt.Errorf("unrecognized usage values: [%q]", usage)
		}
		cert.KeyUsage |= plain
	}
	return cert, nil
}
