package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

func init() { children["migrate"] = childMigrate }

// asFormat1 makes the book at path one of format 1.
func asFormat1(t testing.TB, path string) {
	t.Helper()
	e := mustOpen(t, path, nil)
	ctx := context.Background()
	must(t, e.takeTurn(ctx))
	err := e.rewriteWith(ctx, "going back", func(ctx context.Context, s *snapshot, b *boltfile.Builder) error {
		if err := e.merger(s, b).copyBut(ctx, formatBucket, formatKey, formatRecord(1)); err != nil {
			return err
		}
		_, err := b.Finish(uint64(s.tx.ID()))
		return err
	})
	e.endTurn()
	must(t, err)
	if e.h.format != 1 {
		t.Fatalf("format %d", e.h.format)
	}
	mustClose(t, e)
}

// TestMigrations: of every format there is a way to the next.
func TestMigrations(t *testing.T) {
	e := &engine{}
	for from := 0; from <= formatVersion+1; from++ {
		if got := e.migration(from) != nil; got != (from > 0 && from < formatVersion) {
			t.Errorf("from format %d: %v", from, got)
		}
	}
}

// TestFormatFlips changes every single bit of what says which format a book
// has. That is damage, and not a newer version, nor another program's file.
func TestFormatFlips(t *testing.T) {
	for format := 1; format <= formatVersion; format++ {
		path := copyFile(t, goldenBook(format))
		sound, err := os.ReadFile(path)
		must(t, err)
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		defer f.Close()
		flips := 0
		for _, text := range []string{formatBucket, formatKey + formatRecord(format)} {
			at := bytes.Index(sound, []byte(text))
			if at < 0 || bytes.Contains(sound[at+1:], []byte(text)) {
				t.Fatalf("format %d: %q is not there once", format, text)
			}
			for bit := range 8 * len(text) {
				place := int64(at + bit/8)
				_, err := f.WriteAt([]byte{sound[place] ^ 1<<(bit%8)}, place)
				must(t, err)
				e, err := openEngine(path, &Options{ReadOnly: bit%4 != 0}, testAppendTables)
				if err == nil {
					_ = e.Close()
				}
				if !errors.Is(err, contacts.ErrDamaged) || errors.Is(err, contacts.ErrNewer) || !strings.Contains(err.Error(), path) {
					t.Fatalf("format %d, bit %d of %q: %v", format, bit, text, err)
				}
				_, err = f.WriteAt(sound[place:place+1], place)
				must(t, err)
				flips++
			}
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, sound) {
			t.Fatalf("format %d: the file changed, %v", format, err)
		}
		t.Logf("format %d: %d bits", format, flips)
	}
}

// TestNewerFormat: the error says which file, which format, and what to do.
func TestNewerFormat(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	must(t, foreignBolt(path, putFormat(formatRecord(formatVersion+1)), nil))
	_, err := Open(path, nil)
	if !errors.Is(err, contacts.ErrNewer) || errors.Is(err, contacts.ErrDamaged) {
		t.Fatal(err)
	}
	for _, want := range []string{path, fmt.Sprint("format ", formatVersion+1), fmt.Sprint("knows ", formatVersion), "update this program"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: no %q", err, want)
		}
	}
}

// TestReadOnlyOfOlderFormat has a book of format 1 read, copied and tried out
// without being changed.
func TestReadOnlyOfOlderFormat(t *testing.T) {
	path := copyFile(t, goldenBook(1))
	before, err := os.ReadFile(path)
	must(t, err)
	s, b := openGolden(t, path, &Options{ReadOnly: true}, nil)
	ctx := context.Background()
	want := dumpBook(t, b)

	fork, err := s.Fork(ctx)
	must(t, err)
	tried, err := contacts.Open(ctx, fork, b.Scope(), &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	_, err = tried.Create(ctx, contacts.Contact{FirstName: "Tried"})
	must(t, err)
	if format := fork.(*Store).engine.h.format; format != formatVersion {
		t.Errorf("the fork has format %d", format)
	}
	must(t, fork.Close())

	backup := filepath.Join(tempDir(t), "backup.db")
	must(t, s.BackupFile(ctx, backup))
	must(t, s.Close())
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		t.Error("the book changed", err)
	}
	only(t, filepath.Dir(path), "book.db")

	s, b = openGolden(t, backup, nil, nil)
	if got := dumpBook(t, b); got != want || s.Info().Format != 1 {
		t.Errorf("the backup, of format %d, reads\n%s\nand not\n%s", s.Info().Format, got, want)
	}
	must(t, s.Close())
}

// TestMigrateCopy: a book of which it is not sure that it is the last state of
// its feed is so after a migration, whatever becomes of the process then.
func TestMigrateCopy(t *testing.T) {
	path := copyFile(t, goldenBook(1))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	must(t, errors.Join(markCopy(f), f.Close()))
	for _, format := range []int{1, formatVersion} {
		e := mustOpen(t, path, nil)
		if e.info.Format != format || !e.stale {
			t.Errorf("format %d, stale %v", e.info.Format, e.stale)
		}
		mustClose(t, e)
	}
}

// childMigrate opens a book of format 1 for writing.
func childMigrate(args []string) error {
	fmt.Println("ready")
	e, err := openEngine(args[0], nil, testAppendTables)
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, err = lastWrite(e)
	return errors.Join(err, e.Close())
}

// TestKillMigration kills a process that brings a book to the present format:
// there is a whole book of the one or the other, and it is brought there the
// next time.
func TestKillMigration(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 8
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 5))
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	const commits = 300
	e := mustOpen(t, path, nil)
	for n := range commits {
		must(t, e.Commit(context.Background(), writeBatch(n+1)))
	}
	temp := e.compactPath()
	mustClose(t, e)
	asFormat1(t, path)
	old, err := os.ReadFile(path)
	must(t, err)

	found := map[string]int{}
	for round := range rounds {
		must(t, os.WriteFile(path, old, 0o600))
		out, c, end := startChild(t, "migrate", path)
		if !out.Scan() || out.Text() != "ready" {
			t.Fatalf("round %d: the child says %q", round, out.Text())
		}
		// Once the new file has a certain size, which may be more than it
		// ever gets.
		size := int64(r.IntN(len(old) + len(old)/4))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for out.Scan() {
			}
		}()
	wait:
		for {
			select {
			case <-done:
				break wait
			case <-time.After(50 * time.Microsecond):
				if fi, err := os.Stat(temp); err == nil && fi.Size() >= size {
					break wait
				}
			}
		}
		_ = c.Process.Kill()
		<-done
		_ = end()

		left := ""
		if _, err := os.Stat(temp); err == nil {
			left = ", and a part of the next"
		}
		e := mustOpen(t, path, nil)
		found[fmt.Sprintf("format %d%s", e.info.Format, left)]++
		if n, err := lastWrite(e); err != nil || n != commits {
			t.Fatalf("round %d: %d of %d commits, %v", round, n, commits, err)
		}
		if e.h.format != formatVersion {
			t.Fatalf("round %d: format %d", round, e.h.format)
		}
		must(t, e.checkFile(context.Background()))
		mustClose(t, e)
		only(t, dir, "book.db")
	}
	t.Log(found)
}
