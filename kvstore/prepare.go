package kvstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// prepared is a batch with all done that needs no look at the store: bounds
// checked, records encoded. That is done on the caller's goroutine, not the
// committer's.
type prepared struct {
	scope  contacts.Scope
	batch  *contacts.Batch
	digest [sha256.Size]byte // where there is an op
	writes []write
	solo   bool  // it reads what others of its group may have written
	err    error // why the batch is refused, unless its op was seen before
}

// write is one contacts.Write, prepared.
type write struct {
	kind     contacts.WriteKind
	keep     bool
	status   byte
	revision uint64
	id       string
	contact  *contacts.Contact
	body     []byte // the record, without its revision
	held     held   // its index part
}

// prepare makes b ready to be judged. The caller must not change b before its
// outcome is there.
func (s *Store) prepare(scope contacts.Scope, b *contacts.Batch) *prepared {
	p := &prepared{scope: scope, batch: b}
	p.err = p.bounds()
	if p.err == nil {
		p.err = p.encode()
	}
	if b.Op != "" {
		p.sign()
	}
	if p.err != nil {
		p.err = fmt.Errorf("%s: %w", s.name, p.err)
	}
	return p
}

// bounds checks all of a batch but its writes.
func (p *prepared) bounds() error {
	b := p.batch
	if err := checkScope(p.scope); err != nil {
		return err
	}
	switch {
	case len(b.Op) > contacts.MaxOpLen:
		return fmt.Errorf("the op has %d bytes, at most %d are allowed: %w", len(b.Op), contacts.MaxOpLen, contacts.ErrTooLarge)
	case len(b.Settings) > contacts.MaxSettings:
		return fmt.Errorf("the settings have %d bytes, at most %d are allowed: %w", len(b.Settings), contacts.MaxSettings, contacts.ErrTooLarge)
	case len(b.Writes) > contacts.MaxWrites:
		return fmt.Errorf("%d writes, at most %d are allowed: %w", len(b.Writes), contacts.MaxWrites, contacts.ErrTooLarge)
	case b.UniqueBy > contacts.UniqueByAccount:
		return fmt.Errorf("unique by %d: %w", b.UniqueBy, contacts.ErrInvalid)
	case b.Phase > contacts.IndexEnd:
		return fmt.Errorf("index phase %d: %w", b.Phase, contacts.ErrInvalid)
	}
	if len(b.Writes) > 1 {
		seen := make(map[string]struct{}, len(b.Writes))
		for i := range b.Writes {
			id := b.Writes[i].Contact.ID
			if _, twice := seen[id]; twice {
				return fmt.Errorf("write %d: the id stands in the batch twice: %w", i, contacts.ErrInvalid)
			}
			seen[id] = struct{}{}
		}
	}
	return nil
}

// encode prepares the writes. All bodies are parts of few buffers.
func (p *prepared) encode() error {
	p.solo = p.batch.Phase != contacts.IndexSame
	p.writes = make([]write, len(p.batch.Writes))
	var buf []byte
	for i := range p.batch.Writes {
		w, from := &p.writes[i], &p.batch.Writes[i]
		w.kind, w.keep, w.revision = from.Kind, from.KeepDuplicates, from.Revision
		w.contact, w.id = &from.Contact, from.Contact.ID
		if w.kind == contacts.Purge {
			p.solo = true
		}
		if cap(buf)-len(buf) < 512 {
			buf = make([]byte, 0, min(max(256*(len(p.writes)-i), 512), 1<<20))
		}
		start := len(buf)
		var err error
		if buf, err = w.encode(buf, &from.Keys); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		w.body = buf[start:len(buf):len(buf)]
		if w.kind != contacts.Purge && !decodeHeld(w.body, &w.held) {
			return fmt.Errorf("write %d: the keys cannot be stored: %w", i, contacts.ErrInvalid)
		}
	}
	return nil
}

// encode checks w and appends its body to buf.
func (w *write) encode(buf []byte, k *contacts.Keys) ([]byte, error) {
	if err := checkID(w.id); err != nil {
		return buf, err
	}
	switch w.kind {
	case contacts.Purge:
		return checkSize(appendBlank(buf, w.contact), len(buf))
	case contacts.Put:
		var ok bool
		if w.status, ok = statusByte(w.contact.Status); !ok {
			return buf, fmt.Errorf("the status is none of those there are: %w", contacts.ErrInvalid)
		}
	case contacts.Reindex:
	default:
		return buf, fmt.Errorf("kind %d of a write: %w", w.kind, contacts.ErrInvalid)
	}
	if err := checkKeys(k); err != nil {
		return buf, err
	}
	claims, shared := distinctLines(k)
	start := len(buf)
	if w.kind == contacts.Reindex {
		return checkSize(appendBody(buf, &contacts.Contact{}, 0, k, claims, shared), start)
	}
	return checkSize(appendBody(buf, w.contact, w.status, k, claims, shared), start)
}

func checkSize(buf []byte, start int) ([]byte, error) {
	if n := len(buf) - start; n > contacts.MaxRecord {
		return buf, fmt.Errorf("the contact takes %d bytes, at most %d are allowed: %w", n, contacts.MaxRecord, contacts.ErrTooLarge)
	}
	return buf, nil
}

func checkID(id string) error {
	if len(id) > contacts.MaxIDLen {
		return fmt.Errorf("the id has %d bytes, at most %d are allowed: %w, %w",
			len(id), contacts.MaxIDLen, contacts.ErrTooLarge, contacts.ErrInvalid)
	}
	if !validID(id) {
		return fmt.Errorf("the id is empty or has other characters than letters, digits, _ and -: %w", contacts.ErrInvalid)
	}
	return nil
}

// checkKeys checks the bounds of keys, and what the order of the index rests
// on.
func checkKeys(k *contacts.Keys) error {
	for _, list := range [2]struct {
		name  string
		lines []phone.Line
	}{{"claims", k.Claims}, {"shared", k.Shared}} {
		if len(list.lines) > contacts.MaxLines {
			return fmt.Errorf("%d lines in %s, at most %d are allowed: %w",
				len(list.lines), list.name, contacts.MaxLines, contacts.ErrTooLarge)
		}
		if slices.Contains(list.lines, 0) {
			return fmt.Errorf("the zero line in %s: %w", list.name, contacts.ErrInvalid)
		}
	}
	if len(k.Sort) > contacts.MaxKeyLen {
		return fmt.Errorf("the sort key has %d bytes, at most %d are allowed: %w", len(k.Sort), contacts.MaxKeyLen, contacts.ErrTooLarge)
	}
	if strings.IndexByte(k.Sort, 0) >= 0 {
		return fmt.Errorf("the sort key has a NUL: %w", contacts.ErrInvalid)
	}
	for i, w := range k.Words {
		switch {
		case len(w.Text) > contacts.MaxKeyLen:
			return fmt.Errorf("a word has %d bytes, at most %d are allowed: %w", len(w.Text), contacts.MaxKeyLen, contacts.ErrTooLarge)
		case w.Text == "" || strings.IndexByte(w.Text, 0) >= 0 || !utf8.ValidString(w.Text):
			return fmt.Errorf("a word is empty, has a NUL or is not UTF-8: %w", contacts.ErrInvalid)
		case i > 0 && k.Words[i-1].Text >= w.Text:
			return fmt.Errorf("the words are not in order, each once: %w", contacts.ErrInvalid)
		}
	}
	return nil
}

// distinctLines returns claims and shared lines, each line once. They are
// those of k itself where nothing repeats.
func distinctLines(k *contacts.Keys) (claims, shared []phone.Line) {
	return withoutRepeats(k.Claims, nil), withoutRepeats(k.Shared, k.Claims)
}

// withoutRepeats leaves out of lines what comes earlier in it or in others.
func withoutRepeats(lines, others []phone.Line) []phone.Line {
	for i, l := range lines {
		if !slices.Contains(lines[:i], l) && !slices.Contains(others, l) {
			continue
		}
		out := slices.Clone(lines[:i])
		for _, l := range lines[i:] {
			if !slices.Contains(out, l) && !slices.Contains(others, l) {
				out = append(out, l)
			}
		}
		return out
	}
	return lines
}

// sign computes what tells the payloads of an op apart.
func (p *prepared) sign() {
	h := sha256.New()
	if d := p.batch.Digest; len(d) > 0 {
		h.Write([]byte("digest"))
		h.Write(d)
		h.Sum(p.digest[:0])
		return
	}
	h.Write([]byte("writes"))
	if p.err != nil {
		h.Write([]byte("refused")) // equal to nothing that was ever applied
	}
	var room [64]byte
	for i := range p.writes {
		w := &p.writes[i]
		b := append(room[:0], byte(w.kind), 0)
		if w.keep {
			b[1] = 1
		}
		b = binary.AppendUvarint(b, w.revision)
		b = binary.AppendUvarint(b, uint64(len(w.id)))
		b = binary.AppendUvarint(b, uint64(len(w.body)))
		h.Write(b)
		h.Write([]byte(w.id))
		h.Write(w.body)
	}
	h.Sum(p.digest[:0])
}

// wordText is the text of a word as records hold it.
func wordText(w []byte) []byte { return w[1:] }

// compareWords orders words as records hold them by their text.
func compareWords(a, b []byte) int { return bytes.Compare(a[1:], b[1:]) }
