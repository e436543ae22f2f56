package kvstore_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"sort"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// sliceEngine is an Engine over a sorted slice, which every commit copies.
type sliceEngine struct {
	mu      sync.Mutex
	entries snapshot
}

type snapshot []kvstore.Op

func (e *sliceEngine) Snapshot() (kvstore.Snapshot, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.entries, nil
}

func (e *sliceEngine) Commit(_ context.Context, b *kvstore.Batch) error {
	old, ops := e.entries, b.Ops
	var next snapshot
	for len(old) > 0 || len(ops) > 0 { // both are in order of key
		if len(ops) == 0 || len(old) > 0 && bytes.Compare(old[0].Key, ops[0].Key) < 0 {
			next, old = append(next, old[0]), old[1:]
			continue
		}
		if len(old) > 0 && bytes.Equal(old[0].Key, ops[0].Key) {
			old = old[1:]
		}
		if op := ops[0]; !op.Delete {
			next = append(next, kvstore.Op{Key: bytes.Clone(op.Key), Value: append([]byte{}, op.Value...)})
		}
		ops = ops[1:]
	}
	e.mu.Lock()
	e.entries = next
	e.mu.Unlock()
	return nil
}

func (e *sliceEngine) Close() error { return nil }

// find returns the place of the first entry that is not before key.
func (s snapshot) find(key []byte) int {
	return sort.Search(len(s), func(i int) bool { return bytes.Compare(s[i].Key, key) >= 0 })
}

func (s snapshot) Get(key []byte) ([]byte, bool, error) {
	if i := s.find(key); i < len(s) && bytes.Equal(s[i].Key, key) {
		return s[i].Value, true, nil
	}
	return nil, false, nil
}

func (s snapshot) Scan(from, to []byte, reverse bool, yield func(key, value []byte) bool) error {
	i, end := s.find(from), len(s)
	if len(to) > 0 {
		end = s.find(to)
	}
	for ; i < end; i++ {
		entry := s[i]
		if reverse {
			end--
			entry = s[end]
			i--
		}
		if !yield(entry.Key, entry.Value) {
			break
		}
	}
	return nil
}

func (s snapshot) Release() {}

// Three methods make a contacts store of anything that keeps sorted keys.
func Example() {
	ctx := context.Background()
	store, err := kvstore.New(&sliceEngine{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	book, err := contacts.Open(ctx, store, contacts.Scope{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	john, err := book.Create(ctx, contacts.Contact{
		FirstName: "John", LastName: "Doe", Salutation: "Mr",
		CellPhone: contacts.Phone{Number: "9876543210", CountryCode: "91", Extension: "+"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(john.FullName, john.CellPhone.Number)
	// Output: John Doe +919876543210
}
