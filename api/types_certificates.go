package api

// CertificateSigningRequest asks a signer for a certificate. Somebody approves or denies it; then the signer issues
// the certificate into the status.
type CertificateSigningRequest struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is asked for. It cannot change.
	Spec CertificateSigningRequestSpec `json:"spec" pb:"2"`
	// What became of it.
	Status CertificateSigningRequestStatus `json:"status,omitempty" pb:"3"`
}

// CertificateSigningRequestSpec is what is asked for, and by whom.
type CertificateSigningRequestSpec struct {
	// A PKCS#10 request in PEM: one block CERTIFICATE REQUEST.
	Request []byte `json:"request" pb:"1"`
	// Who is to sign: "kubernetes.io/kube-apiserver-client" or any signer's own name.
	SignerName string `json:"signerName" pb:"7"`
	// For how many seconds the certificate should be good: 600 or more. The signer may give it less. Nothing: as the
	// signer likes.
	ExpirationSeconds *int32 `json:"expirationSeconds,omitempty" pb:"8"`
	// What the certificate is to be used for, such as "client auth". Each at most once.
	Usages []KeyUsage `json:"usages,omitempty" pb:"5" list:"atomic"`
	// Who asks. The API server writes it.
	Username string `json:"username,omitempty" pb:"2"`
	// Their uid. The API server writes it.
	UID string `json:"uid,omitempty" pb:"3"`
	// Their groups. The API server writes it.
	Groups []string `json:"groups,omitempty" pb:"4" list:"atomic"`
	// What else the authenticator knew of them. The API server writes it.
	Extra map[string]ExtraValue `json:"extra,omitempty" pb:"6"`
}

// CertificateSigningRequestStatus is what became of a request.
type CertificateSigningRequestStatus struct {
	// Approved or Denied, by who decides, and Failed, by the signer.
	Conditions []CertificateSigningRequestCondition `json:"conditions,omitempty" pb:"1" list:"map" mapKeys:"type"`
	// The certificate, and those between it and the signer's root, in PEM. The signer writes it, once.
	Certificate []byte `json:"certificate,omitempty" pb:"2"`
}

// RequestConditionType names something that happened to a request.
type RequestConditionType string

const (
	// The signer may sign it.
	CertificateApproved RequestConditionType = "Approved"
	// It will not be signed.
	CertificateDenied RequestConditionType = "Denied"
	// The signer could not sign it.
	CertificateFailed RequestConditionType = "Failed"
)

// CertificateSigningRequestCondition is something that happened to a request.
type CertificateSigningRequestCondition struct {
	// Approved, Denied, Failed, or anything else that a controller wants to note.
	Type RequestConditionType `json:"type" pb:"1"`
	// True; for types other than those three also False or Unknown.
	Status ConditionStatus `json:"status" pb:"6"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"2"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"3"`
	// When the condition was last written. The API server fills it in.
	LastUpdateTime Time `json:"lastUpdateTime,omitempty" pb:"4"`
	// When status last changed. The API server fills it in.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"5"`
}

// KeyUsage names what a key may be used for.
type KeyUsage string

const (
	UsageSigning           KeyUsage = "signing"
	UsageDigitalSignature  KeyUsage = "digital signature"
	UsageContentCommitment KeyUsage = "content commitment"
	UsageKeyEncipherment   KeyUsage = "key encipherment"
	UsageKeyAgreement      KeyUsage = "key agreement"
	UsageDataEncipherment  KeyUsage = "data encipherment"
	UsageCertSign          KeyUsage = "cert sign"
	UsageCRLSign           KeyUsage = "crl sign"
	UsageEncipherOnly      KeyUsage = "encipher only"
	UsageDecipherOnly      KeyUsage = "decipher only"
	UsageAny               KeyUsage = "any"
	UsageServerAuth        KeyUsage = "server auth"
	UsageClientAuth        KeyUsage = "client auth"
	UsageCodeSigning       KeyUsage = "code signing"
	UsageEmailProtection   KeyUsage = "email protection"
	UsageSMIME             KeyUsage = "s/mime"
	UsageIPsecEndSystem    KeyUsage = "ipsec end system"
	UsageIPsecTunnel       KeyUsage = "ipsec tunnel"
	UsageIPsecUser         KeyUsage = "ipsec user"
	UsageTimestamping      KeyUsage = "timestamping"
	UsageOCSPSigning       KeyUsage = "ocsp signing"
	UsageMicrosoftSGC      KeyUsage = "microsoft sgc"
	UsageNetscapeSGC       KeyUsage = "netscape sgc"
)
