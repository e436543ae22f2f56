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
	batch.Digest = bytes.Clone(batch.Digest)
	batch.Writes = cloneWrites(batch.Writes)

	b := s.books[scope]
	if b == nil {
		b = newBook()
		b.index = batch.Index
	}
	if prior, ok := b.ops[batch.Op]; ok && batch.Op != "" {
		return prior.again(batch)
	}
	if err := checkBounds(scope, batch); err != nil {
		return contacts.Applied{}, err
	}
	uniqueBy, err := s.agree(scope, batch.UniqueBy)
	switch {
	case err != nil:
		return contacts.Applied{}, err
	case batch.Epoch != "" && batch.Epoch != b.epoch:
		return contacts.Applied{}, fmt.Errorf("mapstore: %w", &contacts.TrimmedError{First: b.first, OtherFeed: true})
	case batch.Index != b.index && batch.Phase != contacts.IndexBegin:
		return contacts.Applied{}, &contacts.IndexError{Have: batch.Index, Want: b.index}
	case b.reindexing && !batch.Reindexing && batch.Phase == contacts.IndexSame && slices.ContainsFunc(batch.Writes, isPut):
		return contacts.Applied{}, &contacts.IndexError{Have: batch.Index, Want: b.index}
	}

	answer := contacts.Applied{Epoch: b.epoch}
	before := b.last
	if batch.Each {
		for i, w := range batch.Writes {
			revision := uint64(0)
			kept, err := s.judge(scope, b, uniqueBy, []contacts.Write{w})
			if err != nil {
				answer.Refused = append(answer.Refused, contacts.Refused{Index: i, Err: reindexed(err, i)})
			} else {
				revision = b.write(w)
			}
			for _, k := range kept {
				k.Index = i
				answer.Kept = append(answer.Kept, k)
			}
			answer.IDs = append(answer.IDs, w.Contact.ID)
			answer.Revisions = append(answer.Revisions, revision)
		}
	} else {
		if answer.Kept, err = s.judge(scope, b, uniqueBy, batch.Writes); err != nil {
			return contacts.Applied{}, err
		}
		for _, w := range batch.Writes {
			answer.IDs = append(answer.IDs, w.Contact.ID)
			answer.Revisions = append(answer.Revisions, b.write(w))
		}
	}
	answer.Last = b.last
	for i := range b.feed {
		if e := &b.feed[i]; e.Revision > before {
			e.BatchEnd = b.last
		}
	}

	s.books[scope], s.uniqueBy[scope.Account] = b, uniqueBy
	if batch.Settings != nil {
		b.settings = bytes.Clone(batch.Settings)
	}
	switch batch.Phase {
	case contacts.IndexBegin:
		b.index, b.reindexing = batch.Index, true
	case contacts.IndexEnd:
		b.reindexing = false
	}
	if batch.Op != "" {
		b.ops[batch.Op] = op{batch.Digest, batch.Writes, cloneApplied(answer)}
	}
	s.announce()
	return answer, nil
}

func isPut(w contacts.Write) bool { return w.Kind == contacts.Put }

// again answers a batch whose Op is known.
func (o op) again(batch contacts.Batch) (contacts.Applied, error) {
	if !bytes.Equal(o.digest, batch.Digest) || len(o.digest) == 0 && !reflect.DeepEqual(o.writes, batch.Writes) {
		return contacts.Applied{}, fmt.Errorf("mapstore: %w", contacts.ErrOpReused)
	}
	answer := cloneApplied(o.answer)
	answer.Repeated, answer.Kept = true, nil
	return answer, nil
}

func checkBounds(scope contacts.Scope, b contacts.Batch) error {
	tooLarge := len(scope.Account) > contacts.MaxScopeLen || len(scope.Stream) > contacts.MaxScopeLen ||
		len(b.Op) > contacts.MaxOpLen || len(b.Settings) > contacts.MaxSettings || len(b.Writes) > contacts.MaxWrites
	seen := map[string]bool{}
	for _, w := range b.Writes {
		if seen[w.Contact.ID] {
			return fmt.Errorf("mapstore: contact %s twice in a batch: %w", w.Contact.ID, contacts.ErrInvalid)
		}
		seen[w.Contact.ID] = true
		if len(w.Contact.ID) > contacts.MaxIDLen || len(w.Keys.Sort) > contacts.MaxKeyLen || size(w.Contact) > contacts.MaxRecord ||
			max(len(w.Keys.Claims), len(w.Keys.Shared)) > contacts.MaxLines {
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
		} else if present != w.Revision || r == nil && (w.Kind == contacts.Purge || b.purged[w.Contact.ID].ID != "") {
			conflicts = append(conflicts, contacts.RevisionConflict{Index: i, ID: w.Contact.ID, Read: w.Revision, Present: present})
		}
		for k, line := range w.Keys.Claims {
			if r != nil && slices.Contains(r.keys.Claims, line) || slices.Contains(w.Keys.Claims[:k], line) {
				continue // its own, or said before
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
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return kept, nil
}

// taken finds who stands in the way of ws[i] claiming line: a contact as
// stored, the first created, unless ws release it; an earlier one of ws; one of
// another stream.
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

// reindexed has err, about one write, say that it is about write i.
func reindexed(err error, i int) error {
	var rev *contacts.RevisionError
	if errors.As(err, &rev) {
		rev.Conflicts[0].Index = i
	}
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		for k := range dup.Refusals {
			dup.Refusals[k].Index = i
		}
	}
	return err
}

// write carries out w, which was judged, and returns its contact's revision.
func (b *book) write(w contacts.Write) uint64 {
	r := b.records[w.Contact.ID]
	switch w.Kind {
	case contacts.Reindex:
		if r == nil {
			return 0
		}
		if r.contact.Revision == w.Revision {
			b.change(r, func() { r.keys = w.Keys })
		}
		return r.contact.Revision
	case contacts.Purge:
		return b.purge(r, w.Contact)
	}
	if r != nil && w.Contact.Equal(r.contact) && equalKeys(w.Keys, r.keys) {
		return r.contact.Revision
	}
	b.last++
	w.Contact.Revision = b.last
	var before []phone.Line
	if r == nil {
		r = &record{created: b.last}
		b.records[w.Contact.ID] = r
	} else {
		before = held(r.keys)
	}
	b.change(r, func() { r.contact, r.keys = w.Contact, w.Keys })
	after := held(r.keys)
	b.feed = append(b.feed, entry{
		Event: contacts.Event{Revision: b.last, ID: w.Contact.ID, Created: r.created, Contact: w.Contact, Lines: after},
		moved: difference(before, after),
	})
	return b.last
}

// purge blanks r and its events. The event of the purge keeps who and when, and
// what r was merged into.
func (b *book) purge(r *record, by contacts.Contact) uint64 {
	id := r.contact.ID
	b.last++
	b.feed = append(b.feed, entry{Event: contacts.Event{Revision: b.last, ID: id, Created: r.created, Purged: true}})
	for i := range b.feed {
		if e := &b.feed[i]; e.ID == id {
			e.blank(by)
		}
	}
	b.change(r, func() { r.keys = contacts.Keys{} })
	delete(b.records, id)
	b.purged[id] = contacts.PurgedError{ID: id, At: by.UpdatedAt, MergedInto: by.MergedInto}
	return b.last
}

func (e *entry) blank(by contacts.Contact) {
	e.Contact = contacts.Contact{ID: e.ID, Revision: e.Revision}
	if e.Purged {
		e.Contact.UpdatedAt, e.Contact.UpdatedBy, e.Contact.UpdatedByAID = by.UpdatedAt, by.UpdatedBy, by.UpdatedByAID
		e.Contact.MergedInto = by.MergedInto
	}
	e.Lines, e.moved, e.Blank = nil, nil, true
}

// change keeps b.claims in step with a change to r.
func (b *book) change(r *record, change func()) {
	claimed := func() []phone.Line { return held(contacts.Keys{Claims: r.keys.Claims}) }
	for _, line := range claimed() {
		b.claims[line] = slices.DeleteFunc(b.claims[line], func(x *record) bool { return x == r })
		if len(b.claims[line]) == 0 {
			delete(b.claims, line)
		}
	}
	change()
	for _, line := range claimed() {
		b.claims[line] = append(b.claims[line], r)
	}
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
