package kvstore

import "math/bits"

// Numbers in keys keep their order as bytes: up to maxByteOrd they are one
// byte, else a byte that tells how many follow, and those, big-endian, without
// leading zeros.
const (
	maxByteOrd = 247
	maxOrdLen  = 9
)

// appendOrd appends v to a key.
func appendOrd(b []byte, v uint64) []byte {
	if v <= maxByteOrd {
		return append(b, byte(v))
	}
	n := (bits.Len64(v) + 7) / 8
	b = append(b, byte(maxByteOrd+n))
	for n--; n >= 0; n-- {
		b = append(b, byte(v>>(8*n)))
	}
	return b
}

// takeOrd reads the number at the beginning of b and returns what follows it.
// It accepts only what appendOrd writes.
func takeOrd(b []byte) (v uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	if b[0] <= maxByteOrd {
		return uint64(b[0]), b[1:], true
	}
	n := int(b[0]) - maxByteOrd
	if len(b) <= n || b[1] == 0 {
		return 0, nil, false
	}
	for _, c := range b[1 : 1+n] {
		v = v<<8 | uint64(c)
	}
	return v, b[1+n:], v > maxByteOrd
}

// takeLastOrd reads b, which is to be one number and nothing else.
func takeLastOrd(b []byte) (uint64, bool) {
	v, rest, ok := takeOrd(b)
	return v, ok && len(rest) == 0
}

// appendUint64 appends the 8 bytes of v, big-endian.
func appendUint64(b []byte, v uint64) []byte {
	return append(b, byte(v>>56), byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// takeUint64 reads what appendUint64 wrote.
func takeUint64(b []byte) (v uint64, rest []byte, ok bool) {
	if len(b) < 8 {
		return 0, nil, false
	}
	for _, c := range b[:8] {
		v = v<<8 | uint64(c)
	}
	return v, b[8:], true
}

// appendEscaped appends s so that no escaped text is the beginning of another
// and order is kept: 0x00 becomes 0x00 0xFF, and 0x00 0x01 ends it.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		b = append(b, s[i])
		if s[i] == 0 {
			b = append(b, 0xFF)
		}
	}
	return append(b, 0, 1)
}

// takeEscaped reads what appendEscaped wrote.
func takeEscaped(b []byte) (s string, rest []byte, ok bool) {
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] != 0 {
			out = append(out, b[i])
			continue
		}
		if i++; i == len(b) {
			break
		}
		switch b[i] {
		case 0xFF:
			out = append(out, 0)
		case 1:
			return string(out), b[i+1:], true
		default:
			return "", nil, false
		}
	}
	return "", nil, false
}

// prefixEnd returns the smallest key after all keys that begin with p, and nil
// where there is none. It appends to dst.
func prefixEnd(dst, p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xFF {
			dst = append(dst, p[:i+1]...)
			dst[len(dst)-1]++
			return dst
		}
	}
	return nil
}
