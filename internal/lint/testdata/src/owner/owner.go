package owner

import (
	"context"
	"sync"
	"time"
)

func bad(ctx context.Context, wg *sync.WaitGroup) {
	go bad(nil, nil)                      // want `a goroutine without //contacts:owner and who ends it`
	go func() {}()                        // want `a goroutine without`
	wg.Go(func() {})                      // want `a goroutine without`
	time.AfterFunc(time.Hour, func() {})  // want `a goroutine without`
	defer context.AfterFunc(ctx, wg.Done) // want `a goroutine without`
	//contacts:owner
	go bad(nil, nil) // want `a goroutine without`
}

func good(wg *sync.WaitGroup) {
	go good(nil) //contacts:owner Close waits for it
	//contacts:owner wg, for which Close waits
	wg.Go(func() {})
	wg.Wait()
}
