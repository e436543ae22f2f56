package contacts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"John DOE": "john doe", "Zoë": "zoe", "Søren Ærø": "soren aero", "Łukasz": "lukasz", "Straße": "strasse",
		"Đặng": "dang", "ISTANBUL": "istanbul", "İstanbul": "istanbul", "ılgın": "ilgin", "Ёлка": "елка",
		"Ὀδυσσεύς": "οδυσσευσ", "ﬁn": "fin", "Ｊｏｈｎ": "john", "カタカナ": "かたかな", "أحمد": "احمد", "آمنة": "امنه", "على": "علي",
		"किरण": "किरण", "சுப்பிரமணியன்": "சுப்பிரமணியன்", "ประเสริฐ": "ประเสริฐ", "김철수": "김철수", "\u202aJohn\u202c": "john",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
		if again := Fold(Fold(in)); again != Fold(in) {
			t.Errorf("Fold(Fold(%q)) = %q", in, again)
		}
	}
}

func TestWords(t *testing.T) {
	c := Contact{FirstName: "Anne-Marie", LastName: "O'Neil", Organization: "Acme Corp", Tags: []string{"VIP"},
		Emails: []Email{{Address: "a.oneil@acme.example"}}}
	var got []string
	for _, w := range words(&c) {
		got = append(got, fmt.Sprintf("%s/%d", w.Text, w.Fields))
	}
	want := strings.Fields("a/4 acme/6 anne/1 annemarie/1 aoneilacmeexample/4 corp/2 example/4 marie/1 neil/1 o/1 oneil/5 vip/8")
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if words(&Contact{FirstName: "किरण"})[0].Text != "किरण" {
		t.Error("a Devanagari name is taken apart")
	}
}

func TestSortKey(t *testing.T) {
	names := []string{"(3) Alpha", "24/7 Taxi", "Ana", "Änne Zett", "anton", "Bo", "Desk 2", "Desk 9b", "Desk 010", "Desk 100", "Desk A",
		"Jean Luc", "Jeanette", "Oak", "O'Neil", "Onetta", "Ørsted", "o’Sullivan", "Zoë", "Иван", "किरण"}
	var keys []string
	for _, n := range names {
		keys = append(keys, sortKey(&Contact{FullName: n}))
	}
	keys = append(keys, sortKey(&Contact{CellPhone: Phone{Number: "+4420"}}))
	if !slices.IsSorted(keys) {
		t.Errorf("not in order: %q", keys)
	}
	if got := sortKey(&Contact{Organization: "Acme"}); got != "acme" {
		t.Errorf("organization: %q", got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Anne-Marie O'Neil", "a@b.c")
	f.Add("\xff\x00 İ", strings.Repeat("é", 200))
	f.Fuzz(func(t *testing.T, name, email string) {
		c := Contact{FirstName: name, FullName: name, Emails: []Email{{Address: email}}}
		list := words(&c)
		if len(list) > maxWords {
			t.Errorf("%d words", len(list))
		}
		for i, w := range list {
			if w.Text == "" || len(w.Text) > MaxKeyLen || w.Fields == 0 || i > 0 && list[i-1].Text >= w.Text {
				t.Errorf("word %d: %q after %q", i, w.Text, list[max(0, i-1)].Text)
			}
			if utf8.ValidString(name) && utf8.ValidString(email) && !utf8.ValidString(w.Text) {
				t.Errorf("word %q is not UTF-8", w.Text)
			}
			if strings.ContainsRune(w.Text, 0) {
				t.Errorf("word %q has NUL", w.Text)
			}
		}
		if k := sortKey(&c); len(k) > MaxKeyLen || strings.ContainsRune(k, 0) {
			t.Errorf("sort key %q", k)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for _, s := range []string{"John Doe", "Zoë Ærø"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Fold(s)
			}
		})
	}
}
