package life

import (
	"encoding/json"
	"math/rand/v2"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// The values that the contacts of TestLife are made of. The pools are small, so
// that what the operations do collides all the time.

// lifeNumber is a telephone number of the pool. What is written here, the model
// knows; TestNumbers holds it against package phone.
type lifeNumber struct {
	number string // E.164
	code   string // calling code
	folded string // the present form by the rules of package phone; "" where that is number itself
	rule   string // the rule that says so
	moved  string // the present form by the host's own rule; "" where that is as without it
}

var lifeNumbers = []lifeNumber{
	{number: "+525512345678", code: "+52"},
	{number: "+5215512345678", code: "+52", folded: "+525512345678", rule: "mexico-prefix"},
	{number: "+541123456789", code: "+54"},
	{number: "+5491123456789", code: "+54", folded: "+541123456789", rule: "argentina-mobile"},
	{number: "+541123456780", code: "+54"},
	{number: "+5491123456780", code: "+54", folded: "+541123456780", rule: "argentina-mobile"},
	{number: "+5511987654321", code: "+55"},
	{number: "+551187654321", code: "+55", folded: "+5511987654321", rule: "brazil-ninth-digit"},
	{number: "+442079460000", code: "+44", moved: "+442079460100"},
	{number: "+442079460100", code: "+44"},
	{number: "+442079460001", code: "+44", moved: "+442079460101"},
	{number: "+442079460101", code: "+44"},
	{number: "+919876543210", code: "+91"},
	{number: "+919876543211", code: "+91"},
	{number: "+919876543212", code: "+91"},
	{number: "+919876543213", code: "+91"},
	{number: "+12025550123", code: "+1"},
	{number: "+12025550124", code: "+1"},
	{number: "+13125550125", code: "+1"},
	{number: "+33142685300", code: "+33"},
	{number: "+33142685301", code: "+33"},
	{number: "+493012345678", code: "+49"},
	{number: "+493012345679", code: "+49"},
	{number: "+81312345678", code: "+81"},
	{number: "+61291234567", code: "+61"},
	{number: "+61291234568", code: "+61"},
}

var lifeByNumber = map[string]lifeNumber{}

func init() {
	for _, n := range lifeNumbers {
		lifeByNumber[n.number] = n
	}
}

// lifeMove is a rule of a host: numbers that were given new digits.
var lifeMove = phone.Rule{Name: "moved", Code: 44, Old: "20794600", Digits: 10, New: "20794601", EvenIfValid: true}

// lifeRules are the number rules that a book is opened with, one after another.
// They leave out rules only on numbers that are valid as they are.
var lifeRules = []*phone.Rules{
	nil,
	{Off: []string{"argentina-mobile"}},
	{Add: []phone.Rule{lifeMove}},
	{Off: []string{"argentina-mobile"}, Add: []phone.Rule{lifeMove}},
}

// lifeLine returns the line of a number of the pool under lifeRules[rules].
func lifeLine(number string, rules int) string {
	n := lifeByNumber[number]
	off, add := rules == 1 || rules == 3, rules == 2 || rules == 3
	switch {
	case off && n.rule == "argentina-mobile":
		return n.number
	case add && n.moved != "":
		return n.moved
	case n.folded != "":
		return n.folded
	}
	return n.number
}

func lifeCode(number string) string {
	return lifeByNumber[number].code
}

// No word of one of these is the beginning of another one, and all are too
// short for searches to forgive an error.
var (
	lifeFirst = []string{"Ann", "Bob", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", ""}
	lifeLast  = []string{"Ito", "Jung", "Kowa", "Lopez", "Mora", "Ngo", ""}
	lifeOrgs  = []string{"", "", "", "Pato", "Quba", "Ruso"}
	lifeMails = []string{"sam@mail.test", "tia@mail.test", "Tia@Mail.test", "udo@mail.test"}
	lifeTags  = []string{"vip", "web", "xmas", "Yard"}
	lifeRefs  = []string{"", "", "", "zeta", "zulu"}
	lifeWords = []string{"ann", "bob", "cleo", "dora", "emil", "fay", "gus", "hana", "ito", "jung", "kowa", "mora", "ngo",
		"pato", "quba", "ruso", "sam", "tia", "udo", "vip", "web", "xmas", "yard", "zeta", "zulu"}

	lifeSalutations = []string{"", "Mr", "Mrs", "Dr"}
	lifeTitles      = []string{"", "", "Boss", "Clerk"}
	lifeNotes       = []string{"", "", "call back", "two\nlines"}
	lifeKeys        = []string{"k", "l", "m"}
	lifeValues      = []string{"1", "2"}
	lifeLabels      = []string{"", "", "work", "home"}
	lifeExtensions  = []string{"", "", "", "0", "9"}
	lifeOpaque      = [][]json.RawMessage{nil, nil, nil, {json.RawMessage(`{"a":1}`)}, {json.RawMessage(`"b"`), json.RawMessage(`[2]`)}}

	lifeActors = []contacts.Actor{
		{},
		{ID: "u-11111111-2222-3333-4444-555555555555", AID: "a1"},
		{ID: "u-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", AID: "a2"},
	}
)

func lifePick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
