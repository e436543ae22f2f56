package contacts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// RELIABILITY.md names tests, flags and commands: there is each of them, and
// each command runs at least one test.
func TestReliabilityPage(t *testing.T) {
	page, err := os.ReadFile("RELIABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	tests, flags := map[string][]string{}, map[string]bool{}
	name := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
	defined := regexp.MustCompile(`flag\.[A-Z][A-Za-z0-9]+\("([a-z-]+)"`)
	all := ""
	for _, dir := range []string{"kvstore", "boltstore", "boltstore/internal/boltfile", "internal/lint", "phone", "interchange", "internal/match"} {
		files, err := filepath.Glob(dir + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range name.FindAllStringSubmatch(string(data), -1) {
				tests[dir] = append(tests[dir], m[1])
				all += m[1] + "\n"
			}
			for _, m := range defined.FindAllStringSubmatch(string(data), -1) {
				flags[m[1]] = true
			}
		}
	}
	mentioned := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(text, -1)
	if len(mentioned) < 40 {
		t.Errorf("%d tests are mentioned", len(mentioned))
	}
	for _, m := range mentioned {
		if !regexp.MustCompile("(?m)^" + m[1] + "$").MatchString(all) {
			t.Errorf("there is no %s", m[1])
		}
	}

	commands := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		for _, line := range strings.Split(strings.TrimSpace(block[1]), "\n") {
			commands++
			words := strings.Fields(line)
			if words[0] != "go" {
				if _, err := os.Stat(words[0]); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				continue
			}
			runs := regexp.MustCompile(`-(?:run|fuzz) '([^']+)'`).FindAllStringSubmatch(line, -1)
			for _, w := range words[2:] {
				dir, isDir := strings.CutPrefix(w, "./")
				flag, isFlag := strings.CutPrefix(w, "-")
				switch {
				case isDir && len(tests[dir]) == 0:
					t.Errorf("%s: there are no tests in %s", line, dir)
				case isDir && len(runs) > 0:
					pattern := regexp.MustCompile(runs[len(runs)-1][1])
					if !slices.ContainsFunc(tests[dir], pattern.MatchString) {
						t.Errorf("%s: no test in %s", line, dir)
					}
				case isFlag && !flags[flag] && !strings.Contains(" run fuzz fuzztime race timeout short ", " "+flag+" "):
					t.Errorf("%s: no flag %s", line, w)
				}
			}
		}
	}
	if commands < 15 {
		t.Errorf("%d commands", commands)
	}
}
