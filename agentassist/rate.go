package agentassist

import (
	"container/list"
	"math"
	"sync"
	"time"
)

// rates are token buckets by key: each holds a minute's worth, and fills up
// evenly. The zero value is ready. They may be used from many goroutines.
type rates struct {
	mu      sync.Mutex
	buckets map[string]*list.Element // of *bucket
	recent  list.List                // those used last in front
}

type bucket struct {
	key  string
	left float64 // calls
	at   time.Time
}

// maxBuckets bounds the keys that are remembered. Beyond it the one that was not
// used for longest goes: it is full, or as good as, unless a caller makes keys up,
// who then gains nothing by it, since a new key begins full anyway.
const maxBuckets = 8192

// take takes one call from the bucket of a key, or returns an error with how long
// to wait, in whole seconds. perMinute 0 is no bound.
func (r *rates) take(key string, perMinute int, now time.Time) error {
	if perMinute <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bucket(key, float64(perMinute), now)
	perSecond := float64(perMinute) / 60
	if gone := now.Sub(b.at); gone > 0 { // a clock that is set back fills nothing
		b.left = min(float64(perMinute), b.left+gone.Seconds()*perSecond)
	}
	b.at = now
	if b.left < 1 {
		err := problem(ReasonRate, "", "")
		err.RetryAfter = time.Duration(max(1, math.Ceil((1-b.left)/perSecond))) * time.Second
		return err
	}
	b.left--
	return nil
}

// bucket returns the bucket of a key, a full one if it is new.
func (r *rates) bucket(key string, full float64, now time.Time) *bucket {
	if e := r.buckets[key]; e != nil {
		r.recent.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if r.buckets == nil {
		r.buckets = map[string]*list.Element{}
	}
	if len(r.buckets) >= maxBuckets {
		last := r.recent.Back()
		delete(r.buckets, r.recent.Remove(last).(*bucket).key)
	}
	b := &bucket{key, full, now}
	r.buckets[key] = r.recent.PushFront(b)
	return b
}
