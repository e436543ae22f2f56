//go:build linux

package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// powerRun is one run of a workload, and the images made of it.
type powerRun struct {
	work  powerWork
	log   *diskLog
	r     *rand.Rand
	dir   string // where images are opened
	rungs []rung
	tally powerTally
}

// rung is a state that programs saw: from that event on, to the next rung.
type rung struct {
	at    int // events before it
	state string
}

const bookName = "book.db"

// newPowerRun runs a workload and reads what strace wrote.
func newPowerRun(t *testing.T, work powerWork, r *rand.Rand) *powerRun {
	t.Helper()
	dir := tempDir(t)
	must(t, os.Mkdir(filepath.Join(dir, "work"), 0o700))
	p := &powerRun{work: work, r: r, dir: filepath.Join(dir, "image")}
	must(t, os.Mkdir(p.dir, 0o700))
	if work.prepare != nil {
		work.prepare(t, filepath.Join(dir, "work"))
	}
	log, err := newDiskLog(filepath.Join(dir, "work"))
	must(t, err)
	p.log = log
	trace := filepath.Join(dir, "trace")
	options := []string{onlyTraced, "-ttt", "-xx", "-s", strconv.Itoa(64 << 20), "-o", trace, "-e", "trace=" + strings.Join(changingCalls, ",")}
	if out, err := straceChild(t, 5*time.Minute, options, "power", log.dir, work.name, fmt.Sprint(r.Uint64())); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(trace)
	must(t, err)
	defer f.Close()
	must(t, readTrace(f, log.call))
	must(t, os.Remove(trace))
	p.climb(t)
	return p
}

// climb finds the states that programs saw one after the other, and holds the
// log against the folder and against what the child said.
func (p *powerRun) climb(t *testing.T) {
	t.Helper()
	d := newDisk(p.log)
	main := p.see(t, d, 0)
	renames := 0
	since := len(p.rungs) // at the last acknowledgement
	for i, e := range p.log.events {
		d.step(e)
		switch {
		case e.ack != "":
			p.tally.acks++
			commits, state, _ := strings.Cut(e.ack, " ")
			if now := p.rungs[len(p.rungs)-1].state; now != state {
				t.Fatalf("event %d: the child says %q, the log has %q", i, e.ack, now)
			}
			if n := len(p.rungs) - since; n > 1 && commits == "one" {
				t.Errorf("event %d: a call took %d commits", i, n)
			}
			since = len(p.rungs)
		case e.op != nil:
			p.tally.calls++
			if e.op.kind == opRename && e.op.to == bookName {
				renames++
			}
			n, ok := d.live[bookName]
			if ok && (main != n || e.op.kind == opWrite && e.op.file == n && e.op.off < 2*pageSize) {
				main = p.see(t, d, i+1)
			}
		default:
			p.tally.calls++
		}
	}
	files, err := readFolder(p.log.dir)
	must(t, err)
	must(t, d.compare(files))
	if renames < p.work.renames {
		t.Errorf("the book was replaced %d times, not %d", renames, p.work.renames)
	}
}

// see notes the state that a program sees now, and returns the file it is in.
func (p *powerRun) see(t *testing.T, d *disk, at int) int {
	t.Helper()
	n, ok := d.live[bookName]
	state := ""
	if ok {
		must(t, image{bookName: {data: d.files[n].live}}.write(p.dir))
		s, err := Open(filepath.Join(p.dir, bookName), &Options{ReadOnly: true})
		switch {
		case p.isFirst(d.files[n].live) && errors.Is(err, contacts.ErrDamaged):
			state = damagedState
		case err != nil:
			t.Fatalf("event %d of %s: killed here, the book would not open: %v", at, p.work.name, err)
		default:
			state, err = stateOf(s.engine)
			must(t, err)
			must(t, s.Close())
		}
	} else {
		n = -1
	}
	if k := len(p.rungs); k == 0 || p.rungs[k-1].state != state {
		p.rungs = append(p.rungs, rung{at, state})
	}
	return n
}

// damagedState is that of a book that was damaged before the workload began.
const damagedState = "damaged"

// isFirst reports whether the content of a book is what it was before.
func (p *powerRun) isFirst(data []byte) bool { return bytes.Equal(data, p.log.first[bookName]) }

// cutAt is an image to make: at some event, with what a tear or a number says.
type cutAt struct {
	at      int // events before the cut
	variant int // 0: random; else of the systematic ones
}

// cut makes that many images, judges them and returns what was wrong.
func (p *powerRun) cut(t *testing.T, images int) (faults []error) {
	t.Helper()
	cuts := p.systematic(images / 2)
	var busy []int // where something is not synced
	d := newDisk(p.log)
	for i, e := range p.log.events {
		d.step(e)
		if len(d.unsynced()) > 0 {
			busy = append(busy, i+1)
		}
	}
	for len(cuts) < images {
		at := p.r.IntN(len(p.log.events) + 1)
		if len(busy) > 0 && p.r.IntN(20) > 0 {
			at = busy[p.r.IntN(len(busy))]
		}
		cuts = append(cuts, cutAt{at, 0})
	}
	slices.SortFunc(cuts, func(a, b cutAt) int { return a.at - b.at })
	d = newDisk(p.log)
	floor, acked := 0, false // the rung that was acknowledged last
	var promised []string    // names of files that were there then
	at, reached := 0, 0
	for n, c := range cuts {
		for ; at < c.at; at++ {
			e := p.log.events[at]
			d.step(e)
			for reached+1 < len(p.rungs) && p.rungs[reached+1].at <= at+1 {
				reached++
			}
			if e.ack != "" {
				floor, acked = reached, true
				promised = sortedKeys(d.live)
			}
		}
		tear := p.tear(d, c)
		p.tally.images++
		state, err := p.judge(d.after(tear), acked, d, promised, n)
		if err := p.count(state, err, floor, reached); err != nil {
			faults = append(faults, fmt.Errorf("cut after event %d of %d, variant %d: %w", c.at, len(p.log.events), c.variant, err))
			if len(faults) == 10 {
				break
			}
		}
	}
	return faults
}

// systematic returns the images in which, just before a sync ends, nothing of
// what it syncs is there, or all, or one change alone, or all but one; at most
// limit of them, drawn at random.
func (p *powerRun) systematic(limit int) []cutAt {
	var cuts []cutAt
	d := newDisk(p.log)
	for i, e := range p.log.events {
		if e.sync {
			if n := len(d.unsynced()); n > 0 {
				for v := range 2 + 2*n {
					cuts = append(cuts, cutAt{i, v + 1})
				}
			}
		}
		d.step(e)
	}
	p.r.Shuffle(len(cuts), func(i, j int) { cuts[i], cuts[j] = cuts[j], cuts[i] })
	return cuts[:min(limit, len(cuts))]
}

func (p *powerRun) tear(d *disk, c cutAt) tear {
	if c.variant == 0 {
		return randomTear(p.r, d)
	}
	ops := d.unsynced()
	v := c.variant - 1
	switch {
	case v < 2:
		return plainTear(func(*diskOp) bool { return v == 1 }, v == 1)
	case v < 2+len(ops):
		return plainTear(func(o *diskOp) bool { return o == ops[v-2] }, p.r.IntN(2) == 0)
	}
	return plainTear(func(o *diskOp) bool { return o != ops[v-2-len(ops)] }, p.r.IntN(2) == 0)
}
