package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// broken are stores that each break the contract in one way, and the cases
// that have to notice.
var broken = []struct {
	flaw  string
	open  func() contacts.Store
	cases []string
}{
	{"keeps what it was given", func() contacts.Store { return &aliasIn{Store: mapstore.New()} },
		[]string{"copy/in"}},
	{"hands out what it keeps", func() contacts.Store { return &aliasOut{Store: mapstore.New()} },
		[]string{"copy/out"}},
	{"looks for duplicates before it writes", func() contacts.Store { return &checkThenAct{mapstore.New()} },
		[]string{"race/one number", "unique/account at once"}},
	{"writes over what changed", func() contacts.Store { return &lastWins{mapstore.New()} },
		[]string{"revisions/lost updates", "revisions/conflict"}},
	{"claims before it releases", func() contacts.Store { return &claimsFirst{mapstore.New()} },
		[]string{"claims/swap", "claims/rotation", "claims/take over"}},
	{"applies a batch write by write", func() contacts.Store { return &piecemeal{mapstore.New()} },
		[]string{"batch/all or nothing", "race/whole batches", "claims/swap", "random operations"}},
	{"stops at the first refusal", func() contacts.Store { return &firstRefusal{mapstore.New()} },
		[]string{"claims/all refusals", "revisions/conflict"}},
	{"lists by id", func() contacts.Store { return &byID{mapstore.New()} },
		[]string{"list/by creation", "list/by name", "lines/order", "words/order"}},
	{"leaves events out", func() contacts.Store { return &feedGap{mapstore.New()} },
		[]string{"feed/pages", "race/feed", "random operations"}},
	{"repeats an event on the next page", func() contacts.Store { return &feedRepeat{mapstore.New()} },
		[]string{"feed/pages", "feed/events", "race/feed"}},
	{"tells of other scopes in errors", func() contacts.Store { return &tellsAll{mapstore.New()} },
		[]string{"scopes/apart"}},
	{"names the holder of another stream", func() contacts.Store { return &namesStranger{mapstore.New()} },
		[]string{"unique/holder not named", "unique/account"}},
	{"runs the parts of a scope together", func() contacts.Store { return &oneName{mapstore.New()} },
		[]string{"scopes/odd names", "scopes/order"}},
	{"pages by offset", func() contacts.Store { return &offsets{mapstore.New()} },
		[]string{"cursor/come and go", "cursor/place deleted", "cursor/other query", "cursor/garbage"}},
	{"has names in cursors", func() contacts.Store { return &plainCursor{mapstore.New()} },
		[]string{"cursor/opaque"}},
	{"applies an Op twice", func() contacts.Store { return &noOps{mapstore.New()} },
		[]string{"op/again", "op/at once"}},
	{"looks at the name of an Op alone", func() contacts.Store { return &anyPayload{Store: mapstore.New()} },
		[]string{"op/other payload", "op/digest"}},
	{"writes what changes nothing", func() contacts.Store { return &alwaysWrites{Store: mapstore.New()} },
		[]string{"contact/no-op"}},
	{"finds purged contacts by word", func() contacts.Store { return &wordsStay{Store: mapstore.New()} },
		[]string{"purge/contact"}},
	{"keeps the past of purged contacts", func() contacts.Store { return &pastStays{Store: mapstore.New()} },
		[]string{"purge/events"}},
	{"lets all in when one of two holders is gone", func() contacts.Store { return &firstFrees{Store: mapstore.New()} },
		[]string{"legacy/first delete"}},
	{"takes shares for claims", func() contacts.Store { return &claimsAll{mapstore.New()} },
		[]string{"shared/beside claims", "claims/within the batch"}},
	{"takes batches of any index version", func() contacts.Store { return &noFence{mapstore.New()} },
		[]string{"index/fence", "index/begin"}},
	{"has no typos", func() contacts.Store { return &noTypo{mapstore.New()} },
		[]string{"words/typo"}},
	{"knows one prefix", func() contacts.Store { return &onePrefix{mapstore.New()} },
		[]string{"lines/prefix and suffix"}},
	{"names the last word", func() contacts.Store { return &lastWord{mapstore.New()} },
		[]string{"words/several"}},
	{"takes an empty selector for none", func() contacts.Store { return &emptyIsNone{mapstore.New()} },
		[]string{"lines/empty"}},
	{"looks at words or numbers, not both", func() contacts.Store { return &wordsAlone{mapstore.New()} },
		[]string{"words/and numbers"}},
	{"answers from before", func() contacts.Store { return &stale{Store: mapstore.New()} },
		[]string{"race/own writes", "contact/edit"}},
	{"goes on after Close", func() contacts.Store { return &neverClosed{mapstore.New()} },
		[]string{"close/then ErrClosed", "close/under traffic"}},
	{"closes once", func() contacts.Store { return &closesOnce{Store: mapstore.New()} },
		[]string{"close/twice"}},
	{"does not look at contexts", func() contacts.Store { return &noContext{mapstore.New()} },
		[]string{"context/done before"}},
	{"applies and says cancelled", func() contacts.Store { return &saysCancelled{mapstore.New()} },
		[]string{"context/cancelled while queued"}},
	{"sleeps through news", func() contacts.Store { return &sleeps{mapstore.New()} },
		[]string{"wait/at once", "wait/wakes"}},
	{"trims the present", func() contacts.Store { return &trimsAll{Store: mapstore.New()} },
		[]string{"trim/present"}},
	{"loads in an order of its own", func() contacts.Store { return &loadsAnew{mapstore.New()} },
		[]string{"load/like Apply", "load/gaps"}},
	{"keeps writers waiting for a backup", func() contacts.Store { return &freezes{Store: mapstore.New()} },
		[]string{"backup"}},
	{"panics", func() contacts.Store { return &panics{mapstore.New()} },
		[]string{"history/line"}},
}

func TestBroken(t *testing.T) {
	for _, b := range broken {
		t.Run(b.flaw, func(t *testing.T) {
			t.Parallel()
			for _, name := range b.cases {
				r := ruleNamed(t, rules(), name)
				err := r.check(opener{fresh: func() (contacts.Store, error) { return b.open(), nil }},
					options{short: true, patience: 5 * time.Second})
				caught(t, name, r, err)
			}
		})
	}
}

// brokenKeepers are opens that each lose something across Close.
var brokenKeepers = []struct {
	flaw  string
	open  func(kept *mapstore.Store) contacts.Store // again
	cases []string
}{
	{"forgets all", func(*mapstore.Store) contacts.Store { return mapstore.New() },
		[]string{"reopen/everything", "reopen/empty", "reopen/under traffic", "reopen/random operations"}},
	{"forgets its Ops", func(kept *mapstore.Store) contacts.Store { return &noOps{kept} },
		[]string{"reopen/ops"}},
	{"begins a new feed", func(kept *mapstore.Store) contacts.Store { return &newEpoch{kept} },
		[]string{"reopen/everything"}},
	{"forgets its cursors", func(kept *mapstore.Store) contacts.Store { return &noCursors{kept} },
		[]string{"reopen/cursor"}},
	{"forgets the index version", func(kept *mapstore.Store) contacts.Store { return &noFence{kept} },
		[]string{"reopen/rules of the scope", "reopen/change of index"}},
}

func TestBrokenReopen(t *testing.T) {
	for _, b := range brokenKeepers {
		t.Run(b.flaw, func(t *testing.T) {
			t.Parallel()
			for _, name := range b.cases {
				r := ruleNamed(t, reopenRules(), name)
				var kept *mapstore.Store
				err := r.check(opener{root: t.TempDir(), in: func(string) (contacts.Store, error) {
					if kept == nil {
						kept = mapstore.New()
						return kept, nil
					}
					kept = kept.Reopen()
					return b.open(kept), nil
				}}, options{short: true, patience: 5 * time.Second})
				caught(t, name, r, err)
			}
		})
	}
}

// caught wants err to be that of the case, and no slip of the suite itself.
func caught(t *testing.T, name string, r rule, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("case %q did not notice", name)
		return
	}
	text := err.Error()
	if !strings.HasPrefix(text, "storetest: "+name+": ") || !strings.Contains(text, r.says) {
		t.Errorf("the error does not name case and rule: %v", err)
	}
	if strings.Contains(text, "panic: runtime error") && strings.Contains(text, "storetest/random.go") {
		t.Errorf("the suite panics: %v", err)
	}
	if testing.Verbose() {
		first, _, _ := strings.Cut(text, "\n")
		t.Log(first)
	}
}

func ruleNamed(t *testing.T, all []rule, name string) rule {
	t.Helper()
	for _, r := range all {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("there is no case %q", name)
	return rule{}
}

// TestCheckJoins has Check name the cases that failed, and no others.
func TestCheckJoins(t *testing.T) {
	err := check(rules(), opener{fresh: func() (contacts.Store, error) { return &noFence{mapstore.New()}, nil }}, options{short: true})
	if err == nil {
		t.Fatal("Check found nothing")
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		name, ok := strings.CutPrefix(line, "storetest: ")
		if ok && !strings.HasPrefix(name, "index/") && !strings.HasPrefix(name, "random operations: ") {
			t.Errorf("a store without a fence fails for another reason: %s", line)
		}
	}
	if !strings.Contains(err.Error(), "storetest: index/fence: ") {
		t.Errorf("index/fence is not among the failures: %v", err)
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range append(rules(), reopenRules()...) {
		if seen[r.name] || r.says == "" || r.test == nil {
			t.Errorf("case %q is there twice, or has no rule", r.name)
		}
		seen[r.name] = true
	}
}
