// Package agentassist speaks the Agent Assist public contacts API over HTTP:
// a Handler that serves it from a contacts.Store, a Client that calls it, here
// or at the hosted service, and Pull, which takes a hosted tenant's contacts
// into a local book. Package agentassisttest has a server for tests.
//
// The API's paths begin with /agentassist/api/v1/public/{streamId}. A request
// carries a signed token in the header "auth", without "Bearer", and the account
// in the header "accountId"; the two choose the contacts.Scope. /openapi.json
// describes every call.
//
//	POST   /contacts                  create: an array in, an array out, all or none
//	POST   /contacts/import-contacts  create from a CSV file (multipart, "result_file")
//	GET    /contacts                  list: skip, limit
//	PUT    /contacts/{id}             update; fields not sent stay
//	PUT    /contacts/bulk-update      update many, each on its own
//	DELETE /contacts/{id}             delete: the contact becomes INACTIVE
//	DELETE /contacts/bulk-delete      delete many, each on its own
//
// Beyond the hosted service, under the same rules:
//
//	GET    /contacts/{id}             one contact
//	GET    /contacts/lookup           who has a number: number
//	GET    /contacts/search           as somebody types: q, limit, cursor, t9
//	POST   /contacts/{id}/restore     undo a deletion
//	POST   /contacts/merge            two or more contacts into one
//	GET    /contacts/duplicates       numbers that several contacts have
//	GET    /contacts/export           all contacts, streamed: format=jsonl or csv
//	GET    /contacts/events           what changes, live, as server-sent events
package agentassist

// Base is where the API's paths begin; {streamId} and a call's own path follow.
const Base = "/agentassist/api/v1/public/"

// ScopeConfiguration is the API scope that all calls of the contacts API need.
const ScopeConfiguration = "Configuration"

// The headers of the API, beside those of HTTP.
const (
	HeaderToken          = "auth"            // the token, without "Bearer"
	HeaderAccount        = "accountId"       // the account
	HeaderRequestID      = "X-Request-Id"    // of the request, echoed or made up; stands in the access log
	HeaderIdempotencyKey = "Idempotency-Key" // on POST of contacts: repeat it without fear
)
