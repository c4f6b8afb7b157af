package controllers

import "sync"

// maxInFlight bounds the requests that one pass has under way. The server commits what arrives together in one go, so
// a few dozen cost hardly more time than one; hundreds would only cost connections.
const maxInFlight = 24

// inParallel calls do with 0 to n-1, maxInFlight of them at a time, and waits for all. It returns how many succeeded,
// and the failure of the lowest number.
func inParallel(n int, do func(i int) error) (succeeded int, err error) {
	errs := make([]error, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, maxInFlight) {
		workers.Go(func() {
			for i := range next {
				errs[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, e := range errs {
		if e == nil {
			succeeded++
		} else if err == nil {
			err = e
		}
	}
	return succeeded, err
}

// slowStart is inParallel for calls that may all fail for the same reason: first batches of the given size, then twice
// as many, and so on. After a batch with a failure it stops.
func slowStart(n, batch int, do func(i int) error) (succeeded int, err error) {
	for done := 0; done < n && err == nil; batch *= 2 {
		size := min(batch, n-done)
		var more int
		more, err = inParallel(size, func(i int) error { return do(done + i) })
		succeeded += more
		done += size
	}
	return succeeded, err
}
