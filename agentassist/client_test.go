package agentassist_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
)

// person returns the contact of a number that is told apart by n.
func person(n int) contacts.Contact {
	return contacts.Contact{FirstName: fmt.Sprint("Person", n), LastName: "Doe", Salutation: "Mr",
		CellPhone: contacts.Phone{Number: fmt.Sprint(9_876_500_000 + n), CountryCode: "+91", Extension: "+"}}
}

func people(from, n int) (list []contacts.Contact) {
	for i := range n {
		list = append(list, person(from+i))
	}
	return list
}

// unbound is a server without a rate.
func unbound(t *testing.T, o agentassisttest.Options) *agentassisttest.Server {
	t.Helper()
	o.Handler.RatePerMinute = -1
	return agentassisttest.NewServer(t, &o)
}

func newClient(t *testing.T, o agentassist.ClientOptions) *agentassist.Client {
	t.Helper()
	c, err := agentassist.NewClient(&o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientCalls(t *testing.T) {
	t.Parallel()
	s := unbound(t, agentassisttest.Options{Handler: agentassist.Options{Extended: true}})
	ctx, c := t.Context(), s.Client()

	made, err := c.Create(ctx, people(0, 3))
	if err != nil || len(made) != 3 || made[2].FullName != "Person2 Doe" {
		t.Fatalf("created %v, %v", made, err)
	}
	each, err := c.CreateEach(ctx, []contacts.Contact{person(3), person(0), {FirstName: "X"}})
	if err != nil || each.Successful != 1 || each.Failed != 2 || *each.SuccessfulRecords[0].Index != 0 || each.SuccessfulRecords[0].Contact.FirstName != "Person3" ||
		each.FailedRecords[0].Index != 1 || each.FailedRecords[0].Errors[0].HolderID != made[0].ID || each.FailedRecords[1].Index != 2 {
		t.Errorf("each: %+v, %v", each, err)
	}
	imported, err := c.Import(ctx, strings.NewReader("firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension\nIm,Ported,Mrs,9876511111,+91,+\n"))
	if err != nil || len(imported) != 1 || imported[0].CellPhone.Number != "+919876511111" {
		t.Errorf("imported %v, %v", imported, err)
	}

	page, err := c.List(ctx, 1, 2)
	if err != nil || page.Skip != 1 || page.Limit != 2 || page.TotalResults != 5 || !page.HasMore || page.Results[0].ID != made[1].ID {
		t.Errorf("page %+v, %v", page, err)
	}
	n := 0
	for contact, err := range c.All(ctx) {
		if err != nil || n == 0 && contact.ID != made[0].ID {
			t.Errorf("all: %v, %v", contact, err)
		}
		n++
	}
	for range c.All(ctx) {
		break
	}
	if n != 5 {
		t.Errorf("all: %d", n)
	}

	// What is empty is not sent, and stays.
	noted, err := c.Update(ctx, contacts.Contact{ID: made[0].ID, Notes: "a < b & c", Tags: []string{"vip"}})
	if err != nil || noted.Notes != "a < b & c" || noted.FirstName != "Person0" {
		t.Errorf("updated %+v, %v", noted, err)
	}
	noted.Notes, noted.LastName = "", "Roe"
	noted, err = c.Update(ctx, noted)
	if err != nil || noted.Notes != "a < b & c" || noted.FullName != "Person0 Roe" || noted.CellPhone.Number != made[0].CellPhone.Number {
		t.Errorf("updated %+v, %v", noted, err)
	}
	bulk, err := c.BulkUpdate(ctx, []contacts.Contact{{ID: made[1].ID, LastName: "Bulk"}, {ID: "63c7c8b1a2b3c4d5e6f70819", LastName: "Bulk"}})
	if err != nil || bulk.TotalRequested != 2 || bulk.Successful != 1 || bulk.SuccessfulRecords[0].Contact.FullName != "Person1 Bulk" ||
		bulk.SuccessfulRecords[0].Contact.ID != made[1].ID || bulk.FailedRecords[0].ID != "63c7c8b1a2b3c4d5e6f70819" || bulk.FailedRecords[0].Index != 1 {
		t.Errorf("bulk update %+v, %v", bulk, err)
	}
	gone, err := c.Delete(ctx, made[2].ID)
	if err != nil || gone.Status != contacts.Inactive {
		t.Errorf("deleted %v, %v", gone, err)
	}
	bulk, err = c.BulkDelete(ctx, []string{made[0].ID, "nobody", made[1].ID})
	if err != nil || bulk.Successful != 2 || bulk.SuccessfulRecords[1].ID != made[1].ID || bulk.FailedRecords[0].Index != 1 {
		t.Errorf("bulk delete %+v, %v", bulk, err)
	}

	// Requests of each kind, as they go out.
	byPath := map[string]agentassisttest.Request{}
	for _, r := range s.Requests() {
		path, _, _ := strings.Cut(strings.TrimPrefix(r.Path, agentassist.Base+s.Stream), "?")
		byPath[r.Method+" "+strings.Replace(path, made[0].ID, "ID", 1)] = r
		if r.Header.Get("accountId") != s.Account || r.Header.Get("auth") == "" {
			t.Errorf("%s %s without account or token", r.Method, r.Path)
		}
	}
	if r := byPath["PUT /contacts/ID"]; strings.Contains(r.Body, `"notes"`) || strings.Contains(r.Body, `"status"`) ||
		strings.Contains(r.Body, `"id"`) || !strings.Contains(r.Body, `"lastName":"Roe"`) || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("update: %+v", r)
	}
	if r := byPath["DELETE /contacts/bulk-delete"]; r.Body != fmt.Sprintf(`{"ids":["%s","nobody","%s"]}`, made[0].ID, made[1].ID) {
		t.Errorf("bulk delete: %s", r.Body)
	}
	if r := byPath["PUT /contacts/bulk-update"]; !strings.HasPrefix(r.Body, `[{"id":"`+made[1].ID+`","lastName":"Bulk"}`) {
		t.Errorf("bulk update: %s", r.Body)
	}
	if r := byPath["POST /contacts"]; !json.Valid([]byte(r.Body)) || r.Header.Get("Idempotency-Key") != "" {
		t.Errorf("mode=each: %+v", r)
	}
	if r := byPath["POST /contacts/import-contacts"]; !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data; boundary=") {
		t.Errorf("import: %+v", r)
	}
}

// A refusal has all that the server says of it.
func TestClientErrors(t *testing.T) {
	t.Parallel()
	s := unbound(t, agentassisttest.Options{})
	ctx, c := t.Context(), s.Client()
	made, err := c.Create(ctx, people(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(ctx, []contacts.Contact{person(1), person(0)})
	var e *agentassist.Error
	if !errors.As(err, &e) || e.Status != 409 || !errors.Is(err, contacts.ErrDuplicateNumber) || len(e.Problems) != 1 ||
		e.Problems[0].HolderID != made[0].ID || *e.Problems[0].Index != 1 || e.Problems[0].Reason != agentassist.ReasonDuplicate || e.RequestID == "" {
		t.Errorf("%#v", err)
	}
	if strings.Contains(err.Error(), "9876500000") {
		t.Errorf("the text shows the number: %v", err)
	}
	if _, err := c.Delete(ctx, "nobody"); !errors.Is(err, contacts.ErrNotFound) || !errors.As(err, &e) {
		t.Errorf("delete of nobody: %v", err)
	}
	s.Fail(418, 1) // without a reason
	if _, err := c.List(ctx, 0, 0); !errors.As(err, &e) || len(e.Problems) != 1 || errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("a refusal without a reason: %v", err)
	}
	n := len(s.Requests())
	for _, id := range []string{"", ".", "..", "a/b", "a?b", "bulk-delete", "bulk-update", "import-contacts", "lookup", "search", strings.Repeat("x", 65), "é"} {
		if _, err := c.Delete(ctx, id); !errors.Is(err, contacts.ErrNotFound) {
			t.Errorf("delete %q: %v", id, err)
		}
		if _, err := c.Update(ctx, contacts.Contact{ID: id, FirstName: "X"}); !errors.Is(err, contacts.ErrNotFound) {
			t.Errorf("update %q: %v", id, err)
		}
	}
	if len(s.Requests()) != n {
		t.Error("an id that is none was sent")
	}
	o := s.ClientOptions()
	o.Stream = "other/stream?x"
	if _, err := newClient(t, o).List(ctx, 0, 0); !errors.As(err, &e) || e.Status != 400 || e.Problems[0].Reason != agentassist.ReasonTenant {
		t.Errorf("another stream: %v", err)
	}
}

func TestNewClient(t *testing.T) {
	token := func() (string, error) { return "t", nil }
	ok := agentassist.ClientOptions{BaseURL: "https://desk.example.com:8443", Account: "a", Stream: "s", Token: token}
	if _, err := agentassist.NewClient(&ok); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*agentassist.ClientOptions){
		"no URL":        func(o *agentassist.ClientOptions) { o.BaseURL = "" },
		"no scheme":     func(o *agentassist.ClientOptions) { o.BaseURL = "desk.example.com" },
		"ftp":           func(o *agentassist.ClientOptions) { o.BaseURL = "ftp://desk.example.com" },
		"a path":        func(o *agentassist.ClientOptions) { o.BaseURL += "/agentassist" },
		"a query":       func(o *agentassist.ClientOptions) { o.BaseURL += "?a=b" },
		"a password":    func(o *agentassist.ClientOptions) { o.BaseURL = "https://u:hunter2@desk.example.com" },
		"no URL at all": func(o *agentassist.ClientOptions) { o.BaseURL = "https://hunter2\x7f" },
		"no account":    func(o *agentassist.ClientOptions) { o.Account = "" },
		"odd account":   func(o *agentassist.ClientOptions) { o.Account = "a\r\nb: c" },
		"no stream":     func(o *agentassist.ClientOptions) { o.Stream = "" },
		"no token":      func(o *agentassist.ClientOptions) { o.Token = nil },
		"retries":       func(o *agentassist.ClientOptions) { o.Retries = -2 },
		"pause":         func(o *agentassist.ClientOptions) { o.Pause = -1 },
		"timeout":       func(o *agentassist.ClientOptions) { o.Timeout = -1 },
		"rate":          func(o *agentassist.ClientOptions) { o.RatePerMinute = -2 },
	} {
		o := ok
		change(&o)
		if _, err := agentassist.NewClient(&o); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := agentassist.NewClient(nil); err == nil {
		t.Error("no options: no error")
	}
}

func TestReadProblems(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors":[{"msg":"Invalid JWT token","code":4002}]}`:  "4002 Invalid JWT token",
		`{"errors":[{"msg":"a","code":"409"},{"message":"b"}]}`: "409 a|0 b",
		`{"errors":["a",{},7,null,"b"]}`:                        "0 a|0 b",
		`{"errors":{"msg":"a","code":1}}`:                       "1 a",
		`{"error":"a"}`:                                         "0 a",
		`{"error":{"message":"a","code":5}}`:                    "5 a",
		`{"message":"a","code":400}`:                            "400 a",
		`{"msg":"a"}`:                                           "0 a",
		`{"errors":[{"msg":"a","code":409,"reason":"duplicate_number","index":-1}]}`: "409 a duplicate_number",
		`{"errors":[{"msg":"a","code":409,"index":2,"earlier":1,"holderId":"h"}]}`:   "409 a 2 1 h",
		`{"errors":[{"msg":"a","index":"2","reason":3,"field":[],"code":4.5e9}]}`:    "0 a",
		`{"errors":[]}`:                  "",
		`<html>502</html>`:               "",
		``:                               "",
		`[]`:                             "",
		`{"errors":null,"message":null}`: "",
	} {
		var got []string
		for _, p := range agentassist.ReadProblems([]byte(body)) {
			s := fmt.Sprint(p.Code, " ", p.Msg)
			if p.Reason != "" {
				s += " " + string(p.Reason)
			}
			if p.Index != nil {
				s += fmt.Sprint(" ", *p.Index)
			}
			if p.Earlier != nil {
				s += fmt.Sprint(" ", *p.Earlier)
			}
			if p.HolderID != "" {
				s += " " + p.HolderID
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s\n got %q\nwant %q", body, s, want)
		}
	}
}

func TestTame(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":                            "plain text",
		"a\x00b\nc\x1b[31m\u202e":               "a b c [31m",
		"number +91 98765-43210 is taken":       "number +** *****-*3210 is taken",
		"9876543210":                            "******3210",
		"(+919876543210)":                       "(+********3210)",
		"contact 63c7c8b12345678901234567":      "contact 63c7c8b12345678901234567",
		"contact c12345678901":                  "contact c12345678901",
		"code 4002 at 12:30, 123456":            "code 4002 at 12:30, 123456",
		"mail to john@example.com now":          "mail to … now",
		"token " + strings.Repeat("eyJhb.", 40): "token …",
		"\xff\xfe":                              "",
	} {
		if got := agentassist.Tame(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := agentassist.Tame(strings.Repeat("word ", 1000)); len(got) > 300 {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzReadError(f *testing.F) {
	for _, s := range []string{`{"errors":[{"msg":"Invalid JWT token","code":4002}]}`, `{"errors":["98765 43210",{"message":"b"}]}`, `{"error":{"msg":3}}`, `{"errors":{}}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range agentassist.ReadProblems(data) {
			msg := agentassist.Tame(p.Msg)
			if len(msg) > 310 || agentassist.Tame(msg) != msg {
				t.Errorf("%q becomes %q, then %q", p.Msg, msg, agentassist.Tame(msg))
			}
			if p.Index != nil && *p.Index < 0 || p.Earlier != nil && *p.Earlier < 0 {
				t.Error("an index below 0")
			}
		}
	})
}
