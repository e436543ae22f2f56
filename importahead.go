package contacts

import (
	"context"
	"iter"
	"runtime"
)

// Bounds on what ahead reads ahead: batches of rows, and bytes in each.
const (
	aheadBatch = 128
	aheadBytes = 256 << 10
	aheadDepth = 2
)

// ahead yields the rows, each prepared, from a goroutine of its own that has
// ended when the range has. A row is valid until the next.
func (m *importer) ahead(ctx context.Context, prepare func(*loadRow) error) iter.Seq2[*loadRow, error] {
	return func(yield func(*loadRow, error) bool) {
		full, free := make(chan []loadRow, aheadDepth), make(chan []loadRow, aheadDepth+1)
		for range aheadDepth + 1 {
			free <- make([]loadRow, 0, aheadBatch)
		}
		stop := make(chan struct{})
		var last error
		//contacts:owner the function below, which waits for it
		go func() {
			defer close(full)
			ended := false
			defer func() {
				if !ended {
					last = &rowsPanic{recover()}
				}
			}()
			last = m.readAhead(ctx, prepare, full, free, stop)
			ended = true
		}()
		defer func() {
			close(stop)
			for range full { // until the goroutine has ended
			}
		}()
		for batch := range full {
			for i := range batch {
				if !yield(&batch[i], nil) {
					return
				}
			}
			free <- batch
		}
		if last != nil {
			yield(nil, last)
		}
	}
}

// readAhead sends the rows in batches, and takes back those that are done with.
func (m *importer) readAhead(ctx context.Context, prepare func(*loadRow) error, full chan<- []loadRow, free <-chan []loadRow, stop <-chan struct{}) error {
	batch, size, index := (<-free)[:0], 0, 0
	send := func() bool {
		select {
		case full <- batch:
		case <-stop:
			return false
		}
		select {
		case batch = <-free:
		case <-stop:
			return false
		}
		batch, size = batch[:0], 0
		return true
	}
	for row, err := range m.rows {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		batch = append(batch, loadRow{importRow: importRow{ImportRow: row, index: index}})
		index++
		r := &batch[len(batch)-1]
		if err := prepare(r); err != nil {
			return err
		}
		if size += r.weight(); (len(batch) == cap(batch) || size > aheadBytes) && !send() {
			return nil
		}
	}
	if len(batch) > 0 {
		send()
	}
	return nil
}

// rowsPanic carries a panic of the caller's rows to the goroutine that called
// Import.
type rowsPanic struct{ value any }

func (p *rowsPanic) Error() string { return "contacts: the rows of an import panicked" }

// again panics as rows did.
func (p *rowsPanic) again() {
	if p.value == nil {
		runtime.Goexit() //contacts:panics as the caller's rows did
	}
	panic(p.value) //contacts:panics as the caller's rows did
}
