package ogc

import (
	"context"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/planar"

	"github.com/precinct-map/precinct/server/store"
)

// The store finds what has a bounding box that meets a bound. The standard wants what has a geometry that does (OGC 17-069r4,
// /req/core/fc-bbox-response), so what only just seems to is sorted out here.

// meets says whether an outline intersects a bound.
func meets(f *store.Feature, b orb.Bound) bool {
	if b.Min[0] > b.Max[0] {
		b.Max[0] += 360
	}
	shape := f.Geometry()
	for world := -1; world <= 1; world++ {
		shifted := b
		shifted.Min[0] += 360 * float64(world)
		shifted.Max[0] += 360 * float64(world)
		if shape.Bound().Intersects(shifted) && intersects(shape, shifted) {
			return true
		}
	}
	return false
}

// intersects is meets in one world: a border of the outline is in the bound, or all of the bound is in the outline.
func intersects(shape orb.MultiPolygon, b orb.Bound) bool {
	for _, poly := range shape {
		for _, ring := range poly {
			if b.Contains(ring[0]) || len(clip.LineString(b, orb.LineString(ring))) > 0 {
				return true
			}
		}
	}
	return planar.MultiPolygonContains(shape, b.Center())
}

// gather is a page of exactly what a query asks for. It may be short of the limit and have a next page.
func (s *service) gather(ctx context.Context, q store.Query) (store.Page, error) {
	var out store.Page
	limit := q.Limit
	for range 20 {
		p, err := s.Features.Find(ctx, q)
		if err != nil {
			return out, err
		}
		for i := range p.Features {
			if q.Bound == nil || meets(&p.Features[i], *q.Bound) {
				out.Features = append(out.Features, p.Features[i])
			}
		}
		if out.Next = p.Next; p.Next == "" || len(out.Features) == limit {
			break
		}
		q.Limit, q.After, q.Offset = limit-len(out.Features), p.Next, 0
	}
	return out, nil
}

// How far numberMatched is counted, and how many outlines are looked at along the edges of a bound for it.
const (
	maxCounted = 100_000
	maxEdges   = 2_000
)

// matched is how many features a query has in all; false when that is not cheap to know.
func (s *service) matched(ctx context.Context, c store.Collection, q store.Query) (int, bool, error) {
	if q.Bound == nil && len(q.Where) == 0 && q.From.IsZero() && q.To.IsZero() {
		return c.Count, true, nil
	}
	n, err := s.Catalogue.Count(ctx, q, maxCounted)
	if err != nil || n >= maxCounted {
		return 0, false, err
	}
	if q.Bound == nil {
		return n, true, nil
	}
	// A bounding box that meets the bound while its outline does not is not inside the bound: it meets one of the bound's edges.
	strangers := map[int64]bool{}
	b := *q.Bound
	for _, edge := range []orb.Bound{
		{Min: b.Min, Max: orb.Point{b.Min[0], b.Max[1]}}, {Min: orb.Point{b.Max[0], b.Min[1]}, Max: b.Max},
		{Min: b.Min, Max: orb.Point{b.Max[0], b.Min[1]}}, {Min: orb.Point{b.Min[0], b.Max[1]}, Max: b.Max},
	} {
		eq := q
		eq.Bound, eq.Limit, eq.After, eq.Offset = &edge, maxEdges, "", 0
		p, err := s.Features.Find(ctx, eq)
		if err != nil || p.Next != "" {
			return 0, false, err
		}
		for i := range p.Features {
			if !meets(&p.Features[i], b) {
				strangers[p.Features[i].ID] = true
			}
		}
	}
	return n - len(strangers), true, nil
}
