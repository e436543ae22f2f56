package phone_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/internal/tablegen"
)

// TestTablesAreCurrent: tables.go is what "go generate" writes.
func TestTablesAreCurrent(t *testing.T) {
	want, err := tablegen.Generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("tables.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("tables.go is not current: run go generate ./phone")
	}
}

// TestDependencies: the package links neither phonenumbers nor the registry of
// protobuf, nor anything else outside of the standard library.
func TestDependencies(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the go command; not in -short")
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, path := range strings.Fields(string(out)) {
		if path != "github.com/callerbook/contacts/phone" {
			t.Errorf("phone depends on %s", path)
		}
	}
}

// TestTableSize: the tables stay small enough for every program.
func TestTableSize(t *testing.T) {
	const most = 250 << 10
	n := phone.TableBytes()
	t.Logf("%d bytes", n)
	if n > most {
		t.Errorf("tables take %d bytes, more than %d", n, most)
	}
}
