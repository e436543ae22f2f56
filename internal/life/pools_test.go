package life

import (
	"testing"

	"github.com/callerbook/contacts/phone"
)

func TestNumbers(t *testing.T) {
	for i, rules := range lifeRules {
		if err := rules.Check(); err != nil {
			t.Fatal(err)
		}
		for _, n := range lifeNumbers {
			r, err := phone.Parse(n.number, &phone.Site{Rules: rules})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Line.String(); got != lifeLine(n.number, i) || r.Number.String() != n.number {
				t.Errorf("rules %d: %s has the line %s, the model says %s", i, n.number, got, lifeLine(n.number, i))
			}
		}
	}
}
