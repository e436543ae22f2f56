package contacts_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// benchRows is how many rows the benchmarks of this file take an iteration, in
// one call and in one call a row.
const benchRows = 1000

type benchWay struct {
	name string
	do   func(*contacts.Book, []contacts.Contact) error
}

// benchEach measures two ways to carry out rows, which it makes anew from
// contacts of the book for each iteration.
func benchEach(b *testing.B, rows func(created []contacts.Contact, n int), ways ...benchWay) {
	for _, store := range []string{"memstore", "boltstore"} {
		for _, way := range ways {
			b.Run(store+"/"+way.name, func(b *testing.B) {
				s := contacts.Store(memstore.New())
				if store == "boltstore" {
					s = newFile(b)
				}
				book, err := contacts.Open(ctx, s, contacts.Scope{}, &contacts.Options{Rules: contacts.RelaxedRules()})
				if err != nil {
					b.Fatal(err)
				}
				list := make([]contacts.Contact, benchRows)
				for n := 0; b.Loop(); n++ {
					b.StopTimer()
					created, err := book.UpsertEach(ctx, people(benchRows), nil) // those that are deleted come anew
					if err != nil {
						b.Fatal(err)
					}
					for i := range list {
						list[i] = created[i].Contact
						list[i].Revision = 0
					}
					rows(list, n)
					b.StartTimer()
					if err := way.do(book, list); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
			})
		}
	}
}

// oneByOne calls do for each row.
func oneByOne(do func(*contacts.Book, contacts.Contact) error) benchWay {
	return benchWay{"single", func(b *contacts.Book, list []contacts.Contact) error {
		for _, c := range list {
			if err := do(b, c); err != nil {
				return err
			}
		}
		return nil
	}}
}

func BenchmarkUpdateEach(b *testing.B) {
	benchEach(b, func(list []contacts.Contact, n int) {
		for i := range list {
			list[i].Tags = []string{fmt.Sprint(n)}
		}
	}, benchWay{"each", func(b *contacts.Book, list []contacts.Contact) error {
		results, err := b.UpdateEach(ctx, list)
		return errors.Join(err, results[0].Err)
	}}, oneByOne(func(b *contacts.Book, c contacts.Contact) error {
		_, err := b.Update(ctx, c)
		return err
	}))
}

func BenchmarkDeleteEach(b *testing.B) {
	benchEach(b, func([]contacts.Contact, int) {}, benchWay{"each", func(b *contacts.Book, list []contacts.Contact) error {
		ids := make([]string, len(list))
		for i := range list {
			ids[i] = list[i].ID
		}
		results, err := b.DeleteEach(ctx, ids)
		return errors.Join(err, results[0].Err)
	}}, oneByOne(func(b *contacts.Book, c contacts.Contact) error {
		_, err := b.Delete(ctx, c.ID)
		return err
	}))
}

// BenchmarkUpsertEach completes a contact with every other row and creates one
// with the rest.
func BenchmarkUpsertEach(b *testing.B) {
	benchEach(b, func(list []contacts.Contact, n int) {
		for i := range list {
			list[i].Title = fmt.Sprint(n)
			if i%2 == 1 {
				list[i].CellPhone = contacts.Phone{Number: fmt.Sprintf("+91876%07d", (n*benchRows+i)%10_000_000)}
			}
		}
	}, benchWay{"each", func(b *contacts.Book, list []contacts.Contact) error {
		results, err := b.UpsertEach(ctx, list, &contacts.UpsertOptions{Policy: contacts.PreferGiven})
		return errors.Join(err, results[0].Err)
	}}, oneByOne(func(b *contacts.Book, c contacts.Contact) error {
		_, err := b.Upsert(ctx, c, &contacts.UpsertOptions{Policy: contacts.PreferGiven})
		return err
	}))
}
