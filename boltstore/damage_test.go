package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// seedOf returns the seed of a random test, and prints it.
func seedOf(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", seed)
	return seed
}

// damageTest makes harmed images of a book, and sees how they are taken.
type damageTest struct {
	im    *richImages
	other []byte
	pages *pages
	seed  uint64
	path  string
	quick bool // as if the file had been closed in order, and not been changed since
}

func newDamageTest(t testing.TB, seed uint64, quick bool) *damageTest {
	dir := mappedDir(t)
	d := &damageTest{im: makeRich(t, dir), seed: seed, quick: quick, path: filepath.Join(dir, "book.db")}
	d.other = makeOther(t, dir)
	d.pages = parsePages(d.im.sound)
	return d
}

// makeOther returns the bytes of another book.
func makeOther(t testing.TB, dir string) []byte {
	ctx := context.Background()
	path := filepath.Join(dir, "other.db")
	s, err := Open(path, nil)
	must(t, err)
	b, err := contacts.Open(ctx, s, richScopes[0], &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	var list []contacts.Contact
	for n := range 300 {
		list = append(list, richContact(0, 5000+n))
	}
	_, err = b.CreateAll(ctx, list)
	must(t, err)
	must(t, s.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Remove(path))
	return data
}

// image returns image n and the names of what was done to it.
func (d *damageTest) image(n int) (image []byte, class int, name string) {
	r := rand.New(rand.NewPCG(d.seed, uint64(n)))
	h := &harming{Rand: r, pages: d.pages, b: bytes.Clone(d.im.sound), im: d.im, other: d.other}
	class = n % len(damages)
	name = damages[class].name
	damages[class].harm(h)
	if r.IntN(10) == 0 {
		second := r.IntN(len(damages))
		name += " + " + damages[second].name
		func() {
			defer func() { _ = recover() }() // where it was to be, the first one was
			damages[second].harm(h)
		}()
	}
	return h.b, class, name
}

// mayLose reports whether one of the damages with these names puts a whole
// earlier state in the place of the last one.
func mayLose(names string) bool {
	for _, c := range damages {
		if c.lost && slices.Contains(strings.Split(names, " + "), c.name) {
			return true
		}
	}
	return false
}

// An outcome says how a harmed image was taken.
type outcome string

const (
	refused   outcome = "refused"   // by Open
	complains outcome = "complains" // opened; a read, a write or Check says that it is damaged
	same      outcome = "the same"  // opened, and nothing is missing or changed
	olderSaid outcome = "older"     // opened in the state before the last commit, and said so
	goneBack  outcome = "gone back" // in an earlier state, whole, as when a copy is put back
	partly    outcome = "partly"    // opened quickly: a search misses a contact, and no more than that
)

var outcomes = []outcome{refused, complains, same, olderSaid, goneBack, partly}

// take writes image n and does with it what a program does. The error says
// what should not be.
func (d *damageTest) take(n int) (o outcome, class int, name string, err error) {
	image, class, name := d.image(n)
	if err := os.WriteFile(d.path, image, 0o600); err != nil {
		return "", class, name, err
	}
	if d.quick {
		if err := d.pretendClean(image); err != nil {
			return "", class, name, err
		}
	}
	o, err = d.use(mayLose(name))
	if err == nil {
		err = d.left()
	}
	return o, class, name, err
}

// pretendClean has the file look as if it had not been changed since it was
// closed in order, if its mark is whole.
func (d *damageTest) pretendClean(image []byte) error {
	f, err := os.OpenFile(d.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	metas, err := boltfile.ReadMetas(f, int64(len(image)))
	if err != nil {
		return nil
	}
	m, _ := metas.Current()
	if trailer, ok := boltfile.ReadTrailer(f, m); ok {
		// The system's own time of change cannot be set, so that the mark has to
		// be of a later time.
		at := time.Now().Add(time.Hour).Truncate(time.Minute)
		trailer.ModTime = at.UnixNano()
		return errors.Join(boltfile.WriteTrailer(f, m, trailer), os.Chtimes(d.path, at, at))
	}
	return nil
}

// left looks for what a closed store must not leave behind.
func (d *damageTest) left() error {
	if n := len(registry.entries); n > 0 {
		registry.entries = nil
		return errors.New("the file is still registered")
	}
	f, err := os.OpenFile(d.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if ok, err := tryLock(f, false); !ok || err != nil {
		return fmt.Errorf("the file is still locked: %v", err)
	}
	unlock(f)
	files, err := os.ReadDir(filepath.Dir(d.path))
	if len(files) != 1 || err != nil {
		return fmt.Errorf("files left: %v %v", files, err)
	}
	return nil
}

// expected reports whether err is one that a damaged file may give.
func (d *damageTest) expected(err error) bool {
	for _, want := range []error{contacts.ErrDamaged, contacts.ErrNotBook, contacts.ErrNewer} {
		if errors.Is(err, want) && strings.Contains(err.Error(), d.path) {
			return true
		}
	}
	return false
}

func (d *damageTest) use(mayLose bool) (o outcome, err error) {
	ctx := context.Background()
	s, err := Open(d.path, &Options{LockWait: -1, NoAutoCompact: true})
	if err != nil {
		if !d.expected(err) {
			return "", fmt.Errorf("open: %w", err)
		}
		return refused, nil
	}
	closed := false
	defer func() {
		if closeErr := s.Close(); err == nil && !closed && closeErr != nil {
			err = fmt.Errorf("close: %w", closeErr)
		}
	}()
	complained := func(what string, err error) (outcome, error) {
		if !d.expected(err) {
			return "", fmt.Errorf("%s: %w", what, err)
		}
		if !d.quick && what != "read" {
			return "", fmt.Errorf("%s finds what Open and all reads did not: %w", what, err)
		}
		return complains, nil
	}
	reads, err := readBook(ctx, s)
	if wrong := d.wrongContact(reads); wrong != "" {
		return "", errors.New(wrong)
	}
	if err != nil {
		return complained("read", err)
	}
	var wrote *readings
	switch diff := reads.differs(d.im.reads); {
	case diff == "":
		o, wrote = same, d.im.wrote
	case reads.differs(d.im.before) == "" && s.Info().OlderState:
		o, wrote = olderSaid, d.im.wrote2
	case mayLose && d.earlier(reads):
		return goneBack, s.Check(ctx)
	case d.quick:
		o = partly
	default:
		return "", errors.New("silently: " + diff)
	}
	if err := richWrites(ctx, s); err != nil {
		if o == partly && !errors.Is(err, contacts.ErrDamaged) {
			return o, nil // a contact that is missed cannot be edited
		}
		return complained("write", err)
	}
	if err := s.Check(ctx); err != nil {
		return complained("check", err)
	}
	if o == partly {
		return "", errors.New("Check does not see what a search misses")
	}
	if err := s.Compact(ctx); err != nil {
		return complained("compact", err)
	}
	closed = true
	if err := s.Close(); err != nil {
		return "", fmt.Errorf("close: %w", err)
	}
	s, err = Open(d.path, &Options{LockWait: -1, MustExist: true, Verify: VerifyFull})
	if err != nil {
		return "", fmt.Errorf("open again: %w", err)
	}
	closed = false
	reads, err = readBook(ctx, s)
	if err != nil {
		return "", fmt.Errorf("read again: %w", err)
	}
	if diff := reads.differs(wrote); diff != "" {
		return "", errors.New("after the writes, " + diff)
	}
	return o, nil
}

// earlier reports whether reads are those of an earlier state.
func (d *damageTest) earlier(reads *readings) bool {
	for _, state := range d.im.states {
		if reads.differs(state) == "" {
			return true
		}
	}
	return false
}

// wrongContact returns a contact that was read and that never was, "" if there
// is none.
func (d *damageTest) wrongContact(reads *readings) string {
	for key, states := range reads.contacts {
		for _, state := range states {
			if !d.im.known[key+state] {
				return fmt.Sprintf("a contact that never was so: %s %.300s", key, state)
			}
		}
	}
	return ""
}

// memoryBound is how much an image of half a megabyte may have a program
// allocate, the harmless ones included.
const memoryBound = 512 << 20

// hangBound is how long an image may take, on a machine that is busy.
const hangBound = 60 * time.Second

// run takes the images from to end.
func (d *damageTest) run(t *testing.T, from, end int) {
	table := make([]map[outcome]int, len(damages))
	var worst time.Duration
	var before, after runtime.MemStats
	failures := 0
	for n := from; n < end; n++ {
		hang := time.AfterFunc(hangBound, func() {
			panic(fmt.Sprintf("-seed %d, image %d hangs:\n%s", d.seed, n, stacks()))
		})
		runtime.ReadMemStats(&before)
		start := time.Now()
		o, class, name, err := d.take(n)
		worst = max(worst, time.Since(start))
		hang.Stop()
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil && used > memoryBound {
			err = fmt.Errorf("%d MiB of memory", used>>20)
		}
		if err != nil {
			t.Errorf("image %d, %s: %s: %v", n, name, o, err)
			if failures++; failures > 20 {
				t.Fatal("and more")
			}
		}
		if table[class] == nil {
			table[class] = map[outcome]int{}
		}
		table[class][o]++
	}
	t.Logf("%d images of %d classes, the slowest took %v\n%s", end-from, len(damages), worst.Round(time.Millisecond), outcomeTable(table))
}

// outcomeTable says what became of the images of each class.
func outcomeTable(table []map[outcome]int) string {
	var w strings.Builder
	row := func(name string, count func(outcome) any) {
		fmt.Fprintf(&w, "%-38s", name)
		for _, o := range outcomes {
			fmt.Fprintf(&w, "%10v", count(o))
		}
		fmt.Fprintln(&w)
	}
	row("class", func(o outcome) any { return o })
	sum := map[outcome]int{}
	for class, counts := range table {
		if counts == nil {
			continue
		}
		row(damages[class].name, func(o outcome) any { sum[o] += counts[o]; return counts[o] })
	}
	row("all", func(o outcome) any { return sum[o] })
	return w.String()
}

// damageImages is how many images the tests of damage take.
func damageImages(short, long_ int) int {
	switch {
	case *long:
		return long_
	case onWindows:
		return short / 24
	case raceEnabled || testing.Short():
		return short / 8
	}
	return short
}

// TestDamage opens, reads, writes, checks and compacts harmed copies of a
// book. Nothing may panic or hang, and nothing may be missing or wrong without
// an error that says so; what is refused is refused with the file's name, and
// gives up its lock.
func TestDamage(t *testing.T) {
	newDamageTest(t, seedOf(t), false).run(t, 0, damageImages(2000, 50_000))
}

// TestDamageUnseen does that with files that are damaged since they were closed in
// order, with size and time kept, which Open then trusts. A search may miss
// contacts then; but no contact is wrong, and nothing panics or hangs.
func TestDamageUnseen(t *testing.T) {
	newDamageTest(t, seedOf(t), true).run(t, 0, damageImages(400, 10_000))
}

// TestTruncatedWhileOpen has the file of an open book cut short, in a child
// process, as a fault that is not caught ends it. Windows does not cut a file
// that is mapped.
func TestTruncatedWhileOpen(t *testing.T) {
	for _, how := range []string{"read", "commit"} {
		path := filepath.Join(tempDir(t), "book.db")
		sampleBook(t, path)
		if onWindows {
			e := mustOpen(t, path, nil)
			if err := os.Truncate(path, 4*pageSize); err == nil {
				t.Error("a mapped file was cut")
			}
			must(t, readAll(e))
			continue
		}
		runChild(t, "truncate", path, how)
	}
}
