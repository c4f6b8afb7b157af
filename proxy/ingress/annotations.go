package ingress

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

// annotationPrefix begins the names of the annotations that say how an Ingress's requests are to be treated.
const annotationPrefix = "nginx.ingress.kubernetes.io/"

// Protocols that pods may speak.
const (
	protocolHTTP  = "HTTP"
	protocolHTTPS = "HTTPS"
	protocolGRPC  = "GRPC"
	protocolGRPCS = "GRPCS"
)

// options are how requests are treated: the annotations of an Ingress.
type options struct {
	bodySize                                 int64  // most bytes of a request's body; 0: any number
	rewrite                                  string // the path that pods see, with ${1} for a group of the path's expression; "": as it came
	regex                                    bool   // paths are regular expressions
	sslRedirect                              bool   // plain requests are sent to https if the host has a certificate
	forceSSLRedirect                         bool   // in any case
	connectTimeout, sendTimeout, readTimeout time.Duration
	protocol                                 string
}

// defaultOptions are nginx's.
func defaultOptions() options {
	return options{
		bodySize: 1 << 20, sslRedirect: true, protocol: protocolHTTP,
		connectTimeout: 5 * time.Second, sendTimeout: 60 * time.Second, readTimeout: 60 * time.Second,
	}
}

// annotations are those that are known, without their prefix.
var annotations = map[string]func(o *options, value string) error{
	"proxy-body-size": func(o *options, value string) (err error) { o.bodySize, err = parseSize(value); return err },
	"rewrite-target":  func(o *options, value string) (err error) { o.rewrite, err = parseRewrite(value); return err },
	"use-regex":       func(o *options, value string) (err error) { o.regex, err = strconv.ParseBool(value); return err },
	"ssl-redirect":    func(o *options, value string) (err error) { o.sslRedirect, err = strconv.ParseBool(value); return err },
	"force-ssl-redirect": func(o *options, value string) (err error) {
		o.forceSSLRedirect, err = strconv.ParseBool(value)
		return err
	},
	"proxy-connect-timeout": func(o *options, value string) (err error) { o.connectTimeout, err = parseSeconds(value); return err },
	"proxy-send-timeout":    func(o *options, value string) (err error) { o.sendTimeout, err = parseSeconds(value); return err },
	"proxy-read-timeout":    func(o *options, value string) (err error) { o.readTimeout, err = parseSeconds(value); return err },
	"backend-protocol":      func(o *options, value string) (err error) { o.protocol, err = parseProtocol(value); return err },
}

// parseOptions reads the annotations of an Ingress. What cannot be read is a problem, and as if it were not there.
func parseOptions(have map[string]string) (options, []problem) {
	o := defaultOptions()
	var problems []problem
	for _, name := range slices.Sorted(maps.Keys(have)) {
		short, ours := strings.CutPrefix(name, annotationPrefix)
		if !ours {
			continue
		}
		set, known := annotations[short]
		if !known {
			problems = append(problems, problem{"UnsupportedAnnotation", fmt.Sprintf("annotation %s is not known here: it changes nothing", name)})
			continue
		}
		before := o
		if err := set(&o, strings.TrimSpace(have[name])); err != nil {
			o = before
			problems = append(problems, problem{"InvalidAnnotation", fmt.Sprintf("annotation %s: %q: %v", name, have[name], err)})
		}
	}
	return o, problems
}

// parseSize reads "8m": bytes, or with k, m or g at the end.
func parseSize(text string) (int64, error) {
	number, shift := strings.ToLower(text), 0
	for i, unit := range []string{"k", "m", "g"} {
		if rest, ok := strings.CutSuffix(number, unit); ok {
			number, shift = rest, 10*(i+1)
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("must be a size such as 8m")
	}
	return int64(n) << shift, nil
}

func parseSeconds(text string) (time.Duration, error) {
	n, err := strconv.ParseUint(text, 10, 24)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("must be a number of seconds")
	}
	return time.Duration(n) * time.Second, nil
}

func parseProtocol(text string) (string, error) {
	p := strings.ToUpper(text)
	if !slices.Contains([]string{protocolHTTP, protocolHTTPS, protocolGRPC, protocolGRPCS}, p) {
		return "", fmt.Errorf("must be HTTP, HTTPS, GRPC or GRPCS")
	}
	return p, nil
}

var group = api.Pattern(`\$(\d)`)

// parseRewrite reads "/$2". In Go's templates a digit may be followed by more of a name, so groups get braces.
func parseRewrite(text string) (string, error) {
	if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "$") {
		return "", fmt.Errorf("must be a path")
	}
	return group().ReplaceAllString(text, "$${$1}"), nil
}
