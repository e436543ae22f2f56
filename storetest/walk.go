package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

// both applies b to both and compares what they answer.
func (w *walk) both(b contacts.Batch) {
	want, wantErr := w.model.s.Apply(w.ctx, w.scope, b)
	got, err := w.s.Apply(w.ctx, w.scope, b)
	what := fmt.Sprintf("Apply of %s (Op %q, Each %t) in scope %q", describe(b), b.Op, b.Each, w.scope)
	w.sameRefusal(what, err, wantErr)
	if err != nil {
		return
	}
	w.want((got.Epoch == "") == (want.Epoch == ""), "%s: got epoch %q", what, got.Epoch)
	got.Epoch, want.Epoch = "", ""
	w.refusals(what+": Kept", unheld(b, got.Kept), unheld(b, want.Kept)...)
	got.Kept, want.Kept = nil, nil
	if !want.Repeated { // whether the first answer comes with Refused is left open
		w.want(len(got.Refused) == len(want.Refused), "%s: got %d Refused, want %d", what, len(got.Refused), len(want.Refused))
		for i := range got.Refused {
			w.equal(what+": index of Refused", got.Refused[i].Index, want.Refused[i].Index)
			w.sameRefusal(what+": Refused", unheldError(b, got.Refused[i].Err), unheldError(b, want.Refused[i].Err))
		}
	}
	got.Refused, want.Refused = nil, nil
	w.equal(what, got, want)
	if b.Op != "" && !want.Repeated {
		w.ops = append(w.ops, b)
	}
}

// unheld leaves out who holds a line if b has Each. Whether a contact that an
// earlier write of the batch made or changed counts as stored then, as if it
// had come in a batch before, or as an Earlier item, is left open.
func unheld(b contacts.Batch, rs []contacts.Refusal) []contacts.Refusal {
	if b.Each {
		rs = slices.Clone(rs)
		for i := range rs {
			rs[i].HolderID, rs[i].HolderName, rs[i].Earlier = "", "", -1
		}
	}
	return rs
}

func unheldError(b contacts.Batch, err error) error {
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		dup.Refusals = unheld(b, dup.Refusals)
	}
	return err
}

// sameRefusal compares two errors of Apply.
func (w *walk) sameRefusal(what string, got, want error) {
	if want == nil {
		w.ok(got, "%s", what)
		return
	}
	w.want(got != nil, "%s: got no error, want %v", what, want)
	for _, target := range []error{
		contacts.ErrConflict, contacts.ErrDuplicateNumber, contacts.ErrExists, contacts.ErrNotFound,
		contacts.ErrOpReused, contacts.ErrStaleIndex, contacts.ErrUniqueBy, contacts.ErrInvalid, contacts.ErrTrimmed,
	} {
		w.want(errors.Is(got, target) == errors.Is(want, target), "%s: got error %v, want %v", what, got, want)
	}
	var rev *contacts.RevisionError
	if errors.As(want, &rev) {
		w.conflicts(got, rev.Conflicts...)
	}
	var dup *contacts.DuplicateNumberError
	if errors.As(want, &dup) {
		w.duplicates(got, dup.Refusals...)
	}
}

// query asks both for the same, page by page.
func (w *walk) query() {
	q := contacts.Query{Limit: 1 + w.rnd.IntN(30)}
	q.Status = [][]contacts.Status{nil, nil, anyStatus, {contacts.Inactive}}[w.rnd.IntN(4)]
	stable := false
	switch w.rnd.IntN(8) {
	case 0, 1, 2:
		q.Order, q.Reverse = contacts.Order(w.rnd.IntN(3)), w.rnd.IntN(2) == 0
		if q.Order == contacts.ByName && w.rnd.IntN(2) == 0 {
			q.From = w.word()[:1+w.rnd.IntN(2)]
			q.From = strings.ToValidUTF8(q.From, "")
		}
	case 3:
		if q.Lines = w.lines(6); len(q.Lines) > 0 && w.rnd.IntN(3) == 0 {
			q.PerLine = 1 + w.rnd.IntN(3)
		}
	case 4, 5:
		for range 1 + w.rnd.IntN(2) {
			q.Words = append(q.Words, w.term())
		}
		if digits := strconv.FormatUint(uint64(w.line()), 10); w.rnd.IntN(4) == 0 {
			n := 1 + w.rnd.IntN(2)
			q.Prefixes = []string{digits[:min(n, len(digits))]}
		} else if w.rnd.IntN(4) == 0 {
			q.Suffix = digits[len(digits)-1:]
		}
	case 6:
		q.Duplicates = true
	default:
		stable = true
		digits := strconv.FormatUint(uint64(w.line()), 10)
		if n := 1 + w.rnd.IntN(len(digits)); w.rnd.IntN(2) == 0 {
			q.Prefixes = []string{digits[:n]}
		} else {
			q.Suffix = digits[len(digits)-n:]
		}
	}
	got := w.find(q)
	q.Limit = contacts.MaxLimit
	want := w.model.find(q)
	for _, hits := range [][]contacts.Hit{got, want} {
		if stable { // in an order of its own
			slices.SortFunc(hits, func(a, b contacts.Hit) int {
				return cmp.Or(cmp.Compare(a.Contact.ID, b.Contact.ID), cmp.Compare(a.Line, b.Line))
			})
		}
	}
	w.equal(fmt.Sprintf("Find(%s) in scope %q", show(q), w.scope), got, want)
}

func (w *walk) term() contacts.Term {
	text := []rune(w.word())
	switch w.rnd.IntN(4) {
	case 0:
		return contacts.Term{Text: string(text), Whole: true, Typo: w.rnd.IntN(2) == 0}
	case 1:
		return contacts.Term{Sets: []string{"abc", "aenü"}[:1+w.rnd.IntN(2)]}
	case 2:
		text[w.rnd.IntN(len(text))] = 'z'
		return contacts.Term{Text: string(text), Typo: true}
	}
	return contacts.Term{Text: string(text[:1+w.rnd.IntN(len(text))]), Fields: contacts.Fields(w.rnd.IntN(8))}
}

func (w *walk) compareGet() {
	id := w.id()
	want, wantErr := w.model.s.Get(w.ctx, w.scope, id)
	got, err := w.s.Get(w.ctx, w.scope, id)
	if wantErr != nil {
		w.is(err, fmt.Sprintf("Get(%q) in scope %q", id, w.scope), contacts.ErrNotFound)
		if p := (*contacts.PurgedError)(nil); errors.As(wantErr, &p) {
			w.purged(*p)
		} else {
			w.never(id)
		}
		return
	}
	w.ok(err, "Get(%q) in scope %q", id, w.scope)
	w.equal(fmt.Sprintf("Get(%q) in scope %q", id, w.scope), got, want)
}

func (w *walk) compareStat() {
	got, want := w.stat(), w.model.stat()
	w.want((got.Epoch == "") == (want.Epoch == ""), "Stat in scope %q: got epoch %q", w.scope, got.Epoch)
	got.Epoch, want.Epoch = "", ""
	w.equal(fmt.Sprintf("Stat in scope %q", w.scope), got, want)
}

func (w *walk) comparePast() {
	st := w.model.stat()
	after, limit := uint64(w.rnd.IntN(int(st.Last)+2)), w.rnd.IntN(20)
	want, wantErr := w.model.s.Events(w.ctx, w.scope, after, limit)
	got, err := w.s.Events(w.ctx, w.scope, after, limit)
	what := fmt.Sprintf("Events(%d, limit %d) in scope %q", after, limit, w.scope)
	if wantErr != nil {
		w.is(err, what, contacts.ErrTrimmed)
		return
	}
	w.ok(err, "%s", what)
	w.equal(what, got, want)
}

func (w *walk) compareHistory() {
	q := contacts.HistoryQuery{ID: w.id()}
	if w.rnd.IntN(2) == 0 {
		q = contacts.HistoryQuery{Line: w.line()}
	}
	// Whether History has events that Trim passed is left open.
	q.After = w.model.stat().First
	w.equal(fmt.Sprintf("History(%+v) in scope %q", q, w.scope), w.history(q), w.model.history(q))
}

func (w *walk) trimBoth() {
	st := w.model.stat()
	if st.Last < 50 {
		return
	}
	upTo := uint64(w.rnd.IntN(int(st.Last - 40)))
	err := contacts.Trim(w.ctx, w.s, w.scope, upTo)
	if errors.Is(err, contacts.ErrUnsupported) {
		return
	}
	w.ok(err, "Trim(%d) in scope %q", upTo, w.scope)
	w.ok(contacts.Trim(w.ctx, w.model.s, w.scope, upTo), "Trim of the model")
}

func (w *walk) compareScopes() {
	var got []contacts.Scope
	for _, scope := range w.scopes() {
		if scope.Account == w.scope.Account {
			got = append(got, scope)
		}
	}
	w.equal(fmt.Sprintf("Scopes of account %q", w.scope.Account), got, w.model.scopes())
}
