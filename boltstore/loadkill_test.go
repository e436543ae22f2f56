package boltstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

func init() { children["load"] = childLoad }

const loadKillSize = 1500

// childLoad loads one scope after the other, with a create in between, until it is
// killed, and prints a line for each call that returned.
func childLoad(args []string) error {
	s, b, err := openTestBook(args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	s.engine.mergeFrom = 0
	ctx := context.Background()
	scopes, err := s.Scopes(ctx, contacts.Scope{Account: "loaded"}, 0)
	if err != nil {
		return err
	}
	fmt.Println("open 0")
	for n := len(scopes); ; n++ {
		if _, err := b.Create(ctx, contacts.Contact{FirstName: "One more"}); err != nil {
			return err
		}
		fmt.Println("created 1")
		scope := contacts.Scope{Account: "loaded", Stream: fmt.Sprint(n)}
		book, err := contacts.Open(ctx, s, scope, &contacts.Options{Rules: contacts.RelaxedRules()})
		if err != nil {
			return err
		}
		list := make([]contacts.Contact, loadKillSize)
		for i := range list {
			list[i] = contacts.Contact{FirstName: fmt.Sprint("Name ", i), CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", i)}}
		}
		if _, err := book.CreateEach(ctx, list); err != nil {
			return err
		}
		fmt.Println("loaded", n)
	}
}

// TestKillLoad kills a process that loads: every scope is there as a whole or not
// at all, nothing acknowledged is lost, and no file is left when the book was
// opened again.
func TestKillLoad(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	ctx := context.Background()
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	created, loaded := 0, map[int]bool{}
	for round := range rounds {
		out, c, end := startChild(t, "load", path)
		var kill *time.Timer
		for out.Scan() {
			var what string
			var n int
			if _, err := fmt.Sscan(out.Text(), &what, &n); err != nil {
				t.Fatalf("round %d: the child says %q", round, out.Text())
			}
			switch what {
			case "open":
				kill = time.AfterFunc(time.Duration(10+r.IntN(300))*time.Millisecond, func() { _ = c.Process.Kill() })
			case "created":
				created++
			case "loaded":
				loaded[n] = true
			default:
				t.Fatalf("round %d: the child says %q", round, out.Text())
			}
		}
		if kill != nil {
			kill.Stop()
		}
		_ = end()

		s, _, err := openTestBook(path)
		must(t, err)
		must(t, s.Check(ctx))
		only(t, dir, "book.db", ".book.db.owner")
		if st, err := s.Stat(ctx, contacts.Scope{Account: "acme"}); err != nil || int(st.Active) < created {
			t.Fatalf("round %d: %d contacts of %d that were acknowledged, %v", round, st.Active, created, err)
		}
		for scope, err := range contacts.Scopes(ctx, s) {
			must(t, err)
			st, err := s.Stat(ctx, scope)
			must(t, err)
			if scope.Account == "loaded" && st.Active != 0 && st.Active != loadKillSize {
				t.Errorf("round %d: a scope has %d contacts of a load of %d", round, st.Active, loadKillSize)
			}
		}
		for n := range loaded {
			st, err := s.Stat(ctx, contacts.Scope{Account: "loaded", Stream: fmt.Sprint(n)})
			if err != nil || st.Active != loadKillSize {
				t.Errorf("round %d: scope %d, which was loaded, has %d contacts, %v", round, n, st.Active, err)
			}
		}
		must(t, s.Close())
	}
	t.Logf("%d loads and %d creates acknowledged in %d rounds", len(loaded), created, rounds)
}
