package people

import (
	"testing"

	"github.com/callerbook/contacts/phone"
)

func TestPeopleAreTheSameEachTimeAndNumbersUnique(t *testing.T) {
	list := Range(0, 20_000)
	numbers := make(map[string]int, len(list))
	for i := range list {
		if again := At(i); again != list[i] {
			t.Fatalf("person %d: %+v, then %+v", i, list[i], again)
		}
		n := list[i].Number()
		if k, ok := numbers[n]; ok {
			t.Fatalf("people %d and %d have the number %s", k, i, n)
		}
		numbers[n] = i
	}
}

func TestNumbersAreValid(t *testing.T) {
	for i := range 2000 {
		p := At(i)
		r, err := phone.ParseNational(p.Code, p.National, nil)
		if err != nil || !r.Valid || r.Number.String() != p.Number() {
			t.Errorf("person %d: %s reads as %s, valid %v, %v", i, p.Number(), r.Number, r.Valid, err)
		}
	}
}

func TestLocalesShareAHundred(t *testing.T) {
	sum := 0
	for _, l := range locales {
		sum += l.share
	}
	if sum != 100 {
		t.Errorf("shares add up to %d", sum)
	}
}

func TestSubscriberNumbersDoNotRepeat(t *testing.T) {
	for _, l := range locales {
		seen := make(map[string]bool)
		for i := 0; i < 3_000_000; i += 1009 {
			n := l.subscriber(i)
			if seen[n] {
				t.Fatalf("calling code %s: %s comes twice", l.code, n)
			}
			seen[n] = true
		}
	}
}
