package contacts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's first program runs as it stands and prints what the README says
// it prints.
func TestREADMEProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the go command; not in -short")
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```go\n(package main\n.*?)```\n+```text\n(.*?)```").FindStringSubmatch(string(readme))
	if m == nil {
		t.Fatal("no program with its output in README.md")
	}
	dir := t.TempDir()
	file, bin := filepath.Join(dir, "main.go"), filepath.Join(dir, "first")
	if err := os.WriteFile(file, []byte(m[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", bin, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(bin)
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil || string(out) != m[2] {
		t.Errorf("%v\n got:\n%s\nREADME:\n%s", err, out, m[2])
	}
	if n := strings.Count(string(readme), "\n"); n < 120 || n > 200 {
		t.Errorf("README.md has %d lines, not 120 to 200", n)
	}
}

// What a program links that only keeps contacts: no phonenumbers, and of
// protobuf the wire format alone.
func TestDependencies(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the go command; not in -short")
	}
	out, err := exec.Command("go", "list", "-deps", ".", "./phone", "./kvstore", "./memstore", "./boltstore").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		switch {
		case strings.Contains(p, "phonenumbers"), strings.Contains(p, "google.golang.org/protobuf/reflect"),
			strings.HasPrefix(p, "net/http"), strings.HasPrefix(p, "testing"):
			t.Errorf("the stores link %s", p)
		}
	}
}
