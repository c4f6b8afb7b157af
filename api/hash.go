package api

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strconv"
)

// PodTemplateHash names a version of a pod template: it is part of the names of ReplicaSets and of the labels of their
// pods. Equal templates have equal hashes, in every version of this program: the hash is over the JSON form, where
// fields that a newer version adds are absent until somebody sets them. (Kubernetes hashes its Go structs, so its
// hashes are others.)
//
// Two templates may meet in one hash. Then collisions, which counts how often that has happened to this Deployment,
// makes another.
func PodTemplateHash(t *PodTemplateSpec, collisions *int32) string {
	data, err := MarshalJSON(t)
	if err != nil {
		panic(fmt.Sprintf("api: a pod template cannot be encoded: %v", err)) // no field of it can fail to
	}
	h := fnv.New32a()
	h.Write(data) // a hash's Write never fails
	if collisions != nil {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(*collisions)))
	}
	return SafeEncodeString(strconv.FormatUint(uint64(h.Sum32()), 10))
}

// SafeEncodeString turns text into letters and digits that cannot spell anything rude: no vowels, and none of 0, 1, 3.
func SafeEncodeString(s string) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	out := make([]byte, len(s))
	for i := range len(s) {
		out[i] = alphabet[int(s[i])%len(alphabet)]
	}
	return string(out)
}
