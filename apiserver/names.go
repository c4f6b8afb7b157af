package apiserver

import (
	"crypto/rand"
	"fmt"

	"kubelite/api"
)

// A generated name is the prefix and five random characters, of an alphabet that spells no words.
const (
	nameSuffixLength = 5
	maxNameLength    = 63
	// maxNameAttempts is how often a taken name is generated anew: with a million names of one prefix, one create
	// in a thousand would fail.
	maxNameAttempts = 7
)

func generateName(prefix string) string {
	if len(prefix) > maxNameLength-nameSuffixLength {
		prefix = prefix[:maxNameLength-nameSuffixLength]
	}
	random := make([]byte, nameSuffixLength)
	rand.Read(random) // never fails, says crypto/rand
	return prefix + api.SafeEncodeString(string(random))
}

// newUID makes a random UUID (version 4).
func newUID() api.UID {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return api.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}
