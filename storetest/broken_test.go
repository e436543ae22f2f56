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
		[]string{"claims/swap", "claims/rotation", "claims/take over", "claims/merge", "claims/unmerge", "shared/claimed again"}},
	{"applies a batch write by write", func() contacts.Store { return &piecemeal{mapstore.New()} },
		[]string{"batch/all or nothing", "race/whole batches", "claims/swap", "claims/merge", "claims/unmerge", "random operations"}},
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
	{"lets write who knows nothing of a change of index", func() contacts.Store { return &noWarning{mapstore.New()} },
		[]string{"index/unaware"}},
	{"tells no reader of a change of index", func() contacts.Store { return &quietIndex{mapstore.New()} },
		[]string{"index/begin"}},
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
	{"drops what merges brought", func() contacts.Store { return &noOrigins{mapstore.New()} },
		[]string{"contact/every field", "contact/empty and nil", "random operations"}},
	{"drops what merges brought at a Reindex", func() contacts.Store { return &originsReindexed{Store: mapstore.New()} },
		[]string{"index/reindex"}},
	{"keeps lists of an Origin that it was given", func() contacts.Store { return &originsIn{Store: mapstore.New()} },
		[]string{"copy/in"}},
	{"hands out lists of an Origin that it keeps", func() contacts.Store { return &originsOut{Store: mapstore.New()} },
		[]string{"copy/out"}},
	{"takes another MergedFrom for no change", func() contacts.Store { return &originsNoChange{mapstore.New()} },
		[]string{"contact/no-op"}},
	{"does not tell of purges", func() contacts.Store { return &notFound{mapstore.New()} },
		[]string{"purge/told", "trim/purged", "load/like Apply", "random operations"}},
	{"tells of purges in other scopes", func() contacts.Store { return &everPurged{mapstore.New()} },
		[]string{"purge/told"}},
	{"tells of a purge with one error for all", func() contacts.Store { return &onePurgedError{Store: mapstore.New()} },
		[]string{"purge/told"}},
	{"has ids that may be numbers in errors", func() contacts.Store { return &tellsID{mapstore.New()} },
		[]string{"purge/told"}},
	{"forgets purges that were trimmed", func() contacts.Store { return &trimsPurges{Store: mapstore.New()} },
		[]string{"trim/purged"}},
	{"purges what a contact was merged into", func() contacts.Store { return &purgesAll{mapstore.New()} },
		[]string{"purge/events", "purge/told"}},
	{"keeps what a contact was merged into with its past", func() contacts.Store { return &pastMerged{mapstore.New()} },
		[]string{"purge/events"}},
	{"loads of a purge what Apply keeps, but for the merge", func() contacts.Store { return &loadsPurges{mapstore.New()} },
		[]string{"load/like Apply"}},
	{"takes an event's revision for the contact's position", func() contacts.Store { return &createdAt{mapstore.New(), revisionIsCreated} },
		[]string{"feed/created", "feed/events", "load/gaps", "random operations"}},
	{"forgets the position of purged contacts", func() contacts.Store { return &createdAt{mapstore.New(), blankIsNever} },
		[]string{"feed/created", "purge/events"}},
	{"takes the first event of an answer for the creation", func() contacts.Store { return &createdAt{mapstore.New(), pageIsAll} },
		[]string{"feed/created", "trim/present"}},
	{"cannot repeat an answer that speaks of a purged contact", func() contacts.Store { return &forgetsHolder{mapstore.New()} },
		[]string{"op/holder purged"}},
	{"lets a contact claim what it shares", func() contacts.Store { return &shareIsClaim{mapstore.New()} },
		[]string{"shared/claimed again"}},
	{"goes on claiming what is shared now", func() contacts.Store { return &claimStays{mapstore.New()} },
		[]string{"shared/claimed again", "history/claimed or shared"}},
	{"has an event where a claim becomes a share", func() contacts.Store { return &kindsMove{mapstore.New()} },
		[]string{"history/claimed or shared"}},
	{"bounds the contacts of a line on each page", func() contacts.Store { return &perPage{mapstore.New()} },
		[]string{"lines/per line", "shared/many holders"}},
	{"keeps writers waiting for a backup", func() contacts.Store { return &freezes{Store: mapstore.New()} },
		[]string{"backup"}},
	{"names holders in errors", func() contacts.Store { return &namesHolders{mapstore.New()} },
		[]string{"claims/one contact"}},
	{"has numbers in errors within errors", func() contacts.Store { return &wrapsNumbers{mapstore.New()} },
		[]string{"claims/one contact"}},
	{"quotes queries in errors", func() contacts.Store { return &quotesQueries{mapstore.New()} },
		[]string{"cursor/other query"}},
	{"forks into itself", func() contacts.Store { return &forkIsSelf{mapstore.New()} },
		[]string{"fork/apart", "fork/by account", "fork/close"}},
	{"forks into nothing", func() contacts.Store { return &forkIsEmpty{mapstore.New()} },
		[]string{"fork/alike", "fork/apart", "fork/by account", "fork/close", "close/then ErrClosed", "context/done before"}},
	{"forgets claims in a fork", func() contacts.Store { return &forkForgets{mapstore.New()} },
		[]string{"fork/apart", "fork/by account"}},
	{"closes with its fork", func() contacts.Store { return &forkClosesAll{mapstore.New()} },
		[]string{"fork/close"}},
	{"ends its forks with itself", func() contacts.Store { return &forkEnds{Store: mapstore.New()} },
		[]string{"fork/close"}},
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
	{"forgets purges", func(kept *mapstore.Store) contacts.Store { return &notFound{kept} },
		[]string{"reopen/rules of the scope", "reopen/loaded"}},
	{"forgets what merges brought", func(kept *mapstore.Store) contacts.Store { return &originsLost{kept} },
		[]string{"reopen/everything", "reopen/loaded"}},
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
