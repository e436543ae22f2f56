package agentassist

import "github.com/callerbook/contacts"

// Page is a page of the list, in order of creation.
type Page struct {
	Results      []contacts.Contact `json:"results"`
	Skip         int                `json:"skip"`
	Limit        int                `json:"limit"`
	HasMore      bool               `json:"hasMore"`
	TotalPages   int                `json:"totalPages"`
	TotalResults int                `json:"totalResults"`
}

// Bulk is the answer of a call that judges each of its items on its own.
type Bulk struct {
	TotalRequested    int          `json:"totalRequested"`
	Successful        int          `json:"successful"`
	Failed            int          `json:"failed"`
	SuccessfulRecords []BulkDone   `json:"successfulRecords"` // in the order of the request
	FailedRecords     []BulkFailed `json:"failedRecords"`     // likewise
}

// BulkDone is an item that was done.
type BulkDone struct {
	ID      string            `json:"id"`
	Index   *int              `json:"index,omitempty"`   // with mode=each
	Contact *contacts.Contact `json:"contact,omitempty"` // not of a deletion; on the wire it has "_id" in front
}

// BulkFailed is an item that was refused, and why.
type BulkFailed struct {
	ID     string    `json:"id,omitempty"`
	Index  int       `json:"index"` // in the request, from 0
	Errors []Problem `json:"errors"`
}
