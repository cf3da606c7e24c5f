package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/tiles/osm"
)

// TestNewcomersPath is what the README tells somebody who has a map extract and no imagery.
func TestNewcomersPath(t *testing.T) {
	extract := filepath.Join("..", "..", "..", "shared", "data", "osm", "sf-downtown.osm.pbf")
	if _, err := os.Stat(extract); err != nil {
		t.Skip("the extract of San Francisco is not here: ", extract)
	}
	const school = "Gordon J. Lau Elementary School"
	out := execute(t, "segment", "--satellite", "drawn:"+extract, "--map", "osm:"+extract, "--place", school, "--query", school)
	if !strings.Contains(out, "drawn from OpenStreetMap, not imagery") {
		t.Error("the answer does not say that its imagery is drawn")
	}
	found, err := formats.ReadGeoJSON(bytes.NewReader([]byte(out)))
	if err != nil || len(found) != 1 || found[0].Get("name") != school {
		t.Fatalf("%v, %v", found, err)
	}
	plan, err := osm.Open(t.Context(), osm.Options{Path: extract})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	places, err := outlined(t.Context(), plan, maskOf(t, found[0].Geometry).Window)
	if err != nil {
		t.Fatal(err)
	}
	best := 0.0
	for _, p := range places {
		if p.name == school {
			best = max(best, ground(p.shape).IoU(maskOf(t, found[0].Geometry)))
		}
	}
	t.Logf("IoU %.2f", best)
	if best == 0 {
		t.Error("what was found lies beside the school")
	}
}
