package agentassist

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// paged is a store that counts the pages of its listings, and fails from one on.
type paged struct {
	contacts.Store
	pages, failAt atomic.Int64
}

var errDisk = errors.New("the disk has had enough")

func (f *paged) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if q.Order == contacts.ByCreation && q.Limit == 500 {
		if n := f.pages.Add(1); f.failAt.Load() != 0 && n >= f.failAt.Load() {
			return contacts.Page{}, errDisk
		}
	}
	return f.Store.Find(ctx, scope, q)
}

// An export that cannot go on is not taken for a whole one.
func TestExportThatBreaks(t *testing.T) {
	store := &paged{Store: memstore.New()}
	l := newLive(t, store, Options{})
	list := make([]contacts.Contact, 1200)
	for i := range list {
		list[i] = numbered("N", i)
	}
	l.add(t, list...)
	for _, format := range []string{FormatJSONL, FormatCSV} {
		store.pages.Store(0)
		store.failAt.Store(3)
		resp := l.get(t.Context(), t, "/contacts/export?format="+format)
		n, err := drain(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || n == 0 {
			t.Errorf("%s, broken in the middle: %s, %d bytes, %v; want an unexpected EOF", format, resp.Status, n, err)
		}
		store.failAt.Store(1)
		store.pages.Store(0)
		resp = l.get(t.Context(), t, "/contacts/export?format="+format)
		if p := refusal(t, resp)[0]; resp.StatusCode != http.StatusInternalServerError || p.Reason != ReasonInternal ||
			resp.Header.Get("Content-Disposition") != "" || strings.Contains(p.Msg, "disk") {
			t.Errorf("%s, broken at the start: %s, %v, %+v", format, resp.Status, resp.Header, p)
		}
		store.failAt.Store(0)
		resp = l.get(t.Context(), t, "/contacts/export?format="+format)
		lines := 0
		for scan := bufio.NewScanner(resp.Body); scan.Scan(); lines++ {
		}
		resp.Body.Close()
		if want := len(list) + map[string]int{FormatCSV: 1}[format]; lines != want {
			t.Errorf("%s: %d lines, want %d", format, lines, want)
		}
	}
}

// An export reads on as it is read: of a reader who stops it holds little.
func TestExportIsStreamed(t *testing.T) {
	store := &paged{Store: memstore.New()}
	l := newLive(t, store, Options{Extended: true})
	const pages = 5
	for n := range pages {
		list := make([]contacts.Contact, 500)
		for i := range list {
			list[i] = bigContact(n*500 + i)
		}
		l.add(t, list...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	resp := l.get(ctx, t, "/contacts/export?format=jsonl")
	line, err := bufio.NewReaderSize(resp.Body, 64<<10).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var first contacts.Contact
	if err := json.Unmarshal(line, &first); err != nil || first.CellPhone.Number != "+919800000000" {
		t.Errorf("the first line: %.100s, %v", line, err)
	}
	if n := store.pages.Load(); n >= pages {
		t.Errorf("%d of %d pages were read for one line", n, pages)
	}
	cancel()
	resp.Body.Close()
}

// What is exported as CSV is imported as the same contacts.
func TestExportAndImport(t *testing.T) {
	from, to := newLive(t, nil, Options{}), newLive(t, nil, Options{})
	var list []contacts.Contact
	for i, name := range []string{"John", "=1+1", "'=1+1", "+91", "+1 2", "-", "@x", "''", "'t", "Comma, quote \"", "Jöhann", "O'Neil", " padded "} {
		c := numbered(name, i)
		c.LastName, c.CellPhone.Extension = "of "+name, []string{"+", "+91", "0", "-1", "=2"}[i%5]
		list = append(list, c)
	}
	want := from.add(t, list...)
	if _, err := from.book.Delete(t.Context(), from.add(t, numbered("Deleted", 99))[0].ID); err != nil {
		t.Fatal(err)
	}

	resp := from.get(t.Context(), t, "/contacts/export?format=csv")
	defer resp.Body.Close()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("result_file", "contacts.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(part, resp.Body); err != nil {
		t.Fatal(err)
	}
	w.Close()
	imported, err := http.DefaultClient.Do(to.request(t.Context(), "POST", "/contacts/import-contacts", form.String(), "Content-Type", w.FormDataContentType()))
	if err != nil {
		t.Fatal(err)
	}
	defer imported.Body.Close()
	if imported.StatusCode != http.StatusOK {
		t.Fatalf("%s: %+v", imported.Status, refusal(t, imported))
	}
	var got []contacts.Contact
	for c, err := range to.book.All(t.Context(), &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	show := func(list []contacts.Contact) (out []string) {
		for _, c := range list {
			out = append(out, fmt.Sprintf("%q %q %q %+v", c.FirstName, c.LastName, c.Salutation, c.CellPhone))
		}
		return out
	}
	if g, w := strings.Join(show(got), "\n"), strings.Join(show(want), "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

// plainWriter is a ResponseWriter that can do nothing but write.
type plainWriter struct{ http.ResponseWriter }

// A host that keeps answers until they are whole gets the whole.
func TestExportWithoutFlush(t *testing.T) {
	l := newLive(t, nil, Options{})
	list := make([]contacts.Contact, 200)
	for i := range list {
		list[i] = numbered("N", i)
	}
	l.add(t, list...)
	w := httptest.NewRecorder()
	l.ServeHTTP(plainWriter{w}, l.request(t.Context(), "GET", "/contacts/export?format=jsonl", ""))
	if n := strings.Count(w.Body.String(), "\n"); w.Code != http.StatusOK || n != len(list) {
		t.Errorf("%d, %d lines", w.Code, n)
	}
}
