package ogc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/precinct-map/precinct/server/problem"
)

// heartbeat is how often a stream of events says that it lives, so that proxies do not end it.
const heartbeat = 15 * time.Second

// events streams what happens to a job as server-sent events (HTML, 9.2). A client that lost its connection goes on after
// Last-Event-ID; one that has seen the end gets 204, which tells it not to come again.
func (c *call) events() error {
	j, _, err := c.run()
	if err != nil {
		return err
	}
	var after int64
	if last := c.r.Header.Get("Last-Event-ID"); last != "" {
		if after, err = strconv.ParseInt(last, 10, 64); err != nil || after < 0 {
			return problem.BadRequest("Last-Event-ID %q is none of ours", short(last))
		}
	}
	h := c.w.Header()
	h.Set("Content-Type", mediaEvents)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would gather the events
	control := http.NewResponseController(c.w)
	if c.r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	news := make(chan Event)
	go func() {
		defer close(news)
		for e, err := range c.Jobs.Events(ctx, j.ID, after) {
			if err != nil {
				if ctx.Err() == nil {
					c.Log.Warn("events of a job end early", "job", j.ID, "error", err)
				}
				return
			}
			select {
			case news <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	c.stream(control, news, j.ended())
	cancel()
	for range news { // the goroutine is gone when this ends
	}
	return nil
}

// stream writes events until there are no more or the client has left.
func (c *call) stream(control *http.ResponseController, news <-chan Event, ended bool) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	if !ended {
		fmt.Fprint(c.w, "retry: 2000\n\n")
		_ = control.Flush()
	}
	sent := false
	for {
		var err error
		select {
		case e, more := <-news:
			if !more {
				if ended && !sent {
					c.w.WriteHeader(http.StatusNoContent)
				}
				return
			}
			var data []byte
			if data, err = json.Marshal(e.Data); err == nil {
				_, err = fmt.Fprintf(c.w, "id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, data)
			}
			sent = true
		case <-beat.C:
			_, err = fmt.Fprint(c.w, ": \n\n")
		case <-c.r.Context().Done():
			return
		}
		if err != nil || control.Flush() != nil {
			return
		}
		// Who listens must read: the next piece has to be gone soon after it is due. A connection without deadlines has none to move.
		_ = control.SetWriteDeadline(time.Now().Add(2 * heartbeat))
	}
}
