package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/queue"
)

// A group is the set of batches that one transaction makes true. It is tried
// again while the transaction is rolled back because of others, or the database
// is not to be reached.
type group struct {
	s    *Store
	lane *lane
	own  *queue.Request // the leader's

	held     []*queue.Request // not answered yet
	deferred []*queue.Request // left to the next group
	count    int              // of requests taken
	writes   int
	bytes    int
	token    []byte            // of the commit
	answers  map[string]string // as ops has them, by op, of the last commit in doubt

	doubt *doubt // a commit of which nobody knows whether it happened
}

// runGroup carries out own, and what else waits in its lane.
func (s *Store) runGroup(l *lane, own *queue.Request) {
	g := &group{s: s, lane: l, own: own, token: newToken()}
	answered := false
	defer func() {
		if !answered { // it panicked: the others must not wait for ever
			g.putBack()
			g.answer(fmt.Errorf("%s: a panic: %w", name, contacts.ErrCommitUnknown))
		}
	}()
	g.gather()
	g.putBack()
	l.queue.Note(len(g.held))
	g.answer(g.run())
	answered = true
}

// gather takes the requests that make the group. A batch that reads what others
// of its group may write is one by itself.
func (g *group) gather() {
	g.take(g.own)
	for g.room() {
		r := g.lane.queue.Take()
		if r == nil {
			return
		}
		if r.Batch.Solo || g.writes+len(r.Batch.Writes) > queue.GroupWrites {
			g.deferred = append(g.deferred, r)
			return
		}
		g.take(r)
	}
}

func (g *group) room() bool {
	return !g.own.Batch.Solo && g.count < queue.GroupRequests && g.writes < queue.GroupWrites && g.bytes < queue.GroupBytes
}

func (g *group) take(r *queue.Request) {
	g.held = append(g.held, r)
	g.count++
	g.writes += len(r.Batch.Writes)
	for i := range r.Batch.Writes {
		g.bytes += len(r.Batch.Writes[i].Body)
	}
}

// deferRest leaves all but the first request to the next group.
func (g *group) deferRest() {
	g.deferred = append(slices.Clone(g.held[1:]), g.deferred...)
	g.held = g.held[:1]
	g.putBack()
}

// putBack returns what is left to the next group to the queue.
func (g *group) putBack() {
	g.lane.queue.PutBack(g.deferred)
	g.deferred = g.deferred[:0]
}

// run tries the group until its outcome is there. The requests that it leaves
// in held have it, unless there is an error.
func (g *group) run() error {
	for n := 1; ; n++ {
		g.dropCancelled()
		if g.left() || len(g.held) == 0 {
			return nil
		}
		err := g.try()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, contacts.ErrCommitUnknown): // and nobody can tell any more
			return fault(context.Background(), err)
		case g.doubt == nil && !passes(err):
			if g.dropCancelled() > 0 || g.separate(err) {
				continue
			}
			return fault(context.Background(), err)
		}
		if n >= g.s.o.Tries {
			return g.giveUp(err)
		}
		ctx, stop := g.context()
		paused := g.s.pause(ctx, n)
		stop()
		if paused != nil && g.s.calls.Shutting() {
			if g.doubt != nil {
				return g.giveUp(err)
			}
			return paused
		}
	}
}

// giveUp is the error of a group that was tried often enough.
func (g *group) giveUp(err error) error {
	err = fault(context.Background(), err)
	if g.doubt != nil {
		return fmt.Errorf("%w: %w", contacts.ErrCommitUnknown, err)
	}
	return err
}

// separate has each batch be a group by itself where the database refused what is
// in one of them, so that the others do not suffer. It reports whether there were
// others.
func (g *group) separate(err error) bool {
	if len(g.held) < 2 || !ofData(err) {
		return false
	}
	for _, r := range g.held {
		r.Batch.Solo = true
	}
	g.deferRest()
	return true
}

// left leaves the others to the next group where the leader's caller went away, and
// reports whether that is so.
func (g *group) left() bool {
	if g.doubt != nil || g.own.Ctx.Err() == nil || slices.Contains(g.held, g.own) {
		return false
	}
	g.deferred = append(g.held, g.deferred...)
	g.held = nil
	g.putBack()
	return true
}

// dropCancelled answers the requests whose callers wait no longer, unless they
// may be applied already, and returns how many.
func (g *group) dropCancelled() int {
	if g.doubt != nil {
		return 0
	}
	before := len(g.held)
	g.held = slices.DeleteFunc(g.held, func(r *queue.Request) bool {
		err := r.Ctx.Err()
		if err != nil {
			r.Finish(g.own, contacts.Applied{}, err)
		}
		return err != nil
	})
	return before - len(g.held)
}

// patience is how long one whose context has ended waits for the sake of the
// others of its group, who would have to begin again.
const patience = time.Second

// context returns one that ends when nobody waits for the group any more, or one
// of its callers has not for some time; with a commit in doubt it ends in any case,
// after some time.
func (g *group) context() (context.Context, context.CancelFunc) {
	detached := context.WithoutCancel(g.own.Ctx)
	if g.doubt != nil {
		return context.WithDeadline(detached, g.doubt.until)
	}
	if len(g.held) == 1 {
		return g.held[0].Ctx, func() {}
	}
	ctx, cancel := context.WithCancel(detached)
	var waiting atomic.Int64
	waiting.Store(int64(len(g.held)))
	late := time.AfterFunc(math.MaxInt64, cancel) //contacts:owner the function that is returned stops it
	stops := make([]func() bool, len(g.held))
	for i, r := range g.held {
		//contacts:owner the function that is returned takes it back
		stops[i] = context.AfterFunc(r.Ctx, func() {
			switch waiting.Add(-1) {
			case 0:
				cancel()
			case int64(len(stops) - 1): // the first
				late.Reset(patience)
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		late.Stop()
		cancel()
	}
}

// commitTime bounds how long a commit may take, so that a database that says
// nothing at all is not waited for without end.
func commitTime(writes int) time.Duration {
	return time.Minute + time.Duration(writes)*4*time.Millisecond
}

// answer gives those that are held their outcome: that error, or what the last
// try found for each.
func (g *group) answer(err error) {
	for _, r := range g.held {
		if err != nil {
			r.Finish(g.own, contacts.Applied{}, err)
		} else {
			r.Finish(g.own, r.Applied, r.Err)
		}
	}
	g.held = nil
}
