package main

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"
)

// quiet forbids what ends the host's process or writes to its terminal.
var quiet = &analysis.Analyzer{
	Name: "quiet",
	Doc:  "report what ends the process, panics without a reason, or prints, in a library",
	Run:  runQuiet,
}

// loud are functions that a library leaves to its host.
var loud = map[string]map[string]string{
	"os":      {"Exit": "ends the host's process"},
	"syscall": {"Exit": "ends the host's process", "Kill": "ends a process"},
	"runtime": {"Goexit": goexit},
	"fmt":     {"Print": printed, "Printf": printed, "Println": printed},
	"log": {
		"Fatal": logged, "Fatalf": logged, "Fatalln": logged, "Panic": logged, "Panicf": logged, "Panicln": logged,
		"Print": logged, "Printf": logged, "Println": logged, "Output": logged, "Default": logged, "Writer": logged,
		"SetOutput": logged, "SetFlags": logged, "SetPrefix": logged,
	},
	"log/slog": {
		"Debug": logged, "DebugContext": logged, "Info": logged, "InfoContext": logged, "Warn": logged, "WarnContext": logged,
		"Error": logged, "ErrorContext": logged, "Log": logged, "LogAttrs": logged, "With": logged,
		"Default": logged, "SetDefault": logged, "SetLogLoggerLevel": logged,
	},
}

// deadly are methods that end the process, also of a logger that the caller gave.
var deadly = map[string]bool{
	"(*log.Logger).Fatal": true, "(*log.Logger).Fatalf": true, "(*log.Logger).Fatalln": true,
	"(*os.Process).Kill": true, "(*os.Process).Signal": true,
}

const (
	printed = "writes to the host's terminal"
	logged  = "uses the host's own logger"
	goexit  = "ends the host's goroutine without //contacts:panics and a reason"
)

func runQuiet(pass *analysis.Pass) (any, error) {
	if pass.Pkg.Name() == "main" {
		return nil, nil
	}
	d := readDirectives(pass)
	walk(pass, func(n ast.Node, _ []ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			fn, ok := pass.TypesInfo.Uses[n].(*types.Func)
			if ok && deadly[fn.FullName()] {
				pass.Reportf(n.Pos(), "%s ends the host's process", fn.FullName())
			}
			if ok && fn.Pkg() != nil && fn.Signature().Recv() == nil {
				if why := loud[fn.Pkg().Path()][fn.Name()]; why != "" && (why != goexit || !d.has(n.Pos(), "panics")) {
					pass.Reportf(n.Pos(), "%s.%s %s", fn.Pkg().Name(), fn.Name(), why)
				}
			}
		case *ast.CallExpr:
			b, ok := typeutil.Callee(pass.TypesInfo, n).(*types.Builtin)
			switch {
			case !ok:
			case b.Name() == "panic" && !d.has(n.Pos(), "panics"):
				pass.Reportf(n.Pos(), "a panic without //contacts:panics and a reason")
			case b.Name() == "print" || b.Name() == "println":
				pass.Reportf(n.Pos(), "%s %s", b.Name(), printed)
			}
		}
		return true
	})
	return nil, nil
}
