package boltstore

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// TestRepairAfterRestore damages a book that was restored from a backup and went
// on since, beside a snapshot of before that, which is of other feeds: what came
// since is in the damaged file alone.
func TestRepairAfterRestore(t *testing.T) {
	ctx := context.Background()
	im := makeRich(t, tempDir(t))
	k := newBroken(t, im, func([]byte, *pages) {})
	k.saveAs(im.sound, 1)

	// A backup takes the place of the book.
	s, err := Open(k.path, nil)
	must(t, err)
	backup := k.path + ".backup"
	must(t, s.BackupFile(ctx, backup))
	must(t, s.Close())
	must(t, os.Rename(backup, k.path))

	s, err = Open(k.path, nil)
	must(t, err)
	scope := richScopes[0]
	book, err := contacts.Open(ctx, s, scope, nil)
	must(t, err)
	var ids []string
	for i := range 3 {
		c, err := book.Create(ctx, contacts.Contact{FirstName: "Since", LastName: "Then", Salutation: "Mr", CellPhone: contacts.Phone{Number: fmt.Sprintf("415555010%d", i), CountryCode: "1", Extension: "+"}})
		must(t, err)
		ids = append(ids, c.ID)
	}
	must(t, s.Close())
	b, err := os.ReadFile(k.path)
	must(t, err)
	clear(b[parsePages(b).of['n'][0]*pageSize:][:pageSize])
	must(t, os.WriteFile(k.path, b, 0o600))

	report, err := Repair(ctx, k.path, nil)
	must(t, err)
	if report.Method != RepairSalvage {
		t.Errorf("repaired by %q", report.Method)
	}
	if all := strings.Join(report.Notes, "\n"); !strings.Contains(all, "before the book was last repaired or restored") {
		t.Errorf("no word of it: %s", all)
	}
	s, err = Open(k.path, nil)
	must(t, err)
	defer s.Close()
	book, err = contacts.Open(ctx, s, scope, nil)
	must(t, err)
	for _, id := range ids {
		if _, err := book.Get(ctx, id); err != nil {
			t.Errorf("%s is lost: %v", id, err)
		}
	}
}

// TestRepairTellsOfDoubt takes the root and the list of free pages from a book,
// and a page that both of its states need: which state was the last cannot be told
// then, so that what was deleted last may come back. The report is to say so.
func TestRepairTellsOfDoubt(t *testing.T) {
	im := makeRich(t, tempDir(t))
	k := newBroken(t, im, func(b []byte, p *pages) {
		im.harmShared(b, p)
		harmRoot(b, p)
		l := lostBook{image: im.sound}
		clear(b[l.list()*pageSize:][:pageSize])
	})
	report, err := Repair(context.Background(), k.path, nil)
	must(t, err)
	if all := strings.Join(report.Notes, "\n"); report.Method != RepairSalvage || !strings.Contains(all, "The last changes may be lost") {
		t.Errorf("%s, notes: %s", report.Method, all)
	}
}

// TestLostWords says how many commits an earlier state is behind.
func TestLostWords(t *testing.T) {
	for taken, want := range map[uint64]string{
		11: "The last commit, number 12, is lost. It",
		8:  "The last 4 commits, up to number 12, are lost. They",
	} {
		if lost, they := lostWords(12, taken); lost+". "+they != want {
			t.Errorf("%d: %s. %s", taken, lost, they)
		}
	}
}
