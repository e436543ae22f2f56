package pgstore

import (
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// columns are those of contacts that a reader of the tables finds beside the
// record, of which they are taken. One that has nothing is null.
type columns struct {
	status       string
	firstName    *string
	lastName     *string
	organization *string
	cellPhone    *string
	emails       *string
	createdAt    *time.Time
	createdBy    *string
	updatedAt    *time.Time
	updatedBy    *string
}

// statusTexts has what stands in the column status, by the status of a record.
var statusTexts = [...]string{
	record.StatusActive:   "active",
	record.StatusInactive: "inactive",
	record.StatusMerged:   "merged",
	record.StatusPurged:   "purged",
}

// columnsOf returns the columns of a contact with that status of a record.
func columnsOf(c *contacts.Contact, status byte) columns {
	if status == record.StatusPurged {
		return columns{status: statusTexts[status]}
	}
	addresses := make([]string, len(c.Emails))
	for i := range c.Emails {
		addresses[i] = c.Emails[i].Address
	}
	return columns{
		status:       statusTexts[status],
		firstName:    textOrNull(c.FirstName),
		lastName:     textOrNull(c.LastName),
		organization: textOrNull(c.Organization),
		cellPhone:    textOrNull(c.CellPhone.Number),
		emails:       textOrNull(strings.Join(addresses, " ")),
		createdAt:    timeOrNull(c.CreatedAt),
		createdBy:    textOrNull(c.CreatedBy),
		updatedAt:    timeOrNull(c.UpdatedAt),
		updatedBy:    textOrNull(c.UpdatedBy),
	}
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// timeOrNull is null too for a time that the database cannot hold.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() || t.Year() < -4712 || t.Year() > 294_275 {
		return nil
	}
	return &t
}
