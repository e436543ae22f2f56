package quiet

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"runtime"
)

func bad(err error) {
	os.Exit(1)                // want `os.Exit ends the host's process`
	defer os.Exit(2)          // want `os.Exit ends`
	exit := os.Exit           // want `os.Exit ends`
	log.Fatal(err)            // want `log.Fatal uses the host's own logger`
	log.Panicf("x")           // want `log.Panicf uses`
	log.Println("x")          // want `log.Println uses`
	log.SetOutput(io.Discard) // want `log.SetOutput uses`
	slog.Info("x")            // want `slog.Info uses`
	_ = slog.Default()        // want `slog.Default uses`
	fmt.Println("x")          // want `fmt.Println writes to the host's terminal`
	println("x")              // want `println writes`
	runtime.Goexit()          // want `runtime.Goexit ends the host's goroutine`
	panic(err)                // want `a panic without //contacts:panics and a reason`
	//contacts:panics
	panic(err) // want `a panic without //contacts:panics and a reason`
	exit(3)
}

func given(l *log.Logger, p *os.Process) {
	l.Fatal("x")                          // want `\(\*log.Logger\).Fatal ends the host's process`
	log.New(os.Stderr, "", 0).Fatalf("x") // want `\(\*log.Logger\).Fatalf ends`
	end := l.Fatalln                      // want `\(\*log.Logger\).Fatalln ends`
	_ = p.Kill()                          // want `\(\*os.Process\).Kill ends`
	end()
}

func good(l *log.Logger, h *slog.Logger, w io.Writer) error {
	l.Println("to whom the caller says")
	h.Info("as well")
	log.New(w, "", 0).Print("x")
	fmt.Fprintln(w, "x")
	if w == nil {
		panic("nil") //contacts:panics the caller's bug
	}
	//contacts:panics the caller's bug
	panic("nil")
}

func shadowed() error {
	panic := func(string) error { return errors.New("x") }
	return panic("not the real one")
}
