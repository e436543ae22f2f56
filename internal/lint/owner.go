package main

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"
)

// owner wants a name for whoever ends a goroutine.
var owner = &analysis.Analyzer{
	Name: "owner",
	Doc:  "report goroutines of a library of which nobody says who ends them",
	Run:  runOwner,
}

// starters are functions and methods that start a goroutine.
var starters = map[string]bool{
	"(*sync.WaitGroup).Go":                      true,
	"(*golang.org/x/sync/errgroup.Group).Go":    true,
	"(*golang.org/x/sync/errgroup.Group).TryGo": true,
	"time.AfterFunc":                            true,
	"context.AfterFunc":                         true,
}

func runOwner(pass *analysis.Pass) (any, error) {
	if pass.Pkg.Name() == "main" {
		return nil, nil
	}
	d := readDirectives(pass)
	walk(pass, func(n ast.Node, _ []ast.Node) bool {
		starts := false
		switch n := n.(type) {
		case *ast.GoStmt:
			starts = true
		case *ast.CallExpr:
			fn, ok := typeutil.Callee(pass.TypesInfo, n).(*types.Func)
			starts = ok && starters[fn.FullName()]
		}
		if starts && !d.has(n.Pos(), "owner") {
			pass.Reportf(n.Pos(), "a goroutine without //contacts:owner and who ends it")
		}
		return true
	})
	return nil, nil
}
