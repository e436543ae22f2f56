package contacts

import (
	"strings"

	"github.com/google/uuid"
)

// The namespaces of the UUIDs (version 5, RFC 9562) that this package derives.
// Each is itself the UUIDv5 of its URL in the RFC's URL namespace:
// https://github.com/callerbook/contacts/org and .../user.
//
//	OrgID of the account "acme":      o-ed47d104-71af-5fef-873a-703771445152
//	CreatedBy of the actor "agent-7": u-267eac01-cc44-5e99-9cce-ace07d99a704
const (
	OrgNamespace  = "62dac911-831e-5c0c-af8c-16fa987371b0"
	UserNamespace = "937a0384-9f72-5f7c-a45b-70d5947281bc"
)

func uuid5(namespace, name string) string {
	return uuid.NewSHA1(uuid.MustParse(namespace), []byte(name)).String()
}

// Actor is who writes. A Book.As(actor) puts it into the contacts it writes.
type Actor struct {
	// ID goes into createdBy and updatedBy: as it is when it is a prefixed
	// id (lower-case letters, a hyphen, a UUID), else as "u-" and the UUIDv5
	// of it. An empty ID writes nothing.
	ID string

	// AID goes into createdByAId and updatedByAId as it is.
	AID string
}

// prefixed returns the form in which an actor's id is written.
func (a Actor) prefixed() string {
	if a.ID == "" || isPrefixedID(a.ID) {
		return a.ID
	}
	return "u-" + uuid5(UserNamespace, a.ID)
}

// orgID returns the organization of an account.
func orgID(account string) string {
	if account == "" {
		return ""
	}
	return "o-" + uuid5(OrgNamespace, account)
}

// isPrefixedID reports whether s is lower-case letters, a hyphen and a UUID in
// its 36-letter form.
func isPrefixedID(s string) bool {
	prefix, id, ok := strings.Cut(s, "-")
	if !ok || prefix == "" || len(prefix) > 8 || len(id) != 36 {
		return false
	}
	for i := range len(prefix) {
		if prefix[i] < 'a' || prefix[i] > 'z' {
			return false
		}
	}
	return uuid.Validate(id) == nil
}

// validID reports whether s may be a contact's id.
func validID(s string) bool {
	if s == "" || len(s) > MaxIDLen {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
