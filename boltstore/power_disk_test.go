//go:build linux

package boltstore

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// disk is the folder as the log has left it: what is on the disk for certain,
// what of that programs see, and the changes between the two.
type disk struct {
	files   []*diskFile
	names   map[string]int // on the disk
	live    map[string]int
	pending []*diskOp // of names
}

type diskFile struct {
	data    []byte    // on the disk
	live    []byte    // as programs see it
	pending []*diskOp // writes and truncations
	times   []int64   // the first one is on the disk, the others may be
	lost    []*diskOp // writes whose sync failed: the system takes them for written
	changed int64     // when it was changed last, in whatever way
}

func newDisk(l *diskLog) *disk {
	d := &disk{names: map[string]int{}, live: map[string]int{}}
	for range l.files {
		d.files = append(d.files, &diskFile{times: []int64{1}})
	}
	for i, name := range sortedKeys(l.first) {
		d.files[i].data = bytes.Clone(l.first[name])
		d.files[i].live = bytes.Clone(l.first[name])
		d.names[name], d.live[name] = i, i
		if at := l.times[name]; at != 0 {
			d.files[i].times = []int64{at}
		}
	}
	return d
}

// step takes the next event.
func (d *disk) step(e diskEvent) {
	switch {
	case e.op != nil && e.op.kind <= opTimes:
		f := d.files[e.op.file]
		f.live = e.op.change(f.live, nil, nil)
		f.changed = e.op.at
		f.times = append(f.times, e.op.mtime)
		if e.op.kind != opTimes {
			f.again(e.op)
			f.pending = append(f.pending, e.op)
		}
	case e.op != nil:
		e.op.rename(d.live)
		d.pending = append(d.pending, e.op)
	case e.sync && e.failed && e.folder == "":
		f := d.files[e.file]
		for len(f.pending) > 0 && f.pending[0].end < e.start {
			f.lost = append(f.lost, f.pending[0])
			f.pending = f.pending[1:]
		}
	case e.sync && e.failed:
	case e.sync && e.folder != "":
		d.pending = slices.DeleteFunc(d.pending, func(o *diskOp) bool {
			if o.end >= e.start || o.folder() != e.folder {
				return false
			}
			o.rename(d.names)
			return true
		})
	case e.sync:
		f := d.files[e.file]
		for len(f.pending) > 0 && f.pending[0].end < e.start {
			f.data = f.pending[0].change(f.data, nil, nil)
			f.pending = f.pending[1:]
		}
		if e.times {
			f.times = f.times[len(f.times)-1:]
		}
	}
}

// folder returns the folder in which an operation gives a name, or takes one.
func (o *diskOp) folder() string { return filepath.Dir(cmp.Or(o.to, o.name)) }

// again notes that a page of a write whose sync failed is changed again: the
// system writes all of the page once more, then.
func (f *diskFile) again(o *diskOp) {
	f.lost = slices.DeleteFunc(f.lost, func(l *diskOp) bool {
		const page = 4096
		from, to := l.off/page, (l.off+int64(len(l.data))+page-1)/page
		if o.kind != opWrite || l.kind != opWrite || o.off/page > from || (o.off+int64(len(o.data))+page-1)/page < to {
			return false
		}
		f.pending = append(f.pending, l)
		return true
	})
}

// rename changes names as the operation says.
func (o *diskOp) rename(names map[string]int) {
	switch o.kind {
	case opName:
		names[o.name] = o.file
	case opUnname:
		delete(names, o.name)
	case opRename:
		if names[o.name] == o.file {
			delete(names, o.name)
		}
		names[o.to] = o.file
	}
}

// change returns data as the operation leaves it; of a write only what part
// says, if it is not nil. Fill makes the content of what is left out between.
func (o *diskOp) change(data []byte, part func(at int64) bool, fill func([]byte)) []byte {
	if o.kind == opTruncate {
		return resize(data, o.size)
	}
	end := o.off + int64(len(o.data))
	for at := o.off; at < end; {
		next := end
		if part != nil {
			next = min(end, at-at%sector+sector)
		}
		if part == nil || part(at) {
			if n := int64(len(data)); n < next {
				data = resize(data, next)
				if n < at && fill != nil {
					fill(data[n:at])
				}
			}
			copy(data[at:next], o.data[at-o.off:next-o.off])
		}
		at = next
	}
	return data
}

// sector is the least that a disk writes whole.
const sector = 512

func resize(data []byte, size int64) []byte {
	if n := int64(len(data)); size > n {
		return append(data, make([]byte, size-n)...)
	}
	return data[:size]
}

// unsynced returns the changes that may or may not be on the disk, in order.
func (d *disk) unsynced() []*diskOp {
	ops := append([]*diskOp(nil), d.pending...)
	for _, n := range d.reachable() {
		ops = append(ops, d.files[n].pending...)
	}
	return ops
}

// reachable returns the files that have a name or may have one.
func (d *disk) reachable() []int {
	var list []int
	for n := range d.files {
		found := false
		for _, m := range []map[string]int{d.names, d.live} {
			for _, k := range m {
				found = found || k == n
			}
		}
		for _, o := range d.pending {
			found = found || o.file == n
		}
		if found {
			list = append(list, n)
		}
	}
	return list
}

// tear says what of the unsynced changes reached the disk.
type tear struct {
	keep func(o *diskOp) bool           // all of it, or a beginning of it
	part func(o *diskOp, at int64) bool // the sector there; nil: writes are kept whole
	fill func(b []byte)                 // the content of what was never written
	long bool                           // files have their new sizes, whatever of the data is there
	time func(times []int64) int64      // one of the times
}

// image is a folder after the power came back.
type image map[string]imageFile

type imageFile struct {
	data    []byte
	mtime   int64
	changed int64 // when it was changed in any way, as no program can set it; 0: now
}

// after returns the folder as it is when t is what reached the disk.
func (d *disk) after(t tear) image {
	names := maps.Clone(d.names)
	for _, o := range d.pending {
		if t.keep(o) {
			o.rename(names)
		}
	}
	img := image{}
	for name, n := range names {
		f := d.files[n]
		data := bytes.Clone(f.data)
		for _, o := range f.pending {
			if !t.keep(o) {
				continue
			}
			var part func(int64) bool
			if t.part != nil && o.kind == opWrite {
				part = func(at int64) bool { return t.part(o, at) }
			}
			data = o.change(data, part, t.fill)
		}
		if n := int64(len(f.live)); t.long && n > int64(len(data)) {
			at := len(data)
			data = resize(data, n)
			t.fill(data[at:])
		}
		img[name] = imageFile{data, t.time(f.times), f.changed}
	}
	return img
}

// randomTear draws what reached the disk.
func randomTear(r *rand.Rand, d *disk) tear {
	share := []float64{0.02, 0.1, 0.5, 0.5, 0.9, 0.98}[r.IntN(6)]
	seed := r.Uint64()
	drawn := func(o *diskOp, at int64) bool {
		h := (seed ^ uint64(o.end)*0x9e3779b97f4a7c15 ^ uint64(at+1)*0xbf58476d1ce4e5b9) * 0x94d049bb133111eb
		h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
		return float64(h^h>>32)/(1<<64) < share
	}
	t := tear{
		keep: func(o *diskOp) bool { return drawn(o, -1) },
		fill: func([]byte) {},
		long: r.IntN(3) == 0,
		time: func(times []int64) int64 { return times[r.IntN(len(times))] },
	}
	if unit := []int64{0, 4096, sector}[r.IntN(3)]; unit > 0 {
		t.part = func(o *diskOp, at int64) bool { return drawn(o, at/unit) }
		t.keep = func(o *diskOp) bool { return o.kind == opWrite || drawn(o, -1) }
	}
	if r.IntN(2) == 0 { // names come in order, as from a journal
		n := r.IntN(len(d.pending) + 1)
		keep := t.keep
		t.keep = func(o *diskOp) bool {
			if o.kind < opName {
				return keep(o)
			}
			return n > 0 && o.end <= d.pending[n-1].end
		}
	}
	if r.IntN(2) == 0 {
		garbage := rand.NewPCG(seed, 1)
		t.fill = func(b []byte) {
			for i := range b {
				b[i] = byte(garbage.Uint64())
			}
		}
	}
	return t
}

// plainTear keeps the changes that keep says, whole, and the last time if last.
func plainTear(keep func(*diskOp) bool, last bool) tear {
	return tear{keep: keep, fill: func([]byte) {}, time: func(times []int64) int64 {
		if last {
			return times[len(times)-1]
		}
		return times[0]
	}}
}

// write makes the folder dir look like img.
func (img image) write(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	for name, f := range img {
		path := filepath.Join(dir, name)
		f.shift(time.Now())
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, 0o600); err != nil {
			return err
		}
		at := time.Unix(0, f.mtime)
		if err := os.Chtimes(path, at, at); err != nil {
			return err
		}
	}
	return nil
}

// shift moves the times of a file, also the one in the mark of a clean close, as
// if it had been changed now: a test cannot make a file that was changed earlier.
func (f *imageFile) shift(now time.Time) {
	if f.changed == 0 {
		return
	}
	by := now.UnixNano() - f.changed
	f.mtime += by
	file := &memFile{f.data}
	metas, err := boltfile.ReadMetas(file, int64(len(f.data)))
	if err != nil {
		return
	}
	for i, m := range metas.Meta {
		if t, ok := boltfile.ReadTrailer(file, m); ok && metas.Err[i] == nil {
			t.ModTime += by
			_ = boltfile.WriteTrailer(file, m, t)
		}
	}
}

// memFile is a file in memory that does not grow.
type memFile struct{ b []byte }

func (f *memFile) ReadAt(p []byte, at int64) (int, error)  { return bytes.NewReader(f.b).ReadAt(p, at) }
func (f *memFile) WriteAt(p []byte, at int64) (int, error) { return copy(f.b[at:], p), nil }

// compare reports how the folder as programs see it differs from files.
func (d *disk) compare(files map[string][]byte) error {
	for name, n := range d.live {
		if !bytes.Equal(files[name], d.files[n].live) {
			return fmt.Errorf("%s has %d bytes and is logged with %d, or others", name, len(files[name]), len(d.files[n].live))
		}
	}
	if len(files) != len(d.live) {
		return fmt.Errorf("the folder has %d files and is logged with %d", len(files), len(d.live))
	}
	return nil
}
