package osm

import (
	"math"
	"os"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles/carto"
)

func pixels(mp orb.MultiPolygon, w geo.Window) int {
	out := make(orb.MultiPolygon, len(mp))
	for i, p := range mp {
		for _, r := range p {
			ring := make(orb.Ring, len(r))
			for k, q := range r {
				ring[k] = geo.Project(q, w.Z)
			}
			out[i] = append(out[i], ring)
		}
	}
	return geo.Rasterize(w, out).Count()
}

func TestPlacesOfGeoJSON(t *testing.T) {
	s := open(t, Options{Path: write(t, "v.geojson", village), Lang: "en", Tags: true})
	w := geo.BoundWindow(s.Info().Bounds, 18)
	places, err := s.Places(t.Context(), w)
	if err != nil || len(places) != 2 {
		t.Fatalf("places %v, %v: want the ground and the named building", places, err)
	}
	if p := places[0]; p.Name != "Village School" || p.Class != "school" || p.Cut || p.Building || !p.Outline.Bound().Contains(p.At) {
		t.Errorf("%+v", p)
	}
	if !places[1].Building {
		t.Errorf("%+v", places[1])
	}
	elements, err := s.Elements(t.Context(), w)
	if err != nil || len(elements) != 4 || elements[0].Kind != carto.Building || elements[0].Tags["building"] != "yes" {
		t.Errorf("elements %v, %v", elements, err)
	}
	bare := open(t, Options{Path: write(t, "v.geojson", village)})
	if elements, _ := bare.Elements(t.Context(), w); len(elements) != 0 {
		t.Error("tags are kept though nobody asked")
	}
}

// TestPlacesAcrossTiles: a school that four vector tiles share is one place with one label, and one that reaches out of the
// file is said to be cut.
func TestPlacesAcrossTiles(t *testing.T) {
	const zoom = 15
	tile := maptile.At(orb.Point{8.0015, 47.0005}, zoom)
	corner := tile.Bound().Min // where four tiles meet
	square := func(c orb.Point, half float64) orb.Polygon {
		return orb.Polygon{{{c[0] - half, c[1] - half}, {c[0] + half, c[1] - half}, {c[0] + half, c[1] + half}, {c[0] - half, c[1] + half}, {c[0] - half, c[1] - half}}}
	}
	fc := geojson.NewFeatureCollection()
	add := func(p orb.Polygon, props geojson.Properties) {
		f := geojson.NewFeature(p)
		f.Properties = props
		fc.Append(f)
	}
	school := square(corner, 0.002)
	add(school, geojson.Properties{"amenity": "school", "name": "Eckschule"})
	add(square(orb.Point{corner[0] + 0.004, corner[1]}, 0.001), geojson.Properties{"leisure": "park"})
	add(square(orb.Point{tile.Bound().Max[0] + 0.011, tile.Bound().Center()[1]}, 0.001), geojson.Properties{"amenity": "hospital", "name": "Randspital"})
	s := open(t, Options{Path: vectorFile(t, zoom, tile.Bound().Center(), map[string]*geojson.FeatureCollection{"osm": fc})})
	w := geo.TileWindow(tile).Pad(geo.TileSize).AtZoom(18)
	places, err := s.Places(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, p := range places {
		found[p.Class]++
		if p.Cut != (p.Class == "hospital") {
			t.Errorf("%s: cut %v", p.Class, p.Cut)
		}
		if p.Class == "school" {
			got, want := pixels(p.Outline, w), pixels(orb.MultiPolygon{school}, w)
			if d := math.Abs(float64(got-want)) / float64(want); d > 0.02 || len(p.Outline) != 4 {
				t.Errorf("%d pixels in %d parts, want %d", got, len(p.Outline), want)
			}
		}
	}
	if len(places) != 3 || found["school"] != 1 || found["park"] != 1 {
		t.Errorf("found %v", found)
	}
	labels, err := s.Labels(t.Context(), w)
	if err != nil || len(labels) != 3 {
		t.Errorf("labels %v, %v: want each once", labels, err)
	}
	small, err := s.Places(t.Context(), geo.BoundWindow(orb.Bound{Min: orb.Point{corner[0] + 1e-4, corner[1] + 1e-4}, Max: orb.Point{corner[0] + 2e-4, corner[1] + 2e-4}}, 18))
	if err != nil || len(small) != 1 || len(small[0].Outline) != 4 {
		t.Errorf("seen through a small window: %v, %v", small, err)
	}
}

// TestRealVectorFiles are a PMTiles archive of Protomaps and MBTiles with OSM's tags.
func TestRealVectorFiles(t *testing.T) {
	for file, c := range map[string]struct {
		at    orb.Point
		place string
	}{
		"firenze.pmtiles":  {orb.Point{11.2655, 43.7748}, `Liceo Scientifico "Guido Castelnuovo"`},
		"honolulu.mbtiles": {orb.Point{-157.8485, 21.2993}, "McKinley High School"},
	} {
		path := "../../../shared/data/osm/" + file
		if _, err := os.Stat(path); err != nil {
			t.Skip("the shared data is not here:", err)
		}
		s := open(t, Options{Path: path, Tags: true})
		w := geo.TileWindow(maptile.At(c.at, 16))
		places, err := s.Places(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, p := range places {
			found = found || p.Name == c.place && p.Class == "school" && !p.Cut
		}
		labels, err := s.Labels(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		labelled := false
		for _, l := range labels {
			labelled = labelled || l.Text == c.place
		}
		elements, err := s.Elements(t.Context(), w)
		if !found || !labelled || err != nil || len(elements) < 100 {
			t.Errorf("%s: place %v, label %v, %d elements, %v", file, found, labelled, len(elements), err)
		}
		if n := colours(t, s, maptile.At(c.at, 16)); n < 20 {
			t.Errorf("%s: the map shows %d colours", file, n)
		}
	}
}
