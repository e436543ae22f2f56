package kvstore

import "google.golang.org/protobuf/encoding/protowire"

// fields walks over the fields of a message in wire format.
type fields struct {
	buf      []byte
	pos, end int // what is still to be read

	num   protowire.Number
	typ   protowire.Type
	n     uint64 // value of a number
	from  int    // where the field begins, its tag included
	value int    // where the content of a field of bytes begins; it ends at pos
	bad   bool   // buf is no message
}

func fieldsOf(b []byte) fields { return fields{buf: b, end: len(b)} }

// next reads one field; it returns false at the end, or where f.bad is set.
func (f *fields) next() bool {
	if f.pos >= f.end || f.bad {
		return false
	}
	f.from = f.pos
	var tag uint64
	if c := f.buf[f.pos]; c < 0x80 {
		tag = uint64(c)
		f.pos++
	} else if !f.varint(&tag) {
		return false
	}
	f.num, f.typ = protowire.Number(tag>>3), protowire.Type(tag&7)
	if f.num < 1 || tag>>3 > uint64(protowire.MaxValidNumber) {
		f.bad = true
		return false
	}
	switch f.typ {
	case protowire.VarintType:
		return f.varint(&f.n)
	case protowire.BytesType:
		var n uint64
		if !f.varint(&n) {
			return false
		}
		if n > uint64(f.end-f.pos) {
			f.bad = true
			return false
		}
		f.value = f.pos
		f.pos += int(n)
		return true
	case protowire.Fixed64Type, protowire.Fixed32Type:
		n := 8
		if f.typ == protowire.Fixed32Type {
			n = 4
		}
		if f.end-f.pos < n {
			f.bad = true
			return false
		}
		f.n = 0
		for i := n - 1; i >= 0; i-- {
			f.n = f.n<<8 | uint64(f.buf[f.pos+i])
		}
		f.pos += n
		return true
	}
	f.bad = true
	return false
}

func (f *fields) varint(v *uint64) bool {
	if f.pos < f.end && f.buf[f.pos] < 0x80 { // most are short
		*v = uint64(f.buf[f.pos])
		f.pos++
		return true
	}
	n, size := protowire.ConsumeVarint(f.buf[f.pos:f.end])
	if size < 0 {
		f.bad = true
		return false
	}
	*v = n
	f.pos += size
	return true
}

// bytes returns the content of a field of bytes.
func (f *fields) bytes() []byte { return f.buf[f.value:f.pos] }

// raw returns the field as it stands, its tag included.
func (f *fields) raw() []byte { return f.buf[f.from:f.pos] }

// inner walks over the message in a field of bytes. Positions are those of
// the outer buffer.
func (f *fields) inner() fields { return fields{buf: f.buf, pos: f.value, end: f.pos} }
