package pgstore

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// crowd fills a scope with n contacts that differ as people do: some first names
// are frequent, last names are rare, all have an address of the same two words.
func crowd(t testing.TB, s *Store, scope contacts.Scope, n int) {
	t.Helper()
	var records iter.Seq2[contacts.LoadRecord, error] = func(yield func(contacts.LoadRecord, error) bool) {
		for i := range n {
			r := one(i)
			r.Contact.Revision = uint64(i + 1)
			if !yield(r, nil) {
				return
			}
		}
	}
	if _, err := s.Load(t.Context(), scope, contacts.LoadHead{Index: contacts.IndexVersion{Generation: 1}}, records); err != nil {
		t.Fatal(err)
	}
	execute(t, s, "VACUUM (ANALYZE) {contacts}, {claims}, {shared}, {words}, {feed}, {history}, {turns}, {scopes}, {directory}, {accounts}, {ops}")
}

func execute(t testing.TB, s *Store, text string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), s.expand(text), args...); err != nil {
		t.Fatal(err)
	}
}

// crowdLine is the line that the contact with that number alone has.
func crowdLine(i int) phone.Line { return phone.Line(4915100000000 + uint64(i)*7) }

// one returns a contact of a crowd.
func one(i int) contacts.LoadRecord {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	syllables := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("bcdfghjklmnprstvwz"[r.IntN(18)])
			b.WriteByte("aeiou"[r.IntN(5)])
		}
		return b.String()
	}
	frequent := strings.Fields("anna ben clara david emma felix greta hans ida jonas klara lukas mia noah olivia paul quirin rosa sam tina")
	first := frequent[min(r.IntN(20), r.IntN(20))]
	if r.IntN(2) == 0 {
		first = syllables(2)
	}
	last := syllables(3)
	words := map[string]contacts.Fields{"example": contacts.InEmail, "com": contacts.InEmail, "lead": contacts.InTag}
	words[first] |= contacts.InName
	words[last] |= contacts.InName
	line := crowdLine(i)
	c := contacts.Contact{
		ID: fmt.Sprintf("c%08d", i), Status: contacts.Active, FirstName: first, LastName: last,
		CellPhone: contacts.Phone{Number: line.String(), CountryCode: "+49"},
		Emails:    []contacts.Email{{Address: first + "." + last + "@example.com"}},
		Notes:     "met at the fair, wants to be called back in the afternoon",
		Tags:      []string{"lead"}, CreatedAt: someDay, UpdatedAt: someDay, CreatedBy: "import",
	}
	if r.IntN(3) == 0 {
		org := syllables(2)
		c.Organization = org + " gmbh"
		words[org] |= contacts.InOrganization
		words["gmbh"] |= contacts.InOrganization
	}
	k := contacts.Keys{Claims: []phone.Line{line}, Sort: last + " " + first}
	if i%10 == 0 {
		k.Shared = []phone.Line{4930000000 + phone.Line(i%1000)}
	}
	if i%1000 == 1 {
		k.Claims = append(k.Claims, 888)
	}
	if i%50 == 0 {
		c.Status, k.Claims, k.Shared = contacts.Inactive, nil, append(k.Shared, line)
	}
	for w, fields := range words {
		k.Words = append(k.Words, contacts.Word{Text: w, Fields: fields})
	}
	slices.SortFunc(k.Words, func(a, b contacts.Word) int { return strings.Compare(a.Text, b.Text) })
	return contacts.LoadRecord{Contact: c, Keys: k, KeepDuplicates: true}
}

// crowdQueries has a query of each kind.
func crowdQueries() map[string]contacts.Query {
	var many []phone.Line
	for i := range contacts.MaxLimit {
		many = append(many, crowdLine(i*17+1))
	}
	words := func(terms ...contacts.Term) contacts.Query { return contacts.Query{Words: terms} }
	anna := contacts.Term{Text: "anna", Whole: true}
	return map[string]contacts.Query{
		"by name":                  {},
		"by name, 1000":            {Limit: 1000},
		"by name, back":            {Reverse: true, From: "me"},
		"by name, any state":       {Status: anyStatus},
		"by name, skip":            {Skip: 1000},
		"by name, any state, skip": {Status: anyStatus, Skip: 1000},
		"by creation":              {Order: contacts.ByCreation},
		"by creation, 1000":        {Order: contacts.ByCreation, Limit: 1000},
		"by creation, merged":      {Order: contacts.ByCreation, Status: []contacts.Status{contacts.Merged}},
		"by creation, skip":        {Order: contacts.ByCreation, Skip: 1000},
		"by change":                {Order: contacts.ByChange, Reverse: true},
		"by change, skip":          {Order: contacts.ByChange, Skip: 1000},
		"one line":                 {Lines: []phone.Line{crowdLine(777)}},
		"one line, nobody's":       {Lines: []phone.Line{5}},
		"one line, many share":     {Lines: []phone.Line{4930000010}},
		"1000 lines":               {Lines: many, Limit: 1000},
		"1000 lines, one hit each": {Lines: many, Limit: 1000, PerLine: 1},
		"prefix":                   {Prefixes: []string{"4915"}},
		"prefixes":                 {Prefixes: []string{"49151000", "49152", "888"}},
		"suffix":                   {Suffix: "77"},
		"suffix, long":             {Suffix: "12345"},
		"duplicates":               {Duplicates: true},
		"word":                     words(anna),
		"beginning":                words(contacts.Term{Text: "an"}),
		"beginning, 1000":          {Words: []contacts.Term{{Text: "an"}}, Limit: 1000},
		"beginning, rare":          words(contacts.Term{Text: "bacodu"}),
		"in a field":               words(contacts.Term{Text: "anna", Fields: contacts.InOrganization}),
		"typo":                     words(contacts.Term{Text: "bacodu", Typo: true}),
		"typo, whole":              words(contacts.Term{Text: "bacodu", Typo: true, Whole: true}),
		"dial pad":                 words(contacts.Term{Sets: []string{"abc2", "abc2", "abc2", "mno6"}}),
		"dial pad, long":           words(contacts.Term{Sets: []string{"abc2", "abc2", "abc2", "mno6", "def3", "tuv8"}}),
		"word and letter":          words(anna, contacts.Term{Text: "m"}),
		"word and beginning":       words(anna, contacts.Term{Text: "mu"}),
		"word and rare one":        words(anna, contacts.Term{Text: "muloba"}),
		"in a field and rare one":  words(contacts.Term{Text: "anna", Fields: contacts.InName}, contacts.Term{Text: "muloba"}),
		"everybody's and rare one": words(contacts.Term{Text: "com", Whole: true}, contacts.Term{Text: "muloba"}),
		"word and prefix":          {Words: []contacts.Term{anna}, Prefixes: []string{"491510001"}},
		"word and rare prefix":     {Words: []contacts.Term{anna}, Prefixes: []string{"4915100012"}},
		"word and suffix":          {Words: []contacts.Term{anna}, Suffix: "123"},
	}
}
