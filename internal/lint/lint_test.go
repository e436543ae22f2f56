package main

import (
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

// TestRules runs each rule over code that breaks it, which says so in a
// comment, and code that does not.
func TestRules(t *testing.T) {
	for name, a := range map[string]*analysis.Analyzer{"quiet": quiet, "owner": owner, "guard": guard, "borrow": borrow} {
		t.Run(name, func(t *testing.T) { analysistest.Run(t, analysistest.TestData(), a, name) })
	}
	t.Run("main", func(t *testing.T) {
		analysistest.Run(t, analysistest.TestData(), quiet, "mainquiet")
		analysistest.Run(t, analysistest.TestData(), owner, "mainquiet")
	})
}

// TestValid has the analyzers declared as the framework wants them.
func TestValid(t *testing.T) {
	if err := analysis.Validate([]*analysis.Analyzer{quiet, owner, guard, borrow}); err != nil {
		t.Fatal(err)
	}
}
