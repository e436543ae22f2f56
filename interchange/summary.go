package interchange

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// String says the report in lines for people: what was found out, counts, reasons,
// what was left out, and each of Problems in a line. Numbers and names in it are
// masked.
func (r Report) String() string {
	var b strings.Builder
	if r.DryRun {
		b.WriteString("Dry run: the book is as it was.\n")
	}
	if s := r.source(); s != "" {
		fmt.Fprintf(&b, "%s\n", s)
	}
	fmt.Fprintf(&b, "%d rows: %d created, %d updated, %d skipped, %d failed.\n", r.Rows, r.Created, r.Updated, r.Skipped, r.Failed)
	if r.Kept > 0 {
		fmt.Fprintf(&b, "%d numbers were let in though others have them.\n", r.Kept)
	}
	if len(r.Reasons) > 0 {
		fmt.Fprintf(&b, "Why: %s.\n", ranked(r.Reasons))
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(&b, "Left out, as a contact has no place for it: %s.\n", ranked(r.LeftOut))
	}
	for _, row := range r.Problems {
		fmt.Fprintf(&b, "  %s\n", row)
	}
	if r.MoreProblems > 0 {
		fmt.Fprintf(&b, "  and %d more rows with problems\n", r.MoreProblems)
	}
	return b.String()
}

// source says what was found out about the file.
func (r *Report) source() string {
	var words []string
	switch r.Format {
	case FormatUnknown:
		return ""
	case FormatCSV:
		words = append(words, "CSV")
	case FormatVCard, FormatVCard3:
		words = append(words, "vCards")
	case FormatJSONLines:
		words = append(words, "JSON Lines")
	default:
		words = append(words, r.Format.String())
	}
	if r.Layout != "" {
		words = append(words, "layout "+r.Layout)
	}
	if r.Encoding != "" {
		words = append(words, r.Encoding)
	}
	if r.Delimiter != 0 {
		words = append(words, fmt.Sprintf("delimiter %q", r.Delimiter))
	}
	if r.Region != "" {
		words = append(words, "numbers without a calling code from "+r.Region)
	}
	text := strings.Join(words, ", ") + "."
	var mapped, passed []string
	for _, c := range r.Columns {
		if c.Field == "" {
			passed = append(passed, fmt.Sprintf("%q", clip(c.Name)))
		} else {
			mapped = append(mapped, fmt.Sprintf("%q is %s", clip(c.Name), c.Field))
		}
	}
	if mapped != nil {
		text += "\nColumns: " + firstFew(mapped) + "."
	}
	if passed != nil {
		text += "\nColumns passed over: " + firstFew(passed) + "."
	}
	return text
}

// few bounds the lists in a line.
const few = 30

func firstFew(list []string) string {
	if n := len(list) - few; n > 0 {
		list = append(list[:few:few], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(list, ", ")
}

// ranked lists counts, greatest first.
func ranked[K ~string](counts map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b))
	})
	words := make([]string, len(keys))
	for i, k := range keys {
		words[i] = fmt.Sprintf("%s %d", k, counts[k])
	}
	return firstFew(words)
}

// String says in one line where the row is, what became of it and why. Numbers
// and names in it are masked.
func (r Row) String() string {
	var words []string
	for _, p := range r.Problems {
		words = append(words, p.String())
	}
	for _, p := range r.Kept {
		words = append(words, "kept: "+p.String())
	}
	text := fmt.Sprintf("line %d %s", r.Line, r.Outcome)
	if len(words) > 0 {
		text += ": " + strings.Join(words, "; ")
	}
	return text
}

// LogValue says the counts, and of a problem none of its data.
func (r Report) LogValue() slog.Value {
	return slog.GroupValue(slog.Bool("dryRun", r.DryRun), slog.Int("rows", r.Rows), slog.Int("created", r.Created), slog.Int("updated", r.Updated),
		slog.Int("skipped", r.Skipped), slog.Int("failed", r.Failed), slog.Int("kept", r.Kept), slog.Int("problems", len(r.Problems)+r.MoreProblems))
}
