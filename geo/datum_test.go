package geo

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// metersApart is the distance of two near points on EPSG:3857's sphere.
func metersApart(p, q orb.Point) float64 {
	const degree = earthRadius * math.Pi / 180
	return math.Hypot((p[0]-q[0])*degree*math.Cos(p[1]*math.Pi/180), (p[1]-q[1])*degree)
}

func TestParseDatum(t *testing.T) {
	for name, want := range map[string]Datum{
		"": WGS84, "wgs84": WGS84, "WGS-84": WGS84, "gcj02": GCJ02, "GCJ-02": GCJ02, "bd09": BD09, "BD-09": BD09,
	} {
		if got, err := ParseDatum(name); err != nil || got != want {
			t.Errorf("ParseDatum(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := ParseDatum("tokyo"); !errors.Is(err, ErrDatum) {
		t.Errorf("ParseDatum(tokyo): %v, want ErrDatum", err)
	}
}

// The expected places are those that users of the formulas publish: eviltransform's tests, coordtransform's page. They differ
// among themselves by centimetres, in the ellipsoid's axis.
func TestDatumsAgreeWithPublishedPairs(t *testing.T) {
	for _, c := range []struct {
		name       string
		datum      Datum
		wgs, there orb.Point
		meters     float64
	}{
		{"Shanghai", GCJ02, orb.Point{121.5272106, 31.1774276}, orb.Point{121.531541859215, 31.17530398364597}, 0.05},
		{"Shenzhen", GCJ02, orb.Point{113.912316, 22.543847}, orb.Point{113.9171764808363, 22.540796131694766}, 0.05},
		{"Beijing", GCJ02, orb.Point{116.377817, 39.911954}, orb.Point{116.38404722455657, 39.91334545536069}, 0.05},
		{"Tiananmen", GCJ02, orb.Point{116.404, 39.915}, orb.Point{116.41024449916938, 39.91640428150164}, 1e-6},
		{"Tiananmen", BD09, GCJ02.ToWGS84(orb.Point{116.404, 39.915}), orb.Point{116.41036949371029, 39.92133699351021}, 1e-4},
	} {
		if got := c.datum.FromWGS84(c.wgs); metersApart(got, c.there) > c.meters {
			t.Errorf("%s: %v, want %v: %.3f m off", c.name, got, c.there, metersApart(got, c.there))
		}
	}
}

func TestDatumsReturn(t *testing.T) {
	for _, d := range []Datum{WGS84, GCJ02, BD09, ""} {
		worst := 0.0
		for lon := 72.004; lon <= 137.8347; lon += 0.131 {
			for lat := 0.8293; lat <= 55.8271; lat += 0.117 {
				p := orb.Point{lon, lat}
				worst = max(worst, metersApart(p, d.ToWGS84(d.FromWGS84(p))))
			}
		}
		if worst > 0.0001 {
			t.Errorf("%q: a round trip is off by %g m", d, worst)
		}
	}
}

func TestDatumsAreIdentityElsewhere(t *testing.T) {
	for _, p := range []orb.Point{
		{85.52, 27.63 - 40}, {-74, 40.7}, {2.35, 48.85}, {151.2, -33.9}, {139.7, 35.7}, {0, 0}, {-180, 85}, {180, -90},
	} {
		for _, d := range []Datum{GCJ02, BD09} {
			if d.FromWGS84(p) != p || d.ToWGS84(p) != p {
				t.Errorf("%s moves %v to %v, or back to %v", d, p, d.FromWGS84(p), d.ToWGS84(p))
			}
		}
	}
}

func TestOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := orb.Point{rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-84, 84).Draw(t, "lat")}
		east, north := rapid.Float64Range(-500, 500).Draw(t, "east"), rapid.Float64Range(-500, 500).Draw(t, "north")
		q := Offset(p, east, north)
		if moved, want := metersApart(p, q), math.Hypot(east, north); math.Abs(moved-want) > 1e-3 {
			t.Fatalf("moved %.5f m, want %.5f", moved, want)
		}
		if (q[0] > p[0]) != (east > 0) && east != 0 && math.Abs(east) > 1e-6 {
			t.Fatalf("%v east of %v is %v", east, p, q)
		}
	})
}

func FuzzDatum(f *testing.F) {
	f.Add(116.4, 39.9)
	f.Add(105.0, 35.0)
	f.Add(137.8347, 55.8271)
	f.Add(math.Inf(1), math.NaN())
	f.Fuzz(func(t *testing.T, lon, lat float64) {
		p := orb.Point{lon, lat}
		for _, d := range []Datum{WGS84, GCJ02, BD09} {
			there := d.FromWGS84(p)
			if shifted(p, 0) && metersApart(p, d.ToWGS84(there)) > 0.001 {
				t.Errorf("%s: %v comes back as %v", d, p, d.ToWGS84(there))
			}
			if !shifted(p, 0) && there != p && p == p {
				t.Errorf("%s: %v lies outside and moves to %v", d, p, there)
			}
		}
	})
}

func BenchmarkToWGS84(b *testing.B) {
	for _, d := range []Datum{GCJ02, BD09} {
		b.Run(string(d), func(b *testing.B) {
			for b.Loop() {
				d.ToWGS84(orb.Point{116.4, 39.9})
			}
		})
	}
}

func ExampleDatum_ToWGS84() {
	p := GCJ02.ToWGS84(orb.Point{116.38404722, 39.91334546})
	fmt.Printf("%.5f %.5f\n", p[0], p[1])
	// Output: 116.37782 39.91195
}
