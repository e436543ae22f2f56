package agentassisttest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
)

var john = contacts.Contact{FirstName: "John", LastName: "Doe", Salutation: "Mr",
	CellPhone: contacts.Phone{Number: "9876543210", CountryCode: "+91", Extension: "+"}}

func TestServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := agentassisttest.NewServer(t, nil)
	c := s.Client()
	made, err := c.Create(ctx, []contacts.Contact{john})
	if err != nil || len(made) != 1 || made[0].CellPhone.Number != "+919876543210" || len(made[0].ID) != 24 {
		t.Fatalf("%v, %v", made, err)
	}
	page, err := c.List(ctx, 0, 0)
	if err != nil || page.TotalResults != 1 || page.Results[0].ID != made[0].ID {
		t.Fatalf("%v, %v", page, err)
	}
	if _, err = c.Create(ctx, []contacts.Contact{john}); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("a number twice: %v", err)
	}
	if stored, err := s.Book.Get(ctx, made[0].ID); err != nil || stored.FullName != "John Doe" {
		t.Errorf("%v, %v", stored, err)
	}
	seen, err := s.Await(ctx, 3)
	if err != nil || len(seen) != 3 {
		t.Fatalf("%d requests, %v", len(seen), err)
	}
	r := seen[0]
	if r.Method != "POST" || r.Path != agentassist.Base+"st-test/contacts" || r.Status != 200 || !r.Done ||
		r.Header.Get("auth") != "***" || r.Header.Get("accountId") != "acc-test" || !strings.Contains(r.Body, `"9876543210"`) {
		t.Errorf("recorded as %+v", r)
	}
	s.Reset()
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests after Reset", n)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const path = "/contacts"
	for name, f := range map[string]struct {
		set    func(*agentassisttest.Server)
		stored bool // the contact is in the book afterwards
		status int  // of the answer; 0: none
	}{
		"none":              {func(s *agentassisttest.Server) {}, true, 200},
		"429":               {func(s *agentassisttest.Server) { s.Fail(429, 1) }, false, 429},
		"500":               {func(s *agentassisttest.Server) { s.Fail(500, 1) }, false, 500},
		"500 after commit":  {func(s *agentassisttest.Server) { s.FailAfterCommit(500, 1) }, true, 500},
		"cut before":        {func(s *agentassisttest.Server) { s.CutBefore(1) }, false, 0},
		"cut after commit":  {func(s *agentassisttest.Server) { s.CutAfterCommit(1) }, true, 0},
		"cut in the answer": {func(s *agentassisttest.Server) { s.CutAnswer(1) }, true, 0},
		"of another path":   {func(s *agentassisttest.Server) { s.On("POST", "/contacts/*").Fail(500, 1) }, true, 200},
		"of another method": {func(s *agentassisttest.Server) { s.On("GET", path).Fail(500, 1) }, true, 200},
		"of this path":      {func(s *agentassisttest.Server) { s.On("POST", path).Fail(503, 1) }, false, 503},
		"healed":            {func(s *agentassisttest.Server) { s.Fail(500, -1); s.Heal() }, true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := agentassisttest.NewServer(t, nil)
			f.set(s)
			o := s.ClientOptions()
			o.Retries = -1
			c, err := agentassist.NewClient(&o)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Create(t.Context(), []contacts.Contact{john})
			var refused *agentassist.Error
			switch {
			case f.status == 200 && err != nil, f.status != 200 && err == nil,
				f.status > 200 && (!errors.As(err, &refused) || refused.Status != f.status),
				f.status == 0 && errors.As(err, &refused):
				t.Errorf("error %v", err)
			}
			if f.status == 429 && refused.RetryAfter.Seconds() != 1 {
				t.Errorf("Retry-After %v", refused.RetryAfter)
			}
			if n, err := s.Book.Count(t.Context()); err != nil || n.Active != 1 && f.stored || n.Active != 0 && !f.stored {
				t.Errorf("%d contacts, %v", n.Active, err)
			}
			if r := s.Requests()[0]; f.status != 0 && r.Status != f.status || r.Method != "POST" {
				t.Errorf("recorded as %+v", r)
			}
		})
	}
}

// What the hosted service does not have.
func TestHosted(t *testing.T) {
	t.Parallel()
	s := agentassisttest.NewServer(t, &agentassisttest.Options{Hosted: true, MaxPage: 2, Handler: agentassist.Options{RatePerMinute: -1}})
	ctx, c := t.Context(), s.Client()
	for _, number := range []string{"9876543210", "9876543211", "9876543212"} {
		one := john
		one.CellPhone.Number = number
		if _, err := c.Create(ctx, []contacts.Contact{one}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := c.List(ctx, 0, 500)
	if err != nil || len(page.Results) != 2 || page.Limit != 2 || !page.HasMore || page.TotalResults != 3 {
		t.Errorf("%d contacts of %d, limit %d, %v", len(page.Results), page.TotalResults, page.Limit, err)
	}
	for _, path := range []string{"/contacts/" + page.Results[0].ID, "/contacts/lookup?number=1"} {
		req, err := http.NewRequestWithContext(context.Background(), "GET", s.URL+agentassist.Base+s.Stream+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("auth", s.Token)
		req.Header.Set("accountId", s.Account)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 404 {
			t.Errorf("GET %s: %d", path, resp.StatusCode)
		}
	}
}
