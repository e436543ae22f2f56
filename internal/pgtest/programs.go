package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// programs is the folder of PostgreSQL's programs.
type programs string

func (p programs) path(name string) string { return filepath.Join(string(p), name) }

// places are where packages put the programs when not on the PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",            // Debian, Ubuntu
	"/usr/pgsql-*/bin",                     // RHEL, packages of the PostgreSQL project
	"/opt/homebrew/opt/postgresql@*/bin",   // Homebrew
	"/usr/local/opt/postgresql@*/bin",      // Homebrew on Intel
	"/Applications/Postgres.app/*/*/*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                 // built from source
}

// oldest is the first version of PostgreSQL that pgstore supports.
const oldest = 15

var errNoPrograms = errors.New("no PostgreSQL to test with: install it (apt-get install postgresql, brew install postgresql@17; " +
	"version 15 or newer, nothing needs to run), or name a server whose role may create databases in " + serverEnv +
	" (postgres://user:password@host/postgres)")

// findPrograms looks for the programs of a server: on the PATH, then where they
// are installed, the newest first.
func findPrograms() (programs, error) {
	if runtime.GOOS == "windows" {
		return "", errors.New("on Windows no PostgreSQL is started for tests: name a server in " + serverEnv)
	}
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, place := range places {
		found, _ := filepath.Glob(place) // an error is of the pattern only
		dirs = append(dirs, found...)
	}
	var best programs
	newest := 0.0
	for _, dir := range dirs {
		if v := programs(dir).version(); v >= oldest && v > newest {
			best, newest = programs(dir), v
		}
	}
	if best == "" {
		return "", errNoPrograms
	}
	return best, nil
}

// version asks a server for its version, such as 15.8; 0 where there is none,
// or not with all its programs.
func (p programs) version() float64 {
	for _, name := range []string{"initdb", "pg_basebackup", "psql"} {
		if _, err := os.Stat(p.path(name)); err != nil {
			return 0
		}
	}
	out, err := exec.Command(p.path("postgres"), "--version").Output() // postgres (PostgreSQL) 15.8 (Debian 15.8-1)
	if err != nil {
		return 0
	}
	for word := range strings.FieldsSeq(string(out)) {
		if v, err := strconv.ParseFloat(word, 64); err == nil {
			return v
		}
	}
	return 0
}
