package interchange

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
)

// What is appended is read again, from memory and from the file, and the file
// is gone after close, and before where the system has that.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	s := spool{dir: dir}
	var want []byte
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		part := bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(20_000))
		if n, err := s.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
		want = append(want, part...)
		if s.size() != int64(len(want)) {
			t.Fatal("size", s.size(), len(want))
		}
		from := random.IntN(len(want) + 1)
		got := make([]byte, random.IntN(len(want)+1-from))
		if n, err := s.ReadAt(got, int64(from)); n != len(got) || err != nil || !bytes.Equal(got, want[from:from+n]) {
			t.Fatal("other bytes", from, n, err)
		}
	}
	if s.at == 0 || len(s.tail) >= spoolMemory {
		t.Error("all of it stays in memory")
	}
	if !s.gone {
		info, err := os.Stat(s.file.Name())
		if err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			t.Error(info.Mode(), err)
		}
	}
	if n, err := s.ReadAt(make([]byte, 2), s.size()-1); n != 1 || err == nil {
		t.Error("read beyond the end", n, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); len(list) > 0 || err != nil {
		t.Error("stays behind:", list, err)
	}
}

// What was added is found by its index, in any order, whatever was asked before.
func TestBeside(t *testing.T) {
	var b beside
	defer b.close()
	var want []row
	random := rand.New(rand.NewPCG(1, 2))
	line := 1
	for i := range 3*entriesPerBlock + 17 {
		r := row{line: line, raw: []byte(strings.Repeat(fmt.Sprint(i, ","), random.IntN(300)))}
		for j := range random.IntN(3) {
			r.leftOut = append(r.leftOut, LeftOut{fmt.Sprint("name", j), random.IntN(1000), "detail"})
		}
		if err := b.add(&r, i%5 > 0); err != nil {
			t.Fatal(err)
		}
		if i%5 == 0 {
			r.raw = nil
		}
		want = append(want, r)
		line += random.IntN(4)
		for range 3 {
			i := random.IntN(len(want))
			e, err := b.entry(i, &b.one)
			if err != nil || e.line != want[i].line {
				t.Fatal(i, e, err)
			}
			raw, err := b.raw(e)
			left, err2 := b.leftOut(e)
			if err != nil || err2 != nil || !bytes.Equal(raw, want[i].raw) || !reflect.DeepEqual(left, want[i].leftOut) {
				t.Fatalf("row %d of %d: %q %v, %v %v", i, len(want), raw, left, err, err2)
			}
		}
	}
	if b.rows() != len(want) {
		t.Error(b.rows(), len(want))
	}
}
