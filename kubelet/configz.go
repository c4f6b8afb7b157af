package kubelet

import (
	"net/http"

	"kubelite/api"
)

// What a kubelet is set to, in the form of upstream's configuration file for one, so that it can be asked:
//
//	kubectl get --raw /api/v1/nodes/node-1/proxy/configz
//
// It has what this kubelet goes by and no other fields. The names are those of KubeletConfiguration v1beta1, of
// k8s.io/kubelet/config/v1beta1.
type configuration struct {
	api.TypeMeta `json:",inline"`

	EnableServer      bool         `json:"enableServer"`
	StaticPodPath     string       `json:"staticPodPath"`
	FileCheck         api.Duration `json:"fileCheckFrequency"`
	Address           string       `json:"address,omitempty"`
	Port              int32        `json:"port,omitempty"`
	TLSCertFile       string       `json:"tlsCertFile,omitempty"`
	TLSPrivateKeyFile string       `json:"tlsPrivateKeyFile,omitempty"`
	TLSMinVersion     string       `json:"tlsMinVersion,omitempty"`

	Authentication struct {
		X509 struct {
			ClientCAFile string `json:"clientCAFile,omitempty"`
		} `json:"x509"`
		Webhook   enabled `json:"webhook"`
		Anonymous enabled `json:"anonymous"`
	} `json:"authentication"`
	Authorization struct {
		Mode string `json:"mode"`
	} `json:"authorization"`

	ClusterDomain string   `json:"clusterDomain"`
	ClusterDNS    []string `json:"clusterDNS,omitempty"`
	MaxPods       int      `json:"maxPods"`
	RegisterNode  bool     `json:"registerNode"`

	StatusUpdate         api.Duration `json:"nodeStatusUpdateFrequency"`
	StatusReport         api.Duration `json:"nodeStatusReportFrequency"`
	LeaseDurationSeconds int          `json:"nodeLeaseDurationSeconds"`
	MaxImagesInStatus    int          `json:"nodeStatusMaxImages"`

	ImageMinimumGCAge     api.Duration `json:"imageMinimumGCAge"`
	ImageGCHighPercent    int          `json:"imageGCHighThresholdPercent"`
	ImageGCLowPercent     int          `json:"imageGCLowThresholdPercent"`
	SerializeImagePulls   bool         `json:"serializeImagePulls"`
	MaxParallelImagePulls int          `json:"maxParallelImagePulls"`

	EvictionHard  map[string]string `json:"evictionHard"`
	PressureStays api.Duration      `json:"evictionPressureTransitionPeriod"`

	CrashLoopBackOff struct {
		MaxContainerRestartPeriod api.Duration `json:"maxContainerRestartPeriod"`
	} `json:"crashLoopBackOff"`
	FailSwapOn     bool `json:"failSwapOn"`
	SeccompDefault bool `json:"seccompDefault"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

// evictionSignals are upstream's names for what may become short.
var evictionSignals = map[api.ResourceName]string{
	api.ResourceMemory: "memory.available", api.ResourceEphemeralStorage: "nodefs.available",
}

func (k *Kubelet) configuration() configuration {
	c := configuration{
		TypeMeta:     api.TypeMeta{Kind: "KubeletConfiguration", APIVersion: "kubelet.config.k8s.io/v1beta1"},
		EnableServer: k.port() != 0, StaticPodPath: k.cfg.ManifestDir, FileCheck: api.Duration{Duration: k.manifestPeriod},
		Address: k.cfg.NodeIP, Port: k.port(), TLSCertFile: k.cfg.ServingCert, TLSPrivateKeyFile: k.cfg.ServingKey, TLSMinVersion: "VersionTLS12",
		ClusterDomain: k.cfg.ClusterDomain, ClusterDNS: k.cfg.ClusterDNS, MaxPods: k.cfg.MaxPods, RegisterNode: true,
		StatusUpdate: api.Duration{Duration: heartbeatPeriod}, StatusReport: api.Duration{Duration: statusReportPeriod},
		LeaseDurationSeconds: int(leaseDuration.Seconds()), MaxImagesInStatus: maxNodeImages,
		ImageMinimumGCAge: api.Duration{Duration: imageGCMinAge}, ImageGCHighPercent: imageGCHigh, ImageGCLowPercent: imageGCLow,
		MaxParallelImagePulls: maxPulls, EvictionHard: map[string]string{}, PressureStays: api.Duration{Duration: pressureStays},
		SeccompDefault: true,
	}
	c.Authentication.X509.ClientCAFile = k.cfg.ClientCA
	c.Authorization.Mode = "AlwaysAllow" // of those whose certificate lets them in
	c.CrashLoopBackOff.MaxContainerRestartPeriod.Duration = backoffMax
	for _, p := range pressures {
		c.EvictionHard[evictionSignals[p.resource]] = api.NewQuantity(p.least, api.BinarySI).String()
	}
	return c
}

// serveConfiguration is GET /configz.
func (k *Kubelet) serveConfiguration(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]configuration{"kubeletconfig": k.configuration()})
}
