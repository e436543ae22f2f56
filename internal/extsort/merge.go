package extsort

import "bytes"

// minBuffer is the least a run is read by, where the memory is not smaller yet:
// it bounds how many are merged at once.
const minBuffer = 32 << 10

// fanIn is how many runs may be merged at once.
func (s *Sorter) fanIn() int {
	return max(2, s.memory/max(minBuffer, s.maxKey)-1)
}

// reduce merges runs that follow one another until few enough are left to merge
// the rest at once. Merged ones take their place in the file as well as at its
// end, since it goes away soon.
func (s *Sorter) reduce() error {
	for most := s.fanIn(); len(s.runs) > most; {
		var fewer []run
		excess := len(s.runs) - most // how many must go in all
		for at := 0; at < len(s.runs); {
			n := min(most, excess+1, len(s.runs)-at)
			if n < 2 {
				fewer = append(fewer, s.runs[at:]...)
				break
			}
			from := s.size
			err := s.merge(s.runs[at:at+n], func(e Entry) error { return s.write(e.Key, e.Value) })
			if err == nil {
				err = s.flush()
			}
			if err != nil {
				return err
			}
			fewer = append(fewer, run{from, s.size})
			at, excess = at+n, excess-(n-1)
		}
		s.runs = fewer
	}
	return nil
}

// merge calls each with the entries of runs, in order. Equal keys come in the
// order of the runs.
func (s *Sorter) merge(runs []run, each func(Entry) error) error {
	size := max(512, min(s.memory/(len(runs)+1), 1<<20))
	t := tree{readers: make([]*reader, len(runs)), nodes: make([]int, len(runs))}
	for i, r := range runs {
		size := int(min(int64(size), r.to-r.from))
		t.readers[i] = &reader{file: s.file, from: r.from, to: r.to, buf: make([]byte, 0, size)}
		t.readers[i].next()
	}
	t.build()
	var large []byte
	for {
		r := t.readers[t.nodes[0]]
		if r.done {
			break
		}
		v, err := r.take(&large)
		if err != nil {
			return err
		}
		if err := each(Entry{r.key, v}); err != nil {
			return err
		}
		r.next()
		if r.err != nil {
			return r.err
		}
		t.replay(t.nodes[0])
	}
	for _, r := range t.readers {
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// tree is a tournament of readers: nodes[0] is the one with the least key, every
// other node the loser of its match. The leaf of reader i is node len+i.
type tree struct {
	readers []*reader
	nodes   []int
}

func (t *tree) build() {
	n := len(t.readers)
	winners := make([]int, 2*n)
	for i := range n {
		winners[n+i] = i
	}
	for i := n - 1; i > 0; i-- {
		a, b := winners[2*i], winners[2*i+1]
		if t.less(b, a) {
			a, b = b, a
		}
		winners[i], t.nodes[i] = a, b
	}
	t.nodes[0] = winners[1]
	if n == 1 {
		t.nodes[0] = 0
	}
}

// replay plays the matches of a reader that stepped on, from its leaf up.
func (t *tree) replay(i int) {
	for n := (len(t.readers) + i) / 2; n > 0; n /= 2 {
		if t.less(t.nodes[n], i) {
			t.nodes[n], i = i, t.nodes[n]
		}
	}
	t.nodes[0] = i
}

func (t *tree) less(i, j int) bool {
	a, b := t.readers[i], t.readers[j]
	switch {
	case a.done || b.done:
		return !a.done
	case a.prefix != b.prefix:
		return a.prefix < b.prefix
	}
	if c := bytes.Compare(a.key, b.key); c != 0 {
		return c < 0
	}
	return i < j
}
