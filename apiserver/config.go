package apiserver

import (
	"log/slog"
	"net"
	"time"

	"kubelite/store"
)

// Config is what a Server is made from.
type Config struct {
	// Store holds all state. The server does not close it.
	Store store.Store
	// Listen is the addresses to serve on, "127.0.0.1:6443". All of them speak TLS.
	Listen []string
	// CertFile and KeyFile are the serving certificate.
	CertFile, KeyFile string
	// ClientCAFile holds the authorities whose client certificates are believed. Empty: none are.
	ClientCAFile string
	// TokenFile is upstream's static token file: lines of token,user,uid,"group1,group2".
	TokenFile string
	// ServiceAccountKeyFile is the private key that signs the tokens of service accounts. Empty: one that ends with the
	// process, and all tokens with it.
	ServiceAccountKeyFile string
	// ServiceAccountIssuer is who those tokens say made them, and the audience by which this server is meant. Empty:
	// https://kubernetes.default.svc.cluster.local.
	ServiceAccountIssuer string
	// KubeletClientCertFile and KubeletClientKeyFile are how the server shows itself to kubelets, KubeletCAFile who
	// may call itself a kubelet. They serve logs and, later, exec.
	KubeletClientCertFile, KubeletClientKeyFile, KubeletCAFile string
	// ProxyClientCertFile and ProxyClientKeyFile are how the server shows itself to API servers that it passes requests
	// on to.
	ProxyClientCertFile, ProxyClientKeyFile string
	// RequestHeaderCAFile holds the authorities of front proxies, which say by headers who sent a request. Empty: none is
	// believed.
	RequestHeaderCAFile string
	// ServiceCIDR is where Services get their cluster addresses from. Nil: 10.96.0.0/16.
	ServiceCIDR *net.IPNet
	// AdvertiseAddress is the address under which pods reach this server; the endpoints of Service
	// default/kubernetes name it. Empty: the first address of Listen.
	AdvertiseAddress string
	// AuditLogPath is the file that the audit log is appended to, "-" for standard output, and AuditPolicyFile says what is
	// told in it. Empty: there is no log.
	AuditPolicyFile, AuditLogPath string
	// AuditLogMaxSize is how many megabytes the file may have before it is put aside under the name of the moment and a new one
	// is begun. Zero: 100. Of those put aside, AuditLogMaxBackups are kept, for AuditLogMaxAge days; zero: all, for ever.
	// AuditLogCompress keeps them as gzip.
	AuditLogMaxSize, AuditLogMaxBackups, AuditLogMaxAge int
	AuditLogCompress                                    bool
	// Version is what /version reports as gitVersion: "v1.36.3+kubelite".
	Version string
	// CompactionInterval is how long superseded revisions can still be read. Zero: five minutes, as upstream.
	CompactionInterval time.Duration
	// MaxReadsInFlight and MaxWritesInFlight, together, are the seats for requests that are served at once; see package flowcontrol.
	// Zero: 400 and 200, as upstream. Long requests need none, watches one until they have begun.
	MaxReadsInFlight, MaxWritesInFlight int
	// ShutdownTimeout is how long running requests may take to finish at the end. Zero: ten seconds.
	ShutdownTimeout time.Duration
	Logger          *slog.Logger
}
