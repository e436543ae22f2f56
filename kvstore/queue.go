package kvstore

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
	groupRequests = 512
	groupWrites   = 4096
	groupBytes    = 8 << 20
)

// gatherYields bounds how often a leader lets others run before it goes on.
const gatherYields = 3

// A request is a batch to apply or a job to do between commits, and after
// that its outcome.
type request struct {
	ctx   context.Context
	batch *prepare.Batch // nil for a job
	job   func() error   // runs alone: no commit but its own

	queued bool      // guarded by queue.mu
	leads  bool      // guarded by queue.mu: was told to lead
	wake   chan bool // true: lead; false: the outcome is there

	applied contacts.Applied
	err     error
}

// queue has the requests that wait for the committer. At most one goroutine
// leads at a time: the caller of the request at the head.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	busy    bool // somebody leads, or was told to
	last    int  // requests of the last group
}

// do carries out r in its turn and returns when its outcome is there. A
// context that ends while r waits takes it out of the queue again.
func (s *Store) do(r *request) {
	q := &s.queue
	q.mu.Lock()
	r.queued = true
	q.waiting = append(q.waiting, r)
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		s.lead(r)
		return
	}
	r.wake = make(chan bool, 1)
	q.mu.Unlock()

	select {
	case lead := <-r.wake:
		if lead {
			s.lead(r)
		}
		return
	case <-r.ctx.Done():
	}
	if q.withdraw(r) {
		r.err = r.ctx.Err()
		return
	}
	if lead := <-r.wake; lead { // it was put back, and is at the head now
		s.lead(r)
	}
}

// withdraw takes r out of the queue, unless the committer has it already. If
// r was to lead, the next one is.
func (q *queue) withdraw(r *request) bool {
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
func (q *queue) handOver() {
	if len(q.waiting) == 0 {
		q.busy = false
		q.waiting = nil
		return
	}
	r := q.waiting[0]
	r.leads = true
	r.wake <- true
}

// take returns the next batch for a group that has the leader's request
// already, or nil.
func (q *queue) take() *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 || q.waiting[0].batch == nil {
		return nil
	}
	r := q.waiting[0]
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	r.queued = false
	return r
}

// putBack returns requests to the head of the queue.
func (q *queue) putBack(rs []*request) {
	if len(rs) == 0 {
		return
	}
	q.mu.Lock()
	for _, r := range rs {
		r.queued = true
	}
	q.waiting = append(append(make([]*request, 0, len(rs)+len(q.waiting)), rs...), q.waiting...)
	q.mu.Unlock()
}

// lead carries out own, which is at the head of the queue, with as many others
// as make a group, and hands over.
func (s *Store) lead(own *request) {
	q := &s.queue
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
	if own.job == nil && last > 1 {
		q.gather(last - 1)
	}
	if own.job != nil {
		if own.err = own.ctx.Err(); own.err == nil {
			own.err = own.job()
		}
		return
	}
	s.runGroup(own)
}

// note remembers how many requests a group had.
func (q *queue) note(requests int) {
	q.mu.Lock()
	q.last = requests
	q.mu.Unlock()
}

// gather gives those whom the last group answered the occasion to queue again,
// so that they come in one group rather than in every other one. They are ready
// to run, and the leader, who was woken last, would run before them. A leader
// that is alone does not wait, and none waits long: the host may keep the
// processors busy with other things.
func (q *queue) gather(last int) {
	for range gatherYields {
		q.mu.Lock()
		n := len(q.waiting)
		q.mu.Unlock()
		if n == 0 || n >= last {
			return
		}
		runtime.Gosched()
	}
}

// exclusive runs job in the queue's turn, with no other commit until it
// returns.
func (s *Store) exclusive(ctx context.Context, job func() error) error {
	r := &request{ctx: ctx, job: job}
	s.do(r)
	return r.err
}

// finish gives a request of a group its outcome. The leader's own has nobody
// to wake.
func (r *request) finish(own *request, a contacts.Applied, err error) {
	r.applied, r.err = a, err
	if r != own {
		r.wake <- false
	}
}
