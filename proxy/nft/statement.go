package nft

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Statement is one step of a rule: a condition or an action. String is what nft calls it.
type Statement interface{ String() string }

// FromInterface matches packets that came in by an interface.
type FromInterface string

func (s FromInterface) String() string { return fmt.Sprintf("iifname %q", string(s)) }

// IsIPv4 matches frames that carry IPv4, in tables of the bridge family.
type IsIPv4 struct{}

func (IsIPv4) String() string { return "ether type ip" }

// Is matches an address field that is in a range.
type Is struct {
	Field Field
	Range netip.Prefix
}

func (s Is) String() string {
	if s.Range.IsSingleIP() {
		return fmt.Sprintf("%s %s", s.Field, s.Range.Addr())
	}
	return fmt.Sprintf("%s %s", s.Field, s.Range)
}

// In matches fields whose values are in a set.
type In struct {
	Fields []Field
	Set    string
}

func (s In) String() string { return joinFields(s.Fields) + " @" + s.Set }

// Lookup does what a map says of the values of fields. Packets that it says nothing of go on.
type Lookup struct {
	Fields []Field
	Map    string
}

func (s Lookup) String() string { return joinFields(s.Fields) + " vmap @" + s.Map }

func joinFields(fields []Field) string {
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = string(f)
	}
	return strings.Join(words, " . ")
}

// IsReply matches packets of a connection that was let through before, and errors that concern one.
type IsReply struct{}

func (IsReply) String() string { return "ct state established,related" }

// WasRedirected matches packets whose destination address was replaced.
type WasRedirected struct{}

func (WasRedirected) String() string { return "ct status dnat" }

// Redirect replaces the destination of a new connection by one of several, picked at random. What belongs to the
// connection, in both directions, follows by itself. ToOneOf makes rules of it.
type Redirect struct {
	Transport byte
	To        []netip.AddrPort
}

func (s Redirect) String() string {
	if len(s.To) == 1 {
		return fmt.Sprintf("meta l4proto %s dnat to %s", transportName(s.Transport), s.To[0])
	}
	choices := make([]string, len(s.To))
	for i, to := range s.To {
		choices[i] = fmt.Sprintf("%d : %s . %d", i, to.Addr(), to.Port())
	}
	return fmt.Sprintf("meta l4proto %s dnat to numgen random mod %d map { %s }", transportName(s.Transport), len(s.To), strings.Join(choices, ", "))
}

// ToOneOf are the rules that send a new connection for which the statements before hold to one of several targets.
//
// The second rule is for a packet that is in the first one while that is replaced. The kernel lets it go on through the old rules, but
// the map of the old rule has nothing in it from that moment on, and a packet that finds nothing goes to the next rule. If there were
// none, it would be refused, although all the targets are there.
func ToOneOf(transport byte, to []netip.AddrPort, before ...Statement) []Rule {
	redirect := func(to []netip.AddrPort) Rule {
		return append(slices.Clone(before), Redirect{Transport: transport, To: to})
	}
	if len(to) == 1 {
		return []Rule{redirect(to)}
	}
	return []Rule{redirect(to), redirect(to[:1])}
}

// GotoOneOf are the rules that do the same with chains.
func GotoOneOf(chains []string) []Rule {
	if len(chains) == 1 {
		return []Rule{{Goto(chains[0])}}
	}
	return []Rule{{Spread{Chains: chains}}, {Goto(chains[0])}}
}

// Spread goes to one of several chains, picked at random. GotoOneOf makes rules of it.
type Spread struct{ Chains []string }

func (s Spread) String() string {
	choices := make([]string, len(s.Chains))
	for i, chain := range s.Chains {
		choices[i] = fmt.Sprintf("%d : goto %s", i, chain)
	}
	return fmt.Sprintf("numgen random mod %d vmap { %s }", len(s.Chains), strings.Join(choices, ", "))
}

// Remember adds the packet's source address to a set, or makes it stay there longer.
type Remember struct {
	Set     string
	Timeout time.Duration
}

func (s Remember) String() string {
	return fmt.Sprintf("update @%s { ip saddr timeout %ds }", s.Set, int(s.Timeout.Seconds()))
}

// Masquerade replaces the source address by that of the interface where the packet leaves.
type Masquerade struct{}

func (Masquerade) String() string { return "masquerade" }

// Reject answers that nobody listens. The kernel sends few such answers a second to one host.
type Reject struct{}

func (Reject) String() string { return "reject" }

// Reset answers TCP that nobody listens, however often it asks.
type Reset struct{}

func (Reset) String() string { return "meta l4proto tcp reject with tcp reset" }
