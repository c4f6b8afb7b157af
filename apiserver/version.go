package apiserver

import (
	"cmp"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"kubelite/api"
)

// serveVersion serves /version.
func (s *Server) serveVersion(w http.ResponseWriter, hr *http.Request) {
	body, err := api.MarshalJSON(newVersionInfo(cmp.Or(s.config.Version, api.KubernetesVersion+"+kubelite")))
	if err != nil {
		s.respond(w, requestFrom(hr.Context()), nil, err)
		return
	}
	w.Header().Set("Content-Type", mediaJSON)
	_, _ = w.Write(append(body, '\n')) // an error means that the client is gone
}

func newVersionInfo(gitVersion string) api.VersionInfo {
	parts := strings.SplitN(strings.TrimPrefix(api.KubernetesVersion, "v"), ".", 3)
	minor, _ := strconv.Atoi(parts[1]) // a constant
	return api.VersionInfo{
		Major: parts[0], Minor: parts[1], EmulationMajor: parts[0], EmulationMinor: parts[1],
		MinCompatibilityMajor: parts[0], MinCompatibilityMinor: strconv.Itoa(minor - 1),
		GitVersion: gitVersion, GitTreeState: "clean", BuildDate: "1970-01-01T00:00:00Z",
		GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}
