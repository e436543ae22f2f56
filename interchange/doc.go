// Package interchange brings contacts in and out as CSV, vCard and JSON Lines.
//
// Import reads a file of somebody else's making into a contacts.Book, by the
// rules of the book and no others: a number that a contact has is refused, or
// dealt with as Options.Held says. Every row of the file is counted and ends as
// created, updated, skipped or failed; one that fails comes back with its line,
// its field, the reason and who holds its number, and may be written to a file
// to mend and import again. A dry run makes all decisions of the real one and
// leaves the book as it is.
//
//	f, err := os.Open("contacts.csv")
//	..
//	report, err := interchange.Import(ctx, book, interchange.Any(f), &interchange.Options{Region: "IN", DryRun: true})
//	fmt.Print(report)
//
// Without Options.Restore what the book sets is the book's: ids, states, times and
// authors in a file do not count, and a contact that was exported as a deleted one
// comes in as a new one.
//
// Export writes the contacts of a book, or those that a search finds; Write writes
// contacts from anywhere.
//
// # What a format keeps
//
// JSON Lines, CSV with our own columns and vCards as we write them hold all there is
// in a contact, and with Options.Restore give an equal book. (But for what a merge
// did: that is in two contacts, one of which is not exported. contacts.Copy takes
// both.) What Google's and Outlook's CSV have no place for is left out, and counted in
// Exported.LeftOut; the comments on Format list it. What a file has and a Contact has
// not is counted in Report.LeftOut, and of a row in Row.LeftOut.
//
// # Text that is damaged, hostile, or for a spreadsheet
//
// A row that cannot be read fails, and the next one is read. No text of a file is
// taken for an instruction: a cell that a spreadsheet would take for a formula is
// exported with an apostrophe in front, which Import takes off again. The text of
// reports, problems and errors masks numbers and names, so that it may be logged; their
// fields are clear, and so are the reasons in rejects.
//
// # Bounds
//
// A file may be of any length: an import needs less than 64 MB of memory, and space
// for what does not fit in Options.TempDir and, where the store is a file, beside
// that, in files that only the user may read and that are gone when it returns.
// Limits bounds what stands in one row. Time is linear in the length of the file,
// which is read up to three times.
package interchange
