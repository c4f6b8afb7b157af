package nft

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Registers are where the statements of a rule leave what they found for each other. Register 1 is sixteen bytes wide and
// the same as registers 8 to 11, which are four bytes each: the fields of one key lie side by side.
const (
	verdictRegister = 0
	register        = 1
	firstPart       = 8
)

// encoder turns rules into the kernel's expressions. Anonymous maps that they need go into the batch before them.
type encoder struct {
	batch *nftables.Conn
	table *nftables.Table
}

func (e encoder) rule(r Rule) (all []expr.Any, err error) {
	for _, statement := range r {
		exprs, err := e.statement(statement)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r, err)
		}
		all = append(all, exprs...)
	}
	return all, nil
}

func (e encoder) statement(s Statement) ([]expr.Any, error) {
	switch s := s.(type) {
	case FromInterface:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: register}, equal(interfaceName(string(s)))}, nil
	case IsIPv4:
		return []expr.Any{&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: register}, equal(binaryutil.BigEndian.PutUint16(unix.ETH_P_IP))}, nil
	case Is:
		return append(load([]Field{s.Field}), inRange(s.Range)...), nil
	case In:
		return append(load(s.Fields), &expr.Lookup{SourceRegister: register, SetName: s.Set}), nil
	case Lookup:
		return append(load(s.Fields), &expr.Lookup{SourceRegister: register, SetName: s.Map, DestRegister: verdictRegister, IsDestRegSet: true}), nil
	case IsReply:
		return anyBit(expr.CtKeySTATE, expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED), nil
	case WasRedirected:
		return anyBit(expr.CtKeySTATUS, 1<<5), nil // IPS_DST_NAT
	case Verdict:
		return []expr.Any{s.expr()}, nil
	case Redirect:
		return e.redirect(s.Transport, s.To)
	case Spread:
		return e.spread(s.Chains)
	case Remember:
		return append(load([]Field{SourceAddress}), &expr.Dynset{SrcRegKey: register, SetName: s.Set, Operation: unix.NFT_DYNSET_OP_UPDATE, Timeout: s.Timeout}), nil
	case Masquerade:
		return []expr.Any{&expr.Masq{}}, nil
	case Reset:
		return append(load([]Field{Transport}), equal([]byte{TCP}), &expr.Reject{Type: unix.NFT_REJECT_TCP_RST}), nil
	case Reject:
		return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: 3}}, nil // port unreachable
	}
	return nil, fmt.Errorf("statement %T is not known", s)
}

// load puts fields side by side into the register.
func load(fields []Field) []expr.Any {
	exprs := make([]expr.Any, len(fields))
	for i, field := range fields {
		to := uint32(firstPart + i)
		if i == 0 {
			to = register
		}
		switch field {
		case SourceAddress:
			exprs[i] = &expr.Payload{DestRegister: to, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 4}
		case DestinationAddress:
			exprs[i] = &expr.Payload{DestRegister: to, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4}
		case Transport:
			exprs[i] = &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: to}
		case DestinationPort:
			exprs[i] = &expr.Payload{DestRegister: to, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}
		}
	}
	return exprs
}

func equal(data []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data}
}

// interfaceName is a name as the kernel compares it: with the zero bytes that end it, so that no longer one matches.
func interfaceName(name string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, name)
	return b
}

func inRange(r netip.Prefix) []expr.Any {
	mask := make([]byte, 4)
	binary.BigEndian.PutUint32(mask, ^uint32(0)<<(32-r.Bits()))
	address := r.Masked().Addr().As4()
	return []expr.Any{
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 4, Mask: mask, Xor: make([]byte, 4)},
		equal(address[:]),
	}
}

// anyBit matches if a number that connection tracking keeps has any of the bits.
func anyBit(key expr.CtKey, bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: key, Register: register},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: make([]byte, 4)},
	}
}

func (v Verdict) expr() *expr.Verdict {
	kinds := map[string]expr.VerdictKind{
		"accept": expr.VerdictAccept, "drop": expr.VerdictDrop, "return": expr.VerdictReturn, "goto": expr.VerdictGoto, "jump": expr.VerdictJump,
	}
	return &expr.Verdict{Kind: kinds[v.Kind], Chain: v.Chain}
}

// redirect looks a random number up in a map of targets, which comes with the rule. A single target needs no map.
func (e encoder) redirect(transport byte, to []netip.AddrPort) ([]expr.Any, error) {
	isTransport := append(load([]Field{Transport}), equal([]byte{transport}))
	nat := &expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: register, RegProtoMin: firstPart + 1, Specified: true}
	if len(to) == 1 {
		return append(isTransport,
			&expr.Immediate{Register: register, Data: []byte(Address(to[0].Addr()))},
			&expr.Immediate{Register: firstPart + 1, Data: []byte(Port(to[0].Port()))}, nat), nil
	}
	targets := &nftables.Set{
		Table: e.table, Anonymous: true, Constant: true, IsMap: true,
		KeyType: nftables.TypeInteger, DataType: nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService),
	}
	elements := make([]nftables.SetElement, len(to))
	for i, target := range to {
		elements[i] = nftables.SetElement{Key: binaryutil.NativeEndian.PutUint32(uint32(i)), Val: []byte(Join(Address(target.Addr()), Port(target.Port())))}
	}
	if err := e.batch.AddSet(targets, elements); err != nil {
		return nil, err
	}
	return append(isTransport,
		random(len(to)),
		&expr.Lookup{SourceRegister: register, DestRegister: register, IsDestRegSet: true, SetName: targets.Name, SetID: targets.ID}, nat), nil
}

func (e encoder) spread(chains []string) ([]expr.Any, error) {
	choices := &nftables.Set{
		Table: e.table, Anonymous: true, Constant: true, IsMap: true, KeyType: nftables.TypeInteger, DataType: nftables.TypeVerdict,
	}
	elements := make([]nftables.SetElement, len(chains))
	for i, chain := range chains {
		elements[i] = nftables.SetElement{Key: binaryutil.NativeEndian.PutUint32(uint32(i)), VerdictData: Goto(chain).expr()}
	}
	if err := e.batch.AddSet(choices, elements); err != nil {
		return nil, err
	}
	return []expr.Any{
		random(len(chains)),
		&expr.Lookup{SourceRegister: register, DestRegister: verdictRegister, IsDestRegSet: true, SetName: choices.Name, SetID: choices.ID},
	}, nil
}

func random(below int) expr.Any {
	return &expr.Numgen{Register: register, Modulus: uint32(below), Type: unix.NFT_NG_RANDOM}
}

// set is a set's declaration in the library's words.
func (e encoder) set(name string, s Set) *nftables.Set {
	types := make([]nftables.SetDatatype, len(s.Key))
	for i, field := range s.Key {
		types[i] = map[string]nftables.SetDatatype{
			"ipv4_addr": nftables.TypeIPAddr, "inet_proto": nftables.TypeInetProto, "inet_service": nftables.TypeInetService,
		}[field.typeName()]
	}
	set := &nftables.Set{
		Table: e.table, Name: name, KeyType: types[0], Interval: s.Interval, Dynamic: s.Dynamic, HasTimeout: s.Dynamic,
		KeyByteOrder: binaryutil.BigEndian,
	}
	if len(types) > 1 {
		set.KeyType, set.Concatenation = nftables.MustConcatSetType(types...), true
	}
	if s.Verdicts {
		set.IsMap, set.DataType = true, nftables.TypeVerdict
	}
	return set
}

// encoded are a set's elements in the library's words, in order: the kernel refuses a range whose end comes before its
// beginning.
func (s Set) encoded(elements map[element]Verdict) []nftables.SetElement {
	var all []nftables.SetElement
	for _, e := range slices.SortedFunc(maps.Keys(elements), func(a, b element) int { return cmp.Compare(a.key, b.key) }) {
		does, encoded := elements[e], nftables.SetElement{Key: s.keyBytes(e.key)}
		switch {
		case does.Kind != "":
			encoded.VerdictData = does.expr()
		case s.Interval && len(s.Key) > 1:
			encoded.KeyEnd = s.keyBytes(e.end)
		}
		all = append(all, encoded)
		if s.Interval && len(s.Key) == 1 {
			// A plain range is two elements: where it begins, and what follows its end.
			if last := binary.BigEndian.Uint32([]byte(e.end)); last != ^uint32(0) {
				all = append(all, nftables.SetElement{Key: binaryutil.BigEndian.PutUint32(last + 1), IntervalEnd: true})
			}
		}
	}
	return all
}

// keyBytes is a value as an element's key: a key of one field alone is not filled up.
func (s Set) keyBytes(v Value) []byte {
	if len(s.Key) > 1 {
		return []byte(v)
	}
	switch s.Key[0] {
	case Transport:
		return []byte(v[:1])
	case DestinationPort:
		return []byte(v[:2])
	}
	return []byte(v)
}
