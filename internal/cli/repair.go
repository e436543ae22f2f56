package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/callerbook/contacts/boltstore"
	"github.com/urfave/cli/v3"
)

// snapshotsFlag describes --snapshots.
func snapshotsFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "snapshots", TakesFile: true, HideDefault: true, Usage: usage}
}

func (s *session) repairCommand() *cli.Command {
	return &cli.Command{
		Name:      "repair",
		Usage:     "make a sound book of a damaged one",
		UsageText: "contacts repair [options] [FILE]",
		Description: `Takes the state before the last change; or else the newest snapshot, with what the
damaged file still has of later changes; or else every contact that can still be
read. It says what came back and what did not. The damaged file is kept, and a
sound book is left alone. The exit code is 6 when the book cannot be repaired.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", HideDefault: true, Usage: "say what would come of it, and change nothing"},
			snapshotsFlag("snapshots are in the folder `DIR`; beside the book unless given"),
		},
		Action: s.repair,
	}
}

// bookOperand takes FILE, where it is given, for the book: as if by --file or, a
// location, by --store.
func (s *session) bookOperand(cmd *cli.Command) error {
	args := cmd.Args().Slice()
	if len(args) == 0 {
		return nil
	}
	if _, err := operands(cmd, "FILE"); err != nil {
		return err
	}
	if cmd.IsSet("file") && cmd.String("file") != os.Getenv(fileVariable) || cmd.IsSet("store") {
		return usage(cmd, "the book is named twice: give FILE alone")
	}
	if !s.isFile(args[0]) {
		return cmd.Set("store", args[0])
	}
	return cmd.Set("file", args[0])
}

func (s *session) repair(ctx context.Context, cmd *cli.Command) error {
	if err := s.bookOperand(cmd); err != nil {
		return err
	}
	if err := s.onlyFile(cmd, "a database is put right by its own means, such as pg_restore of a backup"); err != nil {
		return err
	}
	at, _, err := s.location(cmd)
	if err != nil {
		return err
	}
	dry := cmd.Bool("dry-run")
	report, err := boltstore.Repair(ctx, at, &boltstore.RepairOptions{SnapshotDir: cmd.String("snapshots"), DryRun: dry})
	if errors.Is(err, fs.ErrNotExist) && report.Problem == "" {
		return &bookFault{fmt.Sprintf("there is no book at %s", at), err}
	}
	if s.json {
		if err == nil || report.Problem != "" {
			s.writeValue(repairJSON(at, &report, dry, err == nil))
		}
		return err
	}
	if err != nil {
		return err
	}
	s.tellRepair(cmd, at, &report, dry)
	return nil
}

// tellRepair says in words what a repair found and did.
func (s *session) tellRepair(cmd *cli.Command, at string, r *boltstore.Report, dry bool) {
	if r.Sound {
		s.printf("%s is sound: there is nothing to repair.\n", at)
		s.tellNotes(r.Notes)
		return
	}
	if dry {
		s.printf("%s is damaged (%s).\nIt can be repaired: %s.\n", at, r.Problem, wayWords(r))
	} else {
		s.printf("%s was damaged (%s).\nIt is repaired: %s.\n", at, r.Problem, wayWords(r))
		s.printf("The damaged file is kept: %s\n", r.Aside)
	}
	var t table
	t.head = []string{"ACCOUNT", "STREAM", "CONTACTS", "DELETED", "MERGED", "MISSING"}
	left := 0
	for _, sc := range r.Scopes {
		missing := "not known"
		switch {
		case sc.Exact:
			missing = "none"
		case sc.Missing >= 0:
			missing = fmt.Sprint(sc.Missing)
		}
		left += len(sc.Left)
		t.rows = append(t.rows, []string{sc.Scope.Account, sc.Scope.Stream, fmt.Sprint(sc.Counts.Active),
			fmt.Sprint(sc.Counts.Inactive), fmt.Sprint(sc.Counts.Merged), missing})
	}
	if len(t.rows) > 0 {
		t.write(s.out, "  ")
	}
	s.tellNotes(r.Notes)
	if left > 0 {
		s.printf("%s found in a state that may not be the last one, and left out. Add again whom you miss:\n",
			plural(uint64(left), "contact was", "contacts were"))
		var out table
		for _, sc := range r.Scopes {
			for _, c := range sc.Left {
				out.rows = append(out.rows, []string{nameOf(c), numberOf(c)})
			}
		}
		out.write(s.out, "  ")
	}
	s.tellDoubled(r)
	if dry {
		s.printf("Nothing was changed. To repair it: %s\n", repairOf(cmd, at))
	}
}

// repairOf is the command that repairs a book.
func repairOf(cmd *cli.Command, at string) string {
	text := "contacts repair " + quote(at)
	if cmd.String("snapshots") != "" {
		text += " --snapshots " + quote(cmd.String("snapshots"))
	}
	return text
}

// tellDoubled lists the numbers that several contacts claim since the repair.
func (s *session) tellDoubled(r *boltstore.Report) {
	var lines []string
	for _, sc := range r.Scopes {
		for _, k := range sc.Kept {
			lines = append(lines, or(k.Number, k.Line.String()))
		}
	}
	if len(lines) == 0 {
		return
	}
	const most = 20
	s.printf("%s to more than one contact; \"contacts check\" lists them: %s",
		plural(uint64(len(lines)), "number belongs", "numbers belong"), strings.Join(lines[:min(most, len(lines))], ", "))
	if len(lines) > most {
		s.printf(", ..")
	}
	s.printf("\n")
}

func (s *session) tellNotes(notes []string) {
	for _, n := range notes {
		s.printf("%s\n", clean(n))
	}
}

// wayWords says where a repaired book comes from.
func wayWords(r *boltstore.Report) string {
	switch r.Method {
	case boltstore.RepairPrevious:
		return "with the state before its last change"
	case boltstore.RepairSnapshot:
		return fmt.Sprintf("with the snapshot of %s, and what the damaged file has of later changes", r.SnapshotTime.Local().Format("2006-01-02 15:04"))
	}
	return "with the contacts that can still be read in it"
}

// repaired is the answer of repair for machines.
type repaired struct {
	Location     string          `json:"location"`
	Sound        bool            `json:"sound"`    // there was nothing to repair
	Repaired     bool            `json:"repaired"` // or, in a dry run, can be
	DryRun       bool            `json:"dryRun"`
	Problem      string          `json:"problem"`
	Method       string          `json:"method"`
	Snapshot     string          `json:"snapshot,omitempty"`
	SnapshotTime *time.Time      `json:"snapshotTime,omitempty"`
	Aside        string          `json:"aside"`
	Scopes       []repairedScope `json:"scopes"`
	Notes        []string        `json:"notes"`
}

type repairedScope struct {
	Account    string            `json:"account"`
	Stream     string            `json:"stream"`
	Unnamed    bool              `json:"unnamed,omitempty"`
	Active     uint64            `json:"active"`
	Inactive   uint64            `json:"inactive"`
	Merged     uint64            `json:"merged"`
	Duplicates uint64            `json:"duplicates"`
	Past       uint64            `json:"past"`
	Exact      bool              `json:"exact"`
	Missing    int64             `json:"missing"`
	Left       []json.RawMessage `json:"left"`
	Doubled    []string          `json:"doubled"`
}

func repairJSON(at string, r *boltstore.Report, dry, done bool) repaired {
	out := repaired{
		Location: at, Sound: r.Sound, Repaired: done && !r.Sound, DryRun: dry, Problem: r.Problem, Method: string(r.Method),
		Snapshot: r.Snapshot, Aside: r.Aside, Scopes: []repairedScope{}, Notes: append([]string{}, r.Notes...),
	}
	if !r.SnapshotTime.IsZero() {
		out.SnapshotTime = &r.SnapshotTime
	}
	for _, sc := range r.Scopes {
		one := repairedScope{
			Account: sc.Scope.Account, Stream: sc.Scope.Stream, Unnamed: sc.Unnamed,
			Active: sc.Counts.Active, Inactive: sc.Counts.Inactive, Merged: sc.Counts.Merged, Duplicates: sc.Counts.Duplicates,
			Past: sc.Past, Exact: sc.Exact, Missing: sc.Missing, Left: []json.RawMessage{}, Doubled: []string{},
		}
		for _, c := range sc.Left {
			one.Left = append(one.Left, c.AppendJSON(nil))
		}
		for _, k := range sc.Kept {
			one.Doubled = append(one.Doubled, or(k.Number, k.Line.String()))
		}
		out.Scopes = append(out.Scopes, one)
	}
	return out
}
