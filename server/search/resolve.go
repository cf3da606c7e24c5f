package search

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// Resolved is a phrase with its place found.
type Resolved struct {
	What    string
	Where   string           // as written; "" when the phrase was not split
	Meaning taxonomy.Meaning // of What
	Place   *Place           // nil when Where is coordinates or a box, or ""
	Bound   orb.Bound        // to look in; empty when Where is ""
}

// sure is the Match from which a name counts as that of a place: a slip is allowed, half a name is not.
const sure = 0.78

// around is how far, in metres, one looks from a point.
const around = 1000

// Resolve splits a phrase by what the index knows: a phrase that is a place's name is not split, and neither is one whose where
// is nowhere. Near is a place to prefer, nil for none.
func (x *Index) Resolve(ctx context.Context, phrase string, near *orb.Point) (Resolved, error) {
	what, where := Split(phrase)
	whole := Resolved{What: strings.Join(strings.Fields(phrase), " "), Meaning: Meaning(phrase)}
	if where == "" {
		return whole, nil
	}
	out := Resolved{What: what, Where: where, Meaning: Meaning(what)}
	if v, ok := numbers(where); ok {
		b, err := boundOf(v)
		out.Bound = b
		return out, err
	}
	own, err := x.Find(ctx, Query{Text: phrase, Limit: 1, Focus: near})
	if err != nil {
		return whole, err
	}
	if len(own) > 0 && own[0].Match >= 0.95 {
		return whole, nil
	}
	found, err := x.Find(ctx, Query{Text: where, Limit: 1, Focus: near})
	if err != nil {
		return whole, err
	}
	if len(found) == 0 || found[0].Match < sure {
		return whole, nil
	}
	out.Place = &found[0]
	out.Bound = found[0].Area()
	return out, nil
}

// Area is the ground that a place's name stands for: its bound, or for a point some distance around it, farther for a city.
func (p *Place) Area() orb.Bound {
	reach := float64(around)
	if p.Key == "place" {
		reach = max(reach, cityReach[p.Value])
	}
	if p.Bound.Min != p.Bound.Max {
		if orbgeo.Distance(p.Bound.Min, p.Bound.Max) > reach/2 {
			return p.Bound
		}
	}
	return orbgeo.NewBoundAroundPoint(p.At, reach)
}

// numbers are a where's coordinates: two or four.
func numbers(where string) ([]float64, bool) {
	fields := strings.FieldsFunc(where, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
	if len(fields) != 2 && len(fields) != 4 {
		return nil, false
	}
	out := make([]float64, len(fields))
	for i, f := range fields {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

// boundOf reads latitude and longitude, or W, S, E, N.
func boundOf(v []float64) (orb.Bound, error) {
	b := orb.Bound{}
	if len(v) == 2 {
		b = orb.Bound{Min: orb.Point{v[1], v[0]}, Max: orb.Point{v[1], v[0]}}
	} else {
		b = orb.Bound{Min: orb.Point{v[0], v[1]}, Max: orb.Point{v[2], v[3]}}
	}
	if b.Min[0] < -180 || b.Max[0] > 180 || b.Min[1] < -90 || b.Max[1] > 90 || b.Min[0] > b.Max[0] || b.Min[1] > b.Max[1] {
		return b, &Error{"read coordinates", fmt.Sprint(v), ErrQuery, "give latitude, longitude, or W,S,E,N, in degrees"}
	}
	if len(v) == 2 {
		return orbgeo.NewBoundAroundPoint(b.Min, around), nil
	}
	return b, nil
}
