package nft

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Family says which packets a table sees.
type Family string

const (
	IP     Family = "ip"     // IPv4 packets that this machine routes, sends or receives
	Bridge Family = "bridge" // frames that pass from one port of a bridge to another
)

// Fragment is a part of a table that is written and replaced as a whole. The zero value is empty.
type Fragment struct {
	Chains map[string]Chain
	Sets   map[string]Set
}

// AddChain adds a chain that others jump to.
func (f *Fragment) AddChain(name string, rules ...Rule) {
	f.AddBase(name, nil, rules...)
}

// AddBase adds a chain that packets come to at a hook.
func (f *Fragment) AddBase(name string, hook *Hook, rules ...Rule) {
	if f.Chains == nil {
		f.Chains = map[string]Chain{}
	}
	f.Chains[name] = Chain{Hook: hook, Rules: rules}
}

// AddSet declares a set or map, which other fragments may add elements to.
func (f *Fragment) AddSet(name string, set Set) {
	if f.Sets == nil {
		f.Sets = map[string]Set{}
	}
	set.declared, set.elements = true, f.Sets[name].elements
	f.Sets[name] = set
}

// AddElement adds an element to a set or map that this fragment or another one declares, with the same fields. In a map it
// does something.
func (f *Fragment) AddElement(set string, fields []Field, key Value, does Verdict) {
	f.addElement(set, fields, element{key: key}, does)
}

// AddRange adds all values from one to another to a set with intervals.
func (f *Fragment) AddRange(set string, fields []Field, from, to Value) {
	f.addElement(set, fields, element{key: from, end: to}, Verdict{})
}

func (f *Fragment) addElement(set string, fields []Field, e element, does Verdict) {
	if f.Sets == nil {
		f.Sets = map[string]Set{}
	}
	s := f.Sets[set]
	s.Key, s.Verdicts = fields, does.Kind != ""
	if s.elements == nil {
		s.elements = map[element]Verdict{}
	}
	s.elements[e] = does
	f.Sets[set] = s
}

// Chain is a list of rules. Each packet goes through them from the top until one says what becomes of it.
type Chain struct {
	Hook  *Hook // nil: others jump here
	Rules []Rule
}

// Hook is a place in the kernel that packets pass.
type Hook struct {
	Type     string // filter or nat
	Name     string // prerouting, input, forward, output or postrouting
	Priority int    // chains at the same hook run in this order; customary places are -100 (dstnat), 0 (filter), 100 (srcnat)
}

// Rule is a list of statements. A packet that one of them does not match goes on to the next rule.
type Rule []Statement

// Set is a set of values, or with Verdicts a map from values to what becomes of the packet. A lookup costs the same however
// many elements there are.
type Set struct {
	Key      []Field // what the elements are compared with
	Verdicts bool
	Interval bool // elements are ranges
	Dynamic  bool // elements are added by rules and vanish some time after they were last used

	declared bool
	elements map[element]Verdict
}

// element is a value in a set; with an end, all values up to that one.
type element struct{ key, end Value }

// Field is a part of a packet.
type Field string

const (
	SourceAddress      Field = "ip saddr"
	DestinationAddress Field = "ip daddr"
	Transport          Field = "meta l4proto"
	DestinationPort    Field = "th dport"
)

// Value is the content of one or several fields as the kernel's registers hold it: each filled up to four bytes.
type Value string

// Address is the value of an address field. It must be an IPv4 address.
func Address(a netip.Addr) Value {
	b := a.As4()
	return Value(b[:])
}

// Port is the value of a port field.
func Port(n uint16) Value {
	b := make([]byte, 4)
	binary.BigEndian.PutUint16(b, n)
	return Value(b)
}

// Numbers of transports, as IP headers have them.
const (
	TCP  = 6
	UDP  = 17
	SCTP = 132
)

// TransportNumber is the value of the field Transport.
func TransportNumber(n byte) Value { return Value([]byte{n, 0, 0, 0}) }

// Join is the value of several fields.
func Join(values ...Value) Value {
	var all Value
	for _, v := range values {
		all += v
	}
	return all
}

// Verdict says what becomes of a packet: Kind is accept, drop, return, goto or jump, the latter two with a chain.
type Verdict struct{ Kind, Chain string }

// Goto leads packets to a chain, from where they do not come back.
func Goto(chain string) Verdict { return Verdict{"goto", chain} }

// Jump leads packets to a chain and on with the next rule if that chain does not decide.
func Jump(chain string) Verdict { return Verdict{"jump", chain} }

// Accept and Drop end a packet's way through this hook's chain.
var (
	Accept = Verdict{Kind: "accept"}
	Drop   = Verdict{Kind: "drop"}
)

func (v Verdict) String() string {
	if v.Chain == "" {
		return v.Kind
	}
	return v.Kind + " " + v.Chain
}

// text shows a value whose fields are known.
func (v Value) text(fields []Field) string {
	text := ""
	for i, field := range fields {
		if i > 0 {
			text += " . "
		}
		b := []byte(v[4*i : 4*i+4])
		switch field {
		case SourceAddress, DestinationAddress:
			text += netip.AddrFrom4([4]byte(b)).String()
		case Transport:
			text += transportName(b[0])
		default:
			text += fmt.Sprint(binary.BigEndian.Uint16(b))
		}
	}
	return text
}

func transportName(n byte) string {
	switch n {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case SCTP:
		return "sctp"
	}
	return fmt.Sprint(n)
}
