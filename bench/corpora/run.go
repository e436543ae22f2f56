package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/emersion/go-vcard"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
	"github.com/callerbook/contacts/memstore"
)

// fate says what became of the numbers of files.
type fate struct {
	files, rows             int
	created, other          int
	numbers, in, reported   int
	rowReasons, whyReported map[string]int
	lost                    []string // numbers that are neither in nor reported
}

func newFate() *fate { return &fate{rowReasons: map[string]int{}, whyReported: map[string]int{}} }

// importFile imports a file into a new book, and looks for each of its numbers.
func (f *fate) importFile(ctx context.Context, path string, data []byte, region string) error {
	store := memstore.New()
	defer store.Close()
	book, err := contacts.Open(ctx, store, contacts.Scope{}, nil)
	if err != nil {
		return err
	}
	var rows []interchange.Row
	o := &interchange.Options{Region: region, Each: func(r interchange.Row) error {
		rows = append(rows, r)
		return nil
	}}
	isCSV := strings.EqualFold(filepath.Ext(path), ".csv")
	source := interchange.VCard(bytes.NewReader(data))
	if isCSV {
		source = interchange.CSV(bytes.NewReader(data), nil)
	}
	report, err := interchange.Import(ctx, book, source, o)
	f.files++
	f.rows += report.Rows
	f.created += report.Created
	f.other += report.Rows - report.Created
	if sum := report.Created + report.Updated + report.Skipped + report.Failed; sum != report.Rows || len(rows) != report.Rows {
		return fmt.Errorf("%s: %d rows, but %d counted and %d told", path, report.Rows, sum, len(rows))
	}
	for reason, n := range report.Reasons {
		f.rowReasons[string(reason)] += n
	}
	if isCSV { // whose numbers are not looked for
		return nil
	}
	found := numbers(string(data))
	f.numbers += len(found)
	if err != nil { // the file as a whole, and so each of its numbers
		f.reported += len(found)
		f.whyReported["no vCard file"] += len(found)
		return nil
	}
	slices.SortFunc(rows, func(a, b interchange.Row) int { return a.Line - b.Line })
	for _, n := range found {
		why, in, err := look(ctx, book, rows, n)
		switch {
		case err != nil:
			return err
		case in:
			f.in++
		case why != "":
			f.reported++
			f.whyReported[why]++
		default:
			f.lost = append(f.lost, fmt.Sprintf("%s:%d: %s", path, n.line, n.text))
		}
	}
	return nil
}

// look says where a number is: in the book, or why not.
func look(ctx context.Context, book *contacts.Book, rows []interchange.Row, n number) (why string, in bool, err error) {
	i, _ := slices.BinarySearchFunc(rows, n.line, func(r interchange.Row, line int) int {
		if r.Line <= line {
			return -1
		}
		return 1
	})
	if i == 0 {
		return "", false, nil
	}
	row := rows[i-1]
	if row.Outcome == contacts.ImportFailed || row.Outcome == contacts.ImportSkipped {
		for _, p := range row.Problems {
			if digits(p.Value) == digits(n.text) {
				return string(p.Reason), false, nil
			}
		}
		if len(row.Problems) == 0 {
			return "", false, nil
		}
		return "beside: " + string(row.Problems[0].Reason), false, nil
	}
	c, err := book.Get(ctx, row.ID)
	if err != nil {
		return "", false, err
	}
	want := digits(n.text)
	for _, p := range append(c.Phones, c.CellPhone) {
		if digits(p.Input) == want || strings.HasSuffix(digits(p.Number), strings.TrimLeft(want, "0")) && p.Number != "" {
			return "", true, nil
		}
	}
	for _, l := range row.LeftOut {
		if l.Name == "TEL" || l.Name == "AGENT" {
			return "left out: " + l.Name, false, nil
		}
	}
	return "", false, nil
}

// others counts the numbers of a file that go-vcard finds.
func others(data []byte) int {
	has := map[string]int{}
	d := vcard.NewDecoder(bytes.NewReader(data))
	for {
		card, err := d.Decode()
		for _, v := range card.Values(vcard.FieldTelephone) {
			has[digits(v)]++
		}
		if err != nil {
			break
		}
	}
	n := 0
	for _, one := range numbers(string(data)) {
		if d := digits(one.text); has[d] > 0 {
			has[d]--
			n++
		}
	}
	return n
}
