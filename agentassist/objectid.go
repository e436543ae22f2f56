package agentassist

import "time"

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
