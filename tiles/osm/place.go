package osm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// Place is an area that somebody may look for: a school's ground, a park, a building that is a hotel.
type Place struct {
	Name    string // may be empty
	Class   string // of the taxonomy
	At      orb.Point
	Outline orb.MultiPolygon // WGS-84 degrees; parts from neighbouring vector tiles meet at the tiles' edge
	Cut     bool             // the data ends within it: its outline is not to be trusted

	Building bool // it is a building, not a ground
}

// Places gives the places with an outline whose bound meets the window, whole, from north to south. They are the truth to
// measure by: the styles for models never show them.
func (s *Source) Places(ctx context.Context, w geo.Window) ([]Place, error) {
	places, err := s.data.places(ctx, w)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.At[1], a.At[1]), cmp.Compare(a.At[0], b.At[0]), strings.Compare(a.Class, b.Class), strings.Compare(a.Name, b.Name))
	})
	return places, nil
}

// part is a place, or in a vector tile what the tile has of it.
type part struct {
	Place
	tags tags
	key  string // equal in all parts of one place
	raw  bool   // labelled by its area, and by no point
}

// addPlace notes an outline that the taxonomy knows.
func (x *index) addPlace(mp orb.MultiPolygon, t tags, id any, cut bool) {
	l, ok := t.label(orb.Point{}, x.lang)
	if !ok || x.tiled && t.set("place") { // islands and regions reach into all tiles, and nobody circles them
		return
	}
	p := part{Place{Name: l.Text, Class: l.Class, Outline: mp, Cut: cut, Building: t.set("building")}, t, "", false}
	if x.tiled {
		p.key = t.key(id)
		p.raw = x.raw || t["pmap:kind"] != "" // Protomaps before 2024 had names on areas
		x.labelsAreas = x.labelsAreas || p.raw
	} else {
		p.At = labelPoint(mp)
	}
	b := mp.Bound()
	x.byPlace.Insert(b.Min, b.Max, int32(len(x.placed)))
	x.placed = append(x.placed, p)
}

// key is the same for the parts of a place: its id where the tiles give one, else all that is said of it.
func (t tags) key(id any) string {
	if id != nil {
		return fmt.Sprint(id, t["name"])
	}
	var all []string
	for k, v := range t {
		all = append(all, k+"="+v)
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}

func (x *index) placesIn(b orb.Bound) []part {
	var found []int32
	x.byPlace.Search(b.Min, b.Max, func(_, _ [2]float64, i int32) bool {
		found = append(found, i)
		return true
	})
	return inFileOrder(found, x.placed)
}

func (m memory) places(_ context.Context, w geo.Window) ([]Place, error) {
	var out []Place
	for _, p := range m.placesIn(w.Bound()) {
		if p.Class != "" {
			out = append(out, p.Place)
		}
	}
	return out, nil
}

func (v *vectors) places(ctx context.Context, w geo.Window) ([]Place, error) {
	joined, err := v.joined(ctx, w)
	var out []Place
	for _, p := range joined {
		if p.Class != "" {
			out = append(out, p.Place)
		}
	}
	return out, err
}

// joined are the places of a window, from the deepest tiles, each with its parts from all tiles that it reaches into.
func (v *vectors) joined(ctx context.Context, w geo.Window) ([]part, error) {
	var out []part
	done := map[string][]orb.Bound{}
	for t := range w.AtZoom(v.maxZoom).Tiles() {
		pieces, err := v.pieces(ctx, t, w.Bound())
		if err != nil {
			return nil, err
		}
		for _, p := range pieces {
			if slices.ContainsFunc(done[p.key], func(b orb.Bound) bool { return b.Intersects(p.Outline.Bound()) }) {
				continue
			}
			if err := v.complete(ctx, &p, t); err != nil {
				return nil, err
			}
			p.At = labelPoint(p.Outline)
			done[p.key] = append(done[p.key], p.Outline.Bound())
			if p.Outline.Bound().Intersects(w.Bound()) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// pieces are what a tile's own square has of the places that meet a bound.
func (v *vectors) pieces(ctx context.Context, t maptile.Tile, b orb.Bound) ([]part, error) {
	x, err := v.tile(ctx, t)
	if x == nil || err != nil {
		return nil, err
	}
	edge := geo.TileWindow(t).Bound()
	var out []part
	for _, p := range x.placesIn(b) {
		if p.Outline = clip.MultiPolygon(edge, p.Outline.Clone()); len(p.Outline) > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// mostTiles is how many tiles a place may reach into: what is larger is no place that anybody circles.
const mostTiles = 40

// complete adds the parts of other tiles to a part, as long as it reaches a tile's edge.
func (v *vectors) complete(ctx context.Context, p *part, t maptile.Tile) error {
	const near = 1e-9 // degrees: rounding
	type step struct {
		tile  maptile.Tile
		bound orb.Bound // of what reaches its edge
	}
	seen, queue := map[maptile.Tile]bool{t: true}, []step{{t, p.Outline.Bound()}}
	for ; len(queue) > 0; queue = queue[1:] {
		at, b := queue[0].tile, queue[0].bound
		edge := geo.TileWindow(at).Bound()
		for _, side := range []struct {
			reaches bool
			dx, dy  int
		}{{b.Min[0] <= edge.Min[0]+near, -1, 0}, {b.Max[0] >= edge.Max[0]-near, 1, 0}, {b.Max[1] >= edge.Max[1]-near, 0, -1}, {b.Min[1] <= edge.Min[1]+near, 0, 1}} {
			next := maptile.New(uint32(int(at.X)+side.dx), uint32(int(at.Y)+side.dy), at.Z)
			if !side.reaches || seen[next] {
				continue
			}
			if seen[next] = true; len(seen) > mostTiles || !next.Valid() {
				p.Cut, p.raw = true, false // where it is labelled would depend on where one looks from
				return nil
			}
			x, err := v.tile(ctx, next)
			if err != nil {
				return err
			}
			if x == nil {
				p.Cut = true // the file ends here
				continue
			}
			pieces, err := v.pieces(ctx, next, b.Pad(near))
			if err != nil {
				return err
			}
			for _, other := range pieces {
				if other.key == p.key {
					p.Outline = append(p.Outline, other.Outline...)
					queue = append(queue, step{next, other.Outline.Bound()})
				}
			}
		}
	}
	return nil
}

// inFileOrder picks things by their numbers.
func inFileOrder[T any](found []int32, from []T) []T {
	slices.Sort(found)
	out := make([]T, len(found))
	for i, k := range found {
		out[i] = from[k]
	}
	return out
}
