package api

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
)

// Names, label keys, port names and the like: what may be written where. Each check returns nil when the value is
// good and otherwise one sentence per broken rule, with upstream's words. The rules are scanned by hand instead of
// with regular expressions (which the messages quote): they run several times on each write, and compiled
// expressions would sit in the memory of every component.

// The longest names that each rule lets through.
const (
	maxLabelLength     = 63  // a DNS label; the name part of a label key; a label value
	maxSubdomainLength = 253 // a DNS subdomain; a config map key
	maxPortNameLength  = 15  // an IANA service name
)

const (
	labelFormat           = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
	subdomainFormat       = labelFormat + `(\.` + labelFormat + ")*"
	underscoreLabelFormat = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
	qualifiedNameFormat   = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
	sysctlFormat          = `^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`
)

// IsDNS1123Label checks for one part of a domain name: the names of namespaces, containers and volumes.
func IsDNS1123Label(value string) []string {
	var messages []string
	if len(value) > maxLabelLength {
		messages = append(messages, maxCharacters(maxLabelLength))
	}
	if !isLabel(value) {
		if isSubdomain(value) {
			return append(messages, "must not contain dots")
		}
		messages = append(messages, regexMessage("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
			labelFormat, "my-name", "123-abc"))
	}
	return messages
}

// IsDNS1123Subdomain checks for labels joined by dots: the names of most objects.
func IsDNS1123Subdomain(value string) []string {
	return subdomainMessages(value, maxCharacters(maxSubdomainLength))
}

func subdomainMessages(value, tooLong string) []string {
	var messages []string
	if len(value) > maxSubdomainLength {
		messages = append(messages, tooLong)
	}
	if !isSubdomain(value) {
		messages = append(messages, regexMessage("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
			subdomainFormat, "example.com"))
	}
	return messages
}

// IsDNS1123SubdomainWithUnderscore is IsDNS1123Subdomain for DNS search domains, which hold names such as _tcp.
func IsDNS1123SubdomainWithUnderscore(value string) []string {
	var messages []string
	if len(value) > maxSubdomainLength {
		messages = append(messages, maxCharacters(maxSubdomainLength))
	}
	underscored := func(label string) bool {
		return bounded(strings.TrimPrefix(label, "_"), lowerAlphanumeric, func(c byte) bool { return lowerAlphanumeric(c) || c == '-' || c == '_' })
	}
	if !everyPart(value, ".", underscored) {
		messages = append(messages, regexMessage("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
			underscoreLabelFormat+`(\.`+underscoreLabelFormat+")*", "example.com"))
	}
	return messages
}

// IsDNS1035Label checks for a label that starts with a letter.
func IsDNS1035Label(value string) []string {
	var messages []string
	if len(value) > maxLabelLength {
		messages = append(messages, maxCharacters(maxLabelLength))
	}
	if !isLabel(value) || !lowerLetter(value[0]) {
		messages = append(messages, regexMessage("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
			"[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"))
	}
	return messages
}

// IsQualifiedName checks for a name with an optional domain in front, "example.com/my-name": label and annotation
// keys, finalizers, resource names, condition types.
func IsQualifiedName(value string) []string {
	const form = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
	prefix, name, hasPrefix := strings.Cut(value, "/")
	if !hasPrefix {
		name = value
	} else if strings.Contains(name, "/") {
		return []string{"a valid label key " + regexMessage(form, qualifiedNameFormat, "MyName", "my.name", "123-abc") +
			" with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"}
	}

	var messages []string
	if hasPrefix && prefix == "" {
		messages = append(messages, "prefix part must be non-empty")
	} else if hasPrefix {
		for _, m := range subdomainMessages(prefix, maxBytes(maxSubdomainLength)) {
			messages = append(messages, "prefix part "+m)
		}
	}
	if name == "" {
		messages = append(messages, "name part must be non-empty")
	} else if len(name) > maxLabelLength {
		messages = append(messages, "name part "+maxBytes(maxLabelLength))
	}
	if !isQualifiedPart(name) {
		messages = append(messages, "name part "+regexMessage(form, qualifiedNameFormat, "MyName", "my.name", "123-abc"))
	}
	return messages
}

// IsValidLabelValue checks for what may stand behind a label key. Empty is good.
func IsValidLabelValue(value string) []string {
	var messages []string
	if len(value) > maxLabelLength {
		messages = append(messages, maxBytes(maxLabelLength))
	}
	if value != "" && !isQualifiedPart(value) {
		messages = append(messages, regexMessage("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
			"("+qualifiedNameFormat+")?", "MyValue", "my_value", "12345"))
	}
	return messages
}

// IsConfigMapKey checks for a key of a ConfigMap or Secret, which is also a file name when it is mounted.
func IsConfigMapKey(value string) []string {
	var messages []string
	if len(value) > maxSubdomainLength {
		messages = append(messages, maxCharacters(maxSubdomainLength))
	}
	if value == "" || !every(value, func(c byte) bool { return alphanumeric(c) || c == '-' || c == '_' || c == '.' }) {
		messages = append(messages, regexMessage("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
			"[-._a-zA-Z0-9]+", "key.name", "KEY_NAME", "key-name"))
	}
	switch {
	case value == ".":
		messages = append(messages, "must not be '.'")
	case value == "..":
		messages = append(messages, "must not be '..'")
	case strings.HasPrefix(value, ".."):
		messages = append(messages, "must not start with '..'")
	}
	return messages
}

// IsEnvVarName checks for the name of an environment variable: anything that prints, except the equals sign.
func IsEnvVarName(value string) []string {
	if value == "" {
		return []string{"environment variable name must be non-empty"}
	}
	for _, r := range value {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) || r == '=' {
			return []string{"a valid environment variable name must consist only of printable ASCII characters other than '='"}
		}
	}
	return nil
}

// IsCIdentifier checks for a word that could be a variable: the names of attributes of devices.
func IsCIdentifier(value string) []string {
	if value != "" && !digit(value[0]) && every(value, func(c byte) bool { return alphanumeric(c) || c == '_' }) {
		return nil
	}
	return []string{regexMessage("a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
		"[A-Za-z_][A-Za-z0-9_]*", "my_name", "MY_NAME", "MyName")}
}

// IsValidPortName checks for an IANA service name: "http", "dns-tcp".
func IsValidPortName(value string) []string {
	var messages []string
	if len(value) > maxPortNameLength {
		messages = append(messages, maxCharacters(maxPortNameLength))
	}
	if value == "" || !every(value, func(c byte) bool { return lowerAlphanumeric(c) || c == '-' }) {
		messages = append(messages, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
	}
	if every(value, func(c byte) bool { return !lowerLetter(c) }) {
		messages = append(messages, "must contain at least one letter (a-z)")
	}
	if strings.Contains(value, "--") {
		messages = append(messages, "must not contain consecutive hyphens")
	}
	if strings.HasPrefix(value, "-") || strings.HasSuffix(value, "-") {
		messages = append(messages, "must not begin or end with a hyphen")
	}
	return messages
}

// IsValidPortNum checks for a port number.
func IsValidPortNum(port int32) []string {
	if port < 1 || port > 65535 {
		return []string{inclusiveRange(1, 65535)}
	}
	return nil
}

// IsValidPercent checks for "25%".
func IsValidPercent(value string) []string {
	digits, percent := strings.CutSuffix(value, "%")
	if !percent || digits == "" || !every(digits, digit) {
		return []string{regexMessage("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")}
	}
	return nil
}

// IsHTTPHeaderName checks for the name of an HTTP header.
func IsHTTPHeaderName(value string) []string {
	if value == "" || !every(value, func(c byte) bool { return alphanumeric(c) || c == '-' }) {
		return []string{regexMessage("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")}
	}
	return nil
}

// IsPathSegmentName checks for a name that can stand in a URL path. Kinds without a stricter rule use it.
func IsPathSegmentName(value string) []string {
	if value == "." || value == ".." {
		return []string{fmt.Sprintf("may not be '%s'", value)}
	}
	var messages []string
	for _, forbidden := range []string{"/", "%"} {
		if strings.Contains(value, forbidden) {
			messages = append(messages, fmt.Sprintf("may not contain '%s'", forbidden))
		}
	}
	return messages
}

// IsValidIP checks for an IPv4 or IPv6 address. Leading zeros and IPv4 inside IPv6 are refused because programs
// disagree on what they mean.
func IsValidIP(value string) []string {
	if addr, err := netip.ParseAddr(value); err == nil && addr.Zone() == "" {
		if addr.Is4In6() {
			return []string{"must not be an IPv4-mapped IPv6 address"}
		}
		return nil
	}
	if _, err := netip.ParseAddr(dropLeadingZeros(value)); err == nil && !strings.Contains(value, "%") {
		return []string{"must not have leading 0s"}
	}
	return []string{"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"}
}

// IsValidCIDR checks for a block of addresses, "10.0.0.0/8", with nothing behind the prefix.
func IsValidCIDR(value string) []string {
	if prefix, err := netip.ParsePrefix(value); err == nil {
		switch {
		case prefix.Addr().Is4In6():
			return []string{"must not have an IPv4-mapped IPv6 address"}
		case prefix != prefix.Masked():
			return []string{"must not have bits set beyond the prefix length"}
		}
		return nil
	}
	if address, bits, ok := strings.Cut(value, "/"); ok {
		if _, err := netip.ParsePrefix(dropLeadingZeros(address) + "/" + dropLeadingZeros(bits)); err == nil {
			return []string{"must not have leading 0s in IP or prefix length"}
		}
	}
	return []string{"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"}
}

// isInterfaceAddress checks for an address with its prefix length, "10.9.8.7/24", in its usual form.
func isInterfaceAddress(value string) []string {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		if prefix, err = netip.ParsePrefix(dropLeadingZeros(value)); err != nil {
			return []string{"must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"}
		}
	}
	if address := prefix.Addr(); address.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(address.Unmap(), prefix.Bits()-96)
	}
	if prefix.String() != value {
		return []string{fmt.Sprintf("must be in canonical form (%q)", prefix)}
	}
	return nil
}

// dropLeadingZeros turns "010.001.0.1" into "10.1.0.1", to find out whether that was all that is wrong with it.
func dropLeadingZeros(address string) string {
	parts := strings.Split(address, ".")
	for i, part := range parts {
		trimmed := strings.TrimLeft(part, "0")
		if trimmed == "" && part != "" {
			trimmed = "0"
		}
		if every(part, digit) {
			parts[i] = trimmed
		}
	}
	return strings.Join(parts, ".")
}

// isDualStack tells whether the addresses hold both families. Values that are no addresses count as neither.
func isDualStack(addresses []string) bool {
	var v4, v6 bool
	for _, a := range addresses {
		if addr, err := netip.ParseAddr(a); err == nil {
			v4, v6 = v4 || addr.Is4(), v6 || addr.Is6()
		}
	}
	return v4 && v6
}

// isDualStackCIDRs is isDualStack for blocks of addresses.
func isDualStackCIDRs(cidrs []string) bool {
	var addresses []string
	for _, cidr := range cidrs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			addresses = append(addresses, prefix.Addr().String())
		}
	}
	return isDualStack(addresses)
}

// isSysctlName checks for the name of a kernel parameter, with dots or slashes.
func isSysctlName(name string) bool {
	return len(name) <= maxSubdomainLength && everyPart(name, "./", func(part string) bool {
		return bounded(part, lowerAlphanumeric, func(c byte) bool { return lowerAlphanumeric(c) || c == '-' || c == '_' })
	})
}

func isLabel(value string) bool {
	return bounded(value, lowerAlphanumeric, func(c byte) bool { return lowerAlphanumeric(c) || c == '-' })
}

func isSubdomain(value string) bool { return everyPart(value, ".", isLabel) }

func isQualifiedPart(value string) bool {
	return bounded(value, alphanumeric, func(c byte) bool { return alphanumeric(c) || c == '-' || c == '_' || c == '.' })
}

// bounded tells whether a value is not empty, starts and ends with an edge character and holds inner ones between.
func bounded(value string, edge, inner func(byte) bool) bool {
	return value != "" && edge(value[0]) && edge(value[len(value)-1]) && every(value, inner)
}

// everyPart tells whether all parts between separators are good.
func everyPart(value, separators string, good func(string) bool) bool {
	for {
		i := strings.IndexAny(value, separators)
		if i < 0 {
			return good(value)
		}
		if !good(value[:i]) {
			return false
		}
		value = value[i+1:]
	}
}

func every(value string, good func(byte) bool) bool {
	for i := 0; i < len(value); i++ {
		if !good(value[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool             { return '0' <= c && c <= '9' }
func lowerLetter(c byte) bool       { return 'a' <= c && c <= 'z' }
func lowerAlphanumeric(c byte) bool { return lowerLetter(c) || digit(c) }
func alphanumeric(c byte) bool      { return lowerAlphanumeric(c) || 'A' <= c && c <= 'Z' }

func maxCharacters(n int) string { return fmt.Sprintf("must be no more than %d characters", n) }
func maxBytes(n int) string      { return fmt.Sprintf("must be no more than %d bytes", n) }

func inclusiveRange(lowest, highest int64) string {
	return fmt.Sprintf("must be between %d and %d, inclusive", lowest, highest)
}

// regexMessage explains a form: the rule in words, examples, and the expression for those who want it exactly.
func regexMessage(rule, format string, examples ...string) string {
	if len(examples) == 0 {
		return fmt.Sprintf("%s (regex used for validation is '%s')", rule, format)
	}
	for i, example := range examples {
		examples[i] = "'" + example + "', "
	}
	return fmt.Sprintf("%s (e.g. %sregex used for validation is '%s')", rule, strings.Join(examples, " or "), format)
}
