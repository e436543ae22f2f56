package storetest

import (
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var wordRules = []rule{
	{
		"words/prefix",
		"a Term matches a word or the beginning of one",
		wordPrefix,
	},
	{
		"words/whole",
		"a Whole Term matches the word from end to end",
		wordWhole,
	},
	{
		"words/several",
		"Words finds the contacts that every Term matches; a Hit has the first word that each Term matches, byte by byte",
		severalTerms,
	},
	{
		"words/order",
		"hits come in order of the word that the first Term matched, then of creation, each contact once",
		wordOrder,
	},
	{
		"words/typo",
		"a Typo Term also matches words, or beginnings, that differ by one letter: another, one more, one less, two neighbours swapped",
		wordTypo,
	},
	{
		"words/sets",
		"a Term with Sets matches words whose first letters are, in order, one of each set",
		wordSets,
	},
	{
		"words/fields",
		"a matched word is reported with the fields that it stands in; a Term with Fields matches only words that stand in one of these",
		wordFields,
	},
	{
		"words/and numbers",
		"Words with Prefixes or Suffix finds the contacts that match all terms and hold such a line",
		wordsAndNumbers,
	},
	{
		"words/odd text",
		"words are opaque text: no letter of them has a meaning for the store",
		oddWords,
	},
}

// matching wants a term to find these contacts, in any order.
func (t *tester) matching(term contacts.Term, want ...string) {
	t.anyOrder(contacts.Query{Words: []contacts.Term{term}}, want...)
}

func wordPrefix(t *tester) {
	t.apply(person("c1", "Anna Müller"), person("c2", "Ann Muller"), person("c3", "Joann Ng"), person("c4", "An O"))
	t.matching(contacts.Term{Text: "ann"}, "c1", "c2")
	t.matching(contacts.Term{Text: "an"}, "c1", "c2", "c4")
	t.matching(contacts.Term{Text: "a"}, "c1", "c2", "c4")
	t.matching(contacts.Term{Text: "anna"}, "c1")
	t.matching(contacts.Term{Text: "annas"})
	t.matching(contacts.Term{Text: "mü"}, "c1")
	t.matching(contacts.Term{Text: "mu"}, "c2")
	t.matching(contacts.Term{Text: "oann"})
	t.matching(contacts.Term{Text: "ANN"})
	t.matching(contacts.Term{Text: "ann "})
}

func wordWhole(t *tester) {
	t.apply(person("c1", "Anna Lee"), person("c2", "Ann Leeds"), person("c3", "An Le"))
	t.matching(contacts.Term{Text: "ann", Whole: true}, "c2")
	t.matching(contacts.Term{Text: "anna", Whole: true}, "c1")
	t.matching(contacts.Term{Text: "a", Whole: true})
	t.matching(contacts.Term{Text: "le", Whole: true}, "c3")
	t.matching(contacts.Term{Text: "leeds", Whole: true}, "c2")
	t.matching(contacts.Term{Text: "leedss", Whole: true})
}

func severalTerms(t *tester) {
	t.apply(person("c1", "Anna Lee Brown"), person("c2", "Ann Lee"), person("c3", "Lee Ann Annas"), person("c4", "Brown Bob"))
	for _, c := range []struct {
		terms []contacts.Term
		want  map[string][]string // by id: for each term, what it matches
	}{
		{[]contacts.Term{{Text: "ann"}, {Text: "lee"}}, map[string][]string{"c1": {"anna", "lee"}, "c2": {"ann", "lee"}, "c3": {"ann annas", "lee"}}},
		{[]contacts.Term{{Text: "l"}, {Text: "a"}, {Text: "br"}}, map[string][]string{"c1": {"lee", "anna", "brown"}}},
		{[]contacts.Term{{Text: "ann", Whole: true}, {Text: "lee"}}, map[string][]string{"c2": {"ann", "lee"}, "c3": {"ann", "lee"}}},
		{[]contacts.Term{{Text: "b"}, {Text: "b"}}, map[string][]string{"c1": {"brown", "brown"}, "c4": {"bob brown", "bob brown"}}},
		{[]contacts.Term{{Text: "brown"}, {Text: "zoe"}}, map[string][]string{}},
		{[]contacts.Term{{Text: "zoe"}, {Text: "brown"}}, map[string][]string{}},
		{[]contacts.Term{{Text: "anan", Typo: true}, {Sets: []string{"jkl", "def"}}}, map[string][]string{"c1": {"anna", "lee"}, "c2": {"ann", "lee"}, "c3": {"ann annas", "lee"}}},
	} {
		got := map[string]bool{}
		q := contacts.Query{Words: c.terms, Limit: 2}
		for _, h := range t.find(q) {
			id := h.Contact.ID
			t.want(c.want[id] != nil && !got[id], "Find(%s): %s is not among %v, or comes twice", show(q), id, c.want)
			got[id] = true
			t.equal("number of words in the hit", len(h.Words), len(c.terms))
			for i, w := range h.Words {
				t.want(w == words(c.want[id][i])[0],
					"Find(%s), hit %s, term %d: got word %+v, want the first of %q", show(q), id, i, w, c.want[id][i])
			}
		}
		t.equal(fmt.Sprintf("number of hits of %+v", c.terms), len(got), len(c.want))
	}
}

func wordOrder(t *tester) {
	t.apply(
		person("c1", "Bo Annika"), person("c2", "Anna Zed"), person("c3", "Ann Anne"),
		person("c4", "Annz Ann Anna"), person("c5", "Anna Abe"), person("c6", "Ann"), person("c7", "Annä Xi"),
	)
	want := []string{"c3", "c4", "c6", "c2", "c5", "c1", "c7"}
	first := []string{"ann", "ann", "ann", "anna", "anna", "annika", "annä"}
	for _, limit := range []int{0, 1, 2, 3} {
		hits := t.find(contacts.Query{Words: []contacts.Term{{Text: "ann"}}, Limit: limit})
		t.equal(fmt.Sprintf("hits, %d a page", limit), ids(hits), want)
		for i, h := range hits {
			t.equal("word of "+h.Contact.ID, h.Words[0].Text, first[i])
		}
	}
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "a"}, {Text: "ann"}}, Limit: 2}, "c5", "c3", "c4", "c6", "c2", "c1", "c7")
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "z"}, {Text: "a"}}}, "c2")
}

func wordTypo(t *tester) {
	t.apply(
		person("meier", "Meier"), person("meyer", "Meyer"), person("maier", "Maier"), person("mier", "Mier"),
		person("meiier", "Meiier"), person("emier", "Emier"), person("meirer", "Meirer"), person("meie", "Meie"),
		person("mayer", "Mayer"), person("meierhof", "Meierhof"), person("meyerhof", "Meyerhof"), person("xmeier", "Xmeier"),
		person("jurgen", "Jurgen"), person("juergen", "Jürgen"), person("bo", "Bo"),
	)
	t.matching(contacts.Term{Text: "meier", Whole: true}, "meier")
	t.matching(contacts.Term{Text: "meier", Whole: true, Typo: true},
		"meier", "meyer", "maier", "mier", "meiier", "emier", "meirer", "meie", "xmeier")
	t.matching(contacts.Term{Text: "meier", Typo: true},
		"meier", "meyer", "maier", "mier", "meiier", "emier", "meirer", "meie", "xmeier", "meierhof", "meyerhof")
	t.matching(contacts.Term{Text: "jurgen", Typo: true}, "jurgen", "juergen")
	t.matching(contacts.Term{Text: "jürgen", Whole: true, Typo: true}, "jurgen", "juergen")
	t.matching(contacts.Term{Text: "meierfoh", Typo: true})
	t.matching(contacts.Term{Text: "meierohf", Typo: true}, "meierhof")
	t.matching(contacts.Term{Text: "mayerhof", Typo: true}, "meyerhof")
	t.matching(contacts.Term{Text: "iemer", Whole: true, Typo: true}) // two letters apart from all
	got := t.find(contacts.Query{Words: []contacts.Term{{Text: "meier", Typo: true}}, Limit: 3})
	t.want(slices.IsSortedFunc(got, func(a, b contacts.Hit) int {
		switch x, y := a.Words[0].Text, b.Words[0].Text; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}), "hits of a Typo term are not in order of the word: %v", ids(got))
}

func wordSets(t *tester) {
	t.apply(person("c1", "Bernd Be"), person("c2", "Adam"), person("c3", "Cf 2d"), person("c4", "B"), person("c5", "Äd"), person("c6", "Xe"))
	t.matching(contacts.Term{Sets: []string{"abc2", "def3"}}, "c1", "c2", "c3")
	t.matching(contacts.Term{Sets: []string{"abc2"}}, "c1", "c2", "c3", "c4")
	t.matching(contacts.Term{Sets: []string{"aä", "d"}}, "c2", "c5")
	t.matching(contacts.Term{Sets: []string{"2abc", "3def", "pqrs7", "mno6", "def"}}, "c1")
	t.matching(contacts.Term{Sets: []string{"2abc", "3def", "pqrs7", "mno6", "def", "a"}})
	t.matching(contacts.Term{Sets: []string{"z"}})
	for _, limit := range []int{1, 2} {
		t.finds(contacts.Query{Words: []contacts.Term{{Sets: []string{"cba", "fde"}}}, Limit: limit}, "c2", "c1", "c3")
	}
}

func wordFields(t *tester) {
	w := person("c1", "Ann Lee")
	w.Keys.Words = []contacts.Word{
		{Text: "acme", Fields: contacts.InOrganization | contacts.InEmail},
		{Text: "ann", Fields: contacts.InName},
		{Text: "lee", Fields: contacts.InName | contacts.InOrganization | contacts.InEmail | contacts.InTag},
		{Text: "none"},
		{Text: "odd", Fields: 0xff},
	}
	t.apply(w)
	for _, word := range w.Keys.Words {
		hits := t.find(contacts.Query{Words: []contacts.Term{{Text: word.Text}}})
		t.equal("number of hits of "+word.Text, len(hits), 1)
		t.equal("words of the hit", hits[0].Words, []contacts.Word{word})
	}
	t.apply(person("c2", "Acme Ann"))
	in := func(text string, f contacts.Fields) contacts.Term { return contacts.Term{Text: text, Fields: f} }
	t.matching(in("acme", contacts.InOrganization), "c1")
	t.matching(in("acme", contacts.InEmail|contacts.InTag), "c1")
	t.matching(in("acme", contacts.InName), "c2")
	t.matching(in("acme", contacts.InName|contacts.InEmail), "c1", "c2")
	t.matching(in("acme", contacts.InTag))
	t.matching(in("none", contacts.InName))
	t.matching(contacts.Term{Sets: []string{"a"}, Fields: contacts.InEmail}, "c1")
	t.finds(contacts.Query{Words: []contacts.Term{in("ann", contacts.InName), in("acme", contacts.InEmail)}}, "c1")
	hits := t.find(contacts.Query{Words: []contacts.Term{in("a", contacts.InName)}})
	t.equal("hits by a word of the name", ids(hits), []string{"c2", "c1"})
	t.equal("the word that stands in the name", hits[1].Words, words("ann"))

	w.Keys.Words = []contacts.Word{{Text: "acme", Fields: contacts.InTag}}
	t.apply(at(1, w))
	t.equal("words after the fields changed", t.find(contacts.Query{Words: []contacts.Term{in("ac", contacts.InTag)}})[0].Words, w.Keys.Words)
	t.matching(contacts.Term{Text: "ann"}, "c2")
}

func wordsAndNumbers(t *tester) {
	gone, lists := person("c6", "Ann Gone", 4978), person("c4", "Annz Ng")
	lists.Keys.Shared = []phone.Line{4977}
	t.apply(person("c1", "Anna Lee", 4911, 77), person("c2", "Ann Lee", 4912), person("c3", "Bo Lee", 4913),
		lists, gone, person("c5", "Ann"))
	gone.Contact.Status, gone.Keys.Claims = contacts.Inactive, nil
	t.apply(at(t.get("c6").Revision, gone))
	ann := []contacts.Term{{Text: "ann"}}
	for _, limit := range []int{0, 1} {
		t.finds(contacts.Query{Words: ann, Prefixes: []string{"49"}, Limit: limit}, "c2", "c1", "c4")
		t.finds(contacts.Query{Words: ann, Prefixes: []string{"4977", "4912", "5"}, Limit: limit}, "c2", "c4")
		t.finds(contacts.Query{Words: ann, Prefixes: []string{"7"}, Limit: limit}, "c1")
		t.finds(contacts.Query{Words: ann, Suffix: "77", Limit: limit}, "c1", "c4")
		t.finds(contacts.Query{Words: ann, Suffix: "077", Limit: limit})
		t.finds(contacts.Query{Words: append(ann, contacts.Term{Text: "lee"}), Suffix: "1", Limit: limit}, "c1")
		t.finds(contacts.Query{Words: append(ann, contacts.Term{Text: "lee"}), Suffix: "3", Limit: limit})
	}
	hits := t.find(contacts.Query{Words: ann, Suffix: "77", Limit: 1})
	t.equal("line of a hit of Words", hits[0].Line, phone.Line(0))
}

func oddWords(t *tester) {
	odd := []string{"a_b", "a%", "axb", "a\\", "a'b", "a\x01b", "a\x01", "a\U0010ffff", "\U0010ffff", "日本", "日", "🙂", "a b"}
	var ws []contacts.Write
	for i, text := range odd {
		w := person(fmt.Sprint("c", i), "Odd")
		w.Keys.Words = []contacts.Word{{Text: text, Fields: contacts.InTag}}
		ws = append(ws, w)
	}
	t.apply(ws...)
	for i, text := range odd {
		t.finds(contacts.Query{Words: []contacts.Term{{Text: text, Whole: true}}}, fmt.Sprint("c", i))
	}
	t.matching(contacts.Term{Text: "a_"}, "c0")
	t.matching(contacts.Term{Text: "a%"}, "c1")
	t.matching(contacts.Term{Text: "日"}, "c9", "c10")
	t.matching(contacts.Term{Text: "%"})
	t.matching(contacts.Term{Text: "_", Whole: true})
}
