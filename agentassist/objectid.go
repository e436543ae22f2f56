package agentassist

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// NewObjectID returns an id as the hosted service makes them: 24 hexadecimal
// digits, the first eight of them the time in seconds, so that later ids sort
// after earlier ones to the second. It is for contacts.Options.NewID and may be
// called from many goroutines at once.
//
// The form is that of BSON's ObjectId: time, five random bytes of this process,
// and a counter that begins anywhere.
func NewObjectID() string {
	return objectID(time.Now())
}

// objectIDs is what the ids of this process have in common.
var objectIDs = sync.OnceValue(func() *struct {
	process [5]byte
	counter atomic.Uint32
} {
	var seed [8]byte
	rand.Read(seed[:]) // never fails
	s := new(struct {
		process [5]byte
		counter atomic.Uint32
	})
	copy(s.process[:], seed[:5])
	s.counter.Store(uint32(seed[5])<<16 | uint32(seed[6])<<8 | uint32(seed[7]))
	return s
})

func objectID(now time.Time) string {
	s := objectIDs()
	var id [12]byte
	binary.BigEndian.PutUint32(id[8:], s.counter.Add(1)) // its first byte goes under
	binary.BigEndian.PutUint32(id[:], uint32(now.Unix()))
	copy(id[4:], s.process[:])
	return hex.EncodeToString(id[:])
}
