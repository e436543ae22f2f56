package contacts_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// What an import holds does not grow with its rows: into an empty book, with all
// rows of different people and with each coming twice, and beside contacts.
func TestImportMemory(t *testing.T) {
	rows := 60_000
	if raceEnabled {
		rows = 15_000
	}
	const most = 24 << 20 // live, of 64 MB in use
	for _, repeated := range []bool{false, true} {
		for _, seeds := range []int{0, 1} {
			t.Run(fmt.Sprint(repeated, seeds), func(t *testing.T) {
				b := openBook(t, newFile(t), inIndia())
				for range seeds {
					must(b.Create(ctx, typed("Asha", "9876543210")))(t)
				}
				var at runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&at)
				base, peak := at.HeapAlloc, uint64(0)
				made := func(yield func(contacts.ImportRow, error) bool) {
					for i := range rows {
						if i%5000 == 4999 {
							runtime.GC()
							runtime.ReadMemStats(&at)
							peak = max(peak, at.HeapAlloc)
						}
						who := i
						if repeated {
							who = i % (rows / 2)
						}
						c := contacts.Contact{FirstName: "First" + strconv.Itoa(who), LastName: "Last"}
						if i%3 > 0 {
							c.CellPhone = contacts.Phone{Number: strconv.Itoa(9000000000 + who*7919)}
						}
						if !yield(contacts.ImportRow{Contact: c}, nil) {
							return
						}
					}
				}
				counts, err := b.Import(ctx, made, &contacts.ImportOptions{Held: contacts.SkipHeld}, nil)
				if err != nil || counts.Rows != rows || counts.Failed != 0 {
					t.Fatal(counts, err)
				}
				if peak > base+most {
					t.Errorf("%d rows held %d KB", rows, (peak-base)>>10)
				}
			})
		}
	}
}

// weighing notes how many bytes of long texts the largest batch has.
type weighing struct {
	contacts.Store
	most int
}

func (s *weighing) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	n := 0
	for _, w := range b.Writes {
		for _, v := range w.Contact.Custom {
			n += len(v)
		}
	}
	s.most = max(s.most, n)
	return s.Store.Apply(ctx, scope, b)
}

// A commit that replaces contacts is bounded by what is there, too, which is in
// memory beside it.
func TestImportLongTexts(t *testing.T) {
	for _, restore := range []bool{false, true} {
		s := &weighing{Store: newStore(t)}
		b := openBook(t, s, inIndia())
		rows := manyRows(80)
		for round, most := range []int{1200 << 10, 650 << 10} {
			for i := range rows {
				c := &rows[i].Contact
				*c = typed(fmt.Sprint("N", i), fmt.Sprint(9000000000+i))
				c.ID, c.Custom = fmt.Sprint("c", i), map[string]string{}
				for k := range 60 {
					c.Custom[fmt.Sprint("k", k)] = strings.Repeat(fmt.Sprint(round), contacts.MaxValue)
				}
			}
			s.most = 0
			got := importAll(t, b, rows, &contacts.ImportOptions{Held: contacts.OverwriteHeld, Restore: restore})
			if want := []contacts.ImportOutcome{contacts.ImportCreated, contacts.ImportUpdated}[round]; got[79].Outcome != want || s.most > most || s.most == 0 {
				t.Errorf("restore %v, round %d: %v, %d bytes in a commit", restore, round, got[79].Outcome, s.most)
			}
		}
	}
}
