package apiserver

import (
	"crypto/rand"

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
