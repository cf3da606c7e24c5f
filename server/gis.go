package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/tiles"
)

// gis mounts what the OGC's standards ask for.
func (s *Server) gis() {
	o := ogc.Options{
		Features: s.Store, Catalogue: s.Store, Edits: s.Store, MayEdit: s.mayDo(Edit), MayRun: s.mayDo(Segment), Tile: s.collectionTile,
		Layers: s.ogcLayers, Phrase: func(p string) (string, error) {
			q, err := s.question(p)
			if err != nil {
				return "", fmt.Errorf("%w: %w", ogc.ErrInput, err)
			}
			return q.Phrase, nil
		},
		PublicURL: s.PublicURL, Log: s.log,
	}
	if s.Jobs != nil {
		o.Jobs = queue{s.Jobs, s.Mode}
	}
	if s.Leaflet != "" {
		o.Leaflet = "/vendor/leaflet/"
	}
	h := ogc.Handler(o)
	handle := func(c echo.Context) error {
		// The handler has the answer of strangers' requests to decide on; who sends them was found out before.
		h.ServeHTTP(c.Response(), c.Request().WithContext(context.WithValue(c.Request().Context(), caller{}, c)))
		if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
			s.changes.Add(1)
		}
		return nil
	}
	for _, path := range []string{"/ogc", "/ogc/*", "/wmts", "/wmts/*"} {
		s.echo.Any(path, handle)
	}
}

// caller is the key of a request's echo context.
type caller struct{}

func (s *Server) mayDo(scope Scope) ogc.MayDo {
	return func(r *http.Request) (string, error) {
		c, _ := r.Context().Value(caller{}).(echo.Context)
		if err := s.allow(c, scope); err != nil {
			return "", err
		}
		if k, ok := c.Get("key").(*Key); ok {
			return k.Name, nil
		}
		return "", nil
	}
}

// collectionTile answers a tile of OGC API Tiles as /aoi does.
func (s *Server) collectionTile(w http.ResponseWriter, r *http.Request, phrase string, t maptile.Tile) {
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: fmt.Sprintf("/aoi/%s/%d/%d/%d.mvt", phrase, t.Z, t.X, t.Y), RawQuery: r.URL.RawQuery}
	inner.URL.RawPath = fmt.Sprintf("/aoi/%s/%d/%d/%d.mvt", url.PathEscape(phrase), t.Z, t.X, t.Y)
	s.echo.ServeHTTP(w, inner)
}

func (s *Server) ogcLayers() []ogc.Layer {
	var out []ogc.Layer
	for _, l := range s.Layers {
		i := l.Info()
		formats := []string{string(i.Format)}
		for _, f := range []tiles.Format{tiles.PNG, tiles.JPEG, tiles.WebP} {
			if f != i.Format {
				formats = append(formats, string(f))
			}
		}
		out = append(out, ogc.Layer{
			ID: i.Name, Attribution: i.Attribution, Template: "/tiles/" + url.PathEscape(i.Name) + "/{z}/{x}/{y}.{ext}", Formats: formats,
			Bounds: i.Bounds, MinZoom: i.MinZoom, MaxZoom: i.MaxZoom, TileSize: i.TileSize,
		})
	}
	return out
}

// queue is the jobs as OGC API Processes has them.
type queue struct {
	*jobs.Queue
	mode reasoning.Mode
}

func (q queue) Start(ctx context.Context, o ogc.Order) (ogc.Job, error) {
	if o.Mode == "" {
		o.Mode = string(q.mode)
	}
	r, err := q.Queue.Start(ctx, jobs.Spec{Phrase: o.Phrase, Mode: o.Mode, Bound: o.Bound, By: o.By})
	return job(r), jobError(err)
}

func (q queue) Show(ctx context.Context, id int64) (ogc.Job, error) {
	r, err := q.Queue.Show(ctx, id)
	return job(r), jobError(err)
}

func (q queue) Cancel(ctx context.Context, id int64) (ogc.Job, error) {
	r, err := q.Queue.Cancel(ctx, id)
	return job(r), jobError(err)
}

func (q queue) List(ctx context.Context, before int64, limit int) ([]ogc.Job, error) {
	list, err := q.Queue.List(ctx, before, limit)
	out := make([]ogc.Job, len(list))
	for i, r := range list {
		out[i] = job(r)
	}
	return out, jobError(err)
}

func (q queue) Events(ctx context.Context, id, after int64) iter.Seq2[ogc.Event, error] {
	return func(yield func(ogc.Event, error) bool) {
		for e, err := range q.Queue.Events(ctx, id, after) {
			data := map[string]any{"job": e.Run, "at": e.At, "done": e.Done, "failed": e.Failed, "total": e.Total}
			if e.Scene != nil {
				data["scene"] = reasoning.Scene{Z: e.Scene.Z, Col: e.Scene.Col, Row: e.Scene.Row}.ID()
			}
			if e.Reason != "" {
				data["reason"] = e.Reason
			}
			if !yield(ogc.Event{ID: e.ID, Kind: e.Kind, Data: data}, jobError(err)) {
				return
			}
		}
	}
}

func job(r jobs.Run) ogc.Job {
	state := map[jobs.State]ogc.JobState{jobs.Running: ogc.Running, jobs.Done: ogc.Successful, jobs.Failed: ogc.Failed, jobs.Cancelled: ogc.Dismissed}[r.State]
	if state == ogc.Running && !r.Counted {
		state = ogc.Accepted
	}
	return ogc.Job{ID: r.ID, State: state, Done: r.Done, Failed: r.Failed, Total: r.Total, Counted: r.Counted, Created: r.Created, Updated: r.Updated,
		Order: ogc.Order{Phrase: r.Spec.Phrase, Mode: r.Spec.Mode, Bound: r.Spec.Bound, By: r.Spec.By}}
}

func jobError(err error) error {
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return fmt.Errorf("%w: %w", ogc.ErrNotFound, err)
	case errors.Is(err, jobs.ErrInput):
		return fmt.Errorf("%w: %w", ogc.ErrInput, err)
	}
	return err
}
