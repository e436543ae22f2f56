package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/phone"
)

// A try is one transaction of a group. It is two round trips: one locks the scope
// and reads what the batches depend on, the other writes and commits. What
// they depend on may call for one between them (see missing).
//
// READ COMMITTED is enough, and what makes it so is the order: every writer
// locks the row of the scope before all else, and the statements after that see
// what was committed until then.
type try struct {
	g       *group
	s       *Store
	conn    *pgxpool.Conn
	info    *scopeInfo
	created bool // the scope comes into being with this transaction
	settled bool // an earlier try was committed
	state   scopeState

	stored map[string]*storedContact
	bySeq  map[uint64]*storedContact
	lines  map[phone.Line]*line
	names  map[uint64]holderName
	prior  map[string]*priorAnswer // by op
	holder map[string]string       // names, by id, for prior answers

	serial  uint64 // of the batch that is judged
	plans   []judge.Plan
	built   bool // there is something to commit
	touched map[string]struct{}
	ops     map[string]struct{}
	events  int
	ch      *changes
}

// scopeState is a scope as it is after the batches judged so far.
type scopeState struct {
	epoch       string
	uniqueBy    contacts.UniqueBy
	first, last uint64
	contacts    [4]int64 // by status of a record; those purged are not counted
	duplicates  int64
	head        judge.Head
	letters     string

	settings    []byte
	newSettings bool
	newHead     bool
	newLetters  bool
	changed     bool // there is something to write
}

type storedContact struct {
	seq    uint64
	record []byte
	past   []pastRecord // for a purge
}

type pastRecord struct {
	revision uint64
	turns    []phone.Line // see turnsOf
}

type holderName struct{ id, name string }

const (
	sqlBegin = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`

	// A transaction whose client has vanished, and nobody says so, would hold
	// its locks for hours, but for the setting. For {P} see plans.
	sqlState = `SELECT epoch, unique_by, first_rev, last_rev, active, inactive, merged, duplicates,
		index_generation, index_fingerprint, reindexing, letters, set_config('idle_in_transaction_session_timeout', $2, true){P}
		FROM {scopes} WHERE scope = $1 FOR UPDATE`
	sqlToken = `SELECT token FROM {feed} WHERE scope = $1 AND rev = $2`
)

// idleTime is how long a transaction may wait for its client.
const idleTime = 30 * time.Second

// errVanished: a scope that was there is not. It passes: the next look finds out.
var errVanished = errors.New("the row of the scope is missing")

// try is one transaction.
func (g *group) try() error {
	ctx, stop := g.context()
	defer stop()
	t := &try{g: g, s: g.s, ch: &changes{}}
	defer func() {
		if t.conn != nil { // there was a panic
			t.end(nil)
		}
	}()
	err := t.begin(ctx)
	if err == nil && !t.settled {
		err = t.judge()
		g.putBack()
	}
	switch {
	case err != nil || !t.settled && !t.built:
		t.end(err)
		return err
	case t.settled:
		return t.settle()
	}
	return t.commit()
}

// begin locks the scope, or makes it, and reads what the batches depend on.
func (t *try) begin(ctx context.Context) error {
	info, err := t.s.find(ctx, t.g.lane.scope)
	if err != nil {
		return err
	}
	if info == nil {
		if t.refusedUnmade() {
			return nil
		}
	}
	if t.conn, err = t.s.pool.Acquire(ctx); err != nil {
		return err
	}
	if info == nil {
		return t.create(ctx)
	}
	t.info = info
	return t.look(ctx)
}

// refusedUnmade answers a batch that does not come to make its scope. The group
// of one that does is that batch alone, as it fixes what the scope is.
func (t *try) refusedUnmade() bool {
	t.g.deferRest()
	p := t.g.held[0].Batch
	err := p.Err
	if err == nil && p.Batch.Epoch != "" {
		err = &contacts.TrimmedError{OtherFeed: true}
	}
	if err == nil {
		return false
	}
	t.g.held[0].Applied, t.g.held[0].Err = contacts.Applied{}, err
	return true
}

// create makes the scope.
func (t *try) create(ctx context.Context) error {
	tx, err := t.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	b := t.g.held[0].Batch.Batch
	a, err := t.s.account(ctx, tx, t.g.lane.scope.Account, b.UniqueBy)
	if errors.Is(err, contacts.ErrUniqueBy) {
		t.g.held[0].Applied, t.g.held[0].Err = contacts.Applied{}, err
		return nil
	}
	if err == nil {
		err = t.s.lockAccount(ctx, tx, a)
	}
	if err != nil {
		return err
	}
	n, err := t.s.insertScope(ctx, tx, t.g.lane.scope, a, b.Index, nil)
	if err != nil {
		return err
	}
	t.info, t.created = &scopeInfo{id: n.id, domain: n.domain}, true
	return t.look(ctx)
}

// look is the first round trip, and the second where something is missing.
func (t *try) look(ctx context.Context) error {
	b := &pgx.Batch{}
	if !t.created {
		b.Queue(sqlBegin)
		if t.info.domain != t.info.id {
			b.Queue(t.s.sql(sqlLockScope), t.info.domain)
		}
	}
	b.Queue(t.s.sql(sqlState), t.info.id, strconv.FormatInt(t.s.idle.Milliseconds(), 10)).Query(t.scanState)
	var token []byte
	if d := t.g.doubt; d != nil && d.first > 0 {
		b.Queue(t.s.sql(sqlToken), t.info.id, int64(d.first)).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := rows.Scan(&token); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	t.queueReads(b)
	if err := t.conn.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if d := t.g.doubt; d != nil {
		// The lock was that commit's: it has ended, one way or the other.
		switch {
		case d.first > 0 && bytes.Equal(token, t.g.token):
			t.settled = true
			return nil
		case d.first > 0 && t.state.first >= d.first:
			return fmt.Errorf("%w: the feed was trimmed", contacts.ErrCommitUnknown)
		}
		t.g.doubt = nil
	}
	b = &pgx.Batch{}
	if err := t.queueMissing(b); err != nil {
		return err
	}
	if b.Len() == 0 {
		return nil
	}
	return t.conn.SendBatch(ctx, b).Close()
}

func (t *try) scanState(rows pgx.Rows) error {
	if !rows.Next() {
		t.s.scopes.drop(t.g.lane.scope, t.info)
		return errors.Join(rows.Err(), errVanished)
	}
	var by string
	var first, last, generation, fingerprint int64
	st := &t.state
	err := rows.Scan(&st.epoch, &by, &first, &last, &st.contacts[0], &st.contacts[1], &st.contacts[2], &st.duplicates,
		&generation, &fingerprint, &st.head.Reindexing, &st.letters, nil)
	st.uniqueBy = uniqueByOf(by)
	st.first, st.last = uint64(first), uint64(last)
	st.head.Index = contacts.IndexVersion{Generation: uint32(generation), Fingerprint: uint64(fingerprint)}
	st.changed = t.created
	t.s.grown(st.last)
	return err
}

// judge judges the batches one after the other.
func (t *try) judge() error {
	g := t.g
	if t.conn == nil || t.state.epoch == "" { // answered already
		return nil
	}
	held := g.held
	g.held = nil
	for i, r := range held {
		relied := t.built // on what is not committed yet
		a, when, err := t.apply(r.Batch)
		var failed *failure
		switch {
		case errors.As(err, &failed):
			g.held = append(g.held, held[i:]...)
			return failed.err
		case when == later:
			g.deferred = append(g.deferred, r)
		case when == atOnce && !relied && !t.created:
			r.Finish(g.own, a, err)
		default:
			r.Applied, r.Err = a, err
			g.held = append(g.held, r)
		}
	}
	return nil
}

// endTime bounds how long a database that says nothing is asked to roll back.
const endTime = 10 * time.Second

// end gives the connection back, with nothing committed.
func (t *try) end(err error) {
	if t.conn == nil {
		return
	}
	defer t.release()
	conn := t.conn.Conn()
	var pg *pgconn.PgError
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if errors.As(err, &pg) && pg.Code == stateReadOnly {
		_ = conn.Close(ctx) // a standby by now: the pool is to find the primary
		return
	}
	if !conn.IsClosed() && conn.PgConn().TxStatus() != 'I' {
		_, _ = conn.Exec(ctx, "ROLLBACK")
	}
}

func (t *try) release() {
	t.conn.Release()
	t.conn = nil
}

// failure is an error of the database in the middle of judging, no refusal.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// The view of the judge: see judge.View.

func (t *try) Contact(w *prepare.Write, pl *judge.Plan) error {
	if c := t.stored[w.ID]; c != nil {
		pl.Seq, pl.Stored = c.seq, c.record
	}
	return nil
}

func (t *try) Line(l phone.Line) (*judge.Line, error) { return &t.line(l).Line, nil }

func (t *try) line(l phone.Line) *line {
	ls := t.lines[l]
	if ls == nil {
		ls = &line{digits: digitsOf(l)}
		t.lines[l] = ls
	}
	return ls
}
