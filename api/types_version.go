package api

// VersionInfo is what /version answers. Clients take major, minor and gitVersion for those of the Kubernetes whose API
// this is: kubectl warns about a skew, Helm picks API versions by them.
type VersionInfo struct {
	// The first number of the Kubernetes version.
	Major string `json:"major"`
	// The second number of the Kubernetes version.
	Minor string `json:"minor"`
	// The first number of the version that the server behaves as.
	EmulationMajor string `json:"emulationMajor,omitempty"`
	// The second number of the version that the server behaves as.
	EmulationMinor string `json:"emulationMinor,omitempty"`
	// The first number of the oldest version that the server gets along with.
	MinCompatibilityMajor string `json:"minCompatibilityMajor,omitempty"`
	// The second number of the oldest version that the server gets along with.
	MinCompatibilityMinor string `json:"minCompatibilityMinor,omitempty"`
	// The whole version: "v1.36.3".
	GitVersion string `json:"gitVersion"`
	// The commit that the server was built from.
	GitCommit string `json:"gitCommit"`
	// Whether the sources differed from that commit: clean or dirty.
	GitTreeState string `json:"gitTreeState"`
	// When the server was built.
	BuildDate string `json:"buildDate"`
	// The version of Go that it was built with.
	GoVersion string `json:"goVersion"`
	// The compiler: gc.
	Compiler string `json:"compiler"`
	// Operating system and architecture: "linux/amd64".
	Platform string `json:"platform"`
}
