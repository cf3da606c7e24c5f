package dataset

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// inOrder does work on items beside each other and hands the results on in the items' order, until take says that it is enough. At most
// twice as many results as workers are held.
func inOrder[T, R any](parent context.Context, workers int, items func(yield func(T) bool), work func(context.Context, T) (R, error), take func(R) (bool, error)) error {
	g, ctx := errgroup.WithContext(parent)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g.SetLimit(workers + 1) // and the one that takes
	queue := make(chan chan R, workers)
	enough := false
	g.Go(func() error {
		for c := range queue {
			select {
			case r := <-c:
				more, err := take(r)
				if err != nil {
					return err
				}
				if !more {
					enough = true
					stop()
					return nil
				}
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
	items(func(item T) bool {
		c := make(chan R, 1)
		select {
		case queue <- c:
		case <-ctx.Done():
			return false
		}
		g.Go(func() error {
			r, err := work(ctx, item)
			if err == nil {
				c <- r
			}
			return err
		})
		return true
	})
	close(queue)
	err := g.Wait()
	if enough { // what was begun beyond it does not matter
		return nil
	}
	if err == nil {
		err = parent.Err()
	}
	return err
}
