package search

import (
	"context"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	orbgeo "github.com/paulmach/orb/geo"
)

// Reverse gives the thing at a point, or the nearest within 250 m: the smallest area around it that is no border, a
// house, a street. ok is false when there is none.
func (x *Index) Reverse(ctx context.Context, at orb.Point) (found Place, ok bool, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.db == nil {
		return found, false, &Error{"reverse", at2(at), ErrNotReady, "try again in a while"}
	}
	inTime, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	l := &look{ctx: inTime, db: x.db, seen: map[int64]bool{}}
	for _, reach := range []float64{50, 250} {
		b := orbgeo.NewBoundAroundPoint(at, reach)
		// The least important first: those are houses and shops.
		err := l.take(`select id from box where w <= ? and e >= ? and s <= ? and n >= ? order by id desc limit ?`, b.Max[0], b.Min[0], b.Max[1], b.Min[1])
		if err != nil && (ctx.Err() != nil || inTime.Err() == nil) {
			return found, false, err
		}
		best := 0.0
		for _, p := range l.found {
			g, err := wkb.Unmarshal(p.geometry)
			if err != nil || p.Key == "boundary" {
				continue
			}
			// Of areas around the point the smallest; a metre's advantage for each 20 m of its diagonal.
			d := far(g, at)*111e3 + orbgeo.Distance(p.Bound.Min, p.Bound.Max)/20*float64(g.Dimensions()/2)
			if far(g, at)*111e3 <= reach && (!ok || d < best) {
				found, ok, best = p, true, d
			}
		}
		if ok {
			return found, true, nil
		}
	}
	return found, false, nil
}

func at2(p orb.Point) string { return degrees(p[1]) + "," + degrees(p[0]) }
