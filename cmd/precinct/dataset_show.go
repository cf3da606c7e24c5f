package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/training/dataset/show"
)

func newDatasetShow() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "show [DIR]",
		Short: "Leaf through a data set in the browser and mark bad samples",
		Long: `Serve a page that leafs through the samples of a data set: map, satellite picture and mask, phrase, class and where it is from,
filtered by tier, class, function, split, region, text and marks. A sample can be marked as bad, with a reason, and the mark undone.

Marks are lines of DIR/marks.jsonl, the last of a sample counts; the data set's own files stay as they were made. Training and stats
leave marked samples out. Keys: j and k or the arrows, b marks, u undoes, m shows or hides the mask, z comes closer.

Whoever reaches the address can read the pictures and set marks, so it is this machine's own unless you say otherwise.`,
		Example: "  precinct dataset show build/town\n" +
			"  precinct dataset show build/town --addr 127.0.0.1:9000",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := openSet(args)
			if err != nil {
				return err
			}
			// The address first: a taken port should not cost the time to read the rows.
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return fmt.Errorf("listen on %s: %w; give another address with --addr", addr, err)
			}
			defer l.Close()
			progress := newProgress(os.Stderr, "rows")
			h, err := show.New(cmd.Context(), set, slog.Default(), progress.set)
			progress.end()
			if err != nil {
				return err
			}
			if !isLoopback(l.Addr()) {
				slog.Warn("others can reach this address and set marks", "address", l.Addr().String())
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d samples of %s are at http://%s/\n", h.Rows(), set.Dir, l.Addr())
			return serveUntil(cmd.Context(), l, h)
		},
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:8090", "address to listen on")
	return c
}

// serveUntil serves until the context ends, and lets answers that are under way come to their end.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	const header, grace = 10 * time.Second, 5 * time.Second
	s := &http.Server{Handler: h, ReadHeaderTimeout: header}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ctx.Err()
}
