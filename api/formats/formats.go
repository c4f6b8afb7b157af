package formats

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"kubelite/api"
)

// Valid tells whether a string is of a format. A format that is not known says nothing about strings.
func Valid(format, s string) bool {
	valid := table[normal(format)]
	return valid == nil || valid(s)
}

// Known tells whether a format is one of the table.
func Known(format string) bool { return table[normal(format)] != nil }

// normal makes one name of "date-time" and "datetime": dashes do not count.
func normal(format string) string { return strings.ReplaceAll(format, "-", "") }

// table has the formats by name, without dashes.
var table = map[string]func(s string) bool{
	"bsonobjectid": matches(`^[0-9a-fA-F]{24}$`),
	"byte":         matches(`^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$`),
	"cidr":         func(s string) bool { return isCIDR(s) },
	"creditcard":   isCreditCard,
	"date":         isDate,
	"datetime":     isDateTime,
	"duration":     func(s string) bool { _, err := ParseDuration(s); return err == nil },
	"email":        func(s string) bool { a, err := mail.ParseAddress(s); return err == nil && a.Address != "" },
	"hexcolor":     matches(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`),
	"hostname":     isHostname,
	"ipv4":         func(s string) bool { return isIP(s) && strings.Contains(s, ".") },
	"ipv6":         func(s string) bool { return net.ParseIP(s) != nil && strings.Contains(s, ":") },
	"isbn":         func(s string) bool { return isISBN10(s) || isISBN13(s) },
	"isbn10":       isISBN10,
	"isbn13":       isISBN13,
	"k8slongname":  func(s string) bool { return api.IsDNS1123Subdomain(s) == nil },
	"k8sshortname": func(s string) bool { return api.IsDNS1123Label(s) == nil },
	"mac":          func(s string) bool { _, err := net.ParseMAC(s); return err == nil },
	"password":     func(string) bool { return true }, // it only asks programs to hide the value
	"rgbcolor":     matches(`^rgb\(\s*` + colour + `\s*,\s*` + colour + `\s*,\s*` + colour + `\s*\)$`),
	"ssn":          func(s string) bool { return len(s) == 11 && socialSecurity(s) },
	"uri":          func(s string) bool { _, err := url.ParseRequestURI(s); return err == nil },
	"uuid":         matches(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`),
	"uuid3":        matches(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`),
	"uuid4":        matches(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`),
	"uuid5":        matches(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`),
}

const colour = `(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])`

var (
	socialSecurity = matches(`^\d{3}[- ]?\d{2}[- ]?\d{4}$`)
	cardNumber     = matches(`^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$`)
	hostname       = matches(`^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$`)
	clock          = api.Pattern(`^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$`)
	notDigits      = api.Pattern(`[^0-9]+`)
	spacesAndMinus = api.Pattern(`[\s-]+`)
)

func matches(pattern string) func(string) bool {
	compiled := api.Pattern(pattern)
	return func(s string) bool { return compiled().MatchString(s) }
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isDateTime(s string) bool {
	date, rest, found := strings.Cut(strings.ToLower(s), "t")
	if !found || !isDate(date) {
		return false
	}
	m := clock().FindStringSubmatch(rest)
	return m != nil && m[1] <= "23" && m[2] <= "59" && m[3] <= "59"
}

func isHostname(s string) bool {
	if !hostname(s) || len(s) > 255 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if len(label) > 63 {
			return false
		}
	}
	return true
}

// isIP takes leading zeros, as parsers once did: objects from then must stay valid.
func isIP(s string) bool {
	_, err := netip.ParseAddr(withoutLeadingZeros(s))
	return err == nil && !strings.Contains(s, "%")
}

func isCIDR(s string) bool {
	_, _, err := net.ParseCIDR(withoutLeadingZeros(s))
	return err == nil
}

func withoutLeadingZeros(s string) string {
	address, bits, isNetwork := strings.Cut(s, "/")
	if strings.Contains(address, ":") {
		return s
	}
	parts := strings.Split(address, ".")
	for i, part := range parts {
		if trimmed := strings.TrimLeft(part, "0"); trimmed != "" {
			parts[i] = trimmed
		} else if part != "" {
			parts[i] = "0"
		}
	}
	address = strings.Join(parts, ".")
	if isNetwork {
		return address + "/" + bits
	}
	return address
}

// isCreditCard checks the issuer's prefix and the last digit, which is a checksum (Luhn's).
func isCreditCard(s string) bool {
	digits := notDigits().ReplaceAllString(s, "")
	if !cardNumber(digits) {
		return false
	}
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

var tenDigits, thirteenDigits = matches(`^(?:[0-9]{9}X|[0-9]{10})$`), matches(`^[0-9]{13}$`)

func isISBN10(s string) bool {
	s = spacesAndMinus().ReplaceAllString(s, "")
	if !tenDigits(s) {
		return false
	}
	sum := 0
	for i, c := range s {
		if c == 'X' {
			c = '0' + 10
		}
		sum += (i + 1) * int(c-'0')
	}
	return sum%11 == 0
}

func isISBN13(s string) bool {
	s = spacesAndMinus().ReplaceAllString(s, "")
	if !thirteenDigits(s) {
		return false
	}
	sum := 0
	for i, c := range s {
		sum += int(c-'0') * []int{1, 3}[i%2]
	}
	return sum%10 == 0
}
