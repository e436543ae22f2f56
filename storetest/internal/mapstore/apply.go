package mapstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Apply implements contacts.Store: everything is judged before anything is
// changed.
func (s *Store) Apply(ctx context.Context, scope contacts.Scope, batch contacts.Batch) (contacts.Applied, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.mu.Unlock()
	if err := checkBounds(scope, batch); err != nil {
		return contacts.Applied{}, err
	}
	batch.Digest = bytes.Clone(batch.Digest)
	batch.Writes = cloneWrites(batch.Writes)

	b := s.books[scope]
	isNew := b == nil
	if isNew {
		b = newBook()
		b.index = batch.Index
	}
	if prior, ok := b.ops[batch.Op]; ok && batch.Op != "" {
		if !bytes.Equal(prior.digest, batch.Digest) || len(batch.Digest) == 0 && !reflect.DeepEqual(prior.writes, batch.Writes) {
			return contacts.Applied{}, fmt.Errorf("mapstore: %w", contacts.ErrOpReused)
		}
		answer := cloneApplied(prior.answer)
		answer.Repeated = true
		return answer, nil
	}
	uniqueBy, err := s.agree(scope, batch.UniqueBy)
	if err != nil {
		return contacts.Applied{}, err
	}
	if batch.Index != b.index && batch.Phase != contacts.IndexBegin {
		return contacts.Applied{}, &contacts.IndexError{Have: batch.Index, Want: b.index}
	}
	kept, err := s.judge(scope, b, uniqueBy, batch.Writes)
	if err != nil {
		return contacts.Applied{}, err
	}

	s.books[scope] = b
	s.uniqueBy[scope.Account] = uniqueBy
	if batch.Settings != nil {
		b.settings = bytes.Clone(batch.Settings)
	}
	if batch.Phase == contacts.IndexBegin {
		b.index, b.reindexing = batch.Index, true
	}
	answer := contacts.Applied{Kept: kept, Epoch: b.epoch}
	for _, w := range batch.Writes {
		answer.IDs = append(answer.IDs, w.Contact.ID)
		answer.Revisions = append(answer.Revisions, b.write(w))
	}
	if batch.Phase == contacts.IndexEnd {
		b.reindexing = false
		for _, r := range b.records {
			b.index1(r, func() { r.old = nil })
		}
	}
	answer.Last = b.last
	if batch.Op != "" {
		b.ops[batch.Op] = op{batch.Digest, batch.Writes, cloneApplied(answer)}
	}
	s.announce()
	return answer, nil
}

func checkBounds(scope contacts.Scope, b contacts.Batch) error {
	tooLarge := len(scope.Account) > contacts.MaxScopeLen || len(scope.Stream) > contacts.MaxScopeLen ||
		len(b.Op) > contacts.MaxOpLen || len(b.Settings) > contacts.MaxSettings
	seen := map[string]bool{}
	for _, w := range b.Writes {
		if seen[w.Contact.ID] {
			return fmt.Errorf("mapstore: contact %s twice in a batch: %w", w.Contact.ID, contacts.ErrInvalid)
		}
		seen[w.Contact.ID] = true
		if len(w.Contact.ID) > contacts.MaxIDLen || len(w.Keys.Sort) > contacts.MaxKeyLen || size(w.Contact) > contacts.MaxRecord {
			tooLarge = true
		}
		for _, word := range w.Keys.Words {
			if len(word.Text) > contacts.MaxKeyLen {
				tooLarge = true
			}
		}
	}
	if tooLarge {
		return fmt.Errorf("mapstore: %w", contacts.ErrTooLarge)
	}
	return nil
}

// size is about what a record of c would take.
func size(c contacts.Contact) int {
	return len(fmt.Sprint(c.FirstName, c.LastName, c.Notes, c.Custom, c.Tags))
}

// agree returns the measure of uniqueness of the scope's account.
func (s *Store) agree(scope contacts.Scope, asked contacts.UniqueBy) (contacts.UniqueBy, error) {
	have, ok := s.uniqueBy[scope.Account]
	switch {
	case !ok && asked == contacts.UniqueByDefault:
		return contacts.UniqueByStream, nil
	case !ok:
		return asked, nil
	case asked != contacts.UniqueByDefault && asked != have:
		return 0, fmt.Errorf("mapstore: %w", contacts.ErrUniqueBy)
	}
	return have, nil
}

// judge returns the duplicates that ws let in, or why ws are refused.
func (s *Store) judge(scope contacts.Scope, b *book, by contacts.UniqueBy, ws []contacts.Write) ([]contacts.Refusal, error) {
	var conflicts []contacts.RevisionConflict
	var refused, kept []contacts.Refusal
	for i, w := range ws {
		var present uint64
		r := b.records[w.Contact.ID]
		if r != nil {
			present = r.contact.Revision
		}
		if w.Kind == contacts.Reindex {
			if r == nil || present != w.Revision {
				continue // passed over
			}
		} else if present != w.Revision || b.purged[w.Contact.ID] {
			conflicts = append(conflicts, contacts.RevisionConflict{Index: i, ID: w.Contact.ID, Read: w.Revision, Present: present})
		}
		for _, line := range w.Keys.Claims {
			if r != nil && (slices.Contains(r.keys.Claims, line) || slices.Contains(r.old, line)) {
				continue // its own
			}
			refusal, taken := s.taken(scope, b, by, ws, i, line)
			switch {
			case !taken:
			case w.KeepDuplicates || w.Kind == contacts.Reindex:
				kept = append(kept, refusal)
			default:
				refused = append(refused, refusal)
			}
		}
	}
	var errs []error
	if len(conflicts) > 0 {
		errs = append(errs, &contacts.RevisionError{Conflicts: conflicts})
	}
	if len(refused) > 0 {
		errs = append(errs, &contacts.DuplicateNumberError{Refusals: refused})
	}
	return kept, errors.Join(errs...)
}

// taken finds who stands in the way of ws[i] claiming line: a contact as
// stored, unless ws release it; an earlier one of ws; one of another stream.
func (s *Store) taken(scope contacts.Scope, b *book, by contacts.UniqueBy, ws []contacts.Write, i int, line phone.Line) (contacts.Refusal, bool) {
	refusal := contacts.Refusal{Index: i, Line: line, Earlier: -1}
	for _, holder := range b.holders(line) {
		if holder.contact.ID != ws[i].Contact.ID && !releases(ws, holder, line) {
			refusal.HolderID, refusal.HolderName = holder.contact.ID, holder.contact.FullName
			return refusal, true
		}
	}
	for j, w := range ws[:i] {
		if w.Kind != contacts.Purge && slices.Contains(w.Keys.Claims, line) {
			refusal.Earlier = j
			return refusal, true
		}
	}
	if by == contacts.UniqueByAccount {
		for other, ob := range s.books {
			if other.Account == scope.Account && other != scope && len(ob.claims[line]) > 0 {
				return refusal, true
			}
		}
	}
	return refusal, false
}

// releases says whether ws take line from a contact that claims it.
func releases(ws []contacts.Write, holder *record, line phone.Line) bool {
	for _, w := range ws {
		if w.Contact.ID == holder.contact.ID {
			return w.Kind == contacts.Purge || w.Kind == contacts.Put && !slices.Contains(w.Keys.Claims, line)
		}
	}
	return false
}

// holders returns who claims line, in order of creation.
func (b *book) holders(line phone.Line) []*record {
	return slices.SortedFunc(slices.Values(b.claims[line]), func(x, y *record) int {
		return int(x.created) - int(y.created)
	})
}

// write carries out w, which was judged, and returns its contact's revision.
func (b *book) write(w contacts.Write) uint64 {
	id := w.Contact.ID
	r := b.records[id]
	switch w.Kind {
	case contacts.Reindex:
		if r == nil {
			return 0
		}
		if r.contact.Revision == w.Revision {
			b.index1(r, func() {
				r.old = append(r.old, r.keys.Claims...)
				r.keys = w.Keys
			})
		}
		return r.contact.Revision
	case contacts.Purge:
		b.last++
		b.feed = append(b.feed, entry{Event: contacts.Event{Revision: b.last, ID: id, Purged: true}})
		for i := range b.feed {
			if e := &b.feed[i]; e.ID == id {
				e.Contact = contacts.Contact{ID: id, Revision: e.Revision}
				e.Lines, e.moved, e.Blank = nil, nil, true
			}
		}
		b.index1(r, func() { r.keys, r.old = contacts.Keys{}, nil })
		delete(b.records, id)
		b.purged[id] = true
		return b.last
	}
	c := w.Contact
	if r != nil {
		c.Revision = r.contact.Revision
		if reflect.DeepEqual(c, r.contact) && reflect.DeepEqual(w.Keys, r.keys) {
			return c.Revision
		}
	}
	b.last++
	c.Revision = b.last
	var before []phone.Line
	if r == nil {
		r = &record{created: b.last}
		b.records[id] = r
	} else {
		before = held(r.keys)
	}
	b.index1(r, func() { r.contact, r.keys = c, w.Keys })
	after := held(r.keys)
	b.feed = append(b.feed, entry{
		Event: contacts.Event{Revision: b.last, ID: id, Contact: c, Lines: after},
		moved: difference(before, after),
	})
	return b.last
}

// index1 keeps b.claims in step with a change to r.
func (b *book) index1(r *record, change func()) {
	each := func(do func(phone.Line)) {
		lines := slices.Concat(r.keys.Claims, r.old)
		slices.Sort(lines)
		for _, line := range slices.Compact(lines) {
			do(line)
		}
	}
	each(func(line phone.Line) {
		b.claims[line] = slices.DeleteFunc(b.claims[line], func(x *record) bool { return x == r })
		if len(b.claims[line]) == 0 {
			delete(b.claims, line)
		}
	})
	change()
	each(func(line phone.Line) { b.claims[line] = append(b.claims[line], r) })
}

// held returns the lines of k, claimed and shared, ascending, each once.
func held(k contacts.Keys) []phone.Line {
	lines := slices.Concat(k.Claims, k.Shared)
	slices.Sort(lines)
	return slices.Compact(lines)
}

// difference returns what is in one of a and b.
func difference(a, b []phone.Line) []phone.Line {
	var out []phone.Line
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			out = append(out, x)
		}
	}
	return out
}
