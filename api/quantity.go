package api

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Quantity is an exact amount such as "100m", "1Gi" or "0.5": value × 10^scale, never a floating-point number.
// It remembers in which family of suffixes it was written and prints itself in canonical form: no fraction, the
// largest suffix that loses nothing ("0.5" is "500m", "1024Mi" is "1Gi", "1000m" is "1").
//
// A Quantity never changes: Add and Sub return a new one, so copies may share it freely.
type Quantity struct {
	value  int64    // the digits, when big is nil
	big    *big.Int // the digits when an int64 cannot hold them; never modified
	scale  int32    // the power of ten
	format QuantityFormat
	text   string // the canonical form, if somebody has already worked it out
}

// QuantityFormat is the family of suffixes that a Quantity is written with.
type QuantityFormat uint8

// The families of suffixes.
const (
	DecimalSI       QuantityFormat = iota // powers of ten by letter: 500m, 2k, 12M
	BinarySI                              // powers of 1024: 12Mi
	DecimalExponent                       // powers of ten by number: 12e6
)

// nano is the smallest scale that is kept; anything finer is rounded up, so that a request for some of a resource
// never becomes a request for none.
const nano = -9

var (
	errQuantityFormat  = errors.New("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
	errQuantityNumeric = errors.New("unable to parse numeric part of quantity")
	errQuantitySuffix  = errors.New("unable to parse quantity's suffix")

	bigTen = big.NewInt(10)
)

var decimalExponents = map[string]int32{"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}

var decimalSuffixes = [...]string{"n", "u", "m", "", "k", "M", "G", "T", "P", "E"} // from 10^-9 in steps of 10^3

var binarySuffixes = [...]string{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"} // from 2^0 in steps of 2^10

// ParseQuantity reads a number with an optional sign, fraction and suffix.
func ParseQuantity(s string) (Quantity, error) {
	if s == "" {
		return Quantity{}, errQuantityFormat
	}
	negative, digits, fraction, suffix, err := splitQuantity(s)
	if err != nil {
		return Quantity{}, err
	}
	q := Quantity{scale: int32(-len(fraction))}
	var shift uint // of a binary suffix
	if q.format, q.scale, shift, err = applySuffix(suffix, q.scale); err != nil {
		return Quantity{}, err
	}
	unscaled := digits + fraction
	// 18 digits fit an int64 in any case; a binary suffix makes the number larger, so it goes the long way unless small.
	if v, err := strconv.ParseInt(unscaled, 10, 64); err == nil && v <= math.MaxInt64>>shift {
		q.value = v << shift
	} else {
		b, ok := new(big.Int).SetString(unscaled, 10)
		if !ok {
			return Quantity{}, errQuantityNumeric
		}
		q.setBig(b.Lsh(b, shift))
	}
	if keepsText(q.format, unscaled, len(fraction), q.scale, shift) {
		q.text = s
	}
	text := q.text
	q = q.limit()
	if negative {
		q = q.negated()
	}
	if q.text = text; text == "" {
		q.text = q.canonical()
	}
	return q, nil
}

// keepsText tells whether Kubernetes takes a text for canonical without a closer look, and so shows it as written.
// It is a little generous: "1.500" and "+1" stay what they are, where "0.500" becomes "500m".
func keepsText(format QuantityFormat, unscaled string, fraction int, scale int32, shift uint) bool {
	if format == BinarySI {
		last := unscaled[max(0, len(unscaled)-3):]
		n, _ := strconv.Atoi(last) // 1000 is a multiple of 8, so three digits tell
		return fraction == 0 && n%8 != 0 && len(unscaled) <= 14-int(shift*3/10)
	}
	return len(unscaled) <= 18 && scale >= nano && scale%3 == 0 && unscaled[0] != '0' && !strings.HasSuffix(unscaled, "000")
}

// splitQuantity cuts a quantity into its parts and checks the alphabet of each.
func splitQuantity(s string) (negative bool, digits, fraction, suffix string, err error) {
	rest := s
	if rest[0] == '-' || rest[0] == '+' {
		negative = rest[0] == '-'
		rest = rest[1:]
	}
	digits, rest = cutDigits(rest)
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		digits = "0"
	}
	if strings.HasPrefix(rest, ".") {
		fraction, rest = cutDigits(rest[1:])
	}
	suffix = rest
	letters := strings.TrimLeft(suffix, "eEinumkKMGTP")
	if letters != "" && (letters[0] == '-' || letters[0] == '+') {
		letters = letters[1:]
	}
	if _, junk := cutDigits(letters); junk != "" {
		return false, "", "", "", errQuantityFormat
	}
	return negative, digits, fraction, suffix, nil
}

func cutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// applySuffix says what a suffix does to a number: it moves the decimal scale or shifts the binary digits.
func applySuffix(suffix string, scale int32) (format QuantityFormat, newScale int32, shift uint, err error) {
	if exponent, ok := decimalExponents[suffix]; ok {
		return DecimalSI, scale + exponent, 0, nil
	}
	for i, b := range binarySuffixes {
		if i > 0 && b == suffix {
			return BinarySI, scale, uint(10 * i), nil
		}
	}
	if len(suffix) > 1 && (suffix[0] == 'e' || suffix[0] == 'E') {
		// 16 bits: a scale beyond that names no amount of anything, and would cost gigabytes to compute with.
		exponent, err := strconv.ParseInt(suffix[1:], 10, 16)
		if err != nil {
			return 0, 0, 0, errQuantitySuffix
		}
		return DecimalExponent, scale + int32(exponent), 0, nil
	}
	return 0, 0, 0, errQuantitySuffix
}

// limit brings a parsed, non-negative amount into the range that is kept: no finer than 10^-9, binary ones no larger
// than an int64, and binary ones below one written decimally, where they have a suffix.
func (q Quantity) limit() Quantity {
	if q.scale < nano {
		q = q.rounded(nano)
	}
	if q.format != BinarySI || q.IsZero() {
		return q
	}
	if q.Cmp(Quantity{value: math.MaxInt64}) > 0 {
		return Quantity{value: math.MaxInt64, format: BinarySI}
	}
	if q.Cmp(Quantity{value: 1}) < 0 {
		q.format = DecimalSI
	}
	return q
}

// MustParse is ParseQuantity for constants; it panics on a mistake.
func MustParse(s string) Quantity {
	q, err := ParseQuantity(s)
	if err != nil {
		panic(fmt.Sprintf("cannot parse '%v': %v", s, err))
	}
	return q
}

// NewQuantity makes a whole number of something.
func NewQuantity(v int64, format QuantityFormat) Quantity { return Quantity{value: v, format: format} }

// NewMilliQuantity makes v thousandths of something.
func NewMilliQuantity(v int64, format QuantityFormat) Quantity {
	return Quantity{value: v, scale: -3, format: format}
}

// Value is the amount as a whole number, rounded away from zero, and the nearest int64 where none is large enough.
func (q Quantity) Value() int64 { return q.scaledTo(0) }

// MilliValue is the amount in thousandths, rounded like Value.
func (q Quantity) MilliValue() int64 { return q.scaledTo(-3) }

func (q Quantity) scaledTo(scale int32) int64 {
	if q.big == nil && q.scale == scale {
		return q.value
	}
	r := q.rounded(scale)
	if r.big == nil {
		if v, ok := timesPowerOfTen(r.value, r.scale-scale); ok {
			return v
		}
	}
	if r.Sign() < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// AsFloat64 is the amount as the nearest float, for utilisation ratios and metrics.
func (q Quantity) AsFloat64() float64 {
	f := float64(q.value)
	if q.big != nil {
		f, _ = new(big.Float).SetInt(q.big).Float64()
	}
	return f * math.Pow10(int(q.scale))
}

// Format is the family of suffixes that the amount is written with.
func (q Quantity) Format() QuantityFormat { return q.format }

// IsZero tells whether the amount is nothing.
func (q Quantity) IsZero() bool { return q.Sign() == 0 }

// Sign is -1, 0 or 1.
func (q Quantity) Sign() int {
	if q.big != nil {
		return q.big.Sign()
	}
	switch {
	case q.value < 0:
		return -1
	case q.value > 0:
		return 1
	}
	return 0
}

// Cmp is -1 when q is less than o, 0 when both are the same amount, 1 when q is more.
func (q Quantity) Cmp(o Quantity) int {
	if q.big == nil && o.big == nil && q.scale == o.scale {
		switch {
		case q.value < o.value:
			return -1
		case q.value > o.value:
			return 1
		}
		return 0
	}
	if qs, os := q.Sign(), o.Sign(); qs != os || qs == 0 {
		switch {
		case qs < os:
			return -1
		case qs > os:
			return 1
		}
		return 0
	}
	a, b, _ := align(q, o)
	return a.Cmp(b)
}

// Add returns the sum, in q's format unless q is zero.
func (q Quantity) Add(o Quantity) Quantity {
	format := q.format
	if q.IsZero() {
		format = o.format
	}
	if q.big == nil && o.big == nil && q.scale == o.scale {
		if sum := q.value + o.value; (sum > q.value) == (o.value > 0) {
			return Quantity{value: sum, scale: q.scale, format: format}
		}
	}
	a, b, scale := align(q, o)
	sum := Quantity{scale: scale, format: format}
	sum.setBig(a.Add(a, b))
	return sum
}

// Sub returns the difference, in q's format unless q is zero.
func (q Quantity) Sub(o Quantity) Quantity { return q.Add(o.negated()) }

func (q Quantity) negated() Quantity {
	q.text = ""
	if q.big == nil && q.value != math.MinInt64 {
		q.value = -q.value
		return q
	}
	q.setBig(new(big.Int).Neg(q.unscaled()))
	return q
}

// unscaled returns the digits as a new big.Int.
func (q Quantity) unscaled() *big.Int {
	if q.big != nil {
		return new(big.Int).Set(q.big)
	}
	return big.NewInt(q.value)
}

// setBig stores digits in the smallest form that holds them. It takes b over.
func (q *Quantity) setBig(b *big.Int) {
	if b.IsInt64() {
		q.value, q.big = b.Int64(), nil
	} else {
		q.value, q.big = 0, b
	}
}

// align writes two amounts with the same scale, the smaller of the two, and returns their digits.
func align(a, b Quantity) (x, y *big.Int, scale int32) {
	x, y = a.unscaled(), b.unscaled()
	scale = min(a.scale, b.scale)
	if a.IsZero() {
		scale = b.scale
	} else if b.IsZero() {
		scale = a.scale
	}
	if !a.IsZero() {
		x.Mul(x, powerOfTen(a.scale-scale))
	}
	if !b.IsZero() {
		y.Mul(y, powerOfTen(b.scale-scale))
	}
	return x, y, scale
}

func powerOfTen(n int32) *big.Int { return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil) }

// timesPowerOfTen multiplies, and tells whether the result fits.
func timesPowerOfTen(v int64, n int32) (int64, bool) {
	for ; n > 0 && v != 0; n-- {
		if v > math.MaxInt64/10 || v < math.MinInt64/10 {
			return 0, false
		}
		v *= 10
	}
	return v, true
}

// rounded returns the amount with no digits below 10^scale, rounded away from zero. Amounts with a larger scale
// come back as they are.
func (q Quantity) rounded(scale int32) Quantity {
	if q.scale >= scale {
		return q
	}
	if q.big == nil {
		v, inexact := q.value, false
		for n := q.scale; n < scale && v != 0; n++ {
			inexact = inexact || v%10 != 0
			v /= 10
		}
		if inexact {
			v += int64(q.Sign())
		}
		return Quantity{value: v, scale: scale, format: q.format}
	}
	quotient, remainder := new(big.Int).QuoRem(q.big, powerOfTen(scale-q.scale), new(big.Int))
	if remainder.Sign() != 0 {
		quotient.Add(quotient, big.NewInt(int64(q.Sign())))
	}
	r := Quantity{scale: scale, format: q.format}
	r.setBig(quotient)
	return r
}

// String is the canonical form.
func (q Quantity) String() string {
	if q.text != "" {
		return q.text
	}
	return q.canonical()
}

func (q Quantity) canonical() string {
	if q.IsZero() {
		return "0"
	}
	if q.format == BinarySI {
		if s, ok := q.binary(); ok {
			return s
		}
	}
	return q.decimal()
}

// binary writes the amount with the largest power of 1024 that divides it. It declines amounts below 1024, which
// have no binary suffix, and fractions, which would be lost.
func (q Quantity) binary() (string, bool) {
	whole := q.rounded(0)
	if whole.Cmp(q) != 0 {
		return "", false
	}
	digits, _, _ := align(whole, Quantity{value: 1})
	if digits.CmpAbs(big.NewInt(1024)) < 0 {
		return "", false
	}
	power := 0
	for power < len(binarySuffixes)-1 && digits.TrailingZeroBits() >= 10 {
		digits.Rsh(digits, 10) // exact, and so right for negative numbers too
		power++
	}
	return digits.String() + binarySuffixes[power], true
}

// decimal writes the amount with the largest power of 1000 that divides it.
func (q Quantity) decimal() string {
	digits, exponent := q.trimZeros()
	for exponent%3 != 0 {
		digits += "0"
		exponent--
	}
	if q.format == DecimalExponent {
		if exponent == 0 {
			return digits
		}
		return digits + "e" + strconv.Itoa(int(exponent))
	}
	for exponent > 18 { // no letter goes further
		digits += "000"
		exponent -= 3
	}
	return digits + decimalSuffixes[(exponent-nano)/3]
}

// trimZeros moves trailing zeros of the digits into the exponent.
func (q Quantity) trimZeros() (digits string, exponent int32) {
	if q.big != nil {
		digits = q.big.String()
	} else {
		digits = strconv.FormatInt(q.value, 10)
	}
	trimmed := strings.TrimRight(digits, "0")
	return trimmed, q.scale + int32(len(digits)-len(trimmed))
}

// MarshalJSON writes the canonical form as a string.
func (q Quantity) MarshalJSON() ([]byte, error) {
	text := q.String()
	b := make([]byte, 0, len(text)+2)
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"'), nil
}

// UnmarshalJSON reads a string or a bare number.
func (q *Quantity) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		*q = Quantity{}
		return nil
	}
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	parsed, err := ParseQuantity(strings.TrimSpace(text))
	if err != nil {
		return err
	}
	*q = parsed
	return nil
}
