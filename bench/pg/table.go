package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/callerbook/contacts/bench/internal/report"
)

// The works.
const (
	workCreate   = "create"
	workCreators = "creators"
	workScopes   = "scopes"

	workCreateBlind   = "createBlind"
	workCreatorsBlind = "creatorsBlind"
	workScopesBlind   = "scopesBlind"

	workReaders   = "readers"
	workLoad      = "load"
	workLookup    = "lookup"
	workLookupAll = "lookupAll"
	workSearch    = "search"
	workSearchTwo = "searchTwo"
	workPage      = "page"
	workPageMany  = "pageMany"
	workWAL       = "wal"
)

// works is what is measured, in the order of the table.
var works = []struct {
	name, title string
	more        bool    // more is better
	goal        float64 // ratio to plain: at most, or at least where more is better; 0 means none
}{
	{workCreate, "create one, median us", false, 1.3},
	{workCreators, "64 creators on one scope, contacts/s", true, 1},
	{workScopes, "64 creators on a scope each, contacts/s", true, 0},
	{workCreateBlind, "create one, by hand in one round trip, median us", false, 0},
	{workCreatorsBlind, "64 creators on one scope, by hand in one round trip, contacts/s", true, 1},
	{workScopesBlind, "64 creators on a scope each, by hand in one round trip, contacts/s", true, 0},
	{workLoad, "bulk load, us a contact", false, 1.3},
	{workLookup, "look up a number, median us", false, 1.3},
	{workReaders, "64 look-ups at once, a second", true, 0},
	{workLookupAll, "look up 1,000 numbers, median us", false, 1.3},
	{workSearch, "first 20 with a beginning of a word, median us", false, 1.3},
	{workSearchTwo, "first 20 with beginnings of two words, median us", false, 1.3},
	{workPage, "page of 50 by name, median us", false, 1.3},
	{workPageMany, "page of 1,000 by name, median us", false, 1.3},
	{workWAL, "write-ahead log of a create, bytes", false, 0},
}

// table writes all results as one table in Markdown.
func (m *measurement) table(out io.Writer) error {
	rows := [][]string{{"work", "ours, pgstore", "plain pgx", "ours / plain", "goal", "met"}}
	for _, w := range works {
		own, other := m.value(w.name, ours), m.value(w.name, plain)
		ratio, goal, met := own/other, "", ""
		if w.goal > 0 {
			goal, met = "<= "+report.Number(w.goal), "yes"
			if w.more {
				goal = ">= " + report.Number(w.goal)
			}
			if w.more && ratio < w.goal || !w.more && ratio > w.goal {
				met = "no"
			}
		}
		rows = append(rows, []string{w.title, report.Number(own), report.Number(other), fmt.Sprintf("%.2f", ratio), goal, met})
	}
	return report.Table(out, rows)
}

// value returns a result, or NaN where there is none.
func (m *measurement) value(work, side string) float64 {
	if v, ok := m.results[key{work, side}]; ok {
		return v
	}
	return math.NaN()
}

// bytes writes what the tables and indexes of the library's book take.
func (m *measurement) bytes(ctx context.Context, out io.Writer) error {
	rows, err := m.admin.Query(ctx, `WITH t AS (SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::regnamespace)
		SELECT relname, '(rows)', pg_table_size(oid)::float8 FROM t
		UNION ALL SELECT t.relname, i.relname, pg_relation_size(i.oid)::float8
			FROM t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
		ORDER BY 1, 2`, schemaOf(ours))
	if err != nil {
		return err
	}
	defer rows.Close()
	contacts := 0.0
	if err := m.admin.QueryRow(ctx, "SELECT count(*)::float8 FROM "+schemaOf(ours)+".contacts").Scan(&contacts); err != nil {
		return err
	}
	table := [][]string{{"table", "part", "bytes a contact"}}
	sum := 0.0
	for rows.Next() {
		var name, part string
		var size float64
		if err := rows.Scan(&name, &part, &size); err != nil {
			return err
		}
		sum += size
		if size/contacts >= 1 {
			table = append(table, []string{name, part, report.Number(size / contacts)})
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return report.Table(out, append(table, []string{"all", "", report.Number(sum / contacts)}))
}
