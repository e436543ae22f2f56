package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

func TestShown(t *testing.T) {
	for _, c := range [][2]string{
		{"book.db", "book.db"},
		{"postgres://", "postgres://"},
		{"postgres://db/crm", "postgres://db/crm"},
		{"postgres://app@db1:5432,db2:5432/crm?sslmode=verify-full", "postgres://app@db1:5432,db2:5432/crm?sslmode=verify-full"},
		{"postgres://app:secret@db/crm", "postgres://app:xxxxx@db/crm"},
		{"postgres://:secret@db/crm", "postgres://:xxxxx@db/crm"},
		{"postgres://app:se:cr@et@db/crm", "postgres://app:xxxxx@db/crm"},
		{"postgres://app:se/cret@db/crm", "postgres://app:xxxxx@db/crm"},
		{"postgres://app:se?cret@db/crm", "postgres://xxxxx"},
		{"postgres://db/crm?user=app&password=secret&sslpassword=s&target_session_attrs=read-write",
			"postgres://db/crm?user=app&password=xxxxx&sslpassword=xxxxx&target_session_attrs=read-write"},
		{"postgres://db/crm?p%61ssword=secret", "postgres://db/crm?p%61ssword=xxxxx"},
	} {
		if got := shown(c[0]); got != c[1] {
			t.Errorf("%s is shown as %s, want %s", c[0], got, c[1])
		}
	}
}

// FuzzShown: whatever is in a password, typed as it is or with escapes, none of it
// is shown.
func FuzzShown(f *testing.F) {
	for _, s := range []string{"", "a", "@", "/", "?", "#", "%", ":", "p@ss", "a?b=c&d", "?/@:"} {
		f.Add(s, s)
		f.Add("@", s)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "SECRET"
		word := before + secret + after
		for _, at := range []string{
			"postgres://app:" + word + "@db/crm",
			"postgres://:" + word + "@db:5432/crm?sslmode=require",
			(&url.URL{Scheme: "postgres", User: url.UserPassword("app", word), Host: "db", Path: "crm"}).String(),
			"postgres://db/crm?" + url.Values{"password": {word}, "user": {"app"}}.Encode(),
		} {
			if got := shown(at); strings.Contains(got, secret) {
				t.Errorf("%q is shown as %q", at, got)
			}
		}
	})
}

// TestPasswordsStayHidden: no command shows the password of a location, whatever
// it prints.
func TestPasswordsStayHidden(t *testing.T) {
	const at, empty, bad = "mem://app:SECRET@here/crm?password=SECRET", "mem://app:SECRET@empty", "mem://app:SECRET@bad"
	stores := shelf{at: kept{memstore.New()}}
	app := testApp()
	app.Open = func(_ context.Context, location string, _ Mode) (contacts.Store, error) {
		switch location {
		case empty:
			return nil, fmt.Errorf("no tables: %w", fs.ErrNotExist)
		case bad:
			return nil, errors.New("connection refused")
		}
		return stores[location], nil
	}
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code Code
		want string
	}{
		{[]string{"create", "--store", at, "--first", "Ann", "--phone", "+919876543210"}, OK, "Ann"},
		{[]string{"create", "--store", at, "--first", "Bob", "--phone", "+919876543210"}, Duplicate, "get --store 'mem://app:xxxxx@here/crm?password=xxxxx' c1"},
		{[]string{"check", "--store", at}, Failed, "no check"},
		{[]string{"check", at}, Failed, "no check"},
		{[]string{"copy", at, dir + "/a.db"}, OK, "Copied 1 contact"},
		{[]string{"copy", dir + "/a.db", at, "--json"}, OK, "mem://app:xxxxx@here"},
		{[]string{"copy", at, at}, Usage, "the same book"},
		{[]string{"copy", empty, dir + "/b.db"}, NoBook, "there is no book at mem://app:xxxxx@empty\n"},
		{[]string{"copy", "--stream", "x", at, dir + "/b.db"}, NoBook, "contacts scopes --store 'mem://app:xxxxx@here"},
		{[]string{"list", "--store", empty}, NoBook, "and this command makes none: \"contacts create --store mem://app:xxxxx@empty\" begins one"},
		{[]string{"list", "--store", bad}, NoBook, "mem://app:xxxxx@bad: connection refused"},
		{[]string{"list", "--store", at, "--account", "x"}, NoBook, "there is nothing under"},
		{[]string{"list", "--store", at, "--file", "x"}, Usage, "not both"},
	} {
		out, errs, code := run(t, app, c.args...)
		if code != c.code || !strings.Contains(out+errs, c.want) || strings.Contains(out+errs, "SECRET") {
			t.Errorf("%q: code %d\n%s%s", c.args, code, out, errs)
		}
	}
}
