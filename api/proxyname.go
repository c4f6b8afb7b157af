package api

import "strings"

// SplitSchemeNamePort reads the name in the path of a proxy: "name", "name:port" or "scheme:name:port", where the scheme is http or
// https. What is not said is empty. ok is false of anything else.
//
// It follows SplitSchemeNamePort of k8s.io/apimachinery/pkg/util/net.
func SplitSchemeNamePort(text string) (scheme, name, port string, ok bool) {
	switch parts := strings.Split(text, ":"); len(parts) {
	case 1:
		name = parts[0]
	case 2:
		name, port = parts[0], parts[1]
	case 3:
		scheme, name, port = parts[0], parts[1], parts[2]
	}
	return scheme, name, port, name != "" && (scheme == "" || scheme == "http" || scheme == "https")
}
