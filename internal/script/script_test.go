package script

import (
	"slices"
	"strings"
	"testing"
)

func TestPlay(t *testing.T) {
	const text = "# one\n\n$ echo a  'b c'\n< in\n| old\n= 1\n$ fail\nend\n"
	var words [][]string
	got := Play(text, func(command, stdin string) (string, string, int) {
		words = append(words, Words(command))
		if command == "fail" {
			return "", "no\n", 2
		}
		return "out " + stdin, "", 0
	})
	const want = "# one\n\n$ echo a  'b c'\n< in\n| out in\n$ fail\n! no\n= 2\nend\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !slices.Equal(words[0], []string{"echo", "a", "b c"}) || !slices.Equal(words[1], []string{"fail"}) {
		t.Errorf("%q", words)
	}
	if diff := Differ(text, got); !strings.Contains(diff, "line 5, after \"$ echo a  'b c'\"") {
		t.Errorf("%q", diff)
	}
	if diff := Differ(want, got); diff != "" {
		t.Errorf("%q", diff)
	}
}
