package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNameForms(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	const (
		label     = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
		subdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`
		label1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
		part      = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
		value     = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
		configKey = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
		envName   = "a valid environment variable name must consist only of printable ASCII characters other than '='"
		percent   = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
		header    = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
		ip        = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
		cidr      = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
	)
	forms := []struct {
		name  string
		check func(string) []string
		good  []string
		bad   map[string][]string
	}{
		{
			name: "IsDNS1123Label", check: IsDNS1123Label,
			good: []string{"a", "0", "a-b", "a--b", "1-2", long(63)},
			bad: map[string][]string{
				"": {label}, "-": {label}, "a-": {label}, "-a": {label}, "A": {label}, "a_b": {label}, "a b": {label}, "ä": {label}, "a\n": {label},
				"a.b": {"must not contain dots"}, long(64): {"must be no more than 63 characters"},
				long(64) + "_": {"must be no more than 63 characters", label},
			},
		},
		{
			name: "IsDNS1123Subdomain", check: IsDNS1123Subdomain,
			good: []string{"a", "a.b", "a-b.c-d", "1.2.3", long(253), long(200)},
			bad: map[string][]string{
				"": {subdomain}, ".": {subdomain}, "a.": {subdomain}, ".a": {subdomain}, "a..b": {subdomain}, "a.-b": {subdomain}, "a.B": {subdomain}, "a_b": {subdomain},
				long(254): {"must be no more than 253 characters"},
			},
		},
		{
			name: "IsDNS1035Label", check: IsDNS1035Label,
			good: []string{"a", "a1", "a-1"},
			bad:  map[string][]string{"": {label1035}, "1a": {label1035}, "a.b": {label1035}, "A": {label1035}, long(64): {"must be no more than 63 characters"}},
		},
		{
			name: "IsDNS1123SubdomainWithUnderscore", check: IsDNS1123SubdomainWithUnderscore,
			good: []string{"a", "_tcp.a_b.c", "_a"},
			bad:  map[string][]string{"_": {strings.Replace(strings.ReplaceAll(subdomain, labelFormat, underscoreLabelFormat), "characters, '-'", "characters, '_', '-'", 1)}},
		},
		{
			name: "IsQualifiedName", check: IsQualifiedName,
			good: []string{"a", "A_b.c-d", "1", "example.com/A", "a/b", long(63), long(253) + "/" + long(63)},
			bad: map[string][]string{
				"":              {"name part must be non-empty", "name part " + part},
				"a/":            {"name part must be non-empty", "name part " + part},
				"/a":            {"prefix part must be non-empty"},
				"A/a":           {"prefix part " + subdomain},
				"-a":            {"name part " + part},
				"a b":           {"name part " + part},
				long(64):        {"name part must be no more than 63 bytes"},
				long(254) + "/": {"prefix part must be no more than 253 bytes", "name part must be non-empty", "name part " + part},
				"a/b/c":         {"a valid label key " + part + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"},
			},
		},
		{
			name: "IsValidLabelValue", check: IsValidLabelValue,
			good: []string{"", "a", "A_b.c-d", long(63)},
			bad:  map[string][]string{"-a": {value}, "a-": {value}, "a b": {value}, "a/b": {value}, long(64): {"must be no more than 63 bytes"}},
		},
		{
			name: "IsConfigMapKey", check: IsConfigMapKey,
			good: []string{"a", ".a", "A_b.c-d", "-", long(253)},
			bad: map[string][]string{
				"": {configKey}, "a/b": {configKey}, ".": {"must not be '.'"}, "..": {"must not be '..'"}, "..a": {"must not start with '..'"},
				long(254): {"must be no more than 253 characters"},
			},
		},
		{
			name: "IsEnvVarName", check: IsEnvVarName,
			good: []string{"a", "1a", "a.b-c", "A B", "$(x)"},
			bad:  map[string][]string{"": {"environment variable name must be non-empty"}, "a=b": {envName}, "ä": {envName}, "a\tb": {envName}},
		},
		{
			name: "IsValidPortName", check: IsValidPortName,
			good: []string{"http", "a", "80a", "a-b", "fifteen-chars-a"},
			bad: map[string][]string{
				"":                 {"must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)", "must contain at least one letter (a-z)"},
				"80":               {"must contain at least one letter (a-z)"},
				"A":                {"must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)", "must contain at least one letter (a-z)"},
				"a--b":             {"must not contain consecutive hyphens"},
				"-a":               {"must not begin or end with a hyphen"},
				"a-":               {"must not begin or end with a hyphen"},
				"sixteen-chars-ab": {"must be no more than 15 characters"},
			},
		},
		{
			name: "IsValidPercent", check: IsValidPercent,
			good: []string{"0%", "25%", "100%", "101%"},
			bad:  map[string][]string{"": {percent}, "%": {percent}, "25": {percent}, "2.5%": {percent}, "-1%": {percent}},
		},
		{
			name: "IsHTTPHeaderName", check: IsHTTPHeaderName,
			good: []string{"X-A", "a1"},
			bad:  map[string][]string{"": {header}, "a b": {header}, "a:": {header}},
		},
		{
			name: "IsPathSegmentName", check: IsPathSegmentName,
			good: []string{"a", "A b", "...", "a.b"},
			bad:  map[string][]string{".": {"may not be '.'"}, "..": {"may not be '..'"}, "a/b%": {"may not contain '/'", "may not contain '%'"}},
		},
		{
			name: "IsValidIP", check: IsValidIP,
			good: []string{"1.2.3.4", "0.0.0.0", "::", "fd00::1", "FD00::0:1"},
			bad: map[string][]string{
				"": {ip}, "1.2.3": {ip}, "1.2.3.256": {ip}, "fe80::1%eth0": {ip}, "a": {ip},
				"01.2.3.4": {"must not have leading 0s"}, "1.2.3.00": {"must not have leading 0s"},
				"::ffff:1.2.3.4": {"must not be an IPv4-mapped IPv6 address"},
			},
		},
		{
			name: "IsValidCIDR", check: IsValidCIDR,
			good: []string{"10.0.0.0/8", "0.0.0.0/0", "fd00::/64", "1.2.3.4/32"},
			bad: map[string][]string{
				"": {cidr}, "10.0.0.0": {cidr}, "10.0.0.0/33": {cidr}, "a/8": {cidr},
				"010.0.0.0/8": {"must not have leading 0s in IP or prefix length"}, "10.0.0.0/08": {"must not have leading 0s in IP or prefix length"},
				"10.0.0.1/8": {"must not have bits set beyond the prefix length"}, "::ffff:1.2.3.0/120": {"must not have an IPv4-mapped IPv6 address"},
			},
		},
		{
			name: "isEndpointIP", check: isEndpointIP,
			good: []string{"10.0.0.1", "fd00::1", "239.0.0.1"},
			bad: map[string][]string{
				"a": {"must be a valid IP address"}, "0.0.0.0": {"may not be unspecified (0.0.0.0)"}, "::": {"may not be unspecified (::)"},
				"127.0.0.1": {"may not be in the loopback range (127.0.0.0/8, ::1/128)"}, "fe80::1": {"may not be in the link-local range (169.254.0.0/16, fe80::/10)"},
				"224.0.0.1": {"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"},
			},
		},
	}
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			for _, good := range form.good {
				require.Empty(t, form.check(good), good)
			}
			for bad, messages := range form.bad {
				require.Equal(t, messages, form.check(bad), bad)
			}
		})
	}
}

func TestIsValidPortNum(t *testing.T) {
	for _, port := range []int32{1, 80, 65535} {
		require.Empty(t, IsValidPortNum(port))
	}
	for _, port := range []int32{0, -1, 65536} {
		require.Equal(t, []string{"must be between 1 and 65535, inclusive"}, IsValidPortNum(port))
	}
}

func TestIsSysctlName(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "kernel.shm_rmid_forced": true, "net/ipv4/conf": true, "net.ipv4.conf.eth0/100.arp": true,
		"": false, "A": false, "a.": false, ".a": false, "a..b": false, "a-": false, "a b": false, strings.Repeat("a", 254): false,
	} {
		require.Equal(t, good, isSysctlName(name), name)
	}
}
