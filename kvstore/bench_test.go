package kvstore_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

var benchScope = contacts.Scope{Account: "acme", Stream: "support"}

// plainWrite returns the Put of an ordinary contact, as a Book makes it.
func plainWrite(i int) contacts.Write {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC).Add(time.Duration(i) * time.Millisecond)
	first, last := name(i*7919+3), name(i*104729+11)
	line := phone.Line(919000000000 + uint64(i)*7919%1000000000)
	id := uuid.UUID{0x01, 0x99, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i), 0x70 | byte(i*31>>4&15), byte(i * 37), 0x80 | byte(i*41&63), byte(i * 43), byte(i * 47), byte(i * 53), byte(i * 59), byte(i * 61), byte(i * 67), byte(i * 71)}
	w := contacts.Write{
		Contact: contacts.Contact{
			ID: id.String(), Status: contacts.Active, FirstName: first, LastName: last, Salutation: "Mr",
			CellPhone: contacts.Phone{Number: line.String(), CountryCode: "+91", Extension: "+"},
			CreatedBy: "u-5c3e1e0a-95f5-5f0c-9d2a-2f1a0c7e9b11",
			CreatedAt: now, UpdatedAt: now,
		},
		Keys: contacts.Keys{
			Claims: []phone.Line{line},
			Sort:   last + " " + first,
		},
	}
	words := []contacts.Word{{Text: first, Fields: contacts.InName}, {Text: last, Fields: contacts.InName}}
	if first > last {
		words[0], words[1] = words[1], words[0]
	}
	if first == last {
		words = words[:1]
	}
	w.Keys.Words = words
	return w
}

// name makes one of many names.
func name(i int) string {
	parts := [...]string{"an", "be", "cor", "da", "el", "fi", "gun", "ha", "is", "jo", "ka", "lu", "mar", "ni", "ol", "pe"}
	i &= 0xFFFFF
	return parts[i&15] + parts[i>>4&15] + parts[i>>8&15] + parts[i>>12&3]
}

func loadInto(tb testing.TB, s contacts.Store, n int) {
	tb.Helper()
	var seq iter.Seq2[contacts.LoadRecord, error] = func(yield func(contacts.LoadRecord, error) bool) {
		for i := range n {
			w := plainWrite(i)
			w.Contact.Revision = uint64(i + 1)
			if !yield(contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys, KeepDuplicates: true}, nil) {
				return
			}
		}
	}
	if _, err := s.(contacts.Loader).Load(context.Background(), benchScope, contacts.LoadHead{Last: uint64(n)}, seq); err != nil {
		tb.Fatal(err)
	}
}

func benchStores(b *testing.B, n int, fn func(b *testing.B, s contacts.Store)) {
	b.Run("mem", func(b *testing.B) {
		s := memstore.New()
		defer s.Close()
		loadInto(b, s, n)
		fn(b, s)
	})
	b.Run("bolt", func(b *testing.B) {
		s, err := boltstore.Open(filepath.Join(b.TempDir(), "book"), nil)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		loadInto(b, s, n)
		fn(b, s)
	})
}

const benchContacts = 50_000

func BenchmarkGet(b *testing.B) {
	benchStores(b, benchContacts, func(b *testing.B, s contacts.Store) {
		b.ReportAllocs()
		var ids [1024]string
		for i := range ids {
			ids[i] = plainWrite(i * 31 % benchContacts).Contact.ID
		}
		for i := 0; b.Loop(); i++ {
			if _, err := s.Get(b.Context(), benchScope, ids[i%len(ids)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchFind(b *testing.B, q func(i int) contacts.Query) {
	benchStores(b, benchContacts, func(b *testing.B, s contacts.Store) {
		b.ReportAllocs()
		hits := 0
		for i := 0; b.Loop(); i++ {
			p, err := s.Find(b.Context(), benchScope, q(i%benchContacts))
			if err != nil {
				b.Fatal(err)
			}
			hits += len(p.Hits)
		}
		b.ReportMetric(float64(hits)/float64(b.N), "hits/op")
	})
}

func BenchmarkLookUp(b *testing.B) {
	benchFind(b, func(i int) contacts.Query {
		return contacts.Query{Lines: []phone.Line{phone.Line(919000000000 + uint64(i)*7919%1000000000)}}
	})
}

func BenchmarkPage(b *testing.B) {
	benchFind(b, func(i int) contacts.Query { return contacts.Query{From: name(i)} })
}

func BenchmarkPrefix20(b *testing.B) {
	benchFind(b, func(i int) contacts.Query {
		return contacts.Query{Words: []contacts.Term{{Text: name(i)[:4]}}, Limit: 20}
	})
}

func BenchmarkTwoTerms(b *testing.B) {
	benchFind(b, func(i int) contacts.Query {
		return contacts.Query{Words: []contacts.Term{{Text: name(i)[:2]}, {Text: name(i * 31)[:5]}}, Limit: 20}
	})
}

func BenchmarkTypo(b *testing.B) {
	benchFind(b, func(i int) contacts.Query {
		return contacts.Query{Words: []contacts.Term{{Text: name(i), Typo: true}}, Limit: 20}
	})
}

func BenchmarkCreate(b *testing.B) {
	benchStores(b, benchContacts, func(b *testing.B, s contacts.Store) {
		b.ReportAllocs()
		for i := benchContacts; b.Loop(); i++ {
			w := plainWrite(i)
			w.KeepDuplicates = true
			if _, err := s.Apply(b.Context(), benchScope, contacts.Batch{Writes: []contacts.Write{w}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRefused(b *testing.B) {
	benchStores(b, benchContacts, func(b *testing.B, s contacts.Store) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w := plainWrite(i % benchContacts)
			w.Contact.ID = fmt.Sprint("new-", i)
			if _, err := s.Apply(b.Context(), benchScope, contacts.Batch{Writes: []contacts.Write{w}}); err == nil {
				b.Fatal("not refused")
			}
		}
	})
}

func BenchmarkParallelCreate(b *testing.B) {
	benchStores(b, benchContacts, func(b *testing.B, s contacts.Store) {
		b.SetParallelism(32)
		next := make(chan int, 1024)
		go func() {
			for i := benchContacts; ; i++ {
				select {
				case next <- i:
				case <-b.Context().Done():
					return
				}
			}
		}()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				w := plainWrite(<-next)
				w.KeepDuplicates = true
				if _, err := s.Apply(b.Context(), benchScope, contacts.Batch{Writes: []contacts.Write{w}}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		s := memstore.New()
		loadInto(b, s, 100_000)
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100_000, "us/contact")
}

func BenchmarkLoadBolt(b *testing.B) {
	for b.Loop() {
		s, err := boltstore.Open(filepath.Join(b.TempDir(), "book"), nil)
		if err != nil {
			b.Fatal(err)
		}
		loadInto(b, s, 100_000)
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100_000, "us/contact")
}

func BenchmarkLargeBatch(b *testing.B) {
	var writes []contacts.Write
	for i := range 100_000 {
		w := plainWrite(i)
		w.KeepDuplicates = true
		writes = append(writes, w)
	}
	for b.Loop() {
		s := memstore.New()
		if _, err := s.Apply(b.Context(), benchScope, contacts.Batch{Writes: writes}); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100_000, "us/contact")
}
