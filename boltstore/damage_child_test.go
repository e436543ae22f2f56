package boltstore

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func init() { children["damage"] = childDamage }

// kept is what a child needs of a damageTest.
type kept struct {
	Sound, Other  []byte
	Older         [][]byte
	Reads, Before []string
	Wrote, Wrote2 []string
	States        [][]string
	Known         map[string]bool
	Seed          uint64
	Quick         bool
}

func (d *damageTest) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	k := kept{
		Sound: d.im.sound, Other: d.other, Older: d.im.older, Reads: d.im.reads.lines, Before: d.im.before.lines,
		Wrote: d.im.wrote.lines, Wrote2: d.im.wrote2.lines, Known: d.im.known, Seed: d.seed, Quick: d.quick,
	}
	for _, state := range d.im.states {
		k.States = append(k.States, state.lines)
	}
	return gob.NewEncoder(f).Encode(&k)
}

func loadDamageTest(path, image string) (*damageTest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var k kept
	if err := gob.NewDecoder(f).Decode(&k); err != nil {
		return nil, err
	}
	im := &richImages{
		sound: k.Sound, older: k.Older, known: k.Known,
		reads: &readings{lines: k.Reads}, before: &readings{lines: k.Before},
		wrote: &readings{lines: k.Wrote}, wrote2: &readings{lines: k.Wrote2},
	}
	for _, lines := range k.States {
		im.states = append(im.states, &readings{lines: lines})
	}
	return &damageTest{im: im, other: k.Other, pages: parsePages(k.Sound), seed: k.Seed, path: image, quick: k.Quick}, nil
}

// childDamage takes images from a number on, and prints how each begins and
// ends.
func childDamage(args []string) error {
	from, _ := strconv.Atoi(args[2])
	end, _ := strconv.Atoi(args[3])
	d, err := loadDamageTest(args[0], args[1])
	if err != nil {
		return err
	}
	for n := from; n < end; n++ {
		fmt.Println("begin", n)
		o, _, name, err := d.take(n)
		if err != nil {
			fmt.Printf("wrong %d %s: %q\n", n, name, err)
		} else {
			fmt.Println("end", n, o)
		}
	}
	return nil
}

// TestDamageInChildren takes harmed images in other processes, some in each: none of
// them dies or hangs.
func TestDamageInChildren(t *testing.T) {
	images := damageImages(120, 5000)
	const each = 20
	d := newDamageTest(t, seedOf(t), false)
	dir := mappedDir(t)
	saved := filepath.Join(dir, "saved")
	must(t, d.save(saved))
	table := make([]map[outcome]int, len(damages))
	start := time.Now()
	for from := 0; from < images; {
		end := min(from+each, images)
		c := child(t, "damage", saved, d.path, fmt.Sprint(from), fmt.Sprint(end))
		n, failure := followChild(t, c, from, func(n int, what, rest string) {
			if what == "wrong" {
				t.Errorf("image %d, %s", n, rest)
				return
			}
			class := n % len(damages)
			if table[class] == nil {
				table[class] = map[outcome]int{}
			}
			table[class][outcome(rest)]++
		})
		if failure != "" {
			_, _, name := d.image(n)
			t.Errorf("image %d, %s: %s", n, name, failure)
			end = n + 1
		}
		from = end
	}
	t.Logf("%d images in %d processes in %v\n%s", images, (images+each-1)/each, time.Since(start).Round(time.Second), outcomeTable(table))
}

// followChild runs a child that prints how a number of things begin and end, and
// returns the one at which it died or hung.
func followChild(t *testing.T, c *exec.Cmd, from int, ended func(n int, what, rest string)) (n int, failure string) {
	t.Helper()
	var said strings.Builder
	c.Stderr = &said
	stdout, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	hang := time.AfterFunc(hangBound, func() { dumpAndEnd(c.Process) })
	defer hang.Stop()
	n = from
	out := bufio.NewScanner(stdout)
	out.Buffer(nil, 1<<20)
	for out.Scan() {
		hang.Reset(hangBound)
		what, rest, _ := strings.Cut(out.Text(), " ")
		number, rest, _ := strings.Cut(rest, " ")
		if n, err = strconv.Atoi(number); err != nil {
			return n, out.Text()
		}
		if what != "begin" {
			ended(n, what, rest)
		}
	}
	if err := c.Wait(); err != nil {
		return n, fmt.Sprintf("%v\n%.6000s", err, said.String())
	}
	return n, ""
}
