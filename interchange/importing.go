package interchange

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts"
)

// importing is one import. Its rows and settle are never at work at once.
type importing struct {
	ctx    context.Context
	source *Source
	opt    *Options
	report Report

	in      input
	beside  beside
	reader  rowReader // of the latest pass
	rejects *bufio.Writer
	failed  int // rows written to rejects

	pass    atomic.Int32
	read    atomic.Int64 // rows, in this pass
	settled atomic.Int64
}

// defaultProblems is how many rows Report.Problems has by default.
const defaultProblems = 100

// maxLeftOut bounds the names in LeftOut.
const maxLeftOut = 1_000

// otherNames is what further ones are counted under.
const otherNames = ".."

func (im *importing) run(book *contacts.Book) error {
	o := im.opt
	im.report.DryRun = o.DryRun
	if im.report.Region = o.Region; o.Region == "" {
		im.report.Region = book.Site().Region
	}
	im.source.csv.region = im.report.Region
	rules := contacts.RelaxedRules()
	if o.Rules != nil {
		rules = *o.Rules
	}
	im.beside.packed.dir, im.beside.blobs.dir = o.TempDir, o.TempDir
	if o.Rejects != nil {
		im.rejects = bufio.NewWriter(o.Rejects)
	}
	if err := im.in.open(im.ctx, im.source, o.TempDir); err != nil {
		return err
	}
	counts, err := book.With(rules).Import(im.ctx, im.rows, &contacts.ImportOptions{
		Held: o.Held, Restore: o.Restore, DryRun: o.DryRun, Region: o.Region, TempDir: o.TempDir,
	}, im.settle)
	r := &im.report
	r.Rows, r.Created, r.Updated, r.Skipped, r.Failed, r.Kept = counts.Rows, counts.Created, counts.Updated, counts.Skipped, counts.Failed, counts.Kept
	if im.reader != nil {
		im.reader.found(r)
	}
	if im.rejects != nil {
		if flushErr := im.rejects.Flush(); err == nil {
			err = flushErr
		}
	}
	return err
}

func (im *importing) close() error { return errors.Join(im.in.close(), im.beside.close()) }

// rowError is why a row could not be read.
type rowError struct{ problems []Problem }

func (e *rowError) Error() string {
	return "interchange: the row cannot be read: " + e.problems[0].String()
}

// Is makes errors.Is(err, contacts.ErrInvalid) true.
func (e *rowError) Is(target error) bool { return target == contacts.ErrInvalid }

// maxRowProblems bounds what is kept of one row.
const maxRowProblems = 20

// rows yields the rows of one pass. The note of each says where its fields are
// from.
func (im *importing) rows(yield func(contacts.ImportRow, error) bool) {
	end := func(err error) { yield(contacts.ImportRow{}, err) }
	im.pass.Add(1)
	im.read.Store(0)
	file, err := im.in.pass(im.ctx)
	if err != nil {
		end(err)
		return
	}
	reader, err := newReader(file, im.source, &im.opt.Limits)
	if err != nil {
		end(err)
		return
	}
	for index := 0; ; index++ {
		r, err := reader.read()
		im.reader = reader // read has returned: it knows what it found
		if err == io.EOF {
			return
		}
		if err != nil {
			end(err)
			return
		}
		if index == im.beside.rows() { // the first pass
			if err := im.beside.add(r, im.rejects != nil); err != nil {
				end(err)
				return
			}
		}
		im.read.Add(1)
		out := contacts.ImportRow{Contact: r.contact, Note: r.column}
		if len(r.problems) > 0 {
			out.Err = &rowError{r.problems[:min(len(r.problems), maxRowProblems)]}
		}
		if !yield(out, nil) {
			return
		}
	}
}

// settle takes down what became of a row.
func (im *importing) settle(res contacts.ImportResult) error {
	defer im.settled.Add(1)
	in := res.Outcome == contacts.ImportCreated || res.Outcome == contacts.ImportUpdated
	e, err := im.beside.entry(res.Index, &im.beside.one)
	if err != nil {
		return err
	}
	if in && im.opt.Each == nil && e.leftOut == 0 && len(res.Kept) == 0 {
		return nil
	}
	out := Row{Index: res.Index, Line: e.line, Outcome: res.Outcome}
	if out.LeftOut, err = im.beside.leftOut(e); err != nil {
		return err
	}
	column, _ := res.Note.(func(string) string)
	if in || res.Err == nil {
		out.ID = res.Contact.ID
	}
	if in {
		for _, l := range out.LeftOut {
			count(&im.report.LeftOut, l.Name)
		}
	}
	if out.Problems, err = im.problems(res.Err, column); err != nil {
		return err
	}
	for _, k := range res.Kept {
		p, err := im.held(k, column)
		if err != nil {
			return err
		}
		out.Kept = append(out.Kept, p)
	}
	im.note(out)
	if res.Outcome == contacts.ImportFailed && im.rejects != nil {
		if err := im.reject(e, out.Problems); err != nil {
			return err
		}
	}
	if im.opt.Each != nil {
		return im.opt.Each(out)
	}
	return nil
}

// note counts a row by its reason, and keeps it where it is among the first with
// problems.
func (im *importing) note(row Row) {
	r := &im.report
	if row.Outcome == contacts.ImportFailed || row.Outcome == contacts.ImportSkipped {
		reason := ReasonSame
		if len(row.Problems) > 0 {
			reason = row.Problems[0].Reason
		}
		if r.Reasons == nil {
			r.Reasons = map[contacts.Reason]int{}
		}
		r.Reasons[reason]++
	}
	if len(row.Problems) == 0 && len(row.Kept) == 0 {
		return
	}
	most := im.opt.Problems
	if most == 0 {
		most = defaultProblems
	}
	at, _ := slices.BinarySearchFunc(r.Problems, row, func(a, b Row) int { return a.Index - b.Index })
	if at < most {
		r.Problems = slices.Insert(r.Problems, at, row)
	}
	if at >= most || len(r.Problems) > most {
		r.Problems = r.Problems[:min(len(r.Problems), max(most, 0))]
		r.MoreProblems++
	}
}

// count counts a name, of so many.
func count(names *map[string]int, name string) {
	if *names == nil {
		*names = map[string]int{}
	}
	if _, known := (*names)[name]; !known && len(*names) >= maxLeftOut {
		name = otherNames
	}
	(*names)[name]++
}

// reject writes a row that failed.
func (im *importing) reject(e rowEntry, problems []Problem) error {
	raw, err := im.beside.raw(e)
	if err != nil {
		return err
	}
	if im.failed == 0 {
		if err := im.reader.rejectHead(im.rejects); err != nil {
			return err
		}
	}
	im.failed++
	return im.reader.reject(im.rejects, raw, reasonText(e.line, problems))
}

// progressEvery is how often progress is told.
const progressEvery = 250 * time.Millisecond

// tellProgress begins to call Options.Progress, until the function that it
// returns is called.
func (im *importing) tellProgress() (stop func()) {
	tell := im.opt.Progress
	if tell == nil {
		return func() {}
	}
	now := func() Progress {
		return Progress{Pass: int(im.pass.Load()), Read: im.in.read.Load(), Bytes: im.in.size.Load(),
			Rows: int(im.read.Load()), Done: int(im.settled.Load())}
	}
	ended := make(chan struct{})
	var told sync.WaitGroup
	//contacts:owner the function that is returned
	told.Go(func() {
		t := time.NewTicker(progressEvery)
		defer t.Stop()
		for {
			select {
			case <-ended:
				return
			case <-t.C:
				tell(now())
			}
		}
	})
	return func() {
		close(ended)
		told.Wait()
		tell(now())
	}
}
