package record

import "google.golang.org/protobuf/encoding/protowire"

// Fields walks over the fields of a message in wire format.
type Fields struct {
	buf      []byte
	pos, end int // what is still to be read

	Num   protowire.Number
	Typ   protowire.Type
	N     uint64 // value of a number
	from  int    // where the field begins, its tag included
	value int    // where the content of a field of bytes begins; it ends at pos
	Bad   bool   // buf is no message
}

func FieldsOf(b []byte) Fields { return Fields{buf: b, end: len(b)} }

// Next reads one field; it returns false at the end, or where f.bad is set.
func (f *Fields) Next() bool {
	if f.pos >= f.end || f.Bad {
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
	f.Num, f.Typ = protowire.Number(tag>>3), protowire.Type(tag&7)
	if f.Num < 1 || tag>>3 > uint64(protowire.MaxValidNumber) {
		f.Bad = true
		return false
	}
	switch f.Typ {
	case protowire.VarintType:
		return f.varint(&f.N)
	case protowire.BytesType:
		var n uint64
		if !f.varint(&n) {
			return false
		}
		if n > uint64(f.end-f.pos) {
			f.Bad = true
			return false
		}
		f.value = f.pos
		f.pos += int(n)
		return true
	case protowire.Fixed64Type, protowire.Fixed32Type:
		n := 8
		if f.Typ == protowire.Fixed32Type {
			n = 4
		}
		if f.end-f.pos < n {
			f.Bad = true
			return false
		}
		f.N = 0
		for i := n - 1; i >= 0; i-- {
			f.N = f.N<<8 | uint64(f.buf[f.pos+i])
		}
		f.pos += n
		return true
	}
	f.Bad = true
	return false
}

func (f *Fields) varint(v *uint64) bool {
	if f.pos < f.end && f.buf[f.pos] < 0x80 { // most are short
		*v = uint64(f.buf[f.pos])
		f.pos++
		return true
	}
	n, size := protowire.ConsumeVarint(f.buf[f.pos:f.end])
	if size < 0 {
		f.Bad = true
		return false
	}
	*v = n
	f.pos += size
	return true
}

// Bytes returns the content of a field of bytes.
func (f *Fields) Bytes() []byte { return f.buf[f.value:f.pos] }

// raw returns the field as it stands, its tag included.
func (f *Fields) raw() []byte { return f.buf[f.from:f.pos] }

// Inner walks over the message in a field of bytes. Positions are those of
// the outer buffer.
func (f *Fields) Inner() Fields { return Fields{buf: f.buf, pos: f.value, end: f.pos} }
