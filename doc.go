// Package contacts is a contact book that a Go program embeds. In it a phone
// number belongs to one contact: names may repeat, numbers may not.
//
//	store, err := boltstore.Open("book.db", nil)          // or memstore.New()
//	book, err := contacts.Open(ctx, store, contacts.Scope{Account: "acme", Stream: "support"}, nil)
//	john, err := book.Create(ctx, contacts.Contact{...})  // *DuplicateNumberError names the holder
//	match, err := book.Lookup(ctx, "098765 43210", nil)   // who is calling?
//	found, err := book.Search(ctx, "jo sm", nil)          // as somebody types
//
// # The parts
//
// A [Book] is what a host uses: one scope (an account and a stream of it)
// with the rules of the Agent Assist public contacts API. It stands on a
// [Store], which keeps any number of scopes: package memstore in memory,
// boltstore in one file. A host that changes from one to the other changes
// the line that opens it.
//
// A [Contact] marshals to the API's JSON. The identity of a number is its
// [phone.Line]: the same line in another spelling is the same number.
//
// # Names of errors
//
// Every error that a caller may want to act on is found with errors.Is in the
// sentinels ([ErrDuplicateNumber], [ErrInvalid], [ErrConflict], ..) and,
// where there is more to know, with errors.As: [DuplicateNumberError],
// [ValidationError], [RevisionError], [AmbiguousError], [TrimmedError],
// [IndexError]. Their texts mask numbers, names and e-mail addresses, so that
// they may be logged; their fields are clear.
//
// # Logs
//
// What this package returns may be given to log/slog: contacts, matches, events
// and the other values that hold personal data have a LogValue that masks it.
// A handler calls it for the values of attributes and groups, not for what is
// within slices, maps and structs of the host; log those item by item. Package
// fmt prints every field in the clear, and so does JSON.
//
// # Concurrency
//
// Books and stores are used from any number of goroutines. No call holds a
// lock or a transaction while it runs a callback of the host, so a loop over
// [Book.All] or [Book.Watch], and the function given to [Book.Edit], may use
// the book.
package contacts
