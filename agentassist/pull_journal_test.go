package agentassist_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/memstore"
)

func TestPullResumes(t *testing.T) {
	t.Parallel()
	const n, size = 57, 10
	s := hosted(t, n, size)
	for stop := range 9 {
		for _, how := range []string{"cut", "500", "context", "twice"} {
			b := mirror(t)
			o := s.ClientOptions()
			o.Retries = -1
			c := newClient(t, o)
			s.Reset()
			ctx, cancel := context.WithCancel(t.Context())
			pages := 0
			trouble := func() {
				switch how {
				case "cut":
					s.CutBefore(-1)
				case "500", "twice":
					s.Fail(500, 1)
				default:
					cancel()
				}
			}
			if stop == 0 {
				trouble()
			}
			opts := &agentassist.PullOptions{Journal: filepath.Join(agentassist.TempDir(t), "pull.journal"), Progress: func(agentassist.Pulled) {
				if pages++; pages == stop {
					trouble()
				}
			}}
			p, err := agentassist.Pull(ctx, c, b, opts)
			cancel()
			interrupted := stop < 7 || stop == 7 && how == "context" // after the last page
			if interrupted != (err != nil) {
				t.Fatalf("stopped at %d, %s: %s, %v", stop, how, summary(p), err)
			}
			if _, err := os.Stat(opts.Journal); (err == nil) != (interrupted && stop > 0) {
				t.Errorf("stopped at %d, %s: journal: %v", stop, how, err)
			}
			if how == "twice" && stop > 0 && interrupted { // again, a page later
				pages = stop - 1
				if _, err := agentassist.Pull(t.Context(), c, b, opts); err == nil && stop < 6 {
					t.Errorf("stopped at %d a second time: no error", stop)
				}
			}
			s.Heal()
			if !interrupted {
				continue
			}
			p = pull(t, c, b, opts)
			wantSame(t, s, b)
			if p.Listed != n || p.Created+p.Same != n || how != "twice" && (p.Created != n || p.Resumed != (stop > 0)) {
				t.Errorf("stopped at %d, %s: then %s", stop, how, summary(p))
			}
			if got := len(s.Requests()); how != "twice" && got > 7+2 {
				t.Errorf("stopped at %d, %s: %d requests for 7 pages", stop, how, got)
			}
			if _, err := os.Stat(opts.Journal); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the journal is still there: %v", err)
			}
		}
	}
}

func TestPullResumesAndDeletes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, b := hosted(t, 57, 10), mirror(t)
	c := s.Client()
	pull(t, c, b, nil)
	all := ids(t, s.Book)
	remove := func(at ...int) {
		t.Helper()
		for _, i := range at {
			if _, err := s.Book.Delete(ctx, all[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove(1, 2, 50)
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	o := &agentassist.PullOptions{Journal: filepath.Join(agentassist.TempDir(t), "j"), Progress: func(p agentassist.Pulled) {
		if p.Listed >= 28 {
			cancel()
		}
	}}
	if _, err := agentassist.Pull(short, c, b, o); err == nil {
		t.Fatal("not interrupted")
	}
	remove(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 51) // the list moves by more than a page
	fill(t, s, 2000, 3)
	if _, err := b.With(contacts.RelaxedRules()).Edit(ctx, all[50], func(c *contacts.Contact) error { c.Notes = "mine"; return nil }); err != nil {
		t.Fatal(err)
	}
	o.Progress = nil
	p := pull(t, c, b, o)
	if !p.Resumed || p.Deleted != 3 || p.Created != 3 {
		t.Error(summary(p))
	}
	for _, id := range ids(t, s.Book) {
		if c, err := b.Get(ctx, id); err != nil || c.Status != contacts.Active {
			t.Errorf("%s: %v, %v", id, c.Status, err)
		}
	}
	if p := pull(t, c, b, o); p.Resumed || p.Deleted != 12 {
		t.Error(summary(p))
	}
	wantSame(t, s, b)
}

func TestPullJournal(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := hosted(t, 57, 10)
	// begun leaves a book that is half pulled, and its journal.
	begun := func(t *testing.T) (*contacts.Book, string) {
		t.Helper()
		b, path := mirror(t), filepath.Join(agentassist.TempDir(t), "j")
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		_, err := agentassist.Pull(short, s.Client(), b, &agentassist.PullOptions{Journal: path, Progress: func(p agentassist.Pulled) {
			if p.Listed > 30 {
				cancel()
			}
		}})
		if err == nil {
			t.Fatal("not interrupted")
		}
		return b, path
	}
	other := hosted(t, 3, 10)
	for name, c := range map[string]struct {
		change  func(t *testing.T, path string, data []byte)
		client  *agentassist.Client
		book    *contacts.Book
		refused bool
		resumed bool
	}{
		"as it is": {resumed: true},
		"a torn last line": {change: func(t *testing.T, path string, data []byte) {
			rewrite(t, path, append(data, `{"at":40,"ids":["x`...))
		}, resumed: true},
		"torn in the last line": {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, data[:len(data)-20]) }, resumed: true},
		"torn in the first":     {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, data[:20]) }},
		"empty":                 {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, nil) }},
		"damaged in the middle": {change: func(t *testing.T, path string, data []byte) {
			rewrite(t, path, bytes.Replace(data, []byte(`"at":19`), []byte(`"at";19`), 1))
		}, resumed: true},
		"old": {change: func(t *testing.T, path string, data []byte) {
			head, rest, _ := strings.Cut(string(data), "\n")
			year := time.Now().UTC().Format("2006-")
			rewrite(t, path, []byte(strings.Replace(head, `"began":"`+year, `"began":"2001-`, 1)+"\n"+rest))
		}},
		"of another service":  {client: other.Client(), refused: true},
		"of another book":     {book: mirrorOf(t, "another"), refused: true},
		"of a book of before": {book: mirror(t)},
		"of something else":   {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, []byte("Dear diary\n")) }, refused: true},
		"other JSON":          {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, []byte("{\"a\":1}\n")) }, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			b, path := begun(t)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "Person") || strings.Contains(string(data), "98765") || strings.Contains(string(data), s.Token) {
				t.Errorf("the journal tells of people:\n%s", data)
			}
			if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if c.change != nil {
				c.change(t, path, data)
			}
			client := s.Client()
			if c.client != nil {
				client = c.client
			}
			if c.book != nil {
				b = c.book
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := agentassist.Pull(ctx, client, b, &agentassist.PullOptions{Journal: path})
			if c.refused {
				after, _ := os.ReadFile(path)
				if err == nil || !bytes.Equal(before, after) {
					t.Errorf("%s, %v", summary(p), err)
				}
				return
			}
			if err != nil || p.Resumed != c.resumed || p.Listed != 57 {
				t.Errorf("%s, %v", summary(p), err)
			}
			wantSame(t, s, b)
		})
	}
	if _, err := agentassist.Pull(ctx, s.Client(), mirror(t), &agentassist.PullOptions{Journal: agentassist.TempDir(t)}); err == nil {
		t.Error("a folder as the journal: no error")
	}
}

func mirrorOf(t *testing.T, stream string) *contacts.Book {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	b, err := contacts.Open(t.Context(), store, contacts.Scope{Account: "local", Stream: stream}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rewrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzJournal(f *testing.F) {
	head := `{"pull":1,"began":"2026-01-01T00:00:00Z","service":"s","account":"a","book":{"Account":"","Stream":""},"epoch":"e","start":1}` + "\n"
	for _, s := range []string{"", head, head[:30], head + `{"at":2,"ids":["a","b"]}` + "\n", head + `{"pass":2}` + "\n" + `{"at":`, "x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, lines, size, err := agentassist.ReadJournal(bytes.NewReader(data))
		if err != nil {
			return
		}
		if size < 0 || size > int64(len(data)) || size > 0 && data[size-1] != '\n' || bytes.Count(data[:size], []byte("\n")) != len(lines)+min(1, int(size)) {
			t.Errorf("%d lines in %d of %d bytes", len(lines), size, len(data))
		}
		_, again, same, err := agentassist.ReadJournal(bytes.NewReader(data[:size]))
		if err != nil || same != size || len(again) != len(lines) {
			t.Errorf("what is whole reads as %d lines, %d bytes, %v", len(again), same, err)
		}
	})
}
