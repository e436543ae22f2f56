package pgstore

import (
	"flag"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

var loadCount = flag.Int("load", 100_000, "contacts of BenchmarkLoad")

// BenchmarkLoad compares Load with a plain COPY of the same rows by hand, in the
// order in which they come. One run each says enough:
//
//	go test ./pgstore -run - -bench 'Load$' -benchtime 1x -load 1000000
func BenchmarkLoad(b *testing.B) {
	n := *loadCount
	run := func(name string, load func(*Store) error) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				s := openTest(b, nil)
				peak := peakMemory()
				b.StartTimer()
				if err := load(s); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				b.ReportMetric(float64(peak())/(1<<20), "MB")
				b.ReportMetric(float64(n)/b.Elapsed().Seconds()*float64(b.N), "contacts/s")
				b.ReportMetric(float64(countOf(b, s, "SELECT pg_database_size(current_database())"))/float64(n), "bytes/contact")
			}
		})
	}
	run("load", func(s *Store) error {
		_, err := s.Load(b.Context(), home, contacts.LoadHead{Last: uint64(n)}, sequence(0, n))
		return err
	})
	run("plain", func(s *Store) error { return plainCopy(b, s, n) })
}

// peakMemory returns what tells the most memory that the program had meanwhile,
// above what it has now.
func peakMemory() func() uint64 {
	sample := func() uint64 {
		m := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
		metrics.Read(m)
		return m[0].Value.Uint64() + m[1].Value.Uint64()
	}
	runtime.GC()
	before := sample()
	end, most := make(chan struct{}), make(chan uint64)
	go func() {
		t := time.NewTicker(10 * time.Millisecond)
		defer t.Stop()
		var peak uint64
		for {
			select {
			case <-t.C:
				peak = max(peak, sample())
			case <-end:
				most <- peak - min(before, peak)
				return
			}
		}
	}()
	return func() uint64 { close(end); return <-most }
}

// plainCopy is what a program does by hand: one transaction, a COPY for each table.
func plainCopy(b *testing.B, s *Store, n int) error {
	ctx := b.Context()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var buf []byte
		copyTo := func(table string, columns []string, each int, row func(i, k int, r *contacts.LoadRecord) ([]any, error)) error {
			i, k := 0, 0
			var r contacts.LoadRecord
			_, err := tx.CopyFrom(ctx, pgx.Identifier{s.o.Schema, table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
				if i == n {
					return nil, nil
				}
				if k == 0 {
					r = loaded(i)
				}
				values, err := row(i, k, &r)
				if k++; k == each {
					i, k = i+1, 0
				}
				return values, err
			}))
			return err
		}
		err := copyTo("contacts", []string{"scope", "seq", "rev", "id", "status", "sort", "first_name", "last_name", "organization", "cell_phone",
			"emails", "created_at", "created_by", "updated_at", "record"}, 1, func(i, _ int, r *contacts.LoadRecord) ([]any, error) {
			w := prepare.Write{ID: r.Contact.ID, Contact: &r.Contact}
			var err error
			buf, err = w.Encode(record.AppendRevision(buf[:0], uint64(i+1)), &r.Keys)
			c := &r.Contact
			return []any{int64(1), int64(i + 1), int64(i + 1), c.ID, "active", []byte(r.Keys.Sort), c.FirstName, c.LastName, c.Organization,
				c.CellPhone.Number, c.Emails[0].Address, c.CreatedAt, c.CreatedBy, c.UpdatedAt, buf}, err
		})
		if err != nil {
			return err
		}
		if err := copyTo("claims", []string{"domain", "line", "slot", "scope", "seq"}, 1, func(i, _ int, r *contacts.LoadRecord) ([]any, error) {
			return []any{int64(1), digitsOf(r.Keys.Claims[0]), int32(0), int64(1), int64(i + 1)}, nil
		}); err != nil {
			return err
		}
		if err := copyTo("words", []string{"scope", "word", "seq", "fields"}, 4, func(i, k int, r *contacts.LoadRecord) ([]any, error) {
			return []any{int64(1), r.Keys.Words[k].Text, int64(i + 1), int16(r.Keys.Words[k].Fields)}, nil
		}); err != nil {
			return err
		}
		if err := copyTo("feed", []string{"scope", "rev", "seq", "batch_end", "purged"}, 1, func(i, _ int, _ *contacts.LoadRecord) ([]any, error) {
			return []any{int64(1), int64(i + 1), int64(i + 1), int64(i + 1), false}, nil
		}); err != nil {
			return err
		}
		return copyTo("turns", []string{"scope", "line", "rev", "seq"}, 1, func(i, _ int, r *contacts.LoadRecord) ([]any, error) {
			return []any{int64(1), digitsOf(r.Keys.Claims[0]), int64(i + 1), int64(i + 1)}, nil
		})
	})
}

// BenchmarkAbilities runs Check, Fork and Trim on a scope with many contacts.
func BenchmarkAbilities(b *testing.B) {
	n := *loadCount
	s := openTest(b, nil)
	if _, err := s.Load(b.Context(), home, contacts.LoadHead{Last: uint64(n)}, sequence(0, n)); err != nil {
		b.Fatal(err)
	}
	run := func(name string, fn func() error) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				peak := peakMemory()
				if err := fn(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(peak())/(1<<20), "MB")
			}
		})
	}
	run("check", func() error { return s.Check(b.Context()) })
	run("fork", func() error {
		f, err := s.Fork(b.Context())
		if err != nil {
			return err
		}
		return f.Close()
	})
	run("trim", func() error { return s.Trim(b.Context(), home, uint64(n)) })
}
