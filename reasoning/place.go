package reasoning

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// Found is one thing that a scene holds, cleaned of specks.
type Found struct {
	geo.Instance
	Name  string // as the map or the model names it
	Class string // taxonomy class id, "" when unknown
}

// Place is an area of interest: what one thing in one or several scenes was joined to.
type Place struct {
	ID        string
	Num       uint64           // for MVT, below 2⁵³
	Shape     orb.MultiPolygon // exact lattice corners at Zoom, simplified
	Zoom      int
	Name      string
	Query     string
	Tier      string // name, class or function: what the phrase asked for
	Class     string
	Function  string
	Score     float64
	AreaM2    float64 // geodesic
	Scenes    []string
	Model     string
	Reasoning string
	Sources   []string
	Created   time.Time
}

// Geometry is the place's outline in WGS-84; longitudes run on past ±180° where it crosses the antimeridian.
func (p *Place) Geometry() orb.MultiPolygon {
	return project.MultiPolygon(p.Shape.Clone(), func(pt orb.Point) orb.Point { return geo.Unproject(pt, p.Zoom) })
}

// Found is the i-th thing that a scene holds; of the instance, mask, score and anchor count.
func (s Scene) Found(i int, in geo.Instance, name, class string) Found {
	in.Scene, in.Core, in.Key = s.Window(), s.Core(), fmt.Sprintf("%s#%d", s.ID(), i)
	return Found{Instance: in, Name: name, Class: class}
}

// found cleans a trace's objects and names them by the map's labels.
func (e *Engine) found(q Question, s Scene, pair *tiles.Pair, t *Trace) []Found {
	meaning := taxonomy.Match(q.Phrase)
	var out []Found
	for i, o := range distinct(t.Objects) {
		mask := Clean(o.Mask)
		if mask == nil {
			continue
		}
		f := s.Found(i, geo.Instance{Mask: mask, Score: o.Score}, o.Label, "")
		if l, ok := labelOf(mask, pair, q.Phrase, o.Label); ok {
			f.Name, f.Class = cmp.Or(f.Name, l.Text), l.Class
			if o.Label != "" { // the place that the model names lies where its label is, in whichever scene
				at := geo.Project(l.At, s.Z)
				f.Anchor = &at
			}
		}
		if f.Class == "" && meaning.Tier == taxonomy.TierClass && len(meaning.Classes) > 0 {
			f.Class = meaning.Classes[0]
		}
		out = append(out, f)
	}
	return out
}

// distinct drops objects that the model named twice: of two masks that are mostly one, the better stays.
func distinct(objects []Object) []Object {
	sorted := slices.Clone(objects)
	slices.SortStableFunc(sorted, func(a, b Object) int { return cmp.Compare(b.Score, a.Score) })
	var out []Object
	for _, o := range sorted {
		if !slices.ContainsFunc(out, func(k Object) bool { return k.Mask.IoU(o.Mask) > 0.6 }) {
			out = append(out, o)
		}
	}
	return out
}

// Specks and pinholes that a segmenter leaves are no part of a place's outline.
const (
	speckShare  = 0.1 // of the largest piece: smaller pieces go
	pinholeArea = 64  // pixels: smaller holes are filled
	leastArea   = 16  // pixels: nothing smaller is a place
)

// Clean is a mask as it is drawn: without specks and pinholes, cut to its extent; nil when hardly anything is left.
func Clean(m *geo.Mask) *geo.Mask {
	pieces := geo.Components(m, 4)
	largest := 0
	for _, p := range pieces {
		largest = max(largest, p.Count())
	}
	if largest < leastArea {
		return nil
	}
	out := geo.NewMask(m.Window)
	for _, p := range pieces {
		if float64(p.Count()) >= speckShare*float64(largest) {
			out.Or(p)
		}
	}
	geo.FillHoles(out, pinholeArea)
	return out.Crop(out.Extent())
}

// labelOf is the map's label of a mask: the one that the model read, else the one inside that answers the phrase best.
func labelOf(m *geo.Mask, pair *tiles.Pair, phrase, read string) (tiles.Label, bool) {
	best, score := tiles.Label{}, -1.0
	for _, l := range pair.Labels {
		at := m.Window.Local(l.At)
		inside := m.At(int(at[0]), int(at[1]))
		var s float64
		switch {
		case read != "" && l.Text == read:
			s = 2
			if inside {
				s = 3
			}
		case read == "" && inside:
			s = taxonomy.Similar(phrase, l.Text)
		default:
			continue
		}
		if s > score {
			best, score = l, s
		}
	}
	return best, score >= 0
}

// places joins what the scenes found and gives those places that touch the window.
func (e *Engine) places(q Question, scenes []Scene, known map[Scene]*Result, w geo.Window) []Place {
	var found []Found
	var instances []geo.Instance
	cores := make([]geo.Window, len(scenes))
	for i, s := range scenes {
		cores[i] = s.Core()
		for _, f := range known[s].Found {
			found = append(found, f)
			instances = append(instances, f.Instance)
		}
	}
	stitched := geo.Stitch(instances, cores)
	shapes := make([]orb.MultiPolygon, len(stitched))
	for i, st := range stitched {
		shapes[i] = geo.Trace(st.Mask)
	}
	shapes = geo.Simplify(shapes, e.Tolerance)
	meaning := taxonomy.Match(q.Phrase)
	var out []Place
	for i, st := range stitched {
		if st.Mask.CountIn(w) == 0 || len(shapes[i]) == 0 {
			continue
		}
		p := e.place(q, st, shapes[i], found, known)
		p.Tier = string(meaning.Tier)
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Place) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	return out
}

func (e *Engine) place(q Question, st geo.Stitched, shape orb.MultiPolygon, found []Found, known map[Scene]*Result) Place {
	p := Place{Shape: shape, Zoom: e.Zoom, Query: q.Phrase, Score: st.Score, Model: e.Pipeline.VLM.Name()}
	best := -1.0
	for _, i := range st.Members {
		f := found[i]
		id := sceneOf(f).ID()
		if !slices.Contains(p.Scenes, id) {
			p.Scenes = append(p.Scenes, id)
		}
		r := known[sceneOf(f)]
		if f.Score > best {
			best, p.Name, p.Class, p.Reasoning = f.Score, f.Name, f.Class, r.Record.Reasoning()
		}
		if p.Created.IsZero() || r.Made.Before(p.Created) {
			p.Created = r.Made
		}
	}
	slices.Sort(p.Scenes)
	if c, ok := taxonomy.ByID(p.Class); ok {
		p.Function = c.Function
	}
	for _, layer := range []tiles.Source{e.Satellite, e.Map} {
		p.Sources = append(p.Sources, layer.Info().Name)
	}
	p.AreaM2 = orbgeo.Area(p.Geometry())
	p.Num = e.number(q, st.Mask)
	p.ID = fmt.Sprintf("%011x", p.Num)
	return p
}

func sceneOf(f Found) Scene {
	return Scene{Z: f.Core.Z, Col: floorDiv(f.Core.X, CoreSize), Row: floorDiv(f.Core.Y, CoreSize)}
}

// number names a place by what was asked and where its middle lies, to 16 px, so that asking again gives the same number.
func (e *Engine) number(q Question, m *geo.Mask) uint64 {
	c := m.Extent().Center()
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%d\x00%d\x00%d", q.Phrase, m.Window.Z, int(c[0])/16, int(c[1])/16)
	return h.Sum64() & (1<<53 - 1)
}
