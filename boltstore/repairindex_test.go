package boltstore

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protowire"
)

// dropDigits takes an entry of an index out of the book at path, and out of the
// count and the sum that the state of its scope keeps of the table: so that only
// a comparison with the records shows that it is missing.
func dropDigits(t *testing.T, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: pageSize})
	must(t, err)
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		key, value := tx.Bucket([]byte("d")).Cursor().First()
		full := append([]byte("d"), appendRest(nil, key)...)
		sum := uint64(crc32.Checksum(append(full, value...), castagnoli))
		scope, _ := testOrd(full[1:])
		if err := tx.Bucket([]byte("d")).Delete(append([]byte(nil), key...)); err != nil {
			return err
		}
		meta := tx.Bucket([]byte("m"))
		c := meta.Cursor()
		for k, v := c.Seek([]byte("v")); k != nil; k, v = c.Next() {
			if id, _ := testOrd(k[1:]); k[0] != 'v' || id != scope {
				continue
			}
			k = append([]byte(nil), k...)
			out := make([]byte, 4, len(v))
			for rest := v[4:]; len(rest) > 0; {
				num, _, n := protowire.ConsumeField(rest)
				field := rest[:n]
				rest = rest[n:]
				_, _, tag := protowire.ConsumeTag(field)
				if body, _ := protowire.ConsumeBytes(field[tag:]); num == 12 && len(body) > 0 && body[0] == 'd' {
					count, n := protowire.ConsumeVarint(body[1:])
					total, _ := protowire.ConsumeVarint(body[1+n:])
					body = protowire.AppendVarint(protowire.AppendVarint([]byte("d"), count-1), total-sum)
					field = protowire.AppendBytes(protowire.AppendTag(nil, 12, protowire.BytesType), body)
				}
				out = append(out, field...)
			}
			sealed := append(append([]byte("m"), k...), out[4:]...)
			binary.LittleEndian.PutUint32(out, crc32.Checksum(sealed, castagnoli))
			return meta.Put(k, out)
		}
		panic("no state of the scope")
	}))
	must(t, db.Close())
}

// TestRepairIndex repairs a book whose pages, checksums and counts are sound,
// and whose indexes miss a contact: the state before has it, and so has every
// book that is made of the records.
func TestRepairIndex(t *testing.T) {
	ctx := context.Background()
	im := makeRich(t, tempDir(t))
	for _, twice := range []bool{false, true} {
		k := &brokenBook{t: t, im: im, dir: tempDir(t)}
		k.path = filepath.Join(k.dir, "book.db")
		must(t, os.WriteFile(k.path, im.sound, 0o600))
		dropDigits(t, k.path)
		method := RepairPrevious
		if twice {
			dropDigits(t, k.path)
			method = RepairSalvage
		}
		var err error
		k.bytes, err = os.ReadFile(k.path)
		must(t, err)
		s, err := Open(k.path, &Options{ReadOnly: true})
		must(t, err) // nothing shows it but Check
		if err := s.Check(ctx); err == nil {
			t.Fatal("Check says that it is sound")
		}
		must(t, s.Close())
		report, err := Repair(ctx, k.path, nil)
		must(t, err)
		if report.Method != method || report.Problem == "" {
			t.Errorf("%s: %s, %v", report.Method, report.Problem, report.Notes)
		}
		t.Log(report.Problem, report.Notes)
		k.kept(report)
		reads, _ := k.repaired()
		compareContacts(t, reads, im.reads, true)
		if diff := reads.differs(im.reads); diff != "" && method == RepairPrevious {
			t.Error(diff)
		}
	}
}
