package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The statements of a commit, in its order. What is removed goes before what
// comes in its place. Those that look for rows are told by a LIMIT how many, which
// they know: not to find out, but because a plan made for any number then counts
// on few, and looks each of them up.
const (
	sqlSupersede = `INSERT INTO {history} (scope, seq, rev, record) SELECT c.scope, c.seq, c.rev, c.record
		FROM (SELECT unnest($2::bigint[]) AS seq LIMIT $3) u JOIN {contacts} c ON c.scope = $1 AND c.seq = u.seq`
	sqlBlankHistory = `UPDATE {history} h SET record = u.record
		FROM (SELECT unnest($2::bigint[]) AS seq, unnest($3::bigint[]) AS rev, unnest($4::bytea[]) AS record LIMIT $5) u
		WHERE h.scope = $1 AND h.seq = u.seq AND h.rev = u.rev`
	sqlInsertHistory  = `INSERT INTO {history} (scope, seq, rev, record) SELECT $1::bigint, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bytea[])`
	sqlUpdateContacts = `UPDATE {contacts} c SET rev = u.rev, status = u.status, sort = u.sort, first_name = u.first_name,
		last_name = u.last_name, organization = u.organization, cell_phone = u.cell_phone, emails = u.emails,
		created_at = u.created_at, created_by = u.created_by, updated_at = u.updated_at, updated_by = u.updated_by, record = u.record
		FROM (SELECT unnest($2::bigint[]) AS seq, unnest($3::bigint[]) AS rev, unnest($4::text[]) AS status, unnest($5::bytea[]) AS sort,
			unnest($6::text[]) AS first_name, unnest($7::text[]) AS last_name, unnest($8::text[]) AS organization, unnest($9::text[]) AS cell_phone,
			unnest($10::text[]) AS emails, unnest($11::timestamptz[]) AS created_at, unnest($12::text[]) AS created_by,
			unnest($13::timestamptz[]) AS updated_at, unnest($14::text[]) AS updated_by, unnest($15::bytea[]) AS record LIMIT $16) u
		WHERE c.scope = $1 AND c.seq = u.seq`
	sqlReindexContacts = `UPDATE {contacts} c SET sort = u.sort, record = u.record
		FROM (SELECT unnest($2::bigint[]) AS seq, unnest($3::bytea[]) AS sort, unnest($4::bytea[]) AS record LIMIT $5) u
		WHERE c.scope = $1 AND c.seq = u.seq`
	sqlPurgeContacts = `UPDATE {contacts} c SET rev = u.rev, status = 'purged', sort = '', first_name = NULL, last_name = NULL,
		organization = NULL, cell_phone = NULL, emails = NULL, created_at = NULL, created_by = NULL, updated_at = NULL,
		updated_by = NULL, record = u.record
		FROM (SELECT unnest($2::bigint[]) AS seq, unnest($3::bigint[]) AS rev, unnest($4::bytea[]) AS record LIMIT $5) u
		WHERE c.scope = $1 AND c.seq = u.seq`
	sqlInsertContacts = `INSERT INTO {contacts} (scope, seq, rev, id, status, sort, first_name, last_name, organization, cell_phone,
			emails, created_at, created_by, updated_at, updated_by, record)
		SELECT $1::bigint, unnest($2::bigint[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::bytea[]),
			unnest($6::text[]), unnest($7::text[]), unnest($8::text[]), unnest($9::text[]), unnest($10::text[]),
			unnest($11::timestamptz[]), unnest($12::text[]), unnest($13::timestamptz[]), unnest($14::text[]), unnest($15::bytea[])`
	sqlDropClaims = `DELETE FROM {claims} c USING (SELECT unnest($2::text[]) AS line, unnest($3::bigint[]) AS slot LIMIT $4) u
		WHERE c.domain = $1 AND c.line = u.line AND c.slot = u.slot`
	sqlInsertClaims = `INSERT INTO {claims} (domain, line, slot, scope, seq)
		SELECT $1::bigint, unnest($2::text[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[])`
	sqlDropShared = `DELETE FROM {shared} s USING (SELECT unnest($2::text[]) AS line, unnest($3::bigint[]) AS seq LIMIT $4) u
		WHERE s.scope = $1 AND s.line = u.line AND s.seq = u.seq`
	sqlInsertShared = `INSERT INTO {shared} (scope, line, seq) SELECT $1::bigint, unnest($2::text[]), unnest($3::bigint[])`
	sqlDropWords    = `DELETE FROM {words} w USING (SELECT unnest($2::text[]) AS word, unnest($3::bigint[]) AS seq LIMIT $4) u
		WHERE w.scope = $1 AND w.word = u.word AND w.seq = u.seq`
	sqlInsertWords = `INSERT INTO {words} (scope, word, seq, fields) SELECT $1::bigint, unnest($2::text[]), unnest($3::bigint[]), unnest($4::bigint[])`
	sqlDropTurns   = `DELETE FROM {turns} t USING (SELECT unnest($2::text[]) AS line, unnest($3::bigint[]) AS rev LIMIT $4) u
		WHERE t.scope = $1 AND t.line = u.line AND t.rev = u.rev`
	sqlInsertTurns  = `INSERT INTO {turns} (scope, line, rev, seq) SELECT $1::bigint, unnest($2::text[]), unnest($3::bigint[]), unnest($4::bigint[])`
	sqlInsertSilent = `INSERT INTO {turns} (scope, line, rev, seq, silent)
		SELECT $1::bigint, unnest($2::text[]), unnest($3::bigint[]), unnest($4::bigint[]), true
		ON CONFLICT (scope, line, rev) DO NOTHING`
	sqlInsertFeed = `INSERT INTO {feed} (scope, rev, seq, batch_end, purged, token)
		SELECT $1::bigint, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::boolean[]), unnest($6::bytea[])`
	sqlInsertOps = `INSERT INTO {ops} (scope, op, digest, last_rev, answer)
		SELECT $1::bigint, unnest($2::bytea[]), unnest($3::bytea[]), unnest($4::bigint[]), unnest($5::text[])`
	sqlSetCounts = `UPDATE {scopes} SET last_rev = $2, active = $3, inactive = $4, merged = $5, duplicates = $6 WHERE scope = $1`
	sqlSetHead   = `UPDATE {scopes} SET index_generation = $2, index_fingerprint = $3, reindexing = $4 WHERE scope = $1`
	sqlSetting   = `UPDATE {scopes} SET settings = $2 WHERE scope = $1`
	sqlLetters   = `UPDATE {scopes} SET letters = $2 WHERE scope = $1`
	sqlTouch     = `UPDATE {scopes} SET last_rev = last_rev WHERE scope = $1`
	sqlCommit    = `COMMIT`
)

// doubt is a commit of which nobody knows whether it happened.
type doubt struct {
	first uint64    // revision of its first event, which has the group's token; 0 without events
	until time.Time // the database is asked for its outcome until then
}

// errNoCommit: the database answered a COMMIT by a rollback.
var errNoCommit = errors.New("the database rolled the transaction back")

func queueCommit(b *pgx.Batch) {
	b.Queue(sqlCommit).Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != sqlCommit {
			return errNoCommit
		}
		return nil
	})
}

func newToken() []byte {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return b
}

// sender sends statements, as many at a time as are not too large together.
type sender struct {
	ctx   context.Context
	t     *try
	batch *pgx.Batch
	rows  int
}

// sendRows is how many rows, by the bounds of parts, are sent at once.
const sendRows = 4 * partRows

func (s *sender) queue(template string, args ...any) {
	s.batch.Queue(s.t.s.sql(template), args...)
}

func (s *sender) flush() error {
	if s.batch.Len() == 0 {
		return nil
	}
	err := s.t.conn.SendBatch(s.ctx, s.batch).Close()
	s.batch, s.rows = &pgx.Batch{}, 0
	return err
}

// add queues a statement for the rows of a list, or several.
func (s *sender) add(p *parts, template string, args func(from, to int) []any) error {
	return p.each(func(from, to int) error {
		s.queue(template, append([]any{s.t.info.id}, args(from, to)...)...)
		s.rows += to - from
		if len(p.cuts) > 0 || s.rows >= sendRows {
			return s.flush()
		}
		return nil
	})
}

// commit writes the changes.
func (t *try) commit() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.g.own.Ctx), commitTime(t.g.writes))
	defer cancel()
	s := &sender{ctx: ctx, t: t, batch: &pgx.Batch{}}
	if err := t.queueChanges(s); err != nil {
		t.end(err) // no commit was sent
		return err
	}
	queueCommit(s.batch)
	if err := s.flush(); err != nil {
		if !rolledBack(err) {
			t.g.doubt = &doubt{until: time.Now().Add(commitTime(t.g.writes))}
			if t.events > 0 {
				t.g.doubt.first = t.state.last - uint64(t.events) + 1
			}
			t.g.noteAnswers(&t.ch.ops)
		}
		t.end(err)
		return err
	}
	t.release()
	t.publish()
	return nil
}

// settle answers from memory what an earlier try has committed. It commits once
// more: where standbys are waited for, what that commit waits for includes the
// earlier one.
func (t *try) settle() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.g.own.Ctx), commitTime(t.g.writes))
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(t.s.sql(sqlTouch), t.info.id)
	queueCommit(b)
	if err := t.conn.SendBatch(ctx, b).Close(); err != nil {
		t.end(err)
		return err
	}
	t.release()
	for _, r := range t.g.held {
		if r.Applied.Epoch != "" {
			r.Applied.Epoch = t.state.epoch
		}
	}
	t.events = 1
	t.publish()
	return nil
}

// publish makes known what was committed.
func (t *try) publish() {
	if t.created {
		t.s.scopes.put(t.g.lane.scope, t.info)
	}
	if t.events > 0 {
		t.s.announce(t.g.lane.scope)
	}
}

// rolledBack reports whether an error proves that the transaction that it ended
// is not committed: the database says so, and goes on.
func rolledBack(err error) bool {
	var pg *pgconn.PgError
	if errors.Is(err, errNoCommit) {
		return true
	}
	if !errors.As(err, &pg) || pg.Code == stateUnknown || strings.HasPrefix(pg.Code, "08") {
		return false
	}
	severity := pg.SeverityUnlocalized
	if severity == "" {
		severity = pg.Severity
	}
	return severity == "ERROR"
}

// queueChanges queues all statements but the last.
func (t *try) queueChanges(s *sender) error {
	ch := t.ch
	for _, ls := range ch.lines {
		ls.settleClaims(t.info.domain, &ch.claimsGone, &ch.claims)
	}
	steps := []func() error{
		func() error {
			return s.add(&ch.superseded.parts, sqlSupersede, func(i, j int) []any { return []any{ch.superseded.seq[i:j], j - i} })
		},
		func() error { return s.records(&ch.blanked, sqlBlankHistory) },
		func() error {
			r := &ch.blanks
			return s.add(&r.parts, sqlInsertHistory, func(i, j int) []any { return []any{r.seq[i:j], r.rev[i:j], r.record[i:j]} })
		},
		func() error {
			r := &ch.updated
			return s.add(&r.parts, sqlUpdateContacts, func(i, j int) []any {
				return append(append([]any{r.seq[i:j], r.rev[i:j]}, r.columns(i, j)...), j-i)
			})
		},
		func() error {
			r := &ch.reindexed
			return s.add(&r.parts, sqlReindexContacts, func(i, j int) []any { return []any{r.seq[i:j], r.sort[i:j], r.record[i:j], j - i} })
		},
		func() error { return s.records(&ch.purged, sqlPurgeContacts) },
		func() error {
			r := &ch.created
			return s.add(&r.parts, sqlInsertContacts, func(i, j int) []any {
				return append([]any{r.seq[i:j], r.id[i:j]}, r.columns(i, j)...)
			})
		},
		func() error { return t.queueClaimChanges(s) },
		func() error { return s.texts(&ch.sharedGone, sqlDropShared) },
		func() error {
			r := &ch.shared
			return s.add(&r.parts, sqlInsertShared, func(i, j int) []any { return []any{r.text[i:j], r.seq[i:j]} })
		},
		func() error { return s.texts(&ch.wordsGone, sqlDropWords) },
		func() error {
			r := &ch.words
			return s.add(&r.parts, sqlInsertWords, func(i, j int) []any { return []any{r.text[i:j], r.seq[i:j], r.fields[i:j]} })
		},
		func() error { return s.texts(&ch.turnsGone, sqlDropTurns) },
		func() error {
			r := &ch.turns
			return s.add(&r.parts, sqlInsertTurns, func(i, j int) []any { return []any{r.text[i:j], r.rev[i:j], r.seq[i:j]} })
		},
		func() error {
			r := &ch.silent
			return s.add(&r.parts, sqlInsertSilent, func(i, j int) []any { return []any{r.text[i:j], r.rev[i:j], r.seq[i:j]} })
		},
		func() error {
			r := &ch.feed
			if r.n > 0 {
				r.token[0] = t.g.token
			}
			return s.add(&r.parts, sqlInsertFeed, func(i, j int) []any {
				return []any{r.rev[i:j], r.seq[i:j], r.end[i:j], r.purged[i:j], r.token[i:j]}
			})
		},
		func() error {
			r := &ch.ops
			return s.add(&r.parts, sqlInsertOps, func(i, j int) []any {
				return []any{r.op[i:j], r.digest[i:j], r.last[i:j], r.answer[i:j]}
			})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	t.queueState(s)
	return nil
}

// queueClaimChanges queues what is by domain, not by scope.
func (t *try) queueClaimChanges(s *sender) error {
	gone, claims := &t.ch.claimsGone, &t.ch.claims
	err := gone.each(func(i, j int) error {
		s.queue(sqlDropClaims, t.info.domain, gone.line[i:j], gone.slot[i:j], j-i)
		return nil
	})
	if err != nil {
		return err
	}
	return claims.each(func(i, j int) error {
		s.queue(sqlInsertClaims, t.info.domain, claims.line[i:j], claims.slot[i:j], claims.scope[i:j], claims.seq[i:j])
		return nil
	})
}

func (s *sender) records(r *records, template string) error {
	return s.add(&r.parts, template, func(i, j int) []any { return []any{r.seq[i:j], r.rev[i:j], r.record[i:j], j - i} })
}

func (s *sender) texts(r *texts, template string) error {
	return s.add(&r.parts, template, func(i, j int) []any { return []any{r.text[i:j], r.seq[i:j], j - i} })
}

// columns returns what sqlUpdateContacts and sqlInsertContacts have in common.
func (r *people) columns(i, j int) []any {
	return []any{r.status[i:j], r.sort[i:j], r.firstName[i:j], r.lastName[i:j], r.organization[i:j], r.cellPhone[i:j], r.emails[i:j],
		r.createdAt[i:j], r.createdBy[i:j], r.updatedAt[i:j], r.updatedBy[i:j], r.record[i:j]}
}

// queueState queues the changes of the row of the scope.
func (t *try) queueState(s *sender) {
	st, id := &t.state, t.info.id
	if t.events > 0 || len(t.ch.lines) > 0 {
		s.queue(sqlSetCounts, id, int64(st.last), st.contacts[0], st.contacts[1], st.contacts[2], st.duplicates)
	}
	if st.newHead {
		s.queue(sqlSetHead, id, int64(st.head.Index.Generation), int64(st.head.Index.Fingerprint), st.head.Reindexing)
	}
	if st.newSettings {
		s.queue(sqlSetting, id, st.settings)
	}
	if st.newLetters {
		s.queue(sqlLetters, id, st.letters)
	}
}
