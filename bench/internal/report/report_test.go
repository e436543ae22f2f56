package report

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	if got, err := Sizes("100000, 4000,4000"); err != nil || !slices.Equal(got, []int{4000, 100000}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "999", "10000001", "many", "4000,"} {
		if got, err := Sizes(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 1.5: "1.5", 1.234: "1.23", 12.34: "12.3", 123.4: "123", math.Inf(1): "+Inf"} {
		if got := Number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	if got := Number(math.NaN()); got != "-" {
		t.Errorf("NaN: got %s", got)
	}
}

func TestMedian(t *testing.T) {
	if got := Median([]time.Duration{3, 1, 2}); got != 2 {
		t.Errorf("got %d", got)
	}
	if got := Median(nil); got != 0 {
		t.Errorf("of none: got %d", got)
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := Table(&out, [][]string{{"name", "us"}, {"Zoë", "1"}, {"a b c", "100"}}); err != nil {
		t.Fatal(err)
	}
	want := "| name  |  us |\n|-------|----:|\n| Zoë   |   1 |\n| a b c | 100 |\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
