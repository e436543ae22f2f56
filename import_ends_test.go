package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// TestImportEnds ends imports of all kinds at every pass: by an error of rows, by
// one of each, by panics, by the context. None leaves anything behind that makes
// the same import double something.
func TestImportEnds(t *testing.T) {
	broken := errors.New("broken")
	rows := manyRows(2000)
	rows = append(rows, rows[5], rows[9], typedRows("Zoe 12")[0])
	for _, seeds := range []int{0, 1} {
		for pass := range 3 {
			for at := 0; at <= 2000; at += 1000 {
				for _, how := range []string{"error", "panic", "cancel", "each", "each panics"} {
					t.Run(fmt.Sprint(seeds, " ", pass, " ", at, " ", how), func(t *testing.T) {
						b := relaxed(t)
						if seeds > 0 {
							must(b.Create(ctx, typed("Asha", "9876543210")))(t)
						}
						dir := tempDir(t)
						o := &contacts.ImportOptions{Held: contacts.SkipHeld, TempDir: dir}
						ctx, cancel := context.WithCancel(ctx)
						defer cancel()
						passes, told := -1, 0
						failing := func(yield func(contacts.ImportRow, error) bool) {
							passes++
							for i, r := range rows {
								if passes == pass && i == at {
									switch how {
									case "error":
										yield(contacts.ImportRow{}, broken)
										return
									case "panic":
										panic(broken)
									case "cancel":
										cancel()
									}
								}
								if !yield(r, nil) {
									return
								}
							}
						}
						each := func(contacts.ImportResult) error {
							if told++; told == at+1 {
								switch how {
								case "each":
									return broken
								case "each panics":
									panic(broken)
								}
							}
							return nil
						}
						counts, err := contacts.ImportCounts{}, error(nil)
						func() {
							defer func() {
								if p := recover(); p != nil {
									err = p.(error)
								}
							}()
							counts, err = b.Import(ctx, failing, o, each)
						}()
						reached := passes >= pass || strings.HasPrefix(how, "each")
						if reached && !errors.Is(err, broken) && !errors.Is(err, context.Canceled) || !reached && err != nil {
							t.Fatalf("%+v %v after %d passes", counts, err, passes)
						}
						if left := must(os.ReadDir(dir))(t); len(left) > 0 {
							t.Errorf("left behind: %v", left)
						}
						n := must(b.Count(context.Background()))(t)
						if int(n.Active) < counts.Created {
							t.Errorf("%d contacts, %d created", n.Active, counts.Created)
						}
						importAll(t, b, rows, o)
						if n := must(b.Count(context.Background()))(t); int(n.Active) != 2000+seeds || n.Duplicates != 0 {
							t.Errorf("%+v", n)
						}
					})
				}
			}
		}
	}
}

// Rows that are others when they are read again are an error, and nothing wrong
// gets into the book.
func TestImportRowsDiffer(t *testing.T) {
	rows := manyRows(1500)
	rows = append(rows, rows[5])
	other := slices.Clone(rows)
	other[700].Contact.FirstName = "Somebody else"
	held := slices.Clone(rows)
	held[700].Contact = held[701].Contact
	for name, later := range map[string][]contacts.ImportRow{"fewer": rows[:1200], "more": append(slices.Clone(rows), rows[0]), "none": nil, "other": other, "held": held} {
		for pass := 1; pass <= 2; pass++ {
			t.Run(fmt.Sprint(name, " ", pass), func(t *testing.T) {
				b := relaxed(t)
				passes := -1
				counts, err := b.Import(ctx, func(yield func(contacts.ImportRow, error) bool) {
					if passes++; passes < pass {
						rowsOf(rows)(yield)
					} else {
						rowsOf(later)(yield)
					}
				}, nil, func(r contacts.ImportResult) error {
					if r.Err == nil && r.Contact.FirstName != rows[r.Index].Contact.FirstName {
						t.Errorf("row %d: %+v", r.Index, r.Contact)
					}
					return nil
				})
				if !errors.Is(err, contacts.ErrInvalid) {
					t.Fatal(counts, err)
				}
				if n := must(b.Count(ctx))(t); int(n.Active) != counts.Created || pass == 1 && n.Active > 0 || n.Duplicates > 0 {
					t.Errorf("%+v %+v", n, counts)
				}
			})
		}
	}
}

// Somebody who writes into the empty book meanwhile is not overrun, and each row
// is told of once.
func TestImportBesideAnother(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, inIndia())
		rows := manyRows(1500)
		passes := 0
		results := make(map[int]contacts.ImportResult)
		counts, err := b.Import(ctx, func(yield func(contacts.ImportRow, error) bool) {
			if passes++; passes == 2 {
				must(b.Create(ctx, typed("Asha", rows[3].Contact.CellPhone.Number)))(t)
			}
			rowsOf(rows)(yield)
		}, nil, func(r contacts.ImportResult) error {
			if _, twice := results[r.Index]; twice {
				t.Errorf("row %d is told of twice", r.Index)
			}
			results[r.Index] = r
			return nil
		})
		if err != nil || counts != (contacts.ImportCounts{Rows: 1500, Created: 1499, Failed: 1}) {
			t.Fatal(counts, err)
		}
		var dup *contacts.DuplicateNumberError
		if !errors.As(results[3].Err, &dup) || dup.Refusals[0].HolderName != "Asha" || len(results) != 1500 {
			t.Errorf("%+v", results[3])
		}
	})
}

// Contacts that are created while an import runs and have its numbers never make
// a second claimer.
func TestImportBesideCreate(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, inIndia())
		rows := manyRows(3000)
		done := make(chan int)
		stop := make(chan struct{})
		go func() {
			created := 0
			defer func() { done <- created }()
			for i := 2999; i >= 0; i-- {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := b.Create(ctx, rows[i].Contact); err == nil {
					created++
				}
			}
		}()
		counts, err := b.Import(ctx, rowsOf(rows), nil, nil)
		close(stop)
		created := <-done
		if err != nil {
			t.Fatal(err)
		}
		n := must(b.Count(ctx))(t)
		if n.Duplicates != 0 || int(n.Active) != counts.Created+created || counts.Rows != 3000 {
			t.Errorf("%+v, %+v, %d created beside", n, counts, created)
		}
	})
}
