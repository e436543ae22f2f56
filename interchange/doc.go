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
// Export writes the contacts of a book, or those that a search finds.
//
// # What a format keeps
//
// JSON Lines, CSV with our own columns and vCard 4.0 hold all there is in a contact,
// and with Options.Restore give an equal book. What the others have no place for
// is left out, and counted in Exported.LeftOut; the comments on Format list it.
//
// # Bounds
//
// A file may be of any length: an import needs less than 64 MB of memory. Limits
// bounds what stands in one row. Time is linear in the length of the file.
package interchange
