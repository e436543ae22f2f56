package prepare

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// A Batch is a batch with all done that needs no look at the store: bounds
// checked, records encoded. That is done on the caller's goroutine, not the
// committer's.
type Batch struct {
	Scope  contacts.Scope
	Batch  *contacts.Batch
	Digest [sha256.Size]byte // where there is an op
	Writes []Write
	Solo   bool  // it is to be a group by itself: mostly as it reads what others may have written
	Err    error // why the batch is refused, unless its op was seen before
}

// Write is one contacts.Write, made ready.
type Write struct {
	Kind     contacts.WriteKind
	Keep     bool
	Status   byte
	Revision uint64
	ID       string
	Contact  *contacts.Contact
	Body     []byte      // the record, without its revision
	Held     record.Held // its index part
}

// New makes b ready to be judged by a store of that name. The caller must
// not change b before its outcome is there.
func New(name string, scope contacts.Scope, b *contacts.Batch) *Batch {
	p := &Batch{Scope: scope, Batch: b}
	p.Err = checkBatch(p.Scope, p.Batch)
	if p.Err == nil {
		p.Err = p.encode()
	}
	if b.Op != "" {
		p.sign()
	}
	if p.Err != nil {
		p.Err = fmt.Errorf("%s: %w", name, p.Err)
	}
	return p
}

// Puts reports whether there is a Put among the writes.
func (p *Batch) Puts() bool {
	return slices.ContainsFunc(p.Writes, func(w Write) bool { return w.Kind == contacts.Put })
}

// encode prepares the writes. All bodies are parts of few buffers.
func (p *Batch) encode() error {
	p.Solo = p.Batch.Phase != contacts.IndexSame
	p.Writes = make([]Write, len(p.Batch.Writes))
	var buf []byte
	for i := range p.Batch.Writes {
		w, from := &p.Writes[i], &p.Batch.Writes[i]
		w.Kind, w.Keep, w.Revision = from.Kind, from.KeepDuplicates, from.Revision
		w.Contact, w.ID = &from.Contact, from.Contact.ID
		if w.Kind == contacts.Purge {
			p.Solo = true
		}
		if cap(buf)-len(buf) < 512 {
			buf = make([]byte, 0, min(max(256*(len(p.Writes)-i), 512), 1<<20))
		}
		start := len(buf)
		var err error
		if buf, err = w.Encode(buf, &from.Keys); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		w.Body = buf[start:len(buf):len(buf)]
		if w.Kind != contacts.Purge && !record.DecodeHeld(w.Body, &w.Held) {
			return fmt.Errorf("write %d: the keys cannot be stored: %w", i, contacts.ErrInvalid)
		}
	}
	return nil
}

// Encode checks w and appends its body to buf.
func (w *Write) Encode(buf []byte, k *contacts.Keys) ([]byte, error) {
	if err := checkID(w.ID); err != nil {
		return buf, err
	}
	switch w.Kind {
	case contacts.Purge:
		return checkSize(record.AppendBlank(buf, w.Contact), len(buf))
	case contacts.Put:
		var ok bool
		if w.Status, ok = record.StatusByte(w.Contact.Status); !ok {
			return buf, fmt.Errorf("the status is none of those there are: %w", contacts.ErrInvalid)
		}
	case contacts.Reindex:
	default:
		return buf, fmt.Errorf("kind %d of a write: %w", w.Kind, contacts.ErrInvalid)
	}
	if err := checkKeys(k); err != nil {
		return buf, err
	}
	claims, shared := distinctLines(k)
	start := len(buf)
	if w.Kind == contacts.Reindex {
		return checkSize(record.AppendBody(buf, &contacts.Contact{}, 0, k, claims, shared), start)
	}
	return checkSize(record.AppendBody(buf, w.Contact, w.Status, k, claims, shared), start)
}

func checkSize(buf []byte, start int) ([]byte, error) {
	if n := len(buf) - start; n > contacts.MaxRecord {
		return buf, fmt.Errorf("the contact takes %d bytes, at most %d are allowed: %w", n, contacts.MaxRecord, contacts.ErrTooLarge)
	}
	return buf, nil
}

// sign computes what tells the payloads of an op apart.
func (p *Batch) sign() {
	h := sha256.New()
	if d := p.Batch.Digest; len(d) > 0 {
		h.Write([]byte("digest"))
		h.Write(d)
		h.Sum(p.Digest[:0])
		return
	}
	h.Write([]byte("writes"))
	if p.Err != nil {
		h.Write([]byte("refused")) // equal to nothing that was ever applied
	}
	var room [64]byte
	for i := range p.Writes {
		w := &p.Writes[i]
		b := append(room[:0], byte(w.Kind), 0)
		if w.Keep {
			b[1] = 1
		}
		b = binary.AppendUvarint(b, w.Revision)
		b = binary.AppendUvarint(b, uint64(len(w.ID)))
		b = binary.AppendUvarint(b, uint64(len(w.Body)))
		h.Write(b)
		h.Write([]byte(w.ID))
		h.Write(w.Body)
	}
	h.Sum(p.Digest[:0])
}
