package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts/bench/internal/people"
)

// eachSide runs fn on every side, with an empty book.
func eachSide(t *testing.T, fn func(t *testing.T, b book)) {
	for _, name := range sideNames() {
		t.Run(name, func(t *testing.T) {
			s, err := newSide(name)
			if err != nil {
				t.Fatal(err)
			}
			b := book{s, filepath.Join(t.TempDir(), name)}
			if err := b.open(b.dir); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := b.close(); err != nil {
					t.Error(err)
				}
			})
			fn(t, b)
		})
	}
}

// reopen closes and opens b, if it is a side that keeps a file.
func reopen(t *testing.T, b book) {
	t.Helper()
	if b.name() == oursMem {
		return
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	if err := b.open(b.dir); err != nil {
		t.Fatal(err)
	}
}

func mustLoad(t *testing.T, b book, list []people.Person) {
	t.Helper()
	if err := b.load(list); err != nil {
		t.Fatal(err)
	}
}

// checkAll looks every person up by number and by id.
func checkAll(t *testing.T, b book, list []people.Person) {
	t.Helper()
	for i := range list {
		p := &list[i]
		byNumber, err := b.lookup(p.Number())
		if err != nil {
			t.Fatalf("look up person %d: %v", i, err)
		}
		byID, err := b.get(byNumber.id)
		if err != nil {
			t.Fatalf("get person %d: %v", i, err)
		}
		if byID != byNumber || byID.number != p.Number() || byID.name != p.Full() || byID.id == "" {
			t.Fatalf("person %d, %s %s: looked up %+v, got %+v", i, p.Full(), p.Number(), byNumber, byID)
		}
	}
}

func TestLoadedAndCreatedAreFoundAfterReopen(t *testing.T) {
	eachSide(t, func(t *testing.T, b book) {
		list := people.Range(0, 1500)
		mustLoad(t, b, list[:1450])
		for i := 1450; i < len(list); i++ {
			if _, err := b.create(&list[i]); err != nil {
				t.Fatal(err)
			}
		}
		checkAll(t, b, list)
		if c, ok := b.side.(compacter); ok {
			if err := c.compact(); err != nil {
				t.Fatal(err)
			}
		}
		if s, ok := b.side.(settler); ok {
			if err := s.settle(); err != nil {
				t.Fatal(err)
			}
		}
		reopen(t, b)
		checkAll(t, b, list)
	})
}

func TestDuplicateIsRefusedWithItsHolder(t *testing.T) {
	eachSide(t, func(t *testing.T, b book) {
		list := people.Range(0, 50)
		mustLoad(t, b, list)
		for i := range list {
			second := people.Person{First: "Second", Last: "Holder", Salutation: "Mr", Code: list[i].Code, National: list[i].National}
			_, err := b.create(&second)
			var taken *takenError
			if !errors.As(err, &taken) {
				t.Fatalf("the number of person %d was given away: %v", i, err)
			}
			holder, err := b.lookup(list[i].Number())
			if err != nil {
				t.Fatal(err)
			}
			if taken.name != list[i].Full() || taken.id != holder.id {
				t.Fatalf("holder %+v, want %+v", *taken, holder)
			}
		}
		if list, err := b.prefix("secon", 20); err != nil || len(list) != 0 {
			t.Fatalf("a refused contact is found: %v, %v", list, err)
		}
	})
}

func TestUnknownIsNotFound(t *testing.T) {
	eachSide(t, func(t *testing.T, b book) {
		mustLoad(t, b, people.Range(0, 10))
		if f, err := b.get("018f0000-0000-7000-8000-000000000000"); !errors.Is(err, errNotFound) {
			t.Errorf("got %+v, %v", f, err)
		}
		stranger := people.At(99)
		if f, err := b.lookup(stranger.Number()); !errors.Is(err, errNotFound) {
			t.Errorf("looked up %+v, %v", f, err)
		}
	})
}

// latinPeople are people whose names every side folds and orders alike.
func latinPeople(n int) []people.Person {
	var list []people.Person
	for i := 0; len(list) < n; i++ {
		if p := people.At(i); isASCII(p.Full()) {
			list = append(list, p)
		}
	}
	return list
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 }) < 0
}

func TestPagesComeInOrderOfName(t *testing.T) {
	eachSide(t, func(t *testing.T, b book) {
		list := latinPeople(1200)
		mustLoad(t, b, list)
		reopen(t, b)
		names := make([]string, len(list))
		for i := range list {
			names[i] = strings.ToLower(list[i].Full())
		}
		slices.Sort(names)
		for _, from := range []int{0, 1, 17, 600, len(names) - 20} {
			page, err := b.page(names[from], pageSize)
			if err != nil {
				t.Fatal(err)
			}
			at, _ := slices.BinarySearch(names, names[from])
			want := names[at:min(at+pageSize, len(names))]
			got := make([]string, len(page))
			for i := range page {
				got[i] = strings.ToLower(page[i].name)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("page from %q:\ngot  %q\nwant %q", names[from], got, want)
			}
		}
	})
}

func TestPrefixFindsWords(t *testing.T) {
	list := people.Range(0, 1200)
	eachSide(t, func(t *testing.T, b book) {
		mustLoad(t, b, list)
		reopen(t, b)
		for i := 0; i < len(list); i += 100 {
			text := beginning(list[i].Last, 3)
			matches := 0
			for k := range list {
				if hasWord(&list[k], text) {
					matches++
				}
			}
			got, err := b.prefix(text, prefixSize)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != min(matches, prefixSize) {
				t.Errorf("prefix %q: %d found, %d have it", text, len(got), matches)
			}
			seen := make(map[string]bool)
			for _, f := range got {
				if seen[f.id] {
					t.Errorf("prefix %q: %s comes twice", text, f.name)
				}
				seen[f.id] = true
			}
		}
	})
}

func hasWord(p *people.Person, begin string) bool {
	return slices.ContainsFunc(searchWords(p), func(w string) bool {
		return strings.HasPrefix(w, strings.ToLower(begin))
	})
}

func TestManyCreatorsOfTheSameNumbers(t *testing.T) {
	eachSide(t, func(t *testing.T, b book) {
		ways := 1
		if tune, ok := b.side.(tuner); ok {
			ways = len(tune.ways())
		}
		for way := range ways {
			if tune, ok := b.side.(tuner); ok {
				tune.use(way)
			}
			list := people.Range(way*20, way*20+20)
			var wg sync.WaitGroup
			var mu sync.Mutex
			made := make(map[string]int)
			for range 4 {
				wg.Go(func() {
					for i := range list {
						_, err := b.create(&list[i])
						var taken *takenError
						mu.Lock()
						if err == nil {
							made[list[i].Number()]++
						} else if !errors.As(err, &taken) {
							t.Errorf("create: %v", err)
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			for i := range list {
				if n := made[list[i].Number()]; n != 1 {
					t.Errorf("%d contacts were created with one number", n)
				}
			}
			checkAll(t, b, list)
		}
	})
}

func TestUnknownSide(t *testing.T) {
	if _, err := newSide("pebble"); err == nil || !strings.Contains(err.Error(), fmt.Sprint(plain)) {
		t.Errorf("error %v does not list the sides", err)
	}
}
