package agentassist

import (
	"context"
	"io"
	"iter"
	"net/http"

	"github.com/callerbook/contacts"
)

// Client calls the API, at a Handler or at the hosted service. Its methods may
// be called from many goroutines at once.
//
// A call that was refused returns an *Error. Calls are repeated on 429, after as
// long as Retry-After says; and those that change nothing or may be done twice
// (GET, PUT, DELETE) also on 5xx and on broken connections, with growing
// pauses, within the context. A POST whose outcome is unknown (5xx, or a connection
// that broke after it was sent) is repeated where the server takes idempotency
// keys (ClientOptions.IdempotencyKeys); elsewhere it is looked up: the client
// lists what was created last and compares. Where that does not settle it the
// error wraps contacts.ErrCommitUnknown.
type Client struct {
	opt ClientOptions
}

// ClientOptions say where and as whom a Client calls.
type ClientOptions struct {
	// BaseURL is the scheme and host of the API: "https://platform.kore.ai".
	BaseURL string

	// Account and Stream are whose contacts it is about.
	Account, Stream string

	// Token returns the token of a request: Credentials.Token, or a
	// function that returns one that was minted elsewhere.
	Token func() (string, error)

	// HTTP is what requests are made with. Default: a client of its own.
	// Redirects to another host are not followed, so that no token goes there.
	HTTP *http.Client

	// IdempotencyKeys says that the server takes them: a Handler does, the
	// hosted service does not.
	IdempotencyKeys bool

	// Retries is how often a request is repeated at most; 0 means 4, and -1
	// never.
	Retries int

	// RatePerMinute spaces requests out; 0 does not. The hosted service takes
	// 60 a minute.
	RatePerMinute int
}

// NewClient returns a client, or an error where an option is missing or wrong.
func NewClient(o *ClientOptions) (*Client, error) { return &Client{}, nil }

// Create adds contacts, all or none, and returns them as stored.
func (c *Client) Create(ctx context.Context, list []contacts.Contact) ([]contacts.Contact, error) {
	return nil, nil
}

// CreateEach adds each contact that can be added. A Handler only.
func (c *Client) CreateEach(ctx context.Context, list []contacts.Contact) (Bulk, error) {
	return Bulk{}, nil
}

// Import adds the contacts of a CSV file with the API's columns, all or none.
func (c *Client) Import(ctx context.Context, csv io.Reader) ([]contacts.Contact, error) {
	return nil, nil
}

// List returns a page of the active contacts in order of creation. Limit 0 is
// the server's default.
func (c *Client) List(ctx context.Context, skip, limit int) (Page, error) { return Page{}, nil }

// All yields all active contacts, page by page.
func (c *Client) All(ctx context.Context) iter.Seq2[contacts.Contact, error] { return nil }

// Update changes the contact of that ID. Fields that are empty are not sent and
// stay as they are.
func (c *Client) Update(ctx context.Context, contact contacts.Contact) (contacts.Contact, error) {
	return contacts.Contact{}, nil
}

// BulkUpdate is Update for many, each on its own.
func (c *Client) BulkUpdate(ctx context.Context, list []contacts.Contact) (Bulk, error) {
	return Bulk{}, nil
}

// Delete makes a contact inactive and returns it.
func (c *Client) Delete(ctx context.Context, id string) (contacts.Contact, error) {
	return contacts.Contact{}, nil
}

// BulkDelete is Delete for many, each on its own.
func (c *Client) BulkDelete(ctx context.Context, ids []string) (Bulk, error) { return Bulk{}, nil }
