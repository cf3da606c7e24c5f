package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/knadh/koanf/providers/file"
	"go.opentelemetry.io/otel/trace"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/search"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/training/corrections"
	"github.com/precinct-map/precinct/training/environment"
	"github.com/precinct-map/precinct/web"
)

// live is a serving process: what a new configuration changes stands in a site, which is exchanged as a whole, and the rest stays.
type live struct {
	shared *app // memory, metrics and segmenter
	store  store.Store
	jobs   *jobs.Queue
	open   bool // to this machine alone
	ready  func() []string
	tracer trace.Tracer // nil for none

	site    atomic.Pointer[site]
	closers []func() error
}

// site is what one configuration makes.
type site struct {
	mu      sync.RWMutex // held for reading by each request
	closed  bool
	app     *app
	answers *server.Answers
	places  *search.Index
	handler *server.Server
}

func (s *site) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.app.close()
	if s.places != nil {
		_ = s.places.Close()
	}
}

// startLive opens everything that serves and works. at is the address that is listened to, nil where none is.
func startLive(ctx context.Context, c config, at net.Addr, ready func() []string) (*live, error) {
	l := &live{open: at != nil && isLoopback(at), ready: ready}
	if err := l.start(ctx, c); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *live) start(ctx context.Context, c config) error {
	tracer, endTracing, err := openTracing(ctx, c.Tracing)
	if err != nil {
		return err
	}
	l.tracer = tracer
	l.closers = append(l.closers, endTracing)
	shared, err := openShared(c)
	if err != nil {
		return err
	}
	shared.traced = tracer != nil
	l.shared = shared
	l.closers = append(l.closers, func() error { shared.close(); return nil })
	found, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	l.store = found
	l.closers = append(l.closers, found.Close)
	first, err := l.make(ctx, c)
	if err != nil {
		return err
	}
	l.site.Store(first)
	l.closers = append(l.closers, func() error { l.site.Load().close(); return nil })
	// Last, since its workers begin at once.
	if l.jobs, err = openJobs(ctx, c, c.Workers, l.work); err != nil {
		return err
	}
	l.closers = append(l.closers, l.jobs.Close)
	l.serve(first)
	return nil
}

func (l *live) close() {
	for i := len(l.closers) - 1; i >= 0; i-- {
		if err := l.closers[i](); err != nil {
			slog.Warn("not closed cleanly", "error", err)
		}
	}
}

// make opens what a configuration names.
func (l *live) make(ctx context.Context, c config) (*site, error) {
	a := l.shared.with(c)
	if err := a.openGround(ctx, nil); err != nil {
		a.close()
		return nil, err
	}
	found := l.store
	if l.tracer != nil {
		found = server.TracedStore(found)
	}
	a.engine.Shelf = server.Shelf{Store: found, Log: slog.Default()}
	s := &site{app: a, answers: &server.Answers{Engine: a.engine, Store: found, Memory: a.memory}}
	var err error
	if s.places, err = openSearch(context.WithoutCancel(ctx), c); err != nil {
		s.close()
		return nil, err
	}
	if _, err := c.serverKeys(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// serve gives a site its handler.
func (l *live) serve(s *site) {
	c := s.app.config
	keys, _ := c.serverKeys() // make has checked them
	limits, _, _ := c.Limits.read()
	o := server.Options{
		Layers: s.app.layers, Answers: s.answers, Metrics: s.app.metrics, Viewer: web.Files(), Leaflet: s.app.files.LeafletHome,
		Jobs: l.jobs, Places: s.places, Keys: keys, Open: l.open, PurgeTiles: s.app.purgeTiles,
		PublicURL: c.PublicURL, Wait: c.Wait, LowestZoom: c.LowestZoom, Mode: s.app.mode, Log: slog.Default(), Ready: l.ready,
		Limits: limits, Access: server.Access(c.Log.Access), Tracer: l.tracer,
	}
	if c.VLM.Kind == "policy" {
		o.Corrections = filepath.Join(runOf(c.VLM.Policy), corrections.FileName)
	}
	if c.Environment {
		o.Environment = environment.New(s.app.segmenter)
	}
	s.handler = server.New(o)
}

// use gives the present site to do, and keeps it open as long as that takes.
func (l *live) use(do func(*site)) {
	for {
		s := l.site.Load()
		if !s.mu.TryRLock() {
			continue // it is being closed: another is there
		}
		if s.closed {
			s.mu.RUnlock()
			return // the process ends
		}
		defer s.mu.RUnlock()
		do(s)
		return
	}
}

// ServeHTTP answers one request from beginning to end by one configuration.
func (l *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.use(func(s *site) { s.handler.ServeHTTP(w, r) })
}

// endStreams lets go who listens to events.
func (l *live) endStreams() {
	l.use(func(s *site) { s.handler.EndStreams() })
}

func (l *live) work(ctx context.Context, scene jobs.Scene) (err error) {
	err = errors.New("the server is shutting down")
	if l.tracer != nil {
		var span trace.Span
		ctx, span = l.tracer.Start(ctx, "job")
		defer func() { reasoning.EndSpan(span, err) }()
	}
	l.use(func(s *site) { err = jobWork(s.answers)(ctx, scene) })
	return err
}

// reload exchanges the site for what the configuration says now. What it cannot open leaves everything as it was.
func (l *live) reload(ctx context.Context, load func() (config, error)) error {
	c, err := load()
	if err != nil {
		return err
	}
	old := l.site.Load()
	for what, changed := range map[string]bool{
		"addr": c.Addr != old.app.config.Addr, "memory": c.Memory != old.app.config.Memory, "data": c.Data != old.app.config.Data,
		"segmenter": c.Segmenter != old.app.config.Segmenter, "tracing": c.Tracing != old.app.config.Tracing,
		"limits of connections": c.Limits.connections() != old.app.config.Limits.connections(),
	} {
		if changed {
			slog.Warn("this key takes effect at the next start only", "key", what)
		}
	}
	next, err := l.make(ctx, c)
	if err != nil {
		return err
	}
	l.serve(next)
	l.site.Store(next)
	l.shared.memory.Clear()  // sources may show something else under the same name
	old.handler.EndStreams() // their clients come again, and are answered by the new configuration
	go old.close()
	return nil
}

// watch reloads at SIGHUP and when the configuration's file changes, until the context ends.
func (l *live) watch(ctx context.Context, load func() (config, error)) {
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	changed := make(chan struct{}, 1)
	if c := l.site.Load().app.config; c.file != "" {
		f := file.Provider(c.file)
		tell := func(any, error) {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
		if err := f.Watch(tell); err != nil {
			slog.Warn("changes of the configuration are not noticed: send SIGHUP", "error", err)
		}
		defer f.Unwatch()
		// Opening models takes a second: a change in that time had nobody who watched.
		if info, err := os.Stat(c.file); err == nil && info.ModTime().After(c.read) {
			tell(nil, nil)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-changed:
			time.Sleep(200 * time.Millisecond) // editors write in several steps
			select {
			case <-changed:
			default:
			}
		}
		if err := l.reload(ctx, load); err != nil {
			slog.Error("the configuration was not reloaded: the old one stays", "error", err)
			continue
		}
		slog.Info("the configuration was reloaded")
	}
}
