package apiserver

import "hash/crc32"

// checksum is the CRC-32 of some bytes, and how many they are: what a gzip stream ends with. Those of two parts make that
// of the whole, without their bytes:
//
//	crc(a then b) = crc(a) · x^(8·len b)  +  crc(b)        polynomials over {0, 1}, modulo that of IEEE 802.3
//
// A kept block therefore costs a list one multiplication, not a walk over its bytes. zlib has the same as crc32_combine.
type checksum struct {
	crc, size uint32 // gzip counts bytes modulo 2^32
	shift     uint32 // x^(8·size)
}

// newChecksum knows the CRC of size bytes.
func newChecksum(crc uint32, size int) checksum {
	shift, square := polynomialOne, polynomialX8
	for n := size; n > 0; n >>= 1 { // the power by its binary digits
		if n&1 == 1 {
			shift = multiply(shift, square)
		}
		square = multiply(square, square)
	}
	return checksum{crc: crc, size: uint32(size), shift: shift}
}

// then is the checksum of two parts, one behind the other.
func (a checksum) then(b checksum) checksum {
	return checksum{crc: multiply(a.crc, b.shift) ^ b.crc, size: a.size + b.size, shift: multiply(a.shift, b.shift)}
}

// Polynomials of a degree below 32. CRC-32 turns bits around: the highest bit is the coefficient of x^0.
const (
	polynomialOne uint32 = 1 << 31
	polynomialX8  uint32 = 1 << 23
)

// multiply multiplies two polynomials, modulo the one of the CRC.
func multiply(a, b uint32) uint32 {
	product := uint32(0)
	for ; a != 0; a <<= 1 { // coefficients of a, from x^0 on
		if a>>31 == 1 {
			product ^= b
		}
		b = b>>1 ^ crc32.IEEE&-(b&1) // b times x
	}
	return product
}
