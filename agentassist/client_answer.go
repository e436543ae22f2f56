package agentassist

import (
	"errors"
	"slices"

	"github.com/callerbook/contacts"
)

// Bounds on what is in an answer.
const (
	maxObjects  = 1 << 19 // one takes far more memory than the two bytes of {}
	maxElements = 1 << 22 // commas
)

var errNoAnswer = errors.New("the answer is not that of the API: is the address right?")

// modest reports whether JSON has no more objects and items than an answer may:
// an answer that is sent compressed is easily made of nothing else.
func modest(data []byte) bool {
	objects, items, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			objects++
		case c == ',':
			items++
		}
	}
	return objects <= maxObjects && items <= maxElements
}

// isAnswer reports whether what was read can be what was asked for: any object
// would be an empty list, or a contact that was changed.
func isAnswer(v any) bool {
	switch v := v.(type) {
	case *contacts.Contact:
		return v.ID != ""
	case *Page:
		return v.Results != nil
	case *bulkBody:
		return v.SuccessfulRecords != nil || v.FailedRecords != nil
	}
	return true
}

// answers reports whether contacts may be what a call has created that asked for
// n, or for an unknown number of them where n is 0. An import may pass rows over.
func answers(list []contacts.Contact, n int, isImport bool) bool {
	if n != 0 && len(list) != n && (!isImport || len(list) == 0) {
		return false
	}
	return list != nil && !slices.ContainsFunc(list, func(c contacts.Contact) bool { return c.ID == "" })
}
