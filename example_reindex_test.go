package contacts_test

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// A town's numbers got a 7 in front. The host adds that as a rule, and Open
// re-indexes the book: what were two numbers is one line from now on.
func ExampleBook_Reindexed() {
	ctx := context.Background()
	store := memstore.New()
	defer store.Close()
	scope := contacts.Scope{Account: "acme"}
	book, err := contacts.Open(ctx, store, scope, &contacts.Options{Rules: contacts.RelaxedRules()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for name, number := range map[string]string{"Ana": "+290 2345", "Eva": "+290 72345"} {
		c := contacts.Contact{FirstName: name, CellPhone: contacts.Phone{Number: number}}
		if _, err := book.Create(ctx, c); err != nil {
			fmt.Println(err)
			return
		}
	}

	rules := &phone.Rules{Add: []phone.Rule{{Name: "town", Code: 290, Old: "2", Digits: 4, New: "72", EvenIfValid: true, Unchecked: true}}}
	book, err = contacts.Open(ctx, store, scope, &contacts.Options{
		Rules: contacts.RelaxedRules(),
		Site:  phone.Site{Rules: rules},
		Reindex: &contacts.ReindexOptions{Progress: func(done, total uint64) {
			fmt.Printf("made ready: %d of %d\n", done, total)
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range book.Reindexed().Collisions {
		fmt.Printf("%s of %s is a number of %s, too\n", c.Number, c.Name, c.HolderName)
	}
	match, err := book.Lookup(ctx, "+290 2345", nil)
	fmt.Println(match.Kind, len(match.Candidates), err)
	// Output:
	// made ready: 2 of 2
	// +2902345 of Ana is a number of Eva, too
	// ambiguous 2 <nil>
}

// A desktop program shows its window at once and re-indexes beside it.
func ExampleOptions_deferReindex() {
	ctx := context.Background()
	store := memstore.New()
	defer store.Close()
	old, _ := contacts.Open(ctx, store, contacts.Scope{}, &contacts.Options{Rules: contacts.RelaxedRules()})
	_, _ = old.Create(ctx, contacts.Contact{FirstName: "Ana", CellPhone: contacts.Phone{Number: "+52 1 55 1234 5678"}})

	rules := &phone.Rules{Off: []string{"mexico-prefix"}}
	book, err := contacts.Open(ctx, store, contacts.Scope{}, &contacts.Options{
		Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: rules}, DeferReindex: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error)
	go func() {
		_, err := book.Reindex(ctx, nil)
		done <- err
	}()
	// Until Reindex has begun, writes, look-ups and searches return
	// contacts.ErrStaleIndex; from then on they work.
	fmt.Println(<-done)
	match, err := book.Lookup(ctx, "+52 1 55 1234 5678", nil)
	fmt.Println(match.Kind, match.Contact.FirstName, err)
	// Output:
	// <nil>
	// exact Ana <nil>
}
