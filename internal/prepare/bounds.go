// Package prepare readies what a store is asked to do, before it looks at what it
// holds: it refuses what breaks the bounds of package contacts or makes no sense,
// and encodes records.
package prepare

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// checkBatch judges all of a batch but its writes.
func checkBatch(scope contacts.Scope, b *contacts.Batch) error {
	if err := Scope(scope); err != nil {
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

// Scope bounds a scope that is to be written to.
func Scope(scope contacts.Scope) error {
	for _, part := range [2]struct{ name, text string }{{"account", scope.Account}, {"stream", scope.Stream}} {
		if len(part.text) > contacts.MaxScopeLen {
			return fmt.Errorf("the %s has %d bytes, at most %d are allowed: %w",
				part.name, len(part.text), contacts.MaxScopeLen, contacts.ErrTooLarge)
		}
	}
	return nil
}

// ID judges the id of a contact.
func checkID(id string) error {
	if len(id) > contacts.MaxIDLen {
		return fmt.Errorf("the id has %d bytes, at most %d are allowed: %w, %w",
			len(id), contacts.MaxIDLen, contacts.ErrTooLarge, contacts.ErrInvalid)
	}
	if !ValidID(id) {
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
	return WithoutRepeats(k.Claims, nil), WithoutRepeats(k.Shared, k.Claims)
}

// WithoutRepeats leaves out of lines what comes earlier in it or in others.
func WithoutRepeats(lines, others []phone.Line) []phone.Line {
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

// ValidID reports whether id is made of the letters that ids are made of.
func ValidID(id string) bool {
	for i := 0; i < len(id); i++ {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return id != ""
}

// Head judges what a load brings of its scope.
func Head(scope contacts.Scope, h *contacts.LoadHead) error {
	if err := Scope(scope); err != nil {
		return err
	}
	switch {
	case len(h.Settings) > contacts.MaxSettings:
		return fmt.Errorf("the settings have %d bytes, at most %d are allowed: %w", len(h.Settings), contacts.MaxSettings, contacts.ErrTooLarge)
	case h.UniqueBy > contacts.UniqueByAccount:
		return fmt.Errorf("unique by %d: %w", h.UniqueBy, contacts.ErrInvalid)
	case h.Last != 0 && h.First > h.Last:
		return fmt.Errorf("the feed begins after its end: %w", contacts.ErrInvalid)
	}
	return nil
}

// Refusal joins what speaks against one write or a batch, nil if nothing does.
func Refusal(dups []contacts.Refusal, conflicts []contacts.RevisionConflict) error {
	var dup, rev error
	if len(dups) > 0 {
		dup = &contacts.DuplicateNumberError{Refusals: dups}
	}
	if len(conflicts) > 0 {
		rev = &contacts.RevisionError{Conflicts: conflicts}
	}
	switch {
	case dup == nil:
		return rev
	case rev == nil:
		return dup
	}
	return errors.Join(dup, rev)
}

// Limit is how many items a page of that limit holds.
func Limit(limit int) int {
	if limit <= 0 {
		return contacts.DefaultLimit
	}
	return min(limit, contacts.MaxLimit)
}
