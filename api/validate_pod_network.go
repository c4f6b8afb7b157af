package api

import (
	"fmt"
	"strings"
)

// What a pod says about its network: names, name servers, ports of the host.

// Limits of the resolver's configuration that a pod can carry.
const (
	maxNameservers     = 3
	maxSearchPaths     = 32
	maxSearchListChars = 2048
	maxHostnameLength  = 64
)

// checkHostPorts: a pod on the host's network has no ports to map, so host and container port are the same thing.
func (c *podCheck) checkHostPorts() {
	if !c.spec.HostNetwork {
		return
	}
	for i := range c.spec.Containers {
		for j, port := range c.spec.Containers[i].Ports {
			if (c.meta != nil || port.HostPort != 0) && port.HostPort != port.ContainerPort {
				c.add(c.path.Child("containers").Index(i).Child("ports").Index(j).Child("hostPort").
					Invalid(port.HostPort, "must match `containerPort` when `hostNetwork` is true"))
			}
		}
	}
}

func (c *podCheck) checkDNSConfig() {
	config := c.spec.DNSConfig
	if config == nil && c.spec.DNSPolicy != DNSNone {
		return
	}
	path := c.path.Child("dnsConfig")
	if c.spec.DNSPolicy == DNSNone {
		if config == nil {
			c.add(path.Required("must provide `dnsConfig` when `dnsPolicy` is None"))
			return
		}
		if len(config.Nameservers) == 0 {
			c.add(path.Child("nameservers").Required("must provide at least one DNS nameserver when `dnsPolicy` is None"))
			return
		}
	}
	if len(config.Nameservers) > maxNameservers {
		c.add(path.Child("nameservers").Invalid(config.Nameservers, fmt.Sprintf("must not have more than %d nameservers", maxNameservers)))
	}
	for i, server := range config.Nameservers {
		c.format(path.Child("nameservers").Index(i), "", server, IsValidIP)
	}
	if len(config.Searches) > maxSearchPaths {
		c.add(path.Child("searches").Invalid(config.Searches, fmt.Sprintf("must not have more than %d search paths", maxSearchPaths)))
	}
	if len(strings.Join(config.Searches, " ")) > maxSearchListChars {
		c.add(path.Child("searches").Invalid(config.Searches,
			fmt.Sprintf("must not have more than %d characters (including spaces) in the search list", maxSearchListChars)))
	}
	for i, search := range config.Searches {
		if search != "." {
			c.format(path.Child("searches").Index(i), "", strings.TrimSuffix(search, "."), IsDNS1123SubdomainWithUnderscore)
		}
	}
	for i := range config.Options {
		if config.Options[i].Name == "" {
			c.add(path.Child("options").Index(i).Required("must not be empty"))
		}
	}
}

func (c *podCheck) checkHostAliases() {
	for i := range c.spec.HostAliases {
		path := c.path.Child("hostAliases").Index(i)
		c.format(path, "ip", c.spec.HostAliases[i].IP, IsValidIP)
		for j, name := range c.spec.HostAliases[i].Hostnames {
			c.format(path.Child("hostnames").Index(j), "", name, IsDNS1123Subdomain)
		}
	}
}

func (c *podCheck) checkHostnameOverride() {
	name := c.spec.HostnameOverride
	if name == nil {
		return
	}
	path := c.path.Child("hostnameOverride")
	if Deref(c.spec.SetHostnameAsFQDN, false) {
		c.add(path.Forbidden("may not be specified when setHostnameAsFQDN is true"))
	}
	if c.spec.HostNetwork {
		c.add(path.Forbidden("may not be specified when hostNetwork is true"))
	}
	if len(*name) > maxHostnameLength {
		c.add(path.TooLong(maxHostnameLength))
	}
	c.format(path, "", *name, IsDNS1123Subdomain)
}
