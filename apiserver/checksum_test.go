package apiserver

import (
	"bytes"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChecksumsOfPartsMakeThatOfTheWhole(t *testing.T) {
	of := func(b []byte) checksum { return newChecksum(crc32.ChecksumIEEE(b), len(b)) }
	parts := [][]byte{[]byte("{"), nil, []byte(`"items":[`), bytes.Repeat([]byte("x"), 70_000), []byte{0, 0, 0}, bytes.Repeat([]byte("pod,"), 12_345)}
	whole, sum := []byte(nil), of(nil)
	for _, part := range parts {
		whole, sum = append(whole, part...), sum.then(of(part))
		assert.Equal(t, of(whole), sum, "after %d bytes", len(whole))
	}
}
