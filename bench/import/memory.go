package main

import (
	"bytes"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"
)

// memory is the most that was seen.
type memory struct {
	runtime   uint64 // what the Go runtime has of the system and has not given back
	anonymous uint64 // the process's memory that is no file's; 0 where the system does not say
}

// watch looks at the memory of the process every few milliseconds until stop is
// called. What an earlier measurement left is given back first.
func watch(peak *memory) (stop func()) {
	debug.FreeOSMemory()
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			peak.runtime, peak.anonymous = max(peak.runtime, goMemory()), max(peak.anonymous, anonymous())
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(end)
		<-done
	}
}

func goMemory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func anonymous() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("RssAnon:"))
	kilobytes, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	n, _ := strconv.ParseUint(string(kilobytes), 10, 64)
	return n << 10
}
