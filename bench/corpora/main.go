// Command corpora imports folders of files that other people made, and says what
// became of every number in them:
//
//	go run ./corpora DIR..   # in bench, or ./bench/corpora from the root
//
// It looks for the numbers by itself, line by line, and fails where one is neither
// in the book nor reported. README.md says where there are such files.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("corpora", flag.ContinueOnError)
	region := flags.String("region", "US", "where national numbers are from, in the second import")
	verbose := flags.Bool("v", false, "list the files")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return fmt.Errorf("usage: corpora [-region US] DIR [DIR ..]")
	}
	fmt.Fprintf(out, "| files of | files | cards, rows | numbers | in, no region | refused | in, %s | refused | go-vcard has |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n", *region)
	none, some := newFate(), newFate()
	other := 0
	for _, dir := range flags.Args() {
		a, b, n := newFate(), newFate(), 0
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !isCorpus(path) {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if *verbose {
				fmt.Fprintln(out, path)
			}
			if err := a.importFile(ctx, path, data, ""); err != nil {
				return err
			}
			if strings.ToLower(filepath.Ext(path)) != ".csv" {
				n += others(data)
			}
			return b.importFile(ctx, path, data, *region)
		})
		if err != nil {
			return err
		}
		show(out, filepath.ToSlash(dir), a, b, n)
		none.add(a)
		some.add(b)
		other += n
	}
	if flags.NArg() > 1 {
		show(out, "all", none, some, other)
	}
	fmt.Fprintf(out, "\nrefused or left out, no region: %s\nof rows that failed: %s\n", counts(none.whyReported), counts(none.rowReasons))
	fmt.Fprintf(out, "refused or left out, %s: %s\nof rows that failed: %s\n", *region, counts(some.whyReported), counts(some.rowReasons))
	if lost := append(none.lost, some.lost...); len(lost) > 0 {
		return fmt.Errorf("%d numbers are neither in nor reported:\n%s", len(lost), strings.Join(lost, "\n"))
	}
	return nil
}

func isCorpus(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".vcf", ".vcard", ".csv":
		return true
	}
	return false
}

func show(out io.Writer, name string, a, b *fate, other int) {
	fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", name, a.files, a.rows, a.numbers, a.in, a.reported, b.in, b.reported, other)
}

// counts says counts, the greatest first.
func counts(m map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	var list []string
	for _, key := range keys {
		list = append(list, fmt.Sprintf("%s %d", key, m[key]))
	}
	return strings.Join(list, ", ")
}

func (f *fate) add(g *fate) {
	f.files += g.files
	f.rows += g.rows
	f.created += g.created
	f.other += g.other
	f.numbers += g.numbers
	f.in += g.in
	f.reported += g.reported
	f.lost = append(f.lost, g.lost...)
	for key, n := range g.rowReasons {
		f.rowReasons[key] += n
	}
	for key, n := range g.whyReported {
		f.whyReported[key] += n
	}
}
