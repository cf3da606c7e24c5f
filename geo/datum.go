package geo

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"
)

// Datum is what a map's longitudes and latitudes are counted in.
type Datum string

// The datums of public map services.
const (
	WGS84 Datum = "wgs84" // GPS; also the zero Datum ""
	GCJ02 Datum = "gcj02" // China's shifted datum: Amap, Tencent, Google in China
	BD09  Datum = "bd09"  // Baidu's shift on top of GCJ-02
)

// ErrDatum is what ParseDatum's errors wrap.
var ErrDatum = errors.New("unknown datum")

// ParseDatum reads a datum's name in any case, with or without hyphens; "" is WGS84. The error wraps ErrDatum.
func ParseDatum(name string) (Datum, error) {
	switch d := Datum(strings.ReplaceAll(strings.ToLower(name), "-", "")); d {
	case "":
		return WGS84, nil
	case WGS84, GCJ02, BD09:
		return d, nil
	}
	return "", fmt.Errorf("parse datum %q: %w (use wgs84, gcj02 or bd09)", name, ErrDatum)
}

// FromWGS84 is where the datum's maps show a WGS-84 longitude and latitude, in degrees. Outside of the box that the services
// shift (72.004–137.8347° E, 0.8293–55.8271° N) it is the identity, as theirs is; the border of the box is a step of some hundred
// metres, so no inverse can be right on both sides of it.
func (d Datum) FromWGS84(p orb.Point) orb.Point {
	if !shifted(p, 0) {
		return p
	}
	return d.shift(p)
}

// ToWGS84 is FromWGS84's inverse for every point of the box, found by iteration and exact to a tenth of a millimetre.
func (d Datum) ToWGS84(p orb.Point) orb.Point {
	w := p
	// The shift changes by at most a fortieth of a step (BD-09), so each round gains more than a digit and a half.
	const rounds, enough = 12, 1e-10 // degrees: some 10 µm
	for range rounds {
		q := d.shift(w)
		east, north := p[0]-q[0], p[1]-q[1]
		w = orb.Point{w[0] + east, w[1] + north}
		if math.Abs(east)+math.Abs(north) < enough {
			break
		}
	}
	if !shifted(w, 10*enough) {
		return p
	}
	return w
}

// shifted says whether a WGS-84 point lies in the box that the services shift, or less than slack degrees beside it.
func shifted(p orb.Point, slack float64) bool {
	return p[0] >= 72.004-slack && p[0] <= 137.8347+slack && p[1] >= 0.8293-slack && p[1] <= 55.8271+slack
}

// shift is the datum's formula, wherever the point lies.
func (d Datum) shift(p orb.Point) orb.Point {
	switch d {
	case GCJ02:
		return shiftGCJ(p)
	case BD09:
		return shiftBD(shiftGCJ(p))
	}
	return p
}

// shiftGCJ moves WGS-84 to GCJ-02 by the formula that became public as EvilTransform.cs (2013; see Wikipedia, "Restrictions on
// geographic data in China", GCJ-02): waves in metres, scaled to degrees on Krasovsky's ellipsoid of 1940.
func shiftGCJ(p orb.Point) orb.Point {
	const axis, eccentricity2 = 6378245.0, 0.00669342162296594323
	x, y := p[0]-105, p[1]-35
	root, bend := math.Sqrt(math.Abs(x)), 0.1*x*y
	ripple := 20*sinPi(6*x) + 20*sinPi(2*x)
	north := -100 + 2*x + 3*y + 0.2*y*y + bend + 0.2*root +
		2.0/3*(ripple+20*sinPi(y)+40*sinPi(y/3)+160*sinPi(y/12)+320*sinPi(y/30))
	east := 300 + x + 2*y + 0.1*x*x + bend + 0.1*root +
		2.0/3*(ripple+20*sinPi(x)+40*sinPi(x/3)+150*sinPi(x/12)+300*sinPi(x/30))

	sin, cos := math.Sincos(p[1] * math.Pi / 180)
	w2 := 1 - eccentricity2*sin*sin
	meridian := axis * (1 - eccentricity2) / (w2 * math.Sqrt(w2))
	normal := axis / math.Sqrt(w2)
	return orb.Point{
		p[0] + east/(normal*cos)*180/math.Pi,
		p[1] + north/meridian*180/math.Pi,
	}
}

func sinPi(x float64) float64 { return math.Sin(x * math.Pi) }

// shiftBD moves GCJ-02 to BD-09: a wave in polar coordinates of the degrees, and an offset. Source: the formula published by
// users of Baidu's geoconv service (coordtransform, eviltransform); Wikipedia, same article, BD-09.
func shiftBD(p orb.Point) orb.Point {
	const wave = 3000 * math.Pi / 180 // radians a degree
	radius := math.Hypot(p[0], p[1]) + 0.00002*math.Sin(p[1]*wave)
	angle := math.Atan2(p[1], p[0]) + 0.000003*math.Cos(p[0]*wave)
	sin, cos := math.Sincos(angle)
	return orb.Point{radius*cos + 0.0065, radius*sin + 0.006}
}

// Offset is the point metres east and north of a longitude and latitude in degrees, on EPSG:3857's sphere, as
// MetersPerPixel is. It is meant for the few hundred metres by which maps are misplaced: longitude takes the scale of
// p's own latitude, cut at MaxLatitude.
func Offset(p orb.Point, east, north float64) orb.Point {
	const degree = earthRadius * math.Pi / 180
	lat := math.Max(-MaxLatitude, math.Min(MaxLatitude, p[1]))
	return orb.Point{
		p[0] + east/(degree*math.Cos(lat*math.Pi/180)),
		p[1] + north/degree,
	}
}
