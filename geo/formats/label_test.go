package formats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
)

// TestLabelPointIsInside, of whatever a mask can be traced to.
func TestLabelPointIsInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := geo.NewMask(geo.Window{Z: 17, X: 5000, Y: 6000, W: 12, H: 12})
		for range rapid.IntRange(1, 30).Draw(t, "pixels") {
			m.Set(rapid.IntRange(0, 11).Draw(t, "x"), rapid.IntRange(0, 11).Draw(t, "y"))
		}
		for _, p := range geo.Trace(m) {
			if at := LabelPoint(p); !planar.PolygonContains(p, at) {
				t.Fatalf("%v is outside of %v", at, p)
			}
		}
	})
}

func TestLabelPointSitsWell(t *testing.T) {
	c := orb.Polygon{{{0, 0}, {10, 0}, {10, 2}, {2, 2}, {2, 8}, {10, 8}, {10, 10}, {0, 10}, {0, 0}}}
	if at := LabelPoint(c); depth(c, at) < 0.9 {
		t.Errorf("in a C the label is %g from the outline", depth(c, at))
	}
	if at := LabelPoint(block(0, 0, 10)); planar.Distance(at, orb.Point{5, 5}) > 0.2 {
		t.Errorf("in a square the label lies at %v", at)
	}
	inf, nan := math.Inf(1), math.NaN()
	for _, p := range []orb.Polygon{nil, {}, {{}}, {{{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
		{{{0, 0}, {inf, 0}, {1, 1}, {0, 0}}}, {{{0, 0}, {nan, 0}, {1, 1}, {0, 0}}}, {{{-1e308, 0}, {1e308, 0}, {1, 1e308}, {-1e308, 0}}}} {
		LabelPoint(p) // must come to an end
	}
}

// TestLabelPointOfWildShapes: C-shapes of any thickness, stars, and slivers of any slope up to a billion times as long as wide.
func TestLabelPointOfWildShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for i := range 600 {
		x, y := r.Float64()*1000, r.Float64()*1000
		var p orb.Polygon
		switch i % 3 {
		case 0:
			p = wild(r, x, y, 1+r.Float64()*100, 3+r.IntN(40))
		case 1:
			thick, size := 0.01+r.Float64()*2, 10+r.Float64()*10
			p = orb.Polygon{{{x, y}, {x + size, y}, {x + size, y + thick}, {x + thick, y + thick}, {x + thick, y + size - thick},
				{x + size, y + size - thick}, {x + size, y + size}, {x, y + size}, {x, y}}}
		case 2:
			length, width := 1000*r.Float64(), math.Pow(10, -6*r.Float64())
			slope := r.Float64() * float64(r.IntN(2))
			p = orb.Polygon{{{x, y}, {x + length, y + slope*length}, {x + length, y + slope*length + width}, {x, y + width}, {x, y}}}
		}
		if at := LabelPoint(p); depth(p, at) <= 0 {
			t.Fatalf("%v lies outside of %v", at, p)
		}
	}
}

// TestLabelIsInOneTile: a label in two tiles would be drawn twice. It lies inside of what its tile shows, with the feature's id.
func TestLabelIsInOneTile(t *testing.T) {
	const zoom = 17
	corner := geo.TileWindow(maptile.New(70_000, 45_000, zoom))
	check := func(t interface {
		Helper()
		Fatal(...any)
		Fatalf(string, ...any)
	}, shape orb.MultiPolygon) {
		aoi := Layer{Name: "aoi", Lattice: zoom, Features: []Feature{{Num: 7, Geometry: shape}}}
		labels := 0
		for _, at := range [][2]uint32{{69_999, 44_999}, {70_000, 44_999}, {69_999, 45_000}, {70_000, 45_000}} {
			data, err := EncodeMVT(maptile.New(at[0], at[1], zoom), aoi, Labels("aoi_label", aoi))
			if err != nil {
				t.Fatal(err)
			}
			layers, err := mvt.Unmarshal(data)
			if err != nil {
				t.Fatal(err)
			}
			if len(layers) < 2 {
				continue
			}
			labels++
			label, shown := layers[1].Features[0], readTile(t, data)["aoi"]
			if p, ok := label.Geometry.(orb.Point); !ok || !planar.MultiPolygonContains(shown, p) || label.ID != 7.0 {
				t.Fatalf("label %v, id %v, outside of %v", label.Geometry, label.ID, shown)
			}
		}
		if labels != 1 {
			t.Fatalf("the label of %v is in %d tiles", shape, labels)
		}
	}
	check(t, orb.MultiPolygon{block(float64(corner.X)-50, float64(corner.Y)-50, 100)}) // its middle is the tiles' corner
	rapid.Check(t, func(t *rapid.T) {
		m := geo.NewMask(geo.Window{Z: zoom, X: corner.X - 6, Y: corner.Y - 6, W: 12, H: 12})
		for range rapid.IntRange(1, 60).Draw(t, "pixels") {
			m.Set(rapid.IntRange(0, 11).Draw(t, "x"), rapid.IntRange(0, 11).Draw(t, "y"))
		}
		check(t, geo.Trace(m))
	})
}
