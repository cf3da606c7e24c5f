package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/precinct-map/precinct/tiles/cache"
)

// hot answers GETs of tiles that were answered a moment ago, before any routing. A tile of the slow path costs about 25 µs of CPU time
// beyond net/http's own, a hot one 2 (`make bench`). Without it Martin serves three times as many tiles a second.
type hot struct {
	memory *cache.Memory
	off    bool // where callers have keys, or each request is logged
	// changes counts what happened to what was found; tiles of outlines made before the last change are not hot any more.
	changes *atomic.Int64
	found   prometheus.Counter
	took    prometheus.Observer
	tiles   *prometheus.CounterVec
}

// hotTime is how old a hot answer may be: other processes may have changed what is found, and sources their tiles.
const hotTime = 10 * time.Second

// hotReply is a whole answer. Its header values are shared by all who get it.
type hotReply struct {
	header  http.Header
	tag     string
	data    []byte
	until   time.Time
	changes int64 // -1 where it does not matter
	count   prometheus.Counter
}

// Bytes is the memory that the answer holds.
func (h *hotReply) Bytes() int { return len(h.data) + 512 }

func newHot(o *Options) *hot {
	return &hot{
		memory: o.Answers.Memory, changes: &o.Answers.changes, off: len(o.Keys) > 0 || o.Access == AccessAll || o.Log.Enabled(context.Background(), slog.LevelDebug),
		found: o.Metrics.requests.WithLabelValues("hot", http.MethodGet, "200"), took: o.Metrics.duration.WithLabelValues("hot"), tiles: o.Metrics.tiles,
	}
}

// serve answers what is hot, and says whether it did.
func (h *hot) serve(w http.ResponseWriter, r *http.Request) bool {
	if h.off || r.Method != http.MethodGet {
		return false
	}
	path := r.RequestURI
	if !warms(path) {
		return false
	}
	key := path
	if packs(path) {
		key += "\x00" + preferred(r.Header.Get("Accept-Encoding"))
	}
	a, ok := cache.Peek[*hotReply](h.memory, "hot", key)
	start := time.Now()
	if !ok || start.After(a.until) || a.changes >= 0 && a.changes != h.changes.Load() {
		return false
	}
	header := w.Header()
	for k, v := range a.header {
		header[k] = v
	}
	if match := r.Header.Get("If-None-Match"); match != "" && tagMatches(match, a.tag) {
		header.Del("Content-Length")
		w.WriteHeader(http.StatusNotModified)
	} else {
		together(r.Context(), func() { _, _ = w.Write(a.data) }) // who went away is told nothing
	}
	h.found.Inc()
	a.count.Inc()
	h.took.Observe(time.Since(start).Seconds())
	return true
}

// warms says whether a path's answer may be hot.
func warms(path string) bool {
	return strings.HasPrefix(path, "/tiles/") || strings.HasPrefix(path, "/aoi/")
}

// packs says whether a path's answer is packed where the client takes that.
func packs(path string) bool {
	return !strings.HasSuffix(path, ".png") && !strings.HasSuffix(path, ".jpg") && !strings.HasSuffix(path, ".webp")
}

// keep makes an answer that was just sent hot.
func (h *hot) keep(c echo.Context, data []byte, encoding string, changes int64) {
	r := c.Request()
	if h.off || r.Method != http.MethodGet || r.URL.RawQuery != "" || !warms(r.RequestURI) {
		return
	}
	key := r.RequestURI
	if packs(key) {
		key += "\x00" + encoding
	}
	header := c.Response().Header().Clone()
	header.Del("Date")
	// Headers of this request's own, where they say nothing that holds for all.
	header["Access-Control-Allow-Origin"] = []string{"*"}
	cache.Put(h.memory, "hot", key, &hotReply{header: header, tag: header.Get("ETag"), data: data, until: time.Now().Add(hotTime), changes: changes,
		count: h.tiles.WithLabelValues(noted(r.Context()).layer, tierHot)})
}
