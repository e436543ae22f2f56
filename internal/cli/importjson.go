package cli

import (
	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
)

// importedBook is the answer of import for machines.
type importedBook struct {
	DryRun bool `json:"dryRun"`
	importedCounts
	Files []importedReport `json:"files"`
}

type importedCounts struct {
	Rows    int `json:"rows"`
	Created int `json:"created"`
	Updated int `json:"updated"`
	Skipped int `json:"skipped"`
	Failed  int `json:"failed"`
	Kept    int `json:"kept"`
}

type importedReport struct {
	File      string `json:"file"`
	Format    string `json:"format"`
	Layout    string `json:"layout,omitempty"`
	Encoding  string `json:"encoding,omitempty"`
	Delimiter string `json:"delimiter,omitempty"`
	Region    string `json:"region,omitempty"`
	importedCounts
	Reasons      map[contacts.Reason]int `json:"reasons"`
	LeftOut      map[string]int          `json:"leftOut"`
	Columns      []importedColumn        `json:"columns,omitempty"`
	Problems     []importedRow           `json:"problems"`
	MoreProblems int                     `json:"moreProblems"`
	Rejects      string                  `json:"rejects,omitempty"`
}

type importedColumn struct {
	Name  string `json:"name"`
	Field string `json:"field"` // "" when it was passed over
}

type importedRow struct {
	Line     int               `json:"line"`
	Outcome  string            `json:"outcome"`
	ID       string            `json:"id,omitempty"`
	Problems []importedProblem `json:"problems,omitempty"`
	Kept     []importedProblem `json:"kept,omitempty"`
}

type importedProblem struct {
	Field      string `json:"field"`
	Column     string `json:"column,omitempty"`
	Reason     string `json:"reason"`
	Value      string `json:"value"`
	Message    string `json:"message"`
	HolderID   string `json:"holderId,omitempty"`
	HolderName string `json:"holderName,omitempty"`
	Earlier    int    `json:"earlierLine,omitempty"`
}

func reportOf(d *importedFile) importedReport {
	r := &d.report
	out := importedReport{
		File: d.file.name, Format: r.Format.String(), Layout: r.Layout, Encoding: r.Encoding, Region: r.Region,
		importedCounts: countsOf(r), Reasons: r.Reasons, LeftOut: r.LeftOut, Problems: []importedRow{}, MoreProblems: r.MoreProblems,
	}
	if r.Delimiter != 0 {
		out.Delimiter = string(r.Delimiter)
	}
	if out.Reasons == nil {
		out.Reasons = map[contacts.Reason]int{}
	}
	if out.LeftOut == nil {
		out.LeftOut = map[string]int{}
	}
	for _, c := range r.Columns {
		out.Columns = append(out.Columns, importedColumn{c.Name, c.Field})
	}
	for _, row := range r.Problems {
		out.Problems = append(out.Problems, importedRow{row.Line, row.Outcome.String(), row.ID, problemsOf(row.Problems), problemsOf(row.Kept)})
	}
	if d.file.rejects != nil && r.Failed > 0 {
		out.Rejects = d.file.rejects.path
	}
	return out
}

func problemsOf(list []interchange.Problem) (out []importedProblem) {
	for i := range list {
		p := &list[i]
		out = append(out, importedProblem{p.Field, p.Column, string(p.Reason), p.Value, problemWords(p), p.HolderID, p.HolderName, p.Earlier})
	}
	return out
}
