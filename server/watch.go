package server

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/paulmach/orb/maptile"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// Watch is a source whose tiles are counted and timed by tier, and traced where somebody traces. It belongs below the memory, so that what
// it sees is what the memory did not have. kept says that the source keeps on disk what it fetches. What the source can do
// beyond tiles it still can.
func (m *Metrics) Watch(src tiles.Source, kept bool) tiles.Source {
	w := watched{src, m, src.Info().Name, tierSource}
	if kept {
		w.near = tierDisk
	}
	labeler, labels := src.(tiles.Labeler)
	retina, scales := src.(tiles.Retina)
	switch {
	case labels && scales:
		return struct {
			watched
			tiles.Labeler
			tiles.Retina
		}{w, labeler, retina}
	case labels:
		return struct {
			watched
			tiles.Labeler
		}{w, labeler}
	case scales:
		return struct {
			watched
			tiles.Retina
		}{w, retina}
	}
	return w
}

type watched struct {
	tiles.Source
	metrics *Metrics
	name    string
	near    string // the tier of what is got without asking anybody
}

// Unwrap is the source itself.
func (w watched) Unwrap() tiles.Source { return w.Source }

func (w watched) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	start, near, asked := time.Now(), w.near, atomic.Bool{}
	ctx, span := reasoning.StartSpan(ctx, "tile", attribute.String("precinct.layer", w.name), attribute.String("precinct.tile", fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y)))
	// Whether somebody was asked net/http tells by itself: sources need not know of tiers.
	tile, err := w.Source.Tile(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { asked.Store(true) }}), t)
	if asked.Load() {
		near = tierUpstream
	}
	noted(ctx).comes(near)
	outcome := "tile"
	switch {
	case errors.Is(err, tiles.ErrNotFound):
		outcome = "missing"
	case err != nil:
		outcome = "failed"
		span.SetStatus(codes.Error, err.Error())
	}
	w.metrics.sources.WithLabelValues(w.name, near, outcome).Observe(time.Since(start).Seconds())
	span.SetAttributes(attribute.String("precinct.tier", near), attribute.String("precinct.outcome", outcome))
	span.End()
	return tile, err
}
