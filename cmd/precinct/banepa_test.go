package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
)

// banepa is real imagery with a map that lacks the places' outlines, and the outlines, which are never an input.
const (
	banepa     = "../../../shared/data/banepa"
	banepaBBox = "85.5190,27.6294,85.5231,27.6343"
)

func needBanepa(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("../../../shared"); err != nil {
		t.Skip("the folder ../shared with Banepa's imagery is not here")
	}
	if testing.Short() {
		t.Skip("takes a minute")
	}
}

// execute runs the command as main does and gives what it wrote to standard output.
func execute(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetArgs(args)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("precinct %q: %v", args, err)
	}
	return out.String()
}

func segmentBanepa(t *testing.T, query string) []formats.Feature {
	t.Helper()
	out := execute(t, "segment", "--satellite", "dir:"+filepath.Join(banepa, "labelled"), "--map", "osm:"+filepath.Join(banepa, "map.geojson"),
		"--bbox", banepaBBox, "--zoom", "19", "--query", query)
	found, err := formats.ReadGeoJSON(bytes.NewReader([]byte(out)))
	if err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return found
}

// fine is the zoom at which outlines are compared: a pixel is a decimetre.
const fine = 21

func maskOf(t *testing.T, g orb.Geometry) *geo.Mask {
	t.Helper()
	mp, ok := formats.Polygons(g)
	if !ok {
		t.Fatalf("%s is no outline", g.GeoJSONType())
	}
	return ground(onLattice(mp, fine))
}

// ground draws an outline of the lattice on its own extent.
func ground(shape orb.MultiPolygon) *geo.Mask {
	b := shape.Bound()
	x, y := int(math.Floor(b.Min[0])), int(math.Floor(b.Min[1]))
	return geo.Rasterize(geo.Window{Z: fine, X: x, Y: y, W: int(math.Ceil(b.Max[0])) - x, H: int(math.Ceil(b.Max[1])) - y}, shape)
}

func TestSegmentFindsBanepasSchools(t *testing.T) {
	needBanepa(t)
	found := segmentBanepa(t, "school")
	var masks []*geo.Mask
	for _, f := range found {
		masks = append(masks, maskOf(t, f.Geometry))
	}
	schools, hits, sum := 0, 0, 0.0
	places, err := readKnown(filepath.Join(banepa, "truth.geojson"), fine)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		if p.class != "school" {
			continue
		}
		schools++
		truth, best := ground(p.shape), 0.0
		for _, m := range masks {
			best = max(best, truth.IoU(m))
		}
		t.Logf("%-40v best IoU %.2f", p.name, best)
		sum += best
		if best > 0.5 {
			hits++
		}
	}
	t.Logf("%d schools, %d found with IoU above 0.5, mean best IoU %.3f, %d outlines", schools, hits, sum/float64(schools), len(found))
	if schools != 7 || hits < 5 || sum/7 < 0.6 || len(found) > 10 {
		t.Errorf("want at least 5 of 7 above 0.5, mean at least 0.6 and at most 10 outlines")
	}
}

func TestSegmentFindsOnePlaceByName(t *testing.T) {
	needBanepa(t)
	const name = "Bagmati English Secondary School"
	found := segmentBanepa(t, name)
	if len(found) != 1 || found[0].Get("name") != name {
		t.Errorf("%d outlines, want the one place: %v", len(found), found)
	}
}

func TestSegmentSaysWhenThereIsNothing(t *testing.T) {
	needBanepa(t)
	if found := segmentBanepa(t, "airport"); len(found) != 0 {
		t.Errorf("an airport in Banepa: %v", found)
	}
}
