package agentassist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

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
// lists what was created last and compares numbers and names. It is sent again
// only where the list shows, twice, that nothing of it was done and the server is
// not at it any more. Where that does not settle it the error wraps
// contacts.ErrCommitUnknown, as does that of any other call that writes and was
// given up without an answer.
//
// A token that is refused (401) is asked for again, once a call.
type Client struct {
	opt  ClientOptions
	base string // scheme, host, Base and stream
	http *http.Client
	pace *pace

	silence time.Duration // of a stream of events that is taken for broken
}

// ClientOptions say where and as whom a Client calls.
type ClientOptions struct {
	// BaseURL is the scheme and host of the API: "https://platform.kore.ai".
	BaseURL string

	// Account and Stream are whose contacts it is about.
	Account, Stream string

	// Token returns the token of a request: Credentials.Token, or a
	// function that returns one that was minted elsewhere. It is called for
	// each request, from the goroutine of the call.
	Token func() (string, error)

	// HTTP is what requests are made with. Default: a client of its own.
	// Redirects to another host are not followed, so that no token goes there,
	// nor those that would turn a POST into a GET.
	HTTP *http.Client

	// IdempotencyKeys says that the server takes them: a Handler does, the
	// hosted service does not.
	IdempotencyKeys bool

	// Retries is how often a request is repeated at most; 0 means 4, and -1
	// never.
	Retries int

	// Pause is how long to wait before the first repeat; each further pause is
	// twice as long, up to a minute, and all are shortened by chance to as
	// little as half. 0 means 500 ms. Retry-After goes before it.
	Pause time.Duration

	// Timeout is how long one request may take with its answer, and a stream
	// until it begins; 0 means a minute. What takes longer is given up, and
	// repeated where that is safe.
	Timeout time.Duration

	// RatePerMinute spaces requests out. 0 does not, but for those of Pull, which
	// are 60 a minute then, as many as the hosted service takes; with -1 not even
	// those are.
	RatePerMinute int
}

const (
	defaultRetries = 4
	defaultPause   = 500 * time.Millisecond
	defaultTimeout = time.Minute
)

// NewClient returns a client, or an error where an option is missing or wrong.
func NewClient(o *ClientOptions) (*Client, error) {
	if o == nil {
		o = &ClientOptions{}
	}
	c := &Client{opt: *o}
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil: // its text has the URL, which may have a password
		return nil, errors.New("agentassist: BaseURL is not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("agentassist: BaseURL must be scheme and host, as https://platform.kore.ai")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, errors.New("agentassist: BaseURL must be scheme and host only: the client adds the path")
	case o.Account == "" || o.Stream == "":
		return nil, errors.New("agentassist: Account or Stream is missing")
	case strings.ContainsAny(o.Account, "\r\n\x00"):
		return nil, errors.New("agentassist: Account has characters that cannot stand in a header")
	case o.Token == nil:
		return nil, errors.New("agentassist: Token is missing: give Credentials.Token or a function of your own")
	case o.Retries < -1 || o.Pause < 0 || o.Timeout < 0 || o.RatePerMinute < -1:
		return nil, errors.New("agentassist: Retries, Pause, Timeout or RatePerMinute is negative")
	}
	switch c.opt.Retries {
	case 0:
		c.opt.Retries = defaultRetries
	case -1:
		c.opt.Retries = 0
	}
	if c.opt.Pause == 0 {
		c.opt.Pause = defaultPause
	}
	if c.opt.Timeout == 0 {
		c.opt.Timeout = defaultTimeout
	}
	c.base = u.Scheme + "://" + u.Host + Base + url.PathEscape(o.Stream)
	c.http = &http.Client{}
	if o.HTTP != nil {
		*c.http = *o.HTTP
	}
	c.http.CheckRedirect = sameHost(c.http.CheckRedirect)
	c.pace, c.silence = &pace{}, 3*heartbeat
	if o.RatePerMinute > 0 {
		c.pace.every = time.Minute / time.Duration(o.RatePerMinute)
	}
	return c, nil
}

// pullPerMinute is what the hosted service takes.
const pullPerMinute = 60

// paced returns the client that Pull calls with.
func (c *Client) paced() *Client {
	if c.opt.RatePerMinute != 0 {
		return c
	}
	p := *c
	p.pace = &pace{every: time.Minute / pullPerMinute}
	return &p
}

// pace spaces requests out.
type pace struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time
}

// wait waits for the turn of a request.
func (p *pace) wait(ctx context.Context) error {
	if p.every == 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.every)
	p.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}

// Create adds contacts, all or none, and returns them as stored.
func (c *Client) Create(ctx context.Context, list []contacts.Contact) ([]contacts.Contact, error) {
	return c.create(ctx, request{method: "POST", path: "/contacts", body: rowsBody(list, newRow)}, list)
}

// CreateEach adds each contact that can be added. A Handler only.
func (c *Client) CreateEach(ctx context.Context, list []contacts.Contact) (Bulk, error) {
	r := request{method: "POST", path: "/contacts", query: url.Values{"mode": {"each"}}, body: rowsBody(list, newRow)}
	return c.createEach(ctx, r, list)
}

// Import adds the contacts of a CSV file with the API's columns, all or none. The
// file is read into memory.
func (c *Client) Import(ctx context.Context, csv io.Reader) ([]contacts.Contact, error) {
	file, err := io.ReadAll(io.LimitReader(csv, limitMaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("agentassist: read the CSV file: %w", err)
	}
	if len(file) > limitMaxBody {
		return nil, fmt.Errorf("agentassist: the CSV file: %w: at most %d bytes go in one import", contacts.ErrTooLarge, limitMaxBody)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("result_file", "contacts.csv")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return nil, err
	}
	r := request{method: "POST", path: "/contacts/import-contacts", body: body.Bytes(), media: form.FormDataContentType()}
	return c.create(ctx, r, rowsOfCSV(file))
}

// List returns a page of the active contacts in order of creation. Limit 0 is
// the server's default.
func (c *Client) List(ctx context.Context, skip, limit int) (Page, error) {
	page, _, err := c.list(ctx, skip, limit)
	return page, err
}

func (c *Client) list(ctx context.Context, skip, limit int) (Page, http.Header, error) {
	q := url.Values{}
	if skip != 0 {
		q.Set("skip", strconv.Itoa(skip))
	}
	if limit != 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var page Page
	h, err := c.call(ctx, "GET", "/contacts", q, nil, nil, &page)
	return page, h, err
}

// All yields all active contacts, page by page, in order of creation. A contact
// that was there all the time may be missed where others are deleted meanwhile.
func (c *Client) All(ctx context.Context) iter.Seq2[contacts.Contact, error] {
	return func(yield func(contacts.Contact, error) bool) {
		for skip := 0; ; {
			page, err := c.List(ctx, skip, MaxPage)
			if err != nil {
				yield(contacts.Contact{}, err)
				return
			}
			for _, contact := range page.Results {
				if !yield(contact, nil) {
					return
				}
			}
			skip += len(page.Results)
			if len(page.Results) == 0 || !page.HasMore && skip >= page.TotalResults {
				return
			}
		}
	}
}

// Update changes the contact of that ID, and returns it as stored. Fields that
// are empty are not sent and stay as they are.
func (c *Client) Update(ctx context.Context, contact contacts.Contact) (contacts.Contact, error) {
	path, err := contactPath(contact.ID)
	if err != nil {
		return contacts.Contact{}, err
	}
	r := request{method: "PUT", path: path, body: appendRow(nil, &contact, false)}
	var out contacts.Contact
	_, err = c.do(ctx, r, &out)
	return out, err
}

// BulkUpdate is Update for many, each on its own.
func (c *Client) BulkUpdate(ctx context.Context, list []contacts.Contact) (Bulk, error) {
	r := request{method: "PUT", path: "/contacts/bulk-update", body: rowsBody(list, changedRow)}
	return c.bulk(ctx, r, func(i int) string { return list[i].ID })
}

// Delete makes a contact inactive and returns it.
func (c *Client) Delete(ctx context.Context, id string) (contacts.Contact, error) {
	var out contacts.Contact
	path, err := contactPath(id)
	if err == nil {
		_, err = c.do(ctx, request{method: "DELETE", path: path}, &out)
	}
	return out, err
}

// BulkDelete is Delete for many, each on its own.
func (c *Client) BulkDelete(ctx context.Context, ids []string) (Bulk, error) {
	body, err := encode(struct {
		IDs []string `json:"ids"`
	}{append([]string{}, ids...)})
	if err != nil {
		return Bulk{}, err
	}
	return c.bulk(ctx, request{method: "DELETE", path: "/contacts/bulk-delete", body: body}, func(i int) string { return ids[i] })
}

// contactPath returns the path of one contact. What cannot be an id is refused
// here: it might be another path.
func contactPath(id string) (string, error) {
	for _, r := range routes {
		if rest, ok := strings.CutPrefix(r.path, "/contacts/"); ok && rest == id {
			id = ""
		}
	}
	if id == "" || len(id) > contacts.MaxIDLen || strings.ContainsFunc(id, notInID) {
		return "", fmt.Errorf("agentassist: %w: that is not the id of a contact", contacts.ErrNotFound)
	}
	return "/contacts/" + id, nil
}

func notInID(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
}
