package agentassist

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// tenant is an app on its own account and stream, of a server that others use.
type tenant struct {
	url, token, account, stream, mark string // mark is in all of its names

	mu  sync.Mutex
	ids []string // of its contacts
}

func (n *tenant) add(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids = append(n.ids, id)
}

// some returns the id of one of its contacts, the i-th or the one before.
func (n *tenant) some(i int) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.ids) == 0 {
		return "none"
	}
	return n.ids[i%len(n.ids)]
}

// do calls over a connection.
func (n *tenant) do(method, path, body string, headers ...string) (int, string, error) {
	r, err := http.NewRequest(method, n.url+Base+n.stream+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set(HeaderToken, n.token)
	r.Header.Set(HeaderAccount, n.account)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	head, _ := json.Marshal(resp.Header)
	return resp.StatusCode, string(data) + string(head), err
}

// tenants starts a server with tenants whose names and numbers are the same but
// for the mark.
func tenants(t *testing.T, o Options, scopes ...contacts.Scope) []*tenant {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { _ = store.Close() })
	var list []*tenant
	for i, scope := range scopes {
		app := App{ID: fmt.Sprintf("cs-tenant-%d", i), Secrets: []string{fixedSecret + fmt.Sprint(i)}, Accounts: []string{scope.Account},
			Streams: []string{scope.Stream}, Scopes: []string{ScopeConfiguration}}
		token, err := Credentials{AppID: app.ID, Secret: app.Secrets[0]}.Token()
		if err != nil {
			t.Fatal(err)
		}
		o.Apps = append(o.Apps, app)
		list = append(list, &tenant{token: token, account: scope.Account, stream: scope.Stream, mark: fmt.Sprintf("Mark%c", 'A'+i)})
	}
	h, err := New(store, &o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	for _, n := range list {
		n.url = s.URL
	}
	return list
}

func (n *tenant) contact(number int) string {
	return fmt.Sprintf(`{"firstName":"%s","lastName":"N%d","salutation":"Mr","cellPhone":{"phoneNumber":"98%08d","countryCode":"+91","extension":"+"}}`, n.mark, number, number)
}

// TestTenants has tenants hammer one server with the same numbers and keys, each
// asking for the others' ids by every call that takes one. No answer has anything
// of another tenant, and at the end each has what it wrote.
func TestTenants(t *testing.T) {
	const rounds, workers = 12, 2
	list := tenants(t, Options{Extended: true},
		contacts.Scope{Account: "account-A", Stream: "st-one"},
		contacts.Scope{Account: "account-B", Stream: "st-one"},
		contacts.Scope{Account: "account-B", Stream: "st-two"})
	var wg sync.WaitGroup
	for i, n := range list {
		others := []*tenant{list[(i+1)%len(list)], list[(i+2)%len(list)]}
		for worker := range workers {
			wg.Go(func() { hammer(t, n, others, worker*rounds, rounds) })
		}
	}
	wg.Wait()
	for _, n := range list {
		status, body, err := n.do("GET", "/contacts?limit=1000", "")
		if err != nil || status != 200 || !strings.Contains(body, fmt.Sprintf(`"totalResults":%d`, workers*rounds)) || strings.Contains(body, "Taken") {
			t.Errorf("%s: %d %s %v", n.mark, status, body, err)
		}
		for _, id := range n.ids {
			if !strings.Contains(body, `"id":"`+id+`"`) {
				t.Errorf("%s: %s is gone", n.mark, id)
			}
		}
	}
}

// hammer is one worker of a tenant, with numbers of its own from first on.
func hammer(t *testing.T, n *tenant, others []*tenant, first, rounds int) {
	call := func(want int, method, path, body string, headers ...string) string {
		status, answer, err := n.do(method, path, body, headers...)
		if err != nil || status != want {
			t.Errorf("%s: %s %s: %d, want %d: %s %v", n.mark, method, path, status, want, answer, err)
		}
		for _, other := range others {
			for _, leak := range []string{other.mark, `"` + other.account + `"`, `"` + other.stream + `"`} {
				if leak != `"`+n.account+`"` && leak != `"`+n.stream+`"` && strings.Contains(answer, leak) {
					t.Errorf("%s: %s %s leaks %s: %s", n.mark, method, path, leak, answer)
				}
			}
		}
		return answer
	}
	for i := range rounds {
		number := first + i
		key := fmt.Sprint("key-", number) // the same as the others'
		answer := call(200, "POST", "/contacts", "["+n.contact(number)+"]", HeaderIdempotencyKey, key)
		if again := call(200, "POST", "/contacts", "["+n.contact(number)+"]", HeaderIdempotencyKey, key); idIn(again) != idIn(answer) {
			t.Errorf("%s: a key met another: %s, %s", n.mark, answer, again)
		}
		n.add(idIn(answer))
		if taken := call(409, "POST", "/contacts", "["+n.contact(number)+"]"); !strings.Contains(taken, idIn(answer)) {
			t.Errorf("%s: the holder is another: %s", n.mark, taken)
		}
		call(200, "GET", "/contacts?limit=5", "")
		call(200, "GET", fmt.Sprintf("/contacts/lookup?number=%%2B9198%08d", number), "")
		call(200, "GET", "/contacts/search?q=Mark", "")
		call(200, "GET", "/contacts/duplicates", "")
		call(200, "GET", "/contacts/export?format=jsonl", "")
		for _, other := range others {
			id := other.some(number)
			call(400, "GET", "/contacts/"+id, "")
			call(400, "PUT", "/contacts/"+id, `{"firstName":"Taken"}`)
			call(400, "DELETE", "/contacts/"+id, "")
			call(400, "POST", "/contacts/"+id+"/restore", "")
			call(400, "POST", "/contacts/merge", fmt.Sprintf(`{"keep":%q,"others":[%q]}`, idIn(answer), id))
			for _, bulk := range []string{
				call(200, "PUT", "/contacts/bulk-update", `[{"id":"`+id+`","firstName":"Taken"}]`),
				call(200, "DELETE", "/contacts/bulk-delete", `{"ids":["`+id+`"]}`),
			} {
				if !strings.Contains(bulk, `"successful":0,"failed":1`) || !strings.Contains(bulk, `"not_found"`) {
					t.Errorf("%s: %s", n.mark, bulk)
				}
			}
		}
		guest := tenant{url: n.url, token: n.token, account: others[0].account, stream: others[0].stream}
		status, answer, err := guest.do("GET", "/contacts", "")
		if err != nil || status != 400 || !strings.Contains(answer, `"unknown_stream"`) || strings.Contains(answer, others[0].mark) {
			t.Errorf("%s as a guest: %d %s %v", n.mark, status, answer, err)
		}
	}
}

// idIn returns the first id in an answer.
func idIn(answer string) string {
	_, rest, _ := strings.Cut(answer, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// Where numbers are unique in an account, a refusal says nothing of who has the
// number in another stream of it.
func TestTenantsOfOneAccount(t *testing.T) {
	list := tenants(t, Options{Book: contacts.Options{UniqueBy: contacts.UniqueByAccount}},
		contacts.Scope{Account: "account-A", Stream: "st-one"}, contacts.Scope{Account: "account-A", Stream: "st-two"})
	status, answer, err := list[0].do("POST", "/contacts", "["+list[0].contact(1)+"]")
	if err != nil || status != 200 {
		t.Fatal(status, answer, err)
	}
	for _, path := range []string{"/contacts", "/contacts?mode=each"} {
		_, refused, err := list[1].do("POST", path, "["+list[1].contact(1)+"]")
		if err != nil || !strings.Contains(refused, `"duplicate_number"`) || strings.Contains(refused, idIn(answer)) || strings.Contains(refused, list[0].mark) ||
			strings.Contains(refused, "holderId") || strings.Contains(refused, list[0].stream) {
			t.Errorf("%s: %s %v", path, refused, err)
		}
	}
}

// Keys of two apps on one stream do not meet, nor those of two calls; a key that
// many send at once is carried out once.
func TestIdempotencyKeys(t *testing.T) {
	f := newFixed(t, &Options{Apps: []App{{ID: "cs-other", Secrets: []string{fixedSecret + "cs-other"}, Accounts: []string{anyOf}, Streams: []string{anyOf},
		Scopes: []string{ScopeConfiguration}}}})
	key := []string{HeaderIdempotencyKey, "the key"}
	if a := f.do(t, "POST", "/contacts", "["+john(1)+"]", key...); a.StatusCode != 200 {
		t.Error(a)
	}
	if a := f.do(t, "POST", "/contacts", "["+john(2)+"]", append(key, HeaderToken, mint(t, "cs-other"))...); a.StatusCode != 200 {
		t.Error(a)
	}
	body, contentType := form(t, "result_file", csvHead+"A,B,Mr,9812345678,+91,+")
	for range 2 {
		if a := f.do(t, "POST", "/contacts/import-contacts", body, append(key, "Content-Type", contentType)...); a.StatusCode != 200 {
			t.Error(a)
		}
	}
	if a := f.do(t, "POST", "/contacts", "["+john(3)+"]", HeaderIdempotencyKey, strings.Repeat("k", maxIdempotencyKey+1)); a.StatusCode != 412 {
		t.Error(a)
	}
	// A call that was refused leaves the key free.
	if a := f.do(t, "POST", "/contacts", "["+john(1)+"]", HeaderIdempotencyKey, "later"); a.StatusCode != 409 {
		t.Error(a)
	}
	if a := f.do(t, "POST", "/contacts", "["+john(4)+"]", HeaderIdempotencyKey, "later"); a.StatusCode != 200 {
		t.Error(a)
	}
	answers := make(chan answered, 16)
	for range cap(answers) {
		go func() { answers <- f.do(t, "POST", "/contacts", "["+john(5)+"]", HeaderIdempotencyKey, "at once") }()
	}
	first := <-answers
	for range cap(answers) - 1 {
		if a := <-answers; a.StatusCode != 200 || a.body != first.body {
			t.Errorf("%v, %v", first, a)
		}
	}
	if counts, err := f.book(t).Count(t.Context()); err != nil || counts.Active != 5 {
		t.Errorf("%+v, %v", counts, err)
	}
}
