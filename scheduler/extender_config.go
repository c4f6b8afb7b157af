package scheduler

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// ExtenderConfig says where an extender is, and what it is asked. What has no verb is not asked.
type ExtenderConfig struct {
	URLPrefix        string            `json:"urlPrefix"`
	FilterVerb       string            `json:"filterVerb,omitempty"`
	PreemptVerb      string            `json:"preemptVerb,omitempty"`
	PrioritizeVerb   string            `json:"prioritizeVerb,omitempty"`
	Weight           int64             `json:"weight,omitempty"` // of its scores
	BindVerb         string            `json:"bindVerb,omitempty"`
	EnableHTTPS      bool              `json:"enableHTTPS,omitempty"`
	TLSConfig        *ExtenderTLS      `json:"tlsConfig,omitempty"`
	HTTPTimeout      api.Duration      `json:"httpTimeout,omitempty"`      // 0: five seconds
	NodeCacheCapable bool              `json:"nodeCacheCapable,omitempty"` // it knows the nodes: their names are enough
	ManagedResources []ManagedResource `json:"managedResources,omitempty"` // it is asked about pods that want one of these; empty: all
	Ignorable        bool              `json:"ignorable,omitempty"`        // where it does not answer, decisions are made without it
}

// ExtenderTLS is how an extender is asked over TLS. Without a CA nobody checks who it is, as at upstream.
type ExtenderTLS struct {
	Insecure   bool   `json:"insecure,omitempty"`
	ServerName string `json:"serverName,omitempty"`
	CertFile   string `json:"certFile,omitempty"`
	KeyFile    string `json:"keyFile,omitempty"`
	CAFile     string `json:"caFile,omitempty"`
	CertData   []byte `json:"certData,omitempty"`
	KeyData    []byte `json:"keyData,omitempty"`
	CAData     []byte `json:"caData,omitempty"`
}

// ManagedResource is an extended resource that an extender counts.
type ManagedResource struct {
	Name               api.ResourceName `json:"name"`
	IgnoredByScheduler bool             `json:"ignoredByScheduler,omitempty"` // NodeResourcesFit does not count it
}

// extenderTimeout is how long an extender may think that names no time.
const extenderTimeout = 5 * time.Second

// newExtenders makes the extenders of a configuration, in order, but last those that may fail.
func newExtenders(configs []ExtenderConfig) ([]*extender, error) {
	var extenders, ignorable []*extender
	binders, managed := 0, map[api.ResourceName]bool{}
	for i := range configs {
		c := &configs[i]
		at := fmt.Sprintf("extenders[%d]", i)
		switch {
		case c.URLPrefix == "":
			return nil, fmt.Errorf("%s.urlPrefix: Required value", at)
		case c.PrioritizeVerb != "" && c.Weight <= 0:
			return nil, fmt.Errorf("%s.weight: Invalid value: %d: must have a positive weight applied to it", at, c.Weight)
		}
		for j, r := range c.ManagedResources {
			if managed[r.Name] {
				return nil, fmt.Errorf("%s.managedResources[%d].name: Invalid value: %q: duplicate extender managed resource name", at, j, r.Name)
			}
			managed[r.Name] = true
		}
		config, err := c.tls()
		if err != nil {
			return nil, fmt.Errorf("%s.tlsConfig: %w", at, err)
		}
		e := &extender{*c, &http.Client{
			Transport: &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment}, Timeout: cmp.Or(c.HTTPTimeout.Duration, extenderTimeout),
		}}
		if c.BindVerb != "" {
			binders++
		}
		if c.Ignorable {
			ignorable = append(ignorable, e)
		} else {
			extenders = append(extenders, e)
		}
	}
	if binders > 1 {
		return nil, fmt.Errorf("extenders: found %d extenders implementing bind: only one extender can implement bind", binders)
	}
	return append(extenders, ignorable...), nil
}

func (c *ExtenderConfig) tls() (*tls.Config, error) {
	t := api.Deref(c.TLSConfig, ExtenderTLS{})
	var err error
	read := func(data []byte, file string) []byte {
		if len(data) == 0 && file != "" && err == nil {
			data, err = os.ReadFile(file)
		}
		return data
	}
	ca, certificate, key := read(t.CAData, t.CAFile), read(t.CertData, t.CertFile), read(t.KeyData, t.KeyFile)
	if err != nil {
		return nil, err
	}
	config := client.Config{TLSServerName: t.ServerName, Insecure: t.Insecure || c.EnableHTTPS && len(ca) == 0, CAData: ca, CertData: certificate, KeyData: key}
	return config.TLS()
}

// ignoredResources are those that extenders count alone.
func ignoredResources(configs []ExtenderConfig) (names []string) {
	for _, c := range configs {
		for _, r := range c.ManagedResources {
			if r.IgnoredByScheduler {
				names = append(names, string(r.Name))
			}
		}
	}
	return names
}

// extend has the extenders asked about the profile's pods.
func (p *profile) extend(extenders []*extender) {
	p.extenders = extenders
	p.hints[extenderName] = []hint{{on: ^happening(0)}}
	for _, e := range extenders {
		if e.config.BindVerb != "" {
			p.binder = &extenderBinder{p.binder, e}
		}
	}
}
