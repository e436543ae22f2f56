package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
)

// do calls a server with its token and account.
func do(t *testing.T, s *agentassisttest.Server, method, path string, header http.Header, body []byte) *http.Response {
	t.Helper()
	resp, err := http.DefaultClient.Do(request(t, s, method, path, header, body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp
}

func request(t *testing.T, s *agentassisttest.Server, method, path string, header http.Header, body []byte) *http.Request {
	t.Helper()
	var from io.Reader
	if body != nil {
		from = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, from)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(agentassist.HeaderToken, s.Token)
	r.Header.Set(agentassist.HeaderAccount, s.Account)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		if r.Header[name] = values; values == nil {
			delete(r.Header, name)
		}
	}
	return r
}

// judgement is what the description has to say of a request.
type judgement int

const (
	fits   judgement = iota // it is one
	breaks                  // it is none, as the answer says
	open                    // the description cannot tell
)

// caller calls a server and holds requests and answers against its description.
type caller struct {
	*testing.T
	*agentassisttest.Server
	spec   *spec
	called map[string]map[int]bool // statuses by operation
}

// path returns a path of the API.
func (c *caller) path(p string) string { return agentassist.Base + c.Stream + p }

// call calls an operation and validates request and answer. It returns the
// answer's body.
func (c *caller) call(id string, want int, j judgement, method, path string, header http.Header, body []byte) []byte {
	c.Helper()
	resp := do(c.T, c.Server, method, path, header, body)
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	if resp.StatusCode != want {
		c.Errorf("%s: %s %s: %s, want %d\n%s", id, method, path, resp.Status, want, data)
	}
	if j != open {
		ok, errs := c.spec.validator.ValidateHttpRequestSync(request(c.T, c.Server, method, path, header, body))
		if ok != (j == fits) {
			c.Errorf("%s: %s %s: the description takes it: %t%s", id, method, path, ok, problems(errs))
		}
	}
	c.judge(id, request(c.T, c.Server, method, path, header, body), resp, data)
	return data
}

// judge validates an answer.
func (c *caller) judge(id string, r *http.Request, resp *http.Response, data []byte) {
	c.Helper()
	found := false
	for _, op := range c.spec.operations() {
		if op.OperationId != id {
			continue
		}
		found = true
		documented, ok := op.Responses.Codes.Get(fmt.Sprint(resp.StatusCode))
		if !ok {
			c.Errorf("%s: the description has no answer %d:\n%s", id, resp.StatusCode, data)
			return
		}
		for name, h := range documented.Headers.FromOldest() {
			if value := resp.Header.Get(name); value == "" && name != "Retry-After" {
				c.Errorf("%s: answer %d has no %s", id, resp.StatusCode, name)
			} else if name == "ETag" && !strings.HasPrefix(value, `"`) {
				c.Errorf("%s: %s is %s, not a string of %v", id, name, value, h.Schema.Schema().Type)
			}
		}
		kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		if documented.Content == nil || documented.Content.Len() == 0 {
			if len(data) > 0 {
				c.Errorf("%s: answer %d has a body: %s", id, resp.StatusCode, data)
			}
		} else if _, ok := documented.Content.Get(kind); !ok {
			c.Errorf("%s: answer %d is %s", id, resp.StatusCode, kind)
		}
	}
	if !found {
		c.Fatalf("the description has no operation %s", id)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/x-ndjson") { // for the validator that is JSON
		resp.Header.Set("Content-Type", "text/csv")
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if ok, errs := c.spec.validator.ValidateHttpResponse(r, resp); !ok {
		c.Errorf("%s: answer %d is not that of the description:%s\n%s", id, resp.StatusCode, problems(errs), data)
	}
	if c.called[id] == nil {
		c.called[id] = map[int]bool{}
	}
	c.called[id][resp.StatusCode] = true
}

// data validates a value that is no whole answer.
func (c *caller) data(schema string, data []byte) {
	c.Helper()
	if ok, errs := schema_validation.NewSchemaValidator(config.WithFormatAssertions()).ValidateSchemaBytes(c.spec.schema(c.T, schema), data); !ok {
		c.Errorf("%s is not that of the description:%s\n%s", schema, problems(errs), data)
	}
}

func TestEveryCall(t *testing.T) {
	called := map[string]map[int]bool{}
	var all []operation
	for _, o := range []agentassist.Options{{}, {Strict: true}, {Extended: true}, {Strict: true, Extended: true}} {
		t.Run(fmt.Sprintf("strict=%t,extended=%t", o.Strict, o.Extended), func(t *testing.T) {
			o.RatePerMinute = -1
			s := agentassisttest.NewServer(t, &agentassisttest.Options{Handler: o})
			doc := narrowed(t, s, o.Extended)
			all = doc.operations()
			c := &caller{t, s, doc, called}
			c.everything(o.Strict, o.Extended)
		})
	}
	for _, op := range all {
		statuses := slices.Sorted(maps.Keys(called[op.OperationId]))
		if len(statuses) == 0 {
			t.Errorf("%s %s (%s) was not called", op.method, op.path, op.OperationId)
			continue
		}
		if op.OperationId != "getHealth" && op.OperationId != "getOpenAPI" && statuses[len(statuses)-1] < 400 {
			t.Errorf("%s was not refused anything: %v", op.OperationId, statuses)
		}
		for code := range op.Responses.Codes.FromOldest() {
			if code < "400" && !called[op.OperationId][int(code[0]-'0')*100+int(code[1]-'0')*10+int(code[2]-'0')] {
				t.Errorf("%s did not answer %s: %v", op.OperationId, code, statuses)
			}
		}
	}
}

// narrowed returns the description with no room for keys that it does not name
// and, but for Extended, without those of Extended: an answer that has one of
// them does not fit.
func narrowed(t *testing.T, s *agentassisttest.Server, extended bool) *spec {
	t.Helper()
	data, err := io.ReadAll(do(t, s, "GET", "/openapi.json", nil, nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	for name, schema := range schemas {
		if !strings.Contains(name, "Input") && !strings.Contains(name, "Patch") && name != "MergeRequest" {
			narrow(schema.(map[string]any), extended)
		}
	}
	if data, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	return parseSpec(t, data)
}

func narrow(schema map[string]any, extended bool) {
	properties, ok := schema["properties"].(map[string]any)
	if ok {
		schema["additionalProperties"] = false
	}
	for name, p := range properties {
		property := p.(map[string]any)
		if text, _ := property["description"].(string); strings.HasPrefix(text, "Extended") && !extended {
			delete(properties, name)
			continue
		}
		narrow(property, extended)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		narrow(items, extended)
	}
}

func body(format string, args ...any) []byte { return fmt.Appendf(nil, format, args...) }

func person(first, number string) string {
	return fmt.Sprintf(`{"firstName":%q,"lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":%q,"countryCode":"+91","extension":"+"}}`, first, number)
}

// everything calls each operation: with success, and with refusals.
func (c *caller) everything(strict, extended bool) {
	pick := func(loose, other int) int {
		if strict {
			return other
		}
		return loose
	}
	created, invalid, missing := pick(200, 201), pick(412, 422), pick(400, 404)
	post := func(list string) []string {
		c.Helper()
		var got []contacts.Contact
		data := c.call("createContacts", created, fits, "POST", c.path("/contacts"), nil, body("[%s]", list))
		if err := json.Unmarshal(data, &got); err != nil {
			c.Fatal(err)
		}
		ids := make([]string, len(got))
		for i := range got {
			ids[i] = got[i].ID
		}
		return ids
	}
	tag := func(id string) http.Header {
		c.Helper()
		contact, err := c.Book.Get(c.Context(), id)
		if err != nil {
			c.Fatal(err)
		}
		token, err := c.Book.Token(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		token.Revision = contact.Revision
		return http.Header{"If-Match": {`"` + token.String() + `"`}}
	}
	nobody := "63c7c8b1a1b2c3d4e5f6ffff"

	c.call("getHealth", 200, fits, "GET", "/healthz", http.Header{agentassist.HeaderToken: nil}, nil)
	c.call("getOpenAPI", 200, fits, "GET", "/openapi.json", nil, nil)
	etag := do(c.T, c.Server, "GET", "/openapi.json", nil, nil).Header.Get("ETag")
	c.call("getOpenAPI", 304, fits, "GET", "/openapi.json", http.Header{"If-None-Match": {etag}}, nil)

	ids := post(person("John", "9876543210") + "," + person("Jane", "9876543211") + "," + person("Jim", "9876543212"))
	post(`{"firstName":"Rich","lastName":"Roe","salutation":"mrs.","cellPhone":{"phoneNumber":"9876543213","countryCode":"91","extension":"0"},"status":"MERGED",
		"address":[{"city":"Pune"}],"organization":"Acme","title":"CEO","notes":"n","tags":["a"],"custom":{"k":"v"},"clientRef":"r",
		"emails":["r@example.com",{"address":"s@example.com","label":"home"}],"phones":[{"phoneNumber":"9876543214","countryCode":"+91","extension":"","label":"work","shared":true}]}`)
	c.call("createContacts", 409, fits, "POST", c.path("/contacts"), nil, body("[%s]", person("John", "9876543210")))
	c.call("createContacts", invalid, breaks, "POST", c.path("/contacts"), nil, body("%s", person("John", "9876543210")))
	c.call("createContacts", invalid, breaks, "POST", c.path("/contacts"), nil, body("[]"))
	c.call("createContacts", invalid, breaks, "POST", c.path("/contacts"), nil, body(`[{"firstName":"x"}]`))
	c.call("createContacts", 400, open, "POST", c.path("/contacts"), nil, body(`[`))
	c.call("createContacts", 200, fits, "POST", c.path("/contacts?mode=each"), nil, body("[%s,%s]", person("Each", "9876543220"), person("John", "9876543210")))
	c.call("createContacts", invalid, breaks, "POST", c.path("/contacts?mode=some"), nil, body("[%s]", person("Each", "9876543220")))
	key := http.Header{agentassist.HeaderIdempotencyKey: {"k1"}}
	c.call("createContacts", created, fits, "POST", c.path("/contacts"), key, body("[%s]", person("Once", "9876543221")))
	c.call("createContacts", created, fits, "POST", c.path("/contacts"), key, body("[%s]", person("Once", "9876543221")))
	c.call("createContacts", pick(409, 422), fits, "POST", c.path("/contacts"), key, body("[%s]", person("Twice", "9876543222")))

	c.call("listContacts", 200, fits, "GET", c.path("/contacts?skip=1&limit=2"), nil, nil)
	etag = do(c.T, c.Server, "GET", c.path("/contacts"), nil, nil).Header.Get("ETag")
	c.call("listContacts", 304, fits, "GET", c.path("/contacts"), http.Header{"If-None-Match": {etag}}, nil)
	c.call("listContacts", invalid, breaks, "GET", c.path("/contacts?limit=0"), nil, nil)
	c.call("listContacts", invalid, breaks, "GET", c.path("/contacts"), http.Header{"Accountid": nil}, nil)
	c.call("listContacts", 401, open, "GET", c.path("/contacts"), http.Header{"Auth": {"Bearer x"}}, nil)
	c.call("listContacts", missing, fits, "GET", agentassist.Base+"another/contacts", nil, nil)

	one := c.path("/contacts/" + ids[0])
	c.call("updateContact", 200, fits, "PUT", one, tag(ids[0]), body(`{"firstName":"Johnny"}`))
	c.call("updateContact", 412, fits, "PUT", one, tag(ids[1]), body(`{"firstName":"Johnny"}`))
	c.call("updateContact", pick(200, 428), fits, "PUT", one, nil, body(`{"firstName":"Johnny"}`))
	c.call("updateContact", 409, fits, "PUT", one, tag(ids[0]), body(`{"cellPhone":{"phoneNumber":"9876543211","countryCode":"+91","extension":"+"}}`))
	c.call("updateContact", invalid, breaks, "PUT", one, tag(ids[0]), body(`{"salutation":"Dr"}`))
	c.call("updateContact", missing, fits, "PUT", c.path("/contacts/"+nobody), http.Header{"If-Match": {"*"}}, body(`{"firstName":"Johnny"}`))
	if strict {
		c.call("updateContact", 415, breaks, "PUT", one, http.Header{"Content-Type": {"text/plain"}, "If-Match": {"*"}}, body(`{}`))
	}
	c.call("bulkUpdateContacts", 200, fits, "PUT", c.path("/contacts/bulk-update"), nil, body(`[{"id":%q,"lastName":"Poe"},{"id":%q,"lastName":"Poe"}]`, ids[1], nobody))
	c.call("bulkUpdateContacts", invalid, breaks, "PUT", c.path("/contacts/bulk-update"), nil, body(`{}`))

	c.imports(created, invalid)

	c.call("getContact", 200, fits, "GET", one, nil, nil)
	c.call("getContact", 304, fits, "GET", one, http.Header{"If-None-Match": tag(ids[0])["If-Match"]}, nil)
	c.call("getContact", missing, fits, "GET", c.path("/contacts/"+nobody), nil, nil)
	for _, number := range []string{"%2B919876543210", "09876543211&region=IN", "%2B919876543299", "anonymous", "98765", "", "hello", "76543210&suffix=7"} {
		c.call("lookupContact", 200, fits, "GET", c.path("/contacts/lookup?number="+number), nil, nil)
	}
	c.call("lookupContact", invalid, breaks, "GET", c.path("/contacts/lookup"), nil, nil)
	c.call("lookupContact", invalid, breaks, "GET", c.path("/contacts/lookup?number=1&suffix=3"), nil, nil)
	for _, q := range []string{"j&limit=1", "acme", "9876", "rich+roe", "564&t9=true", "nobody"} {
		c.call("searchContacts", 200, fits, "GET", c.path("/contacts/search?q="+q), nil, nil)
	}
	c.call("searchContacts", invalid, breaks, "GET", c.path("/contacts/search"), nil, nil)
	c.call("searchContacts", invalid, fits, "GET", c.path("/contacts/search?q=j&cursor=x"), nil, nil)

	c.call("deleteContact", 200, fits, "DELETE", one, tag(ids[0]), nil)
	c.call("deleteContact", missing, fits, "DELETE", c.path("/contacts/"+nobody), http.Header{"If-Match": {"*"}}, nil)
	c.call("restoreContact", 200, fits, "POST", one+"/restore", nil, nil)
	c.call("deleteContact", 200, fits, "DELETE", one, tag(ids[0]), nil)
	post(person("New", "9876543210"))
	c.call("restoreContact", 409, fits, "POST", one+"/restore", nil, nil)
	c.call("restoreContact", missing, fits, "POST", c.path("/contacts/"+nobody+"/restore"), nil, nil)

	c.call("mergeContacts", 200, fits, "POST", c.path("/contacts/merge"), nil, body(`{"keep":%q,"others":[%q],"take":{"firstName":%[2]q},"revisions":{%[1]q:%[3]q}}`, ids[1], ids[2], tag(ids[1]).Get("If-Match")))
	c.call("getContact", 200, fits, "GET", c.path("/contacts/"+ids[2]), nil, nil)
	c.call("mergeContacts", 409, fits, "POST", c.path("/contacts/merge"), nil, body(`{"keep":%q,"others":[%q]}`, ids[2], ids[1]))
	c.call("mergeContacts", missing, fits, "POST", c.path("/contacts/merge"), nil, body(`{"keep":%q,"others":[%q]}`, ids[1], nobody))
	c.call("mergeContacts", invalid, breaks, "POST", c.path("/contacts/merge"), nil, body(`{"keep":%q}`, ids[1]))
	c.call("mergeContacts", invalid, breaks, "POST", c.path("/contacts/merge"), nil, body(`{"keep":%q,"others":["x"%s]}`, ids[1], strings.Repeat(`,"y"`, 256)))
	c.call("mergeContacts", 412, fits, "POST", c.path("/contacts/merge"), nil, body(`{"keep":%q,"others":[%q],"revisions":{%[1]q:"\"x.1\""}}`, ids[1], nobody))

	keep := c.Book.With(contacts.Rules{KeepDuplicates: true})
	for _, name := range []string{"Ann", "Bob"} {
		if _, err := keep.Create(c.Context(), contacts.Contact{FirstName: name, LastName: "Twin", Salutation: "Mr",
			CellPhone: contacts.Phone{Number: "9876543230", CountryCode: "+91", Extension: "+"}}); err != nil {
			c.Fatal(err)
		}
	}
	if data := c.call("listDuplicates", 200, fits, "GET", c.path("/contacts/duplicates"), nil, nil); !bytes.Contains(data, []byte("+919876543230")) {
		c.Errorf("duplicates: %s", data)
	}
	c.call("lookupContact", 200, fits, "GET", c.path("/contacts/lookup?number=%2B919876543230"), nil, nil)
	c.call("listDuplicates", invalid, breaks, "GET", c.path("/contacts/duplicates?limit=1000"), nil, nil)

	c.call("bulkDeleteContacts", 200, fits, "DELETE", c.path("/contacts/bulk-delete"), nil, body(`{"ids":[%q,%q]}`, ids[1], nobody))
	c.call("bulkDeleteContacts", invalid, breaks, "DELETE", c.path("/contacts/bulk-delete"), nil, body(`{}`))

	data := c.call("exportContacts", 200, fits, "GET", c.path("/contacts/export?format=jsonl"), nil, nil)
	for line := range bytes.Lines(data) {
		c.data("Contact", line)
	}
	c.call("exportContacts", 200, fits, "GET", c.path("/contacts/export?format=csv"), nil, nil)
	c.call("exportContacts", invalid, breaks, "GET", c.path("/contacts/export?format=xlsx"), nil, nil)

	c.events()
	c.call("watchContacts", 410, fits, "GET", c.path("/contacts/events"), http.Header{"Last-Event-Id": {"other.1"}}, nil)
	c.call("watchContacts", invalid, fits, "GET", c.path("/contacts/events?after=x"), nil, nil)
}

// imports calls the import, whose body is a form.
func (c *caller) imports(created, invalid int) {
	form := func(csv string) (http.Header, []byte) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("result_file", "contacts.csv")
		if err != nil {
			c.Fatal(err)
		}
		_, _ = io.WriteString(part, csv)
		w.Close()
		return http.Header{"Content-Type": {w.FormDataContentType()}}, b.Bytes()
	}
	const head = "firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension\n"
	for csv, want := range map[string]int{
		head + "'=Ann,Lee,Mrs,9876543240,+91,+\n": created,
		head + "Ann,Lee,Mrs,9876543210,+91,+\n":   409,
		head + "Ann,Lee,Dr,x,+91,+\n":             invalid,
		"firstName\nAnn\n":                        invalid,
		"":                                        400,
	} {
		header, data := form(csv)
		c.call("importContacts", want, fits, "POST", c.path("/contacts/import-contacts"), header, data)
	}
	c.call("importContacts", 415, breaks, "POST", c.path("/contacts/import-contacts"), nil, body("{}"))
}

// events reads a stream from its beginning to the last event that there is.
func (c *caller) events() {
	token, err := c.Book.Token(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	r := request(c.T, c.Server, "GET", c.path("/contacts/events?after=.0"), nil, nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	var data []byte
	last := []byte("\nid: " + token.String() + "\n")
	for !bytes.Contains(data, last) || !bytes.HasSuffix(data, []byte("\n\n")) {
		part := make([]byte, 4096)
		n, err := resp.Body.Read(part)
		if data = append(data, part[:n]...); err != nil {
			c.Fatalf("the stream ended before its last event: %v\n%s", err, data)
		}
	}
	c.judge("watchContacts", r, resp, data)
	n := 0
	for line := range bytes.Lines(data) {
		if event, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			c.data("Event", event)
			n++
		}
	}
	if n != int(token.Revision) {
		c.Errorf("%d events, want %d", n, token.Revision)
	}
}
