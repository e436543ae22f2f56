package agentassist

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"
)

func TestRates(t *testing.T) {
	var r rates
	now := testNow
	take := func(key string) time.Duration {
		err := r.take(key, 60, now)
		if err == nil {
			return 0
		}
		var e *Error
		if !errors.As(err, &e) || e.Problems[0].Reason != ReasonRate || e.RetryAfter < time.Second || e.RetryAfter%time.Second != 0 {
			t.Fatalf("%#v", err)
		}
		return e.RetryAfter
	}
	for i := range 60 { // a minute's worth at once
		if wait := take("a"); wait != 0 {
			t.Fatalf("call %d: wait %v", i, wait)
		}
	}
	for _, c := range []struct {
		later time.Duration
		wait  time.Duration
	}{
		{0, time.Second}, {0, time.Second}, {500 * time.Millisecond, time.Second}, {499 * time.Millisecond, time.Second},
		{time.Millisecond, 0}, {0, time.Second}, {3 * time.Second, 0}, {0, 0}, {0, 0}, {0, time.Second},
		{-time.Hour, time.Second}, {time.Second, 0}, {0, time.Second},
	} {
		now = now.Add(c.later)
		if wait := take("a"); wait != c.wait {
			t.Errorf("%v later: wait %v, want %v", c.later, wait, c.wait)
		}
	}
	if wait := take("b"); wait != 0 {
		t.Errorf("another key: wait %v", wait)
	}
	now = now.Add(24 * time.Hour) // no more than a minute's worth is saved up
	n := 0
	for take("a") == 0 {
		n++
	}
	if n != 60 {
		t.Errorf("after a day: %d calls", n)
	}
	if err := r.take("c", 0, now); err != nil {
		t.Errorf("no bound: %v", err)
	}
	for _, perMinute := range []int{1, 7, 6000} {
		key := strconv.Itoa(perMinute)
		for range perMinute {
			if err := r.take(key, perMinute, now); err != nil {
				t.Fatal(err)
			}
		}
		var e *Error
		if !errors.As(r.take(key, perMinute, now), &e) {
			t.Fatalf("%d a minute: one more passed", perMinute)
		}
		if err := r.take(key, perMinute, now.Add(e.RetryAfter)); err != nil {
			t.Errorf("%d a minute: refused after the %v that it was told", perMinute, e.RetryAfter)
		}
	}
}

func TestRatesAreBounded(t *testing.T) {
	var r rates
	if err := r.take("used all along", 2, testNow); err != nil {
		t.Fatal(err)
	}
	for i := range 2 * maxBuckets {
		_ = r.take(fmt.Sprint(i), 2, testNow)
		if i == maxBuckets/2 {
			_ = r.take("used all along", 2, testNow)
		}
		if i > maxBuckets/2 && i%1000 == 0 {
			if r.take("used all along", 2, testNow) == nil {
				t.Fatalf("forgotten after %d keys", i)
			}
		}
	}
	if len(r.buckets) != maxBuckets || r.recent.Len() != maxBuckets {
		t.Errorf("%d keys, %d in order, want %d", len(r.buckets), r.recent.Len(), maxBuckets)
	}
}

func TestRateOverHTTP(t *testing.T) {
	apps := twoApps()
	apps[0].Accounts = []string{"acc-1", "acc-2"}
	h := newTestHandler(t, Options{Apps: apps, RatePerMinute: 2})
	other := func(name string) answered {
		r := asCaller("GET", listPath, "")
		r.Header.Set(HeaderAccount, name)
		return serveOne(t, h, r)
	}
	for i, want := range []int{200, 200, 429} {
		a := serveOne(t, h, asCaller("GET", listPath, ""))
		if a.StatusCode != want {
			t.Errorf("call %d: %s", i, a)
		}
		if want == 429 {
			if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 || n > 30 || a.problem.Reason != ReasonRate {
				t.Errorf("Retry-After: %q, %s", a.Header.Get("Retry-After"), a)
			}
		}
	}
	if a := other("acc-2"); a.StatusCode != 200 {
		t.Errorf("another account: %s", a)
	}
	for i, want := range []int{400, 400, 429, 429} { // accounts that are not its own are one
		if a := other(fmt.Sprint("acc-9", i)); a.StatusCode != want {
			t.Errorf("foreign account %d: %s", i, a)
		}
	}
	r := asCaller("GET", listPath, "")
	r.Header.Set(HeaderToken, sign(goodHead, `{"appId":"cs-2"}`, testSecret2))
	if a := serveOne(t, h, r); a.StatusCode != 200 {
		t.Errorf("another app: %s", a)
	}
}
