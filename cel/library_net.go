package cel

import (
	"fmt"
	"net/netip"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

var (
	ipKind = &opaqueKind[netip.Addr]{
		celType: cel.OpaqueType("net.IP"), text: netip.Addr.String,
		equal: func(a, b netip.Addr) bool { return a == b },
		size:  func(a netip.Addr) int { return (a.BitLen() + 7) / 8 },
	}
	cidrKind = &opaqueKind[netip.Prefix]{
		celType: cel.OpaqueType("net.CIDR"), text: netip.Prefix.String,
		equal: func(a, b netip.Prefix) bool { return a == b },
		size:  func(p netip.Prefix) int { return (p.Bits() + 7) / 8 },
	}
)

// IP addresses and networks: ip, isIP, cidr, isCIDR, and what one may ask of them.
func netFunctions() functions {
	return functions{
		"ip": {
			function("string_to_ip", ipKind.celType, unary(toIP), cel.StringType),
			method("cidr_ip", ipKind.celType, unary(func(p netip.Prefix) ref.Val { return ipKind.of(p.Addr()) }), cidrKind.celType),
		},
		"isIP":                 {function("is_ip", cel.BoolType, unary(isIP), cel.StringType)},
		"ip.isCanonical":       {function("ip_is_canonical", cel.BoolType, unary(isCanonicalIP), cel.StringType)},
		"family":               {method("ip_family", cel.IntType, unary(ipFamily), ipKind.celType)},
		"isUnspecified":        {ipIs("ip_is_unspecified", netip.Addr.IsUnspecified)},
		"isLoopback":           {ipIs("ip_is_loopback", netip.Addr.IsLoopback)},
		"isLinkLocalMulticast": {ipIs("ip_is_link_local_multicast", netip.Addr.IsLinkLocalMulticast)},
		"isLinkLocalUnicast":   {ipIs("ip_is_link_local_unicast", netip.Addr.IsLinkLocalUnicast)},
		"isGlobalUnicast":      {ipIs("ip_is_global_unicast", netip.Addr.IsGlobalUnicast)},
		"string": {
			function("ip_to_string", cel.StringType, unary(func(a netip.Addr) ref.Val { return types.String(a.String()) }), ipKind.celType),
			function("cidr_to_string", cel.StringType, unary(func(p netip.Prefix) ref.Val { return types.String(p.String()) }), cidrKind.celType),
		},
		"cidr":         {function("string_to_cidr", cidrKind.celType, unary(toCIDR), cel.StringType)},
		"isCIDR":       {function("is_cidr", cel.BoolType, unary(isCIDR), cel.StringType)},
		"prefixLength": {method("cidr_prefix_length", cel.IntType, unary(func(p netip.Prefix) ref.Val { return types.Int(p.Bits()) }), cidrKind.celType)},
		"masked":       {method("cidr_masked", cidrKind.celType, unary(func(p netip.Prefix) ref.Val { return cidrKind.of(p.Masked()) }), cidrKind.celType)},
		"containsIP": {
			method("cidr_contains_ip_ip", cel.BoolType, binary(containsIP), cidrKind.celType, ipKind.celType),
			method("cidr_contains_ip_string", cel.BoolType, binary(func(p netip.Prefix, s string) ref.Val {
				a, err := parseIP(s)
				if err != nil {
					return types.WrapErr(err)
				}
				return containsIP(p, a)
			}), cidrKind.celType, cel.StringType),
		},
		"containsCIDR": {
			method("cidr_contains_cidr", cel.BoolType, binary(containsCIDR), cidrKind.celType, cidrKind.celType),
			method("cidr_contains_cidr_string", cel.BoolType, binary(func(p netip.Prefix, s string) ref.Val {
				other, err := parseCIDR(s)
				if err != nil {
					return types.NewErr("network address parse error during conversion from string: %v", err)
				}
				return containsCIDR(p, other)
			}), cidrKind.celType, cel.StringType),
		},
	}
}

func ipIs(id string, test func(netip.Addr) bool) cel.FunctionOpt {
	return method(id, cel.BoolType, unary(func(a netip.Addr) ref.Val { return types.Bool(test(a)) }), ipKind.celType)
}

// parseIP takes what names one address in one way only.
func parseIP(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Addr{}, fmt.Errorf("IP Address %q parse error during conversion from string: %v", s, err)
	case a.Zone() != "":
		return netip.Addr{}, fmt.Errorf("IP address %q with zone value is not allowed", s)
	case a.Is4In6():
		return netip.Addr{}, fmt.Errorf("IPv4-mapped IPv6 address %q is not allowed", s)
	}
	return a, nil
}

func parseCIDR(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("network address parse error during conversion from string: %v", err)
	case p.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("IPv4-mapped IPv6 address %q is not allowed", s)
	}
	return p, nil
}

func toIP(s string) ref.Val {
	a, err := parseIP(s)
	if err != nil {
		return types.WrapErr(err)
	}
	return ipKind.of(a)
}

func isIP(s string) ref.Val {
	_, err := parseIP(s)
	return types.Bool(err == nil)
}

func isCanonicalIP(s string) ref.Val {
	a, err := parseIP(s)
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(a.String() == s)
}

func ipFamily(a netip.Addr) ref.Val {
	if a.Is4() {
		return types.Int(4)
	}
	return types.Int(6)
}

func toCIDR(s string) ref.Val {
	p, err := parseCIDR(s)
	if err != nil {
		return types.NewErr("network address parse error during conversion from string: %v", err)
	}
	return cidrKind.of(p)
}

func isCIDR(s string) ref.Val {
	_, err := parseCIDR(s)
	return types.Bool(err == nil)
}

func containsIP(p netip.Prefix, a netip.Addr) ref.Val { return types.Bool(p.Contains(a)) }

func containsCIDR(p, other netip.Prefix) ref.Val {
	return types.Bool(p.Overlaps(other) && p.Bits() <= other.Bits())
}
