package agentassist

// For tests in package agentassist_test.
var (
	ReadProblems = readProblems
	Tame         = tame
	RetryAfter   = retryAfter
	ContactPath  = contactPath
	RowsOfCSV    = rowsOfCSV
	ReadJournal  = readJournal
	Modest       = modest
)
