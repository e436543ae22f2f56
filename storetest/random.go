package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// seedVariable names the environment variable that repeats a random run.
const seedVariable = "STORETEST_SEED"

const randomSays = "the store answers every operation as a plain model does that is asked the same"

var randomRules = []rule{
	{"random operations", randomSays, func(t *tester) { t.random(10_000, 0) }},
}

var reopenRandomRules = []rule{
	{"reopen/random operations", randomSays + ", also when it is closed and opened in between", func(t *tester) { t.random(3_000, 100) }},
}

// walk is a series of random operations on a store and on the model.
type walk struct {
	*tester
	rnd   *rand.Rand
	model *tester

	all  []contacts.Scope
	ops  []contacts.Batch // that were applied, to be sent again
	next int              // number for new ids and texts
}

// random does n operations, one of reopenEvery of them (0: none) a reopening.
func (t *tester) random(n, reopenEvery int) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(seedVariable); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		t.ok(err, seedVariable)
	}
	if t.short {
		n /= 10
	}
	model := *t
	model.s = mapstore.New()
	w := &walk{
		tester: t, rnd: rand.New(rand.NewPCG(seed, 0)), model: &model,
		all: []contacts.Scope{
			{Account: "one", Stream: "a"}, {Account: "one", Stream: "b"}, // unique by account
			{Account: "two", Stream: "a"}, {},
		},
	}
	for i := range n {
		if err := attempt(func() { w.step(i, reopenEvery) }); err != nil {
			t.failf("operation %d of seed %d (%s=%d repeats them): %w", i, seed, seedVariable, seed, err)
		}
	}
	for _, scope := range w.all {
		w.enter(scope)
		t.sameReads(t.reads(), w.model.reads())
	}
}

func (w *walk) enter(scope contacts.Scope) { w.scope, w.model.scope = scope, scope }

func (w *walk) step(i, reopenEvery int) {
	w.enter(w.all[w.rnd.IntN(len(w.all))])
	if reopenEvery > 0 && i%reopenEvery == reopenEvery-1 {
		w.reopen()
	}
	switch k := w.rnd.IntN(100); {
	case k < 40:
		w.write()
	case k < 45:
		w.repeat()
	case k < 65:
		w.query()
	case k < 75:
		w.compareGet()
	case k < 80:
		w.comparePast()
	case k < 85:
		w.compareHistory()
	case k < 94:
		w.compareStat()
	case k < 99:
		w.equal("Scopes", w.scopes(), w.model.scopes())
	default:
		w.compareTrim()
	}
}

// The pools are small, so that ids, lines and words meet.

var linePool = func() (all []phone.Line) {
	for _, stem := range []phone.Line{49, 4915, 49151, 1, 44, 4420, 3398, 999999999999999999} {
		for end := range phone.Line(6) {
			all = append(all, stem*10+end)
		}
	}
	return all
}()

func (w *walk) line() phone.Line { return linePool[w.rnd.IntN(len(linePool))] }

func (w *walk) lines(n int) []phone.Line {
	var out []phone.Line
	for range w.rnd.IntN(n + 1) {
		if line := w.line(); !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

var syllables = []string{"an", "na", "be", "bo", "cé", "ü", "lee", "x"}

func (w *walk) word() string {
	return syllables[w.rnd.IntN(8)] + syllables[w.rnd.IntN(8)]
}

// id is that of a contact which the model has or had, or a new one.
func (w *walk) id() string {
	if w.rnd.IntN(40) == 0 {
		w.next++
	}
	return fmt.Sprint("c", max(0, w.next-w.rnd.IntN(60)))
}

// put returns a random Put, at the revision that the model has, mostly.
func (w *walk) put(id string) contacts.Write {
	claims := w.lines(2)
	out := sharing(person(id, w.word()+" "+w.word(), claims...))
	var shared []phone.Line
	for _, line := range w.lines(2) {
		if !slices.Contains(claims, line) {
			shared = append(shared, line)
		}
	}
	out = sharing(out, shared...)
	out.Contact.Tags = []string{w.word()}[:w.rnd.IntN(2)]
	if w.rnd.IntN(3) == 0 {
		out = noting(out, fmt.Sprint(w.rnd.IntN(3)))
	}
	for i := range out.Keys.Words {
		out.Keys.Words[i].Fields = contacts.Fields(1 + w.rnd.IntN(7))
	}
	switch w.rnd.IntN(8) {
	case 0:
		out = inactive(contacts.Inactive, out)
	case 1:
		out = inactive(contacts.Merged, out)
	}
	out.KeepDuplicates = w.rnd.IntN(10) == 0
	return out
}

// write applies a random batch to both.
func (w *walk) write() {
	b := batch()
	seen := map[string]bool{}
	for range 1 + w.rnd.IntN(4) {
		id := w.id()
		if seen[id] && w.rnd.IntN(50) > 0 {
			continue
		}
		seen[id] = true
		out := w.put(id)
		have, err := w.model.s.Get(w.ctx, w.scope, id)
		if err == nil {
			out.Revision = have.Revision
			switch w.rnd.IntN(12) {
			case 0:
				out = purge(have.Revision, id)
			case 1, 2: // an edit that leaves the lines
				out.Keys.Claims, out.Keys.Shared = w.linesOf(id)
				out.Contact.Status, out.Contact.DeletedAt = have.Status, have.DeletedAt
				if have.Status != contacts.Active {
					out.Keys.Claims = nil
				}
			}
		}
		if w.rnd.IntN(40) == 0 {
			out.Revision += uint64(w.rnd.IntN(3))
		}
		b.Writes = append(b.Writes, out)
	}
	if w.scope.Account == "one" {
		b.UniqueBy = contacts.UniqueByAccount
	}
	switch w.rnd.IntN(20) {
	case 0:
		b.Settings = []byte(w.word())
	case 1, 2:
		b.Op = fmt.Sprint("op", w.rnd.IntN(200))
	case 3:
		b.Op, b.Digest = fmt.Sprint("op", w.rnd.IntN(200)), []byte(w.word())
	case 4:
		b.Index.Fingerprint++
	case 5, 6, 7:
		b.Each = true
	}
	w.both(b)
}

// repeat sends a batch with an Op once more.
func (w *walk) repeat() {
	if len(w.ops) > 0 {
		w.both(w.ops[w.rnd.IntN(len(w.ops))])
	}
}

// linesOf returns the lines that the model has for a contact.
func (w *walk) linesOf(id string) (claims, shared []phone.Line) {
	for _, h := range w.model.find(contacts.Query{Lines: linePool, Status: anyStatus, Limit: contacts.MaxLimit}) {
		switch {
		case h.Contact.ID != id:
		case h.Shared:
			shared = append(shared, h.Line)
		default:
			claims = append(claims, h.Line)
		}
	}
	return claims, shared
}

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
	case 6:
		q.Duplicates = true
	default:
		stable = true
		digits := strconv.FormatUint(uint64(w.line()), 10)
		if n := 1 + w.rnd.IntN(len(digits)); w.rnd.IntN(2) == 0 {
			q.Prefix = digits[:n]
		} else {
			q.Suffix = digits[len(digits)-n:]
		}
	}
	got := w.find(q)
	q.Limit = contacts.MaxLimit
	want := w.model.find(q)
	for _, hits := range [][]contacts.Hit{got, want} {
		for i := range hits {
			if len(hits[i].Words) > 1 { // which of several words a later term matched is left open
				hits[i].Words = hits[i].Words[:1]
			}
		}
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

func (w *walk) compareTrim() {
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
