// Report reads the output of "go test -json" and prints a line a package, the
// output of what failed, and every test that was skipped. It exits with 1 when
// a test failed, when one was skipped, or when none ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

func main() {
	output := map[string][]string{}
	var passed, failed int
	var skipped []string
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			output[key] = append(output[key], e.Output)
		case "build-output":
			fmt.Print(e.Output)
		case "pass":
			if e.Test != "" {
				passed++
				delete(output, key)
			} else {
				fmt.Printf("ok   %-50s %6.1fs\n", e.Package, e.Elapsed)
			}
		case "skip":
			if e.Test != "" {
				skipped = append(skipped, key+": "+strings.TrimSpace(strings.Join(output[key], "")))
			}
		case "fail":
			if e.Test != "" {
				failed++
			} else {
				failed += btoi(failed == 0)
				fmt.Printf("FAIL %-50s %6.1fs\n", e.Package, e.Elapsed)
			}
			fmt.Print(strings.Join(output[key], ""))
		}
	}
	for _, s := range skipped {
		fmt.Println("skipped:", s)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, len(skipped))
	if failed > 0 || len(skipped) > 0 || passed == 0 {
		os.Exit(1)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
