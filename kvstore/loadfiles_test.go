package kvstore

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestLoadFilesFail has each of the files that a load sorts in fail, when it is
// made, written to or read back: the error blames no record, nothing of the load
// is left, and the store goes on.
func TestLoadFilesFail(t *testing.T) {
	made := errors.New("no room for a file")
	ways := map[string]func(*os.File) (*os.File, error){
		"made": func(f *os.File) (*os.File, error) {
			return nil, errors.Join(made, f.Close(), os.Remove(f.Name()))
		},
		"written": func(f *os.File) (*os.File, error) {
			if err := f.Close(); err != nil {
				return nil, err
			}
			return os.Open(f.Name())
		},
		"read": func(f *os.File) (*os.File, error) {
			if err := f.Close(); err != nil {
				return nil, err
			}
			return os.OpenFile(f.Name(), os.O_WRONLY, 0)
		},
	}
	for name, fail := range ways {
		for _, declines := range []bool{false, true} {
			complete := false
			for nth := 1; !complete; nth++ {
				e := &diskEngine{plainEngine: newPlain(), declines: declines}
				s, err := New(e, nil)
				if err != nil {
					t.Fatal(err)
				}
				s.pileMemory = 10_000
				mustApply(t, s, batchOf(person("o", "Other", 500)))
				before, entries := dump(t, s), len(e.data)
				files := 0
				e.temp = func(f *os.File) (*os.File, error) {
					if files++; files == nth {
						return fail(f)
					}
					return f, nil
				}
				target := contacts.Scope{Account: home.Account, Stream: "loaded"}
				_, err = s.Load(t.Context(), target, contacts.LoadHead{Last: 200}, func(yield func(contacts.LoadRecord, error) bool) {
					for i := range 200 {
						w := person(fmt.Sprint("c", i), fmt.Sprint("Some Body ", i), phone.Line(1000+i*7919%9973))
						w.Contact.Revision = uint64(200 - i)
						if !yield(contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys}, nil) {
							return
						}
					}
				})
				if complete = err == nil; complete {
					if files >= nth {
						t.Errorf("%s: file %d failed, and the load did not", name, nth)
					}
					break
				}
				if name == "made" && !errors.Is(err, made) || strings.Contains(err.Error(), "record") {
					t.Errorf("%s: file %d: %v", name, nth, err)
				}
				mustApply(t, s, batchOf(at(1, person("o", "Other", 500))))
				mustCheck(t, s)
				if got := dump(t, s); got != before || len(e.data) != entries {
					t.Errorf("%s: file %d: %d entries, want %d\n%s\nwant\n%s", name, nth, len(e.data), entries, got, before)
				}
			}
		}
	}
}
