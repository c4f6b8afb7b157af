package main

import (
	"net"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/apiserver"
	"kubelite/store"
)

func apiserverCommand() *cobra.Command {
	var cfg apiserver.Config
	var dataDir string
	var serviceCIDR net.IPNet
	var verbose bool
	cmd := &cobra.Command{Use: "apiserver", Short: "Serve the Kubernetes API (upstream: kube-apiserver and etcd)", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) (err error) {
		cfg.Logger = newLogger(verbose)
		cfg.ServiceCIDR, cfg.Version = &serviceCIDR, api.KubernetesVersion+"+kubelite"
		if cfg.Store, err = store.Open(dataDir, store.Options{Logger: cfg.Logger}); err != nil {
			return err
		}
		defer func() {
			if closeErr := cfg.Store.Close(); err == nil {
				err = closeErr
			}
		}()
		server, err := apiserver.New(cfg)
		if err != nil {
			return err
		}
		return ended(server.Run(cmd.Context()))
	}}
	f := cmd.Flags()
	f.StringVar(&dataDir, "data-dir", "", "directory of the store")
	f.StringArrayVar(&cfg.Listen, "listen", []string{"127.0.0.1:6443"}, "address and port to serve on; may be given more than once")
	f.StringVar(&cfg.AdvertiseAddress, "advertise-address", "", "address at which pods reach the server (default that of the first --listen)")
	f.StringVar(&cfg.CertFile, "tls-cert-file", "", "certificate that the server proves itself with")
	f.StringVar(&cfg.KeyFile, "tls-private-key-file", "", "its key")
	f.StringVar(&cfg.ClientCAFile, "client-ca-file", "", "authority that signs client certificates")
	f.StringVar(&cfg.RequestHeaderCAFile, "requestheader-client-ca-file", "", "authority that signs the certificates of front proxies")
	f.StringVar(&cfg.ProxyClientCertFile, "proxy-client-cert-file", "", "client certificate for calls to the API servers behind APIServices")
	f.StringVar(&cfg.ProxyClientKeyFile, "proxy-client-key-file", "", "its key")
	f.StringVar(&cfg.TokenFile, "token-auth-file", "", `bearer tokens, a line each: token,user,uid,"group1,group2"`)
	f.StringVar(&cfg.ServiceAccountKeyFile, "service-account-signing-key-file", "", "private key that signs the tokens of service accounts")
	f.StringVar(&cfg.ServiceAccountIssuer, "service-account-issuer", "", "who these tokens say made them (default https://kubernetes.default.svc.cluster.local)")
	f.StringVar(&cfg.KubeletClientCertFile, "kubelet-client-certificate", "", "client certificate for calls to kubelets")
	f.StringVar(&cfg.KubeletClientKeyFile, "kubelet-client-key", "", "its key")
	f.StringVar(&cfg.KubeletCAFile, "kubelet-certificate-authority", "", "authority that signs the kubelets' serving certificates")
	f.StringVar(&cfg.AuditPolicyFile, "audit-policy-file", "", "what the audit log is told: a Policy of audit.k8s.io/v1")
	f.StringVar(&cfg.AuditLogPath, "audit-log-path", "", `file that the audit log is appended to, "-" for standard output (default: there is none)`)
	f.IntVar(&cfg.AuditLogMaxSize, "audit-log-maxsize", 0, "size in megabytes at which that file is put aside and a new one begun (default 100)")
	f.IntVar(&cfg.AuditLogMaxBackups, "audit-log-maxbackup", 0, "how many of those put aside are kept (default all)")
	f.IntVar(&cfg.AuditLogMaxAge, "audit-log-maxage", 0, "for how many days they are kept (default for ever)")
	f.BoolVar(&cfg.AuditLogCompress, "audit-log-compress", false, "keep them as gzip")
	f.IPNetVar(&serviceCIDR, "service-cluster-ip-range", net.IPNet{IP: net.IPv4(10, 96, 0, 0), Mask: net.CIDRMask(16, 32)}, "addresses of services")
	f.BoolVarP(&verbose, "verbose", "v", false, "log every request")
	return cmd
}
