package api

import (
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"strings"
)

// nameAlphabet is what generated parts of names consist of: no vowels, so that no words come out, and no characters that
// are easily mistaken for others.
const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789"

// PodTemplateHash is the hash of a template that names its ReplicaSet and labels its pods. Equal templates have equal
// hashes; collisions, a count of names that turned out to be taken, makes another one for the same template.
//
// The value differs from upstream's, which hashes a dump of Go structs; nothing depends on it but equality.
func PodTemplateHash(template *PodTemplateSpec, collisions *int32) string {
	h := fnv.New32a()
	b, err := MarshalJSON(template)
	if err != nil {
		panic(err) // a template that was decoded can be encoded
	}
	h.Write(b)
	if collisions != nil {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(*collisions)))
	}
	return safeEncode(strconv.FormatUint(uint64(h.Sum32()), 10))
}

// safeEncode replaces every character by one of nameAlphabet.
func safeEncode(s string) string {
	return strings.Map(func(r rune) rune { return rune(nameAlphabet[int(r)%len(nameAlphabet)]) }, s)
}
