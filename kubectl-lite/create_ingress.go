package kubectllite

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// ingressRule is "host/path=service:port[,tls[=secret]]".
var ingressRule = regexp.MustCompile(`^(?P<host>[\w*.-]*)/(?P<path>[^=]*)=(?P<service>[a-z0-9-]+):(?P<port>[\w-]+)(?P<tls>,tls(=([a-z0-9.-]*))?)?$`)

func newCreateIngress(s *session) *cobra.Command {
	var o createOptions
	var class, backend string
	var rules, annotations []string
	cmd := &cobra.Command{
		Use: "ingress NAME --rule=host/path=service:port[,tls[=secret]] ", Aliases: []string{"ing"}, Args: exactlyOneName,
		Short: "Create an ingress with the specified name",
		Example: `  kubectl-lite create ingress web --class=nginx --rule='shop.example.com/=web:80' --rule='shop.example.com/api*=api:http'
  kubectl-lite create ingress web --rule='shop.example.com/*=web:80,tls=shop-certificate'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ing, err := ingressOf(args[0], class, backend, rules, annotations)
			if err != nil {
				return err
			}
			return s.createTyped(cmd.Context(), &o, ing)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&class, "class", "", "Ingress Class to be used")
	cmd.Flags().StringArrayVar(&rules, "rule", nil, "Rule in format host/path=service:port[,tls=secretname]. Paths containing the leading character '*' are considered pathType=Prefix. tls argument is optional.")
	cmd.Flags().StringVar(&backend, "default-backend", "", "Default service for backend, in format of svcname:port")
	cmd.Flags().StringArrayVar(&annotations, "annotation", nil, "Annotation to insert in the ingress object, in the format annotation=value")
	return cmd
}

func ingressOf(name, class, backend string, rules, annotations []string) (*api.Ingress, error) {
	if backend == "" && len(rules) == 0 {
		return nil, errors.New("not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)")
	}
	ing := &api.Ingress{ObjectMeta: api.ObjectMeta{Name: name}}
	for _, rule := range rules {
		parts := ingressRule.FindStringSubmatch(rule)
		if parts == nil {
			return nil, fmt.Errorf("rule %s is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]", rule)
		}
		addIngressPath(ing, parts[1], parts[2], ingressBackend(parts[3], parts[4]))
		if parts[5] != "" {
			addIngressTLS(ing, parts[1], parts[7])
		}
	}
	for _, pair := range annotations {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("annotation %s is invalid and should be in format key=[value]", pair)
		}
		if ing.Annotations == nil {
			ing.Annotations = map[string]string{}
		}
		ing.Annotations[key] = value
	}
	if backend != "" {
		service, port, ok := strings.Cut(backend, ":")
		if !ok || strings.Contains(port, ":") {
			return nil, errors.New("default-backend should be in format servicename:serviceport")
		}
		ing.Spec.DefaultBackend = api.Ptr(ingressBackend(service, port))
	}
	if class != "" {
		ing.Spec.IngressClassName = &class
	}
	return ing, nil
}

func ingressBackend(service, port string) api.IngressBackend {
	backend := &api.IngressServiceBackend{Name: service}
	if p := api.ParseIntOrString(port); p.Type == api.IntegerForm {
		backend.Port.Number = p.IntVal
	} else {
		backend.Port.Name = p.StrVal
	}
	return api.IngressBackend{Service: backend}
}

// addIngressPath puts a path below its host, which has one rule for all of its paths.
func addIngressPath(ing *api.Ingress, host, path string, backend api.IngressBackend) {
	kind := api.PathTypeExact
	path, prefix := strings.CutSuffix("/"+path, "*")
	if prefix {
		kind = api.PathTypePrefix
	}
	at := slices.IndexFunc(ing.Spec.Rules, func(r api.IngressRule) bool { return r.Host == host })
	if at < 0 {
		at = len(ing.Spec.Rules)
		ing.Spec.Rules = append(ing.Spec.Rules, api.IngressRule{Host: host})
		ing.Spec.Rules[at].HTTP = &api.HTTPIngressRuleValue{}
	}
	http := ing.Spec.Rules[at].HTTP
	http.Paths = append(http.Paths, api.HTTPIngressPath{Path: path, PathType: &kind, Backend: backend})
}

// addIngressTLS gives a host a certificate; hosts with the same one stand together.
func addIngressTLS(ing *api.Ingress, host, secret string) {
	for _, t := range ing.Spec.TLS {
		if slices.Contains(t.Hosts, host) {
			return
		}
	}
	at := slices.IndexFunc(ing.Spec.TLS, func(t api.IngressTLS) bool { return t.SecretName == secret })
	if at < 0 {
		if host == "" && secret == "" {
			return
		}
		at = len(ing.Spec.TLS)
		ing.Spec.TLS = append(ing.Spec.TLS, api.IngressTLS{SecretName: secret})
	}
	if host != "" {
		ing.Spec.TLS[at].Hosts = append(ing.Spec.TLS[at].Hosts, host)
	}
}
