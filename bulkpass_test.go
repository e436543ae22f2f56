package contacts

import (
	"context"
	"testing"
)

// TestPassesStayShort: where a pass can write one row only, it does not go
// through all the others, however many there are.
func TestPassesStayShort(t *testing.T) {
	const n = chunk - 1
	var b Book
	var order []int
	looked := 0
	plan := func(p *pass, todo []int) (int, error) {
		looked += len(todo)
		for k, row := range todo {
			if p.full() {
				return k, nil
			}
			if k == 0 {
				order = append(order, row)
			} else {
				p.later(row, nil, "the same contact")
			}
		}
		return len(todo), nil
	}
	left, err := b.inPasses(context.Background(), n, plan, nil)
	if err != nil || len(left) != 0 || len(order) != n {
		t.Fatalf("%d rows done, %d left, %v", len(order), len(left), err)
	}
	for i, row := range order {
		if row != i {
			t.Fatalf("row %d was done as number %d", row, i)
		}
	}
	if looked > 500*n {
		t.Errorf("%d rows in %d passes", looked, n)
	}
}
