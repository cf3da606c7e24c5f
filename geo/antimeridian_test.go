package geo

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func TestWrapLongitude(t *testing.T) {
	for lon, want := range map[float64]float64{0: 0, 180: 180, -180: -180, 181: -179, -181: 179, 360: 0, 540: -180, -359: 1, 725: 5} {
		if got := WrapLongitude(lon); got != want {
			t.Errorf("WrapLongitude(%g) = %g, want %g", lon, got, want)
		}
	}
}

func TestWrapBound(t *testing.T) {
	for _, c := range []struct{ in, want orb.Bound }{
		{bound(10, 1, 20, 2), bound(10, 1, 20, 2)},
		{bound(179, 1, 181, 2), bound(179, 1, -179, 2)},
		{bound(-181, 1, -179, 2), bound(179, 1, -179, 2)},
		{bound(190, 1, 200, 2), bound(-170, 1, -160, 2)},
		{bound(-180, 1, 180, 2), bound(-180, 1, 180, 2)},
		{bound(-200, 1, 400, 2), bound(-180, 1, 180, 2)},
	} {
		if got := WrapBound(c.in); got != c.want {
			t.Errorf("WrapBound(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	crossing := WrapBound(bound(179, 1, 181, 2))
	if w := BoundWindow(crossing, 10); w != BoundWindow(bound(179, 1, 181, 2), 10) {
		t.Errorf("BoundWindow reads %v as %v", crossing, w)
	}
}

func TestSplitAntimeridian(t *testing.T) {
	east, west := orb.Polygon{loopOf(179, 0, 180, 0, 180, 1, 179, 1)}, orb.Polygon{loopOf(-180, 0, -179, 0, -179, 1, -180, 1)}
	across := orb.Polygon{loopOf(179, 0, 181, 0, 181, 1, 179, 1)}
	for _, c := range []struct {
		name     string
		in, want orb.Geometry
	}{
		{"nothing", nil, nil},
		{"a polygon that stays", east, east},
		{"a polygon across", across, orb.MultiPolygon{east, west}},
		{"a ring across", across[0], orb.MultiPolygon{east, west}},
		{"a bound across", across.Bound(), orb.MultiPolygon{east, west}},
		{"from the other side", orb.Polygon{loopOf(-181, 0, -179, 0, -179, 1, -181, 1)}, orb.MultiPolygon{east, west}},
		{"beyond", orb.MultiPolygon{{loopOf(181, 0, 182, 0, 182, 1, 181, 1)}}, orb.MultiPolygon{{loopOf(-179, 0, -178, 0, -178, 1, -179, 1)}}},
		{"a point", orb.Point{181, 5}, orb.Point{-179, 5}},
		{"points", orb.MultiPoint{{181, 5}, {3, 4}}, orb.MultiPoint{{-179, 5}, {3, 4}}},
		{"a line", orb.LineString{{178, 0}, {182, 4}}, orb.MultiLineString{{{178, 0}, {180, 2}}, {{-180, 2}, {-178, 4}}}},
		{"a collection", orb.Collection{orb.Point{181, 5}}, orb.Collection{orb.Point{-179, 5}}},
	} {
		got := SplitAntimeridian(c.in)
		if a, ok := got.(orb.MultiPolygon); ok {
			want := c.want.(orb.MultiPolygon)
			if len(a) != len(want) || areaOf(a) != areaOf(want) || pointSets(a) != pointSets(want) {
				t.Errorf("%s: %v, want %v", c.name, got, want)
			}
		} else if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSplitAntimeridianKeepsTheGround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		west := rapid.Float64Range(-500, 500).Draw(t, "west")
		width := rapid.Float64Range(0.001, 300).Draw(t, "width")
		poly := orb.Polygon{loopOf(west, -10, west+width, -5, west+width/2, 20)}
		area := areaOf(orb.MultiPolygon{poly})
		g := SplitAntimeridian(poly)
		parts, ok := g.(orb.MultiPolygon)
		if !ok {
			parts = orb.MultiPolygon{g.(orb.Polygon)}
		}
		if b := parts.Bound(); b.Min[0] < -180 || b.Max[0] > 180 {
			t.Fatalf("%v reaches beyond the world", parts)
		}
		if err := Valid(parts); err != nil {
			t.Fatal(err)
		}
		if got := areaOf(parts); math.Abs(got-area) > 1e-9*(1+area) {
			t.Fatalf("area %g, want %g", got, area)
		}
	})
}

func ExampleSplitAntimeridian() {
	fiji := orb.Polygon{{{179, -17}, {181, -17}, {181, -16}, {179, -16}, {179, -17}}}
	for _, part := range SplitAntimeridian(fiji).(orb.MultiPolygon) {
		b := part.Bound()
		fmt.Println(b.Min[0], "to", b.Max[0])
	}
	fmt.Println(WrapBound(fiji.Bound()).Min[0], WrapBound(fiji.Bound()).Max[0])
	// Output:
	// 179 to 180
	// -180 to -179
	// 179 -179
}
