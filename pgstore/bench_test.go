package pgstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// BenchmarkCreate creates contacts in one scope, by one caller and by 64, beside
// plain pgx that does the same SQL by hand, in the same two round trips.
func BenchmarkCreate(b *testing.B) {
	server := pgtest.Start(b, pgtest.Config{Fsync: true})
	for _, callers := range []int{1, 64} {
		for _, way := range []struct {
			name string
			of   func(s *Store) func(ctx context.Context, n int64) error
		}{{"store", byStore}, {"hand", byHand}} {
			b.Run(fmt.Sprintf("%d/%s", callers, way.name), func(b *testing.B) {
				s, err := Open(b.Context(), pgtest.With(server.DSN(), "pool_max_conns", "64"), &Options{Schema: fmt.Sprintf("b%s%d_%d", way.name, callers, b.N)})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				mustApplyTo(b, s, home, batchOf(benchPerson(0)))
				create := way.of(s)
				b.ReportAllocs()
				var n atomic.Int64
				b.ResetTimer()
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
							if err := create(b.Context(), i); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
				b.ReportMetric(float64(countOf(b, s, "SELECT count(token) FROM {feed}")-1)/float64(b.N), "commits/create")
			})
		}
	}
}

func benchPerson(n int64) contacts.Write {
	return person(fmt.Sprintf("0197f0a0-0000-7000-8000-%012x", n), fmt.Sprint("Ann Lee", n), phone.Line(49_151_000_000_000+n))
}

func byStore(s *Store) func(ctx context.Context, n int64) error {
	return func(ctx context.Context, n int64) error {
		_, err := s.Apply(ctx, home, batchOf(benchPerson(n)))
		return err
	}
}

// byHand is what somebody would write who knows that it is one new contact.
func byHand(s *Store) func(ctx context.Context, n int64) error {
	info, err := s.find(context.Background(), home)
	if err != nil {
		panic(err)
	}
	return func(ctx context.Context, n int64) error {
		return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return s.insertByHand(ctx, c.Conn(), info, n) })
	}
}

func (s *Store) insertByHand(ctx context.Context, c *pgx.Conn, info *scopeInfo, n int64) error {
	w := benchPerson(n)
	b := contacts.Batch{Writes: []contacts.Write{w}}
	p := prepare.New(name, home, &b)
	if p.Err != nil {
		return p.Err
	}
	line, id := digitsOf(w.Keys.Claims[0]), w.Contact.ID

	look := &pgx.Batch{}
	look.Queue(sqlBegin)
	var last, active int64
	look.Queue(s.sql(`SELECT last_rev, active FROM {scopes} WHERE scope = $1 FOR UPDATE`), info.id).QueryRow(func(row pgx.Row) error {
		return row.Scan(&last, &active)
	})
	var taken int
	look.Queue(s.sql(`SELECT count(*) FROM {contacts} WHERE scope = $1 AND id = $2`), info.id, id).QueryRow(func(row pgx.Row) error {
		return row.Scan(&taken)
	})
	look.Queue(s.sql(`SELECT count(*) FROM {claims} WHERE domain = $1 AND line = $2`), info.id, line).QueryRow(func(row pgx.Row) error {
		var n int
		err := row.Scan(&n)
		taken += n
		return err
	})
	if err := c.SendBatch(ctx, look).Close(); err != nil {
		return err
	}
	if taken > 0 {
		return contacts.ErrDuplicateNumber
	}

	rev := last + 1
	col := columnsOf(&w.Contact, 0)
	write := &pgx.Batch{}
	write.Queue(s.sql(`INSERT INTO {contacts} (scope, seq, rev, id, status, sort, first_name, last_name, organization, cell_phone,
		emails, created_at, created_by, updated_at, updated_by, record) VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`),
		info.id, rev, id, col.status, p.Writes[0].Held.Sort, col.firstName, col.lastName, col.organization, col.cellPhone, col.emails,
		col.createdAt, col.createdBy, col.updatedAt, col.updatedBy, append(record.AppendRevision(nil, uint64(rev)), p.Writes[0].Body...))
	write.Queue(s.sql(`INSERT INTO {claims} (domain, line, slot, scope, seq) VALUES ($1, $2, 0, $1, $3)`), info.id, line, rev)
	write.Queue(s.sql(`INSERT INTO {words} (scope, word, seq, fields) VALUES ($1, $2, $4, 1), ($1, $3, $4, 1)`),
		info.id, w.Keys.Words[0].Text, w.Keys.Words[1].Text, rev)
	write.Queue(s.sql(`INSERT INTO {turns} (scope, line, rev, seq) VALUES ($1, $2, $3, $3)`), info.id, line, rev)
	write.Queue(s.sql(`INSERT INTO {feed} (scope, rev, seq, batch_end, purged, token) VALUES ($1, $2, $2, $2, false, $3)`), info.id, rev, newToken())
	write.Queue(s.sql(`UPDATE {scopes} SET last_rev = $2, active = $3 WHERE scope = $1`), info.id, rev, active+1)
	write.Queue(sqlCommit)
	return c.SendBatch(ctx, write).Close()
}
