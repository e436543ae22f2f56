package pgstore

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var claimSeed = flag.Uint64("claims.seed", uint64(time.Now().UnixNano()), "seed of TestClaimSlots")

// TestClaimSlots lets contacts of two streams of an account claim few lines, many
// of them at once, and looks after each batch at the rows of claims: every
// claimer has one, in a slot of its own, and slot 0 is taken.
func TestClaimSlots(t *testing.T) {
	for _, by := range []contacts.UniqueBy{contacts.UniqueByStream, contacts.UniqueByAccount} {
		t.Run(by.String(), func(t *testing.T) {
			t.Logf("-claims.seed=%d", *claimSeed)
			rnd := rand.New(rand.NewPCG(*claimSeed, uint64(by)))
			s := tempStore(t)
			scopes := []contacts.Scope{home, {Account: home.Account, Stream: "sales"}}
			type one struct {
				rev   uint64
				lines []phone.Line
			}
			people := map[contacts.Scope]map[string]*one{scopes[0]: {}, scopes[1]: {}}
			for range 150 {
				scope := scopes[rnd.IntN(2)]
				b := contacts.Batch{UniqueBy: by, Each: rnd.IntN(2) == 0}
				for _, n := range rnd.Perm(8)[:1+rnd.IntN(4)] {
					id := fmt.Sprint("c", n)
					w := person(id, fmt.Sprint("ann ", rnd.IntN(1000)))
					for _, l := range rnd.Perm(5)[:rnd.IntN(4)] {
						w.Keys.Claims = append(w.Keys.Claims, phone.Line(100+l))
					}
					w.KeepDuplicates = rnd.IntN(3) > 0
					if p := people[scope][id]; p != nil {
						w.Revision = p.rev
					}
					b.Writes = append(b.Writes, w)
				}
				a, err := s.Apply(t.Context(), scope, b)
				if err != nil {
					if _, refused := err.(*contacts.DuplicateNumberError); !refused {
						t.Fatal(err)
					}
					continue
				}
				for i, w := range b.Writes {
					if !slices.ContainsFunc(a.Refused, func(r contacts.Refused) bool { return r.Index == i }) {
						people[scope][w.Contact.ID] = &one{a.Revisions[i], w.Keys.Claims}
					}
				}

				var want []string
				duplicates := map[contacts.Scope]uint64{}
				for scope, list := range people {
					count := map[phone.Line]int{}
					for id, p := range list {
						for _, l := range p.lines {
							want = append(want, fmt.Sprint(scope.Stream, " ", id, " ", uint64(l)))
							if count[l]++; count[l] == 2 {
								duplicates[scope]++
							}
						}
					}
				}
				slices.Sort(want)
				got := textsOf(t, s, `SELECT s.stream || ' ' || k.id || ' ' || c.line FROM {claims} c JOIN {scopes} s ON s.scope = c.scope
					JOIN {contacts} k ON k.scope = c.scope AND k.seq = c.seq`)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Fatalf("claims are\n%v\nwant\n%v", got, want)
				}
				if bad := textsOf(t, s, `SELECT line FROM {claims} GROUP BY domain, line HAVING min(slot) <> 0`); len(bad) > 0 {
					t.Fatalf("nobody is in slot 0 of %v", bad)
				}
				for _, scope := range scopes {
					if st, err := s.Stat(t.Context(), scope); err != nil || st.Duplicates != duplicates[scope] {
						t.Fatalf("%s: %d duplicates and error %v, want %d", scope.Stream, st.Duplicates, err, duplicates[scope])
					}
				}
			}
		})
	}
}

// textsOf reads a column of texts.
func textsOf(t testing.TB, s *Store, sql string, args ...any) (list []string) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), s.sql(sql), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return list
}
