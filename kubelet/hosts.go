package kubelet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kubelite/api"
)

// maxHostname is what the kernel takes; longer names are cut.
const maxHostname = 63

// podHostname is the name that the pod's containers think their machine has.
func podHostname(pod *api.Pod) string {
	if pod.Spec.HostnameOverride != nil {
		return *pod.Spec.HostnameOverride
	}
	name := otherwise(pod.Spec.Hostname, pod.Name)
	if len(name) > maxHostname {
		name = strings.TrimRight(name[:maxHostname], "-.")
	}
	return name
}

// podFQDN is the pod's full DNS name, "" unless it has a subdomain.
func podFQDN(pod *api.Pod, domain string) string {
	if pod.Spec.Subdomain == "" || pod.Spec.HostnameOverride != nil {
		return ""
	}
	return fmt.Sprintf("%s.%s.%s.svc.%s", podHostname(pod), pod.Spec.Subdomain, pod.Namespace, domain)
}

// hostsFile is the content of the pod's /etc/hosts.
func hostsFile(pod *api.Pod, ip, domain string) string {
	var b strings.Builder
	b.WriteString("# Kubernetes-managed hosts file.\n" +
		"127.0.0.1\tlocalhost\n" +
		"::1\tlocalhost ip6-localhost ip6-loopback\n" +
		"fe00::0\tip6-localnet\n" +
		"fe00::0\tip6-mcastprefix\n" +
		"fe00::1\tip6-allnodes\n" +
		"fe00::2\tip6-allrouters\n")
	if fqdn := podFQDN(pod, domain); fqdn != "" {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", ip, fqdn, podHostname(pod))
	} else {
		fmt.Fprintf(&b, "%s\t%s\n", ip, podHostname(pod))
	}
	b.WriteString(hostAliases(pod))
	return b.String()
}

// hostAliases is the part of a hosts file that the pod's spec adds.
func hostAliases(pod *api.Pod) string {
	if len(pod.Spec.HostAliases) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n# Entries added by HostAliases.\n")
	for _, alias := range pod.Spec.HostAliases {
		fmt.Fprintf(&b, "%s\t%s\n", alias.IP, strings.Join(alias.Hostnames, "\t"))
	}
	return b.String()
}

// resolvConf is the content of the pod's /etc/resolv.conf, "" where the runtime's own is right: policy Default, and
// ClusterFirst as long as the cluster has no DNS server.
func resolvConf(pod *api.Pod, servers []string, domain string) string {
	var nameservers, searches, options []string
	policy := pod.Spec.DNSPolicy
	if pod.Spec.HostNetwork && policy == api.DNSClusterFirst {
		policy = api.DNSDefault // ClusterFirstWithHostNet asks for the cluster's DNS in so many words
	}
	switch {
	case policy == api.DNSNone:
	case policy == api.DNSDefault || len(servers) == 0:
		if pod.Spec.DNSConfig == nil {
			return ""
		}
		nameservers, searches, options = machineResolvConf()
	default:
		nameservers = servers
		searches = []string{pod.Namespace + ".svc." + domain, "svc." + domain, domain}
		options = []string{"ndots:5"}
	}
	if c := pod.Spec.DNSConfig; c != nil {
		nameservers = appendNew(nameservers, c.Nameservers...)
		searches = appendNew(searches, c.Searches...)
		for _, o := range c.Options {
			option := o.Name
			if o.Value != nil && *o.Value != "" {
				option += ":" + *o.Value
			}
			options = setOption(options, o.Name, option)
		}
	}
	var b strings.Builder
	if len(searches) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(searches, " "))
	}
	for _, n := range nameservers {
		fmt.Fprintf(&b, "nameserver %s\n", n)
	}
	if len(options) > 0 {
		fmt.Fprintf(&b, "options %s\n", strings.Join(options, " "))
	}
	return b.String()
}

// machineResolvConf reads what this machine itself asks.
func machineResolvConf() (nameservers, searches, options []string) {
	b, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return nil, nil, nil // a machine without one has no name servers to offer
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			nameservers = append(nameservers, fields[1])
		case "search":
			searches = fields[1:]
		case "options":
			options = fields[1:]
		}
	}
	return nameservers, searches, options
}

func appendNew(list []string, add ...string) []string {
	list = append([]string(nil), list...)
	for _, s := range add {
		found := false
		for _, have := range list {
			found = found || have == s
		}
		if !found {
			list = append(list, s)
		}
	}
	return list
}

// setOption replaces the option of that name, or adds it.
func setOption(options []string, name, option string) []string {
	options = append([]string(nil), options...)
	for i, have := range options {
		if have == name || strings.HasPrefix(have, name+":") {
			options[i] = option
			return options
		}
	}
	return append(options, option)
}

// networkFiles writes the pod's hosts and resolv.conf and returns the mounts that show them to a container. What the
// container mounts there itself wins.
func (w *podWorker) networkFiles(pod *api.Pod, c *api.Container, ip string) ([]Mount, error) {
	hosts := hostsFile(pod, ip, w.k.cfg.ClusterDomain)
	if pod.Spec.HostNetwork {
		b, err := os.ReadFile("/etc/hosts")
		if err != nil {
			return nil, fmt.Errorf("read the machine's hosts file: %w", err)
		}
		hosts = "# Kubernetes-managed hosts file (host network).\n" + string(b) + hostAliases(pod)
	}
	var mounts []Mount
	for _, f := range []struct{ target, name, content string }{
		{"/etc/hosts", "etc-hosts", hosts},
		{"/etc/resolv.conf", "resolv.conf", resolvConf(pod, w.k.cfg.ClusterDNS, w.k.cfg.ClusterDomain)},
	} {
		if f.content == "" || mountsAt(c, f.target) {
			continue
		}
		path := filepath.Join(w.k.podDir(pod.UID), f.name)
		if err := writeInPlace(path, []byte(f.content), 0o644); err != nil {
			return nil, err
		}
		mounts = append(mounts, Mount{HostPath: path, ContainerPath: f.target})
	}
	return mounts, nil
}

// mountsAt tells whether the container has a volume at the very path.
func mountsAt(c *api.Container, path string) bool {
	for i := range c.VolumeMounts {
		if filepath.Clean(c.VolumeMounts[i].MountPath) == path {
			return true
		}
	}
	return false
}

// writeInPlace writes a file that containers may have mounted: a mount follows the file, not its name, so the file
// must stay the same one.
func writeInPlace(path string, content []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask says
}
