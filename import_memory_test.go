package contacts_test

import (
	"fmt"
	"runtime"
	"strconv"
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
