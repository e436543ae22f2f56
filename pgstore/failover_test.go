package pgstore

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/callerbook/contacts/internal/pgtest"
)

var (
	long       = flag.Bool("long", false, "TestFailover has 20 rounds, TestRestart 10")
	chanceSeed = flag.Uint64("seed", 0, "of what TestFailover and TestRestart do by chance; 0: another one each time")
)

// chance returns random numbers that the flag can repeat.
func chance(t *testing.T) *rand.Rand {
	n := *chanceSeed
	if n == 0 {
		n = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed=%d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// TestFailover has 16 writers on one Store while the primary is killed and its
// synchronous standby promoted. They are to notice nothing but that a write takes
// longer: all that they were told is there, nothing happened twice, and they go
// on.
func TestFailover(t *testing.T) {
	rounds := 2
	if *long {
		rounds = 20
	}
	r := chance(t)
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			primary := pgtest.Start(t, pgtest.Config{})
			standby := primary.Standby(t)
			s, err := Open(t.Context(), pgtest.With(pgtest.Hosts(primary, standby), "pool_max_conns", "8"), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			book, err := openBook(t.Context(), s, trafficScope)
			if err != nil {
				t.Fatal(err)
			}
			f := newTraffic()
			f.start(t.Context(), book, "w", 16, 1_000_000)
			f.await(t, 200+r.IntN(200))
			primary.Kill()
			killed := time.Now()
			standby.Promote()
			promoted := time.Now()
			f.await(t, 1)
			t.Logf("promoted after %v, the first write %v later", promoted.Sub(killed), time.Since(promoted))
			f.await(t, 200)
			if err := f.stop(); err != nil {
				t.Fatal(err)
			}
			f.audit(t, s)
		})
	}
}

// TestRestart has 16 writers on one Store while the server is stopped and killed
// and started again.
func TestRestart(t *testing.T) {
	rounds := 2
	if *long {
		rounds = 10
	}
	r := chance(t)
	server := pgtest.Start(t, pgtest.Config{})
	s, err := Open(t.Context(), pgtest.With(server.DSN(), "pool_max_conns", "8"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	book, err := openBook(t.Context(), s, trafficScope)
	if err != nil {
		t.Fatal(err)
	}
	f := newTraffic()
	f.start(t.Context(), book, "w", 16, 1_000_000)
	for round := range rounds {
		f.await(t, 100+r.IntN(100))
		if round%2 == 0 {
			server.Stop()
		} else {
			server.Kill()
		}
		server.Start()
	}
	f.await(t, 100)
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	f.audit(t, s)
}
