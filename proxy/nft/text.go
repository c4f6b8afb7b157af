package nft

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Text is a table in nft's syntax: what `nft -f` reads and, but for the order, `nft list table` prints.
func Text(family Family, table string, fragments ...Fragment) string {
	chains, sets := map[string]Chain{}, map[string]Set{}
	for _, f := range fragments {
		maps.Copy(chains, f.Chains)
		for name, set := range f.Sets {
			all := sets[name]
			if set.declared || !all.declared {
				elements := all.elements
				all = set
				all.elements = elements
			}
			merged := maps.Clone(all.elements)
			if merged == nil {
				merged = map[element]Verdict{}
			}
			maps.Copy(merged, set.elements)
			all.elements = merged
			sets[name] = all
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table %s %s {\n", family, table)
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		writeSet(&b, name, sets[name])
	}
	for _, name := range slices.Sorted(maps.Keys(chains)) {
		writeChain(&b, name, chains[name])
	}
	b.WriteString("}\n")
	return b.String()
}

func writeSet(b *strings.Builder, name string, set Set) {
	word := "set"
	types := make([]string, len(set.Key))
	for i, field := range set.Key {
		types[i] = field.typeName()
	}
	declaration := strings.Join(types, " . ")
	if set.Verdicts {
		word, declaration = "map", declaration+" : verdict"
	}
	fmt.Fprintf(b, "\t%s %s {\n\t\ttype %s\n", word, name, declaration)
	switch {
	case set.Interval:
		b.WriteString("\t\tflags interval\n")
	case set.Dynamic:
		b.WriteString("\t\tflags dynamic,timeout\n")
	}
	lines := make([]string, 0, len(set.elements))
	for e, does := range set.elements {
		lines = append(lines, e.text(set.Key, does))
	}
	slices.Sort(lines)
	if len(lines) > 0 {
		fmt.Fprintf(b, "\t\telements = {\n\t\t\t%s\n\t\t}\n", strings.Join(lines, ",\n\t\t\t"))
	}
	b.WriteString("\t}\n")
}

func (e element) text(fields []Field, does Verdict) string {
	text := e.key.text(fields)
	if e.end != "" && e.end != e.key {
		text = ""
		for i := range fields {
			from, to := e.key[4*i:4*i+4].text(fields[i:i+1]), e.end[4*i:4*i+4].text(fields[i:i+1])
			if i > 0 {
				text += " . "
			}
			if text += from; to != from {
				text += "-" + to
			}
		}
	}
	if does.Kind != "" {
		text += " : " + does.String()
	}
	return text
}

func writeChain(b *strings.Builder, name string, chain Chain) {
	fmt.Fprintf(b, "\tchain %s {\n", name)
	if h := chain.Hook; h != nil {
		fmt.Fprintf(b, "\t\ttype %s hook %s priority %d; policy accept;\n", h.Type, h.Name, h.Priority)
	}
	for _, rule := range chain.Rules {
		fmt.Fprintf(b, "\t\t%s\n", rule)
	}
	b.WriteString("\t}\n")
}

func (r Rule) String() string {
	words := make([]string, len(r))
	for i, statement := range r {
		words[i] = statement.String()
	}
	return strings.Join(words, " ")
}

func (f Field) typeName() string {
	switch f {
	case SourceAddress, DestinationAddress:
		return "ipv4_addr"
	case Transport:
		return "inet_proto"
	}
	return "inet_service"
}
