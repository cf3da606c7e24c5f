package geo

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// The published pairs are of Baidu's own API, as its users print what it answers: the first with both directions and its tile of zoom 18
// in the description of Baidu's coordinates that most of them cite.
func TestBaiduAgreesWithItsAPI(t *testing.T) {
	for _, c := range []struct{ degrees, metres orb.Point }{
		{orb.Point{116.404, 39.915}, orb.Point{12958175, 4825923.77}},
	} {
		if m := ProjectBaidu(c.degrees); math.Hypot(m[0]-c.metres[0], m[1]-c.metres[1]) > 0.006 { // it rounds to centimetres
			t.Errorf("%v is at %.3f, want %.3f", c.degrees, m, c.metres)
		}
		if p := UnprojectBaidu(c.metres); math.Hypot(p[0]-c.degrees[0], p[1]-c.degrees[1]) > 6e-7 {
			t.Errorf("%v is %.7f, want %v", c.metres, p, c.degrees)
		}
		if m := ProjectBaidu(c.degrees); int(m[0]/256) != 50617 || int(m[1]/256) != 18851 {
			t.Errorf("%v is in tile %v", c.degrees, m)
		}
	}
}

// clarke is Mercator on Clarke's ellipsoid of 1866, EPSG Guidance Note 7-2, 3.5.1 (variant A with scale 1): what Baidu's polynomials were fitted to,
// by all appearances. Nothing of it is shared with them.
func clarke(p orb.Point) orb.Point {
	const a, b = 6378206.4, 6356583.8
	e := math.Sqrt(1 - b*b/a/a)
	sin := math.Sin(p[1] * math.Pi / 180)
	return orb.Point{a * p[0] * math.Pi / 180, a * (math.Atanh(sin) - e*math.Atanh(e*sin))}
}

func TestBaiduIsMercatorOnClarke(t *testing.T) {
	for lat := -74.0; lat <= 74; lat += 0.01 {
		within := 0.4
		if math.Abs(lat) >= 55 {
			within = 15
		}
		p := orb.Point{lat * 2, lat}
		m, want := ProjectBaidu(p), clarke(p)
		if math.Abs(m[0]-want[0]) > 0.01 || math.Abs(m[1]-want[1]) > within {
			t.Fatalf("%.2f: %.3f, on Clarke's ellipsoid %.3f", lat, m, want)
		}
	}
}

func TestBaiduReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := orb.Point{rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-74, 74).Draw(t, "lat")}
		q := UnprojectBaidu(ProjectBaidu(p))
		within := 0.04 // at 30°, where the tables of the two ways change bands, 0.035
		if math.Abs(p[1]) >= 45 {
			within = 0.3
		}
		if math.Abs(p[1]) >= 55 {
			within = 8
		}
		if d := metersApart(p, q); d > within {
			t.Fatalf("%v comes back as %v, %.3f m off", p, q, d)
		}
	})
	if p := ProjectBaidu(orb.Point{116, 89}); p != ProjectBaidu(orb.Point{116, 74}) {
		t.Error("not clamped", p)
	}
	if p := ProjectBaidu(orb.Point{1, math.NaN()}); !math.IsNaN(p[1]) {
		t.Error(p)
	}
}

func BenchmarkProjectBaidu(b *testing.B) {
	for b.Loop() {
		ProjectBaidu(BD09.FromWGS84(orb.Point{116.397, 39.909}))
	}
}
