// Package queue has batches wait for the committer of a store, so that those that
// wait while a commit is under way become one commit.
package queue

import (
	"context"
	"runtime"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
)

// Bounds of a group: it takes no further requests once it has so many of them,
// writes or bytes. A request that is larger by itself is a group of its own.
const (
	GroupRequests = 512
	GroupWrites   = 4096
	GroupBytes    = 8 << 20
)

// gatherYields bounds how often a leader lets others run before it goes on.
const gatherYields = 3

// A Request is a batch to apply or a job to do between commits, and after
// that its outcome.
type Request struct {
	Ctx   context.Context
	Batch *prepare.Batch // nil for a job
	Job   func() error   // runs alone: no commit but its own

	queued bool      // guarded by Queue.mu
	leads  bool      // guarded by Queue.mu: was told to lead
	wake   chan bool // true: lead; false: the outcome is there

	Applied contacts.Applied
	Err     error
}

// A Queue has the requests that wait for the committer. At most one goroutine
// leads at a time: the caller of the request at the head. The zero Queue is
// empty and ready.
type Queue struct {
	mu      sync.Mutex
	waiting []*Request
	busy    bool // somebody leads, or was told to
	last    int  // requests of the last group
}

// Do carries out r in its turn and returns when its outcome is there. Where r
// leads, and is no job, commit carries it out, with as many of those that wait
// (Take) as make a group; it gives all of these their outcome (Request.Finish)
// or puts them back. A context that ends while r waits takes it out of the queue
// again.
func (q *Queue) Do(r *Request, commit func(own *Request)) {
	q.mu.Lock()
	r.queued = true
	q.waiting = append(q.waiting, r)
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		q.lead(r, commit)
		return
	}
	r.wake = make(chan bool, 1)
	q.mu.Unlock()

	select {
	case lead := <-r.wake:
		if lead {
			q.lead(r, commit)
		}
		return
	case <-r.Ctx.Done():
	}
	if q.withdraw(r) {
		r.Err = r.Ctx.Err()
		return
	}
	if lead := <-r.wake; lead { // it was put back, and is at the head now
		q.lead(r, commit)
	}
}

// withdraw takes r out of the queue, unless the committer has it already. If
// r was to lead, the next one is.
func (q *Queue) withdraw(r *Request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !r.queued {
		return false
	}
	for i, w := range q.waiting {
		if w == r {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			break
		}
	}
	r.queued = false
	if r.leads {
		q.handOver()
	}
	return true
}

// handOver lets the request at the head lead, or nobody. The caller holds mu.
func (q *Queue) handOver() {
	if len(q.waiting) == 0 {
		q.busy = false
		q.waiting = nil
		return
	}
	r := q.waiting[0]
	r.leads = true
	r.wake <- true
}

// Take returns the next batch for a group that has the leader's request
// already, or nil.
func (q *Queue) Take() *Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 || q.waiting[0].Batch == nil {
		return nil
	}
	r := q.waiting[0]
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	r.queued = false
	return r
}

// PutBack returns requests to the head of the queue.
func (q *Queue) PutBack(rs []*Request) {
	if len(rs) == 0 {
		return
	}
	q.mu.Lock()
	for _, r := range rs {
		r.queued = true
	}
	q.waiting = append(append(make([]*Request, 0, len(rs)+len(q.waiting)), rs...), q.waiting...)
	q.mu.Unlock()
}

// lead carries out own, which is at the head of the queue, and hands over.
func (q *Queue) lead(own *Request, commit func(own *Request)) {
	q.mu.Lock()
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	own.queued, own.leads = false, false
	last := q.last
	q.mu.Unlock()
	defer func() { // also when the engine panics
		q.mu.Lock()
		q.handOver()
		q.mu.Unlock()
	}()
	if own.Job != nil {
		if own.Err = own.Ctx.Err(); own.Err == nil {
			own.Err = own.Job()
		}
		return
	}
	if last > 1 {
		q.gather(last - 1)
	}
	commit(own)
}

// Note remembers how many requests a group had.
func (q *Queue) Note(requests int) {
	q.mu.Lock()
	q.last = requests
	q.mu.Unlock()
}

// Waiting tells how many requests wait.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// gather gives those whom the last group answered the occasion to queue again,
// so that they come in one group rather than in every other one. They are ready
// to run, and the leader, who was woken last, would run before them. A leader
// that is alone does not wait, and none waits long: the host may keep the
// processors busy with other things.
func (q *Queue) gather(last int) {
	for range gatherYields {
		n := q.Waiting()
		if n == 0 || n >= last {
			return
		}
		runtime.Gosched()
	}
}

// Finish gives a request of a group its outcome. The leader's own has nobody
// to wake.
func (r *Request) Finish(own *Request, a contacts.Applied, err error) {
	r.Applied, r.Err = a, err
	if r != own {
		r.wake <- false
	}
}
