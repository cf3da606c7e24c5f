package export

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/formats"
)

func TestGeoJSONComesBack(t *testing.T) {
	f, err := ByName("geojson")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.geojson")
	w, err := Create(context.Background(), path, f, Meta{Attribution: "© A"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&formats.Feature{Num: 1, Geometry: orb.Polygon{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(b, []byte(`"attribution":"© A"`)) {
		t.Fatalf("%s %v", b, err)
	}
}
