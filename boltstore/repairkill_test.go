package boltstore

import (
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
)

func init() { children["repair"] = childRepair }

// childRepair repairs a book, and ends at the step that is named without any
// cleaning up. It prints the steps as they come.
func childRepair(args []string) error {
	_, err := Repair(context.Background(), args[0], &RepairOptions{step: func(name string) {
		fmt.Println("step", name)
		if len(args) > 1 && name == args[1] {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				os.Exit(9)
			}
			select {}
		}
	}})
	if err == nil {
		fmt.Println("done")
	}
	return err
}

// survives sees after a repair that was killed that the path names the damaged
// or the repaired file, that the damaged one is somewhere, and that another
// repair ends well and leaves nothing behind.
func (k *brokenBook) survives(method RepairMethod) {
	k.t.Helper()
	now, err := os.ReadFile(k.path)
	must(k.t, err)
	replaced := string(now) != string(k.bytes)
	if replaced && len(k.asides()) == 0 {
		k.t.Fatal("the damaged file is lost")
	}
	if !replaced {
		if _, err := Open(k.path, &Options{ReadOnly: true}); !errors.Is(err, contacts.ErrDamaged) {
			k.t.Fatalf("the damaged file opens: %v", err)
		}
	}
	report, err := Repair(context.Background(), k.path, nil)
	must(k.t, err)
	if replaced != report.Sound || !replaced && report.Method != method {
		k.t.Errorf("%+v", report)
	}
	if replaced { // as Open does
		s, err := Open(k.path, nil)
		must(k.t, err)
		must(k.t, s.Close())
		report.Aside = k.asides()[0]
	}
	k.kept(report)
	reads, _ := k.repaired()
	want := k.im.before
	if method != RepairPrevious {
		want = k.im.reads
	}
	compareContacts(k.t, reads, want, method != RepairSalvage)
}

// TestRepairKilled kills a repair at each step, and at random moments.
func TestRepairKilled(t *testing.T) {
	im := makeRich(t, tempDir(t))
	ways := []struct {
		method RepairMethod
		harm   func(b []byte, p *pages)
	}{{RepairPrevious, harmRoot}, {RepairSalvage, im.harmShared}}
	for _, way := range ways {
		for _, step := range []string{"judged", "begun", string(way.method), "made", "kept", "renamed", "none"} {
			k := newBroken(t, im, way.harm)
			out, _, end := startChild(t, "repair", k.path, step)
			last := ""
			for out.Scan() {
				last = strings.TrimPrefix(out.Text(), "step ")
			}
			err := end()
			if (step == "none") != (err == nil) || step != "none" && last != step || step == "none" && last != "done" {
				t.Fatalf("%s: ended at %q, %v", step, last, err)
			}
			k.survives(way.method)
		}
	}
	seed := seedOf(t)
	r := rand.New(rand.NewPCG(seed, 11))
	rounds := 20
	if *long {
		rounds = 1000
	}
	killed := 0
	for i := range rounds {
		way := ways[i%len(ways)]
		k := newBroken(t, im, way.harm)
		out, c, end := startChild(t, "repair", k.path)
		kill := time.AfterFunc(time.Duration(r.IntN(40_000))*time.Microsecond, func() { _ = c.Process.Kill() })
		for out.Scan() {
		}
		kill.Stop()
		if end() != nil {
			killed++
		}
		k.survives(way.method)
		removeAll(k.dir)
	}
	t.Logf("%d of %d repairs were killed", killed, rounds)
}

// TestRepairWithoutLinks repairs where a file has one name only: the damaged one
// is copied.
func TestRepairWithoutLinks(t *testing.T) {
	k := newBroken(t, makeRich(t, tempDir(t)), harmRoot)
	r := &repairer{name: k.path}
	must(t, r.open(context.Background()))
	defer r.release()
	must(t, r.makeWork())
	path, err := r.copyAside()
	must(t, err)
	if filepath.Dir(path) != r.work {
		t.Error(path)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != string(k.bytes) {
		t.Errorf("the copy is another: %v", err)
	}
	removeWork(r.work)
}
