//go:build linux

package boltstore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// TestPower cuts the power at any moment of some workloads, as a model of the
// disk has it: of what was not synced any part may be there, whole or torn. The
// next program opens the book that was left, finds every write that was
// acknowledged and none in part, and goes on.
func TestPower(t *testing.T) {
	needStrace(t)
	images, rounds := 3_000, 1
	if testing.Short() || raceEnabled {
		images = 600 // .ci/run has a run of the whole without -race
	}
	if *long {
		images, rounds = 100_000, 5
	}
	seed := testSeed(t)
	parts := 0.0
	for _, w := range powerWorks {
		parts += 1 / float64(w.costs)
	}
	var (
		mu    sync.Mutex
		table = map[string]*powerTally{}
	)
	t.Run("workloads", func(t *testing.T) {
		for i, w := range powerWorks {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				for round := range rounds {
					p := newPowerRun(t, w, rand.New(rand.NewPCG(seed, uint64(rounds*i+round))))
					for _, fault := range p.cut(t, int(float64(images/rounds)/parts/float64(w.costs))+1) {
						t.Error(fault)
					}
					mu.Lock()
					if table[w.name] == nil {
						table[w.name] = &powerTally{}
					}
					table[w.name].add(&p.tally)
					mu.Unlock()
				}
			})
		}
	})
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "workload\tcalls\tacknowledged\timages\tas acknowledged\tone further\tclean\tcopies opened\tlost\tin part\tunopenable\tunsound\t")
	var all powerTally
	for _, w := range powerWorks {
		if c := table[w.name]; c != nil {
			c.row(out, w.name)
			all.add(c)
		}
	}
	all.row(out, "all")
	_ = out.Flush()
	t.Logf("power cuts, seed %d:\n%s", seed, text.String())
	if all.images < images && len(table) == len(powerWorks) && !t.Failed() {
		t.Errorf("%d images of %d", all.images, images)
	}
}

// TestPowerNotices leaves syncs out of a log, as a program does that forgets
// them: the images show it.
func TestPowerNotices(t *testing.T) {
	needStrace(t)
	seed := testSeed(t)
	for i, tt := range []struct {
		name string
		work string
		left func(e diskEvent, n int) bool // what stays of the n-th sync
		want func(*powerTally) int
	}{
		{"no sync", "grow", func(diskEvent, int) bool { return false }, func(c *powerTally) int { return c.lost + c.unopenable + c.unsound + c.partial }},
		{"no sync of the folder", "create a book", func(e diskEvent, _ int) bool { return e.folder == "" }, func(c *powerTally) int { return c.lost }},
		{"no sync of files", "create a book", func(e diskEvent, _ int) bool { return e.folder != "" }, func(c *powerTally) int { return c.unopenable }},
		{"one sync a commit", "grow", func(_ diskEvent, n int) bool { return n < 10 || n%2 == 0 }, func(c *powerTally) int { return c.lost + c.unopenable + c.unsound + c.partial }},
		{"no sync of the folder after a compaction", "compact", func(e diskEvent, n int) bool { return n < 10 || e.folder == "" }, func(c *powerTally) int { return c.lost }},
		{"no sync of a backup's folder", "back up", func(e diskEvent, n int) bool { return n < 10 || e.folder == "" }, func(c *powerTally) int { return c.lost }},
	} {
		work := powerWorks[slices.IndexFunc(powerWorks, func(w powerWork) bool { return w.name == tt.work })]
		p := newPowerRun(t, work, rand.New(rand.NewPCG(seed, uint64(i))))
		n := 0
		for k := range p.log.events {
			if e := &p.log.events[k]; e.sync {
				n++
				if !tt.left(*e, n) {
					e.start = 0 // it brought nothing to the disk
				}
			}
		}
		faults := p.cut(t, 200)
		t.Logf("%s: after %d images %v", tt.name, p.tally.images, faults)
		if tt.want(&p.tally) == 0 {
			t.Errorf("%s: %d images, and nothing was found: %+v", tt.name, p.tally.images, p.tally)
		}
	}
}

// powerTally counts what became of images.
type powerTally struct {
	calls, acks, images, same, later, clean, copies int
	lost, partial, unopenable, unsound              int
}

func (c *powerTally) row(out *tabwriter.Writer, name string) {
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, c.calls, c.acks, c.images, c.same, c.later, c.clean, c.copies, c.lost, c.partial, c.unopenable, c.unsound)
}

func (c *powerTally) add(d *powerTally) {
	c.calls, c.acks, c.images, c.same = c.calls+d.calls, c.acks+d.acks, c.images+d.images, c.same+d.same
	c.later, c.clean, c.copies = c.later+d.later, c.clean+d.clean, c.copies+d.copies
	c.lost, c.partial = c.lost+d.lost, c.partial+d.partial
	c.unopenable, c.unsound = c.unopenable+d.unopenable, c.unsound+d.unsound
}
