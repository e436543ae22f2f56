package boltstore

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultPath(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(key string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == key {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	root := "/"
	if onWindows {
		root = "C:/" // nothing else is absolute
	}
	home := func() (string, error) { return "/home/ann", nil }
	nobody := func() (string, error) { return "", errors.New("no home") }
	for _, tt := range []struct {
		goos string
		env  func(string) string
		home func() (string, error)
		want string
	}{
		{"linux", env(), home, "/home/ann/.local/share"},
		{"linux", env("XDG_DATA_HOME", root+"data"), nobody, root + "data"},
		{"linux", env("XDG_DATA_HOME", "data"), home, "/home/ann/.local/share"},
		{"linux", env(), nobody, ""},
		{"freebsd", env(), home, "/home/ann/.local/share"},
		{"darwin", env("XDG_DATA_HOME", root+"data"), home, "/home/ann/Library/Application Support"},
		{"darwin", env(), nobody, ""},
		{"windows", env(), home, ""},
		{"windows", env("LOCALAPPDATA", "relative"), home, ""},
		{"windows", env("LOCALAPPDATA", root+"Users/ann/AppData/Local"), home, root + "Users/ann/AppData/Local"},
	} {
		got, err := dataDir(tt.goos, tt.env, tt.home)
		if filepath.ToSlash(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v", tt.goos, got, err)
		}
	}
	path, err := DefaultPath()
	if err == nil && !strings.HasSuffix(filepath.ToSlash(path), "/contacts/contacts.db") {
		t.Error(path)
	}
}
