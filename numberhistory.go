package contacts

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts/phone"
)

// Tenure is a time for which a contact had a number without a break and in one
// way: a contact that shares a number it claimed before, or the other way
// round, ends one tenure and begins the next.
type Tenure struct {
	// Contact is the contact as it was last in that time, and so its present
	// state where it has the number still. Where Trim left only the change
	// that ended the tenure, it is the contact after that, and Number and Shared
	// are what that still lists, if it does.
	Contact Contact
	Number  string // E.164, as the contact had it
	Shared  bool   // it listed the number beside others, without a claim

	// From is when the contact began to have the number, To when it ceased.
	// From is zero where that was before what Trim left, To while the
	// contact has the number still. They are the times of the changes at
	// the revisions, by the clocks of those who wrote them.
	From, To                 time.Time
	FromRevision, ToRevision uint64 // 0 where From or To is zero

	// Began and Ended are the kinds of change that began and ended it. A
	// number that was reassigned ends with ChangeUpdated. ChangeUnknown
	// where From or To is zero, or Trim left nothing to compare with.
	Began, Ended ChangeKind
}

// Covers reports whether the tenure may include an instant: From belongs to it,
// To does not. One whose From is zero covers all that was before To.
func (t Tenure) Covers(at time.Time) bool {
	return !at.Before(t.From) && (t.To.IsZero() || at.Before(t.To))
}

// NumberHistoryOptions of Book.NumberHistory. Nil is fine.
type NumberHistoryOptions struct {
	Site    *phone.Site // region and outside line in place of the book's own; its Rules do not count
	At      time.Time   // when not zero, only tenures that cover this instant
	Reverse bool        // the latest begun first
}

// NumberHistory yields which contacts had a number from when to when, through
// deletes, undeletes, merges and reassignments, in order of their beginning;
// with NumberHistoryOptions.At it says who had it then. At most one contact at
// a time claims a number, but for duplicates (see Book.Duplicates); any number
// of contacts may share it.
//
// The text is read as by Lookup: where nobody ever had the number that it says,
// another reading of it counts that somebody had. A text that is no number is
// refused with *ValidationError. Spellings of the same line are one number, by
// the rules that the book has today.
//
// Trim bounds it: a tenure that ended before what is left is gone, and one that
// began before has no From. Contacts that were purged have left no trace, and
// contacts of other streams of the account are not looked at. While the book
// waits to be re-indexed, the error is ErrStaleIndex.
//
// All is read, as of one moment, before the loop begins; the loop may write to
// the book.
func (b *Book) NumberHistory(ctx context.Context, number string, o *NumberHistoryOptions) iter.Seq2[Tenure, error] {
	return func(yield func(Tenure, error) bool) {
		if o == nil {
			o = &NumberHistoryOptions{}
		}
		site, err := b.siteFor(o.Site)
		if err != nil {
			yield(Tenure{}, err)
			return
		}
		list, err := b.numberHistory(ctx, number, site)
		if err != nil {
			yield(Tenure{}, err)
			return
		}
		if o.Reverse {
			slices.Reverse(list)
		}
		for _, t := range list {
			if (o.At.IsZero() || t.Covers(o.At)) && !yield(t, nil) {
				return
			}
		}
	}
}

// numberHistory returns the tenures of the first reading of a text that has any.
func (b *Book) numberHistory(ctx context.Context, text string, site phone.Site) ([]Tenure, error) {
	r, refusal := phone.Parse(text, &site)
	if refusal == nil {
		list, err := b.tenures(ctx, r.Number, r.Line)
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	for _, a := range r.Alternates {
		list, err := b.tenures(ctx, a.Number, a.Line)
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	if refusal == nil {
		return nil, nil
	}
	reason := ReasonNumber
	var pe *phone.Error
	if errors.As(refusal, &pe) {
		reason = Reason(pe.Reason.String())
	}
	j := judge{}
	j.fail("number", reason, text, "cannot be used: "+strings.TrimPrefix(refusal.Error(), "phone: "))
	return nil, &ValidationError{Fields: j.fields}
}

// tenures returns all tenures of a number.
//
// The holders of today are found by the number; whoever began or ceased to have
// it since Trim, in the history of its line. Asked for in this order none is
// missed: who is no holder any more by the first answer ceased before, who
// became one after it stands in the second. What each of them had and when is
// then read from its own history, up to one revision for all.
func (b *Book) tenures(ctx context.Context, n phone.Number, line phone.Line) ([]Tenure, error) {
	lines := append([]phone.Line{line}, b.otherLines(n, line)...)
	for {
		before, err := b.store.Stat(ctx, b.scope)
		if err != nil {
			return nil, err
		}
		if before.Index != b.index && before.Index != (IndexVersion{}) && !b.opt.ReadOnly {
			return nil, &IndexError{Have: b.index, Want: before.Index}
		}
		present := make(map[string]*Contact) // by id, nil for one that is not a holder today
		for h, err := range b.hits(ctx, Query{Lines: lines, Limit: 500}) {
			if err != nil {
				return nil, err
			}
			present[h.Contact.ID] = &h.Contact
		}
		end, err := b.store.Stat(ctx, b.scope)
		if err != nil {
			return nil, err
		}
		moves := make(map[uint64]bool) // revisions at which some contact began or ceased to hold a line
		for _, l := range lines {
			q := HistoryQuery{Line: l, Before: end.Last + 1, Limit: MaxLimit}
			for e, err := range b.events(ctx, q) {
				if err != nil {
					return nil, err
				}
				moves[e.Revision] = true
				if _, ok := present[e.ID]; !ok {
					present[e.ID] = nil
				}
			}
		}
		var list []Tenure
		for id, c := range present {
			w := tenureWalk{book: b, number: n.String(), line: line, moves: moves}
			if err := w.contact(ctx, id, end.Last, c); err != nil {
				return nil, err
			}
			list = append(list, w.list...)
		}
		after, err := b.store.Stat(ctx, b.scope)
		if err != nil {
			return nil, err
		}
		if after.First != before.First {
			continue // a Trim took some of it meanwhile
		}
		slices.SortFunc(list, func(s, t Tenure) int {
			return cmp.Or(cmp.Compare(s.FromRevision, t.FromRevision),
				cmp.Compare(s.ToRevision-1, t.ToRevision-1), // 0 comes last
				strings.Compare(s.Contact.ID, t.Contact.ID))
		})
		return list, nil
	}
}

// events yields what Store.History has for a query that is not reversed.
func (b *Book) events(ctx context.Context, q HistoryQuery) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for {
			page, err := b.store.History(ctx, b.scope, q)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) == 0 {
				return
			}
			for i := range page {
				q.After = page[i].Revision
				if !yield(&page[i], nil) {
					return
				}
			}
		}
	}
}

// tenureWalk goes through the life of one contact.
type tenureWalk struct {
	book   *Book
	number string
	line   phone.Line
	moves  map[uint64]bool
	list   []Tenure
	open   bool // the last of list has not ended
}

// contact walks over the events of a contact up to a revision. Present is its
// state where it is a holder today, else nil.
func (w *tenureWalk) contact(ctx context.Context, id string, last uint64, present *Contact) error {
	var before *Event
	for e, err := range w.book.events(ctx, HistoryQuery{ID: id, Before: last + 1, Limit: MaxLimit}) {
		if err != nil {
			return err
		}
		if e.Blank {
			w.list = nil // purged meanwhile
			return nil
		}
		w.book.fill(&e.Contact)
		w.event(e, before)
		before = e
	}
	if before == nil && present != nil {
		w.begin(nil, ChangeUnknown, present)
	}
	return nil
}

func (w *tenureWalk) event(e, before *Event) {
	now := &e.Contact
	p, has := w.book.numberOf(now, w.line)
	kind, _ := kindOfEvent(e, before)
	if before == nil && e.Created != e.Revision {
		// What was before is gone. That the contact began or ceased to hold
		// the line here is known all the same.
		switch {
		case !w.moves[e.Revision]:
			e = nil
		case !has:
			was := now.Clone()
			was.Status, was.MergedInto = Active, ""
			w.begin(nil, ChangeUnknown, &was)
			w.last().Contact = *now
			kind, _ = kindOfChange(&was, now)
		}
	}
	if w.open && (!has || p.Shared != w.last().Shared) {
		t := w.last()
		t.To, t.ToRevision, t.Ended = now.UpdatedAt, now.Revision, kind
		w.open = false
	}
	switch {
	case !has:
	case w.open:
		w.last().Contact, w.last().Number = *now, p.Number
	default:
		w.begin(e, kind, now)
	}
}

func (w *tenureWalk) last() *Tenure { return &w.list[len(w.list)-1] }

// begin opens a tenure: at an event, or before what is known of c.
func (w *tenureWalk) begin(e *Event, kind ChangeKind, c *Contact) {
	t := Tenure{Contact: *c, Number: w.number}
	if p, ok := w.book.numberOf(c, w.line); ok {
		t.Number, t.Shared = p.Number, p.Shared
	}
	if e != nil {
		t.From, t.FromRevision, t.Began = c.UpdatedAt, e.Revision, kind
	}
	w.list, w.open = append(w.list, t), true
}

// numberOf returns by which entry a contact has a line, a claim before a share;
// false where it has not.
func (b *Book) numberOf(c *Contact, line phone.Line) (Phone, bool) {
	var shared *Phone
	for i := range len(c.Phones) + 1 {
		p := &c.CellPhone
		if i > 0 {
			p = &c.Phones[i-1]
		}
		if _, l, ok := b.line(*p); !ok || l != line || c.Status != Active {
			continue
		}
		if !p.Shared {
			return *p, true
		}
		if shared == nil {
			shared = p
		}
	}
	if shared == nil {
		return Phone{}, false
	}
	return *shared, true
}
