// Package storetest is the contract of contacts.Store as tests.
//
// A store's test file needs no more than this:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func() (contacts.Store, error) {
//			return mystore.Open(t.TempDir(), nil)
//		})
//	}
//
//	func TestStoreReopen(t *testing.T) {
//		storetest.RunReopen(t, func(dir string) (contacts.Store, error) {
//			return mystore.Open(dir, nil)
//		})
//	}
//
// Every rule of the contract is a named case on a store of its own. Its error
// quotes the rule and says how it was broken. The optional abilities (see
// contacts.Waiter and its neighbours) are tested when the store has them, and
// skipped when it has not. No case measures time, but one that does not end
// within minutes is reported as hanging, with the stacks of all goroutines.
//
// At the end of each case the suite audits all that is left in the store: the
// feed has no gap, the counts are right, what the feed says last of a contact
// is what Get says. A store that is a contacts.Checker is asked too. And every
// error that came out of the store is looked at for names, numbers and e-mail
// addresses of the contacts that went in.
//
// One case carries out 10,000 random operations on the store and on a plain
// model beside it. Its error tells the seed; with the environment variable
// STORETEST_SEED set to that seed the same operations are done again. With
// -short there are fewer of them.
//
// What the contract leaves open, the suite leaves open. Where two readings are
// possible it takes either, and says so at the case. It takes nil and empty
// slices and maps for equal, and times for equal that name the same instant;
// those that it writes are whole milliseconds in UTC. A store may drop OrgID,
// AccountID and StreamID of a contact, which the Book derives.
package storetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/callerbook/contacts"
)

// Check tests a store and returns all errors found, joined; nil if there are
// none. Each call of open returns a new and empty store, which works alongside
// those opened before. Check closes them.
func Check(open func() (contacts.Store, error)) error {
	return check(rules(), opener{fresh: open}, options{})
}

// Run is Check with a subtest for each case.
func Run(t *testing.T, open func() (contacts.Store, error)) {
	t.Helper()
	run(t, rules(), func(*testing.T) opener { return opener{fresh: open} })
}

// CheckReopen tests what a store keeps across Close and returns all errors
// found, joined. The first call of open for a folder, which is empty then,
// returns a new and empty store; a later one, after Close, the same store
// again. A store that keeps nothing in folders uses dir as a name.
//
// It does not repeat the cases of Check.
func CheckReopen(open func(dir string) (contacts.Store, error)) error {
	root, err := os.MkdirTemp("", "storetest")
	if err != nil {
		return err
	}
	defer removeAll(root)
	return check(reopenRules(), opener{root: root, in: open}, options{})
}

// RunReopen is CheckReopen with a subtest for each case.
func RunReopen(t *testing.T, open func(dir string) (contacts.Store, error)) {
	t.Helper()
	run(t, reopenRules(), func(t *testing.T) opener {
		root := t.TempDir()
		t.Cleanup(func() { removeAll(root) })
		return opener{root: root, in: open}
	})
}

// removeAll removes dir and all that is in it, one by one: os.RemoveAll, which
// TempDir calls after it, needs a system call that some versions of Wine lack.
func removeAll(dir string) {
	var paths []string
	_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	for _, path := range slices.Backward(paths) {
		_ = os.Remove(path)
	}
}

// A rule is one case.
type rule struct {
	name string // "group/case"
	says string // what the contract demands, for the error
	test func(*tester)
}

// rules returns the cases of Check.
func rules() []rule {
	return slices.Concat(
		contactRules, batchRules, claimRules, legacyRules, sharedRules, revisionRules, purgeRules,
		opRules, indexRules, uniqueRules, scopeRules,
		listingRules, lineRules, wordRules, cursorRules, limitRules,
		feedRules, historyRules, waitRules, raceRules, contextRules, copyRules, closeRules,
		trimRules, loadRules, abilityRules, forkRules, randomRules,
	)
}

func check(rules []rule, open opener, o options) error {
	var errs []error
	for _, r := range rules {
		if err := r.check(open, o); err != nil && !errors.Is(err, errSkipped) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func run(t *testing.T, rules []rule, open func(*testing.T) opener) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			err := r.check(open(t), options{short: testing.Short()})
			if errors.Is(err, errSkipped) {
				t.Log(err) // an ability is optional: without it there is nothing to test
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// broken is the error of a case: which rule, what it says, what happened.
func (r rule) broken(err error) error {
	return fmt.Errorf("storetest: %s: %w\n\tthe rule: %s", r.name, err, r.says)
}
