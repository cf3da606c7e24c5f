package search

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"github.com/paulmach/orb/planar"
	"golang.org/x/text/language"

	"github.com/precinct-map/precinct/geo/formats"
)

// Result is a place as Nominatim writes it, https://nominatim.org/release-docs/latest/api/Output/.
type Result struct {
	PlaceID     int64             `json:"place_id"`
	Licence     string            `json:"licence"`
	OSMType     string            `json:"osm_type,omitempty"`
	OSMID       int64             `json:"osm_id,omitempty"`
	Lat         string            `json:"lat"`
	Lon         string            `json:"lon"`
	Category    string            `json:"category,omitempty"` // jsonv2
	Class       string            `json:"class,omitempty"`    // json
	Type        string            `json:"type"`
	PlaceRank   int               `json:"place_rank"`
	Importance  float64           `json:"importance"`
	AddressType string            `json:"addresstype,omitempty"`
	Name        string            `json:"name"`
	DisplayName string            `json:"display_name"`
	Address     map[string]string `json:"address,omitempty"`
	ExtraTags   map[string]string `json:"extratags,omitempty"`
	NameDetails map[string]string `json:"namedetails,omitempty"`
	BoundingBox [4]string         `json:"boundingbox"` // S, N, W, E
	GeoJSON     json.RawMessage   `json:"geojson,omitempty"`
}

// degrees are written with 7 decimals, as OpenStreetMap stores them.
func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 7, 64) }

// result writes a place.
func (p *params) result(of *Place, licence string) Result {
	b := of.Bound
	if b.Min == b.Max {
		b = b.Pad(0.00005) // Nominatim's, of points
	}
	r := Result{PlaceID: of.PlaceID, Licence: licence, OSMType: of.Type, OSMID: of.ID, Lat: degrees(of.At[1]), Lon: degrees(of.At[0]), Type: of.Value,
		PlaceRank: rank(of), Importance: math.Round(of.Importance*1e6) / 1e6, AddressType: addressType(of), Name: nameIn(of.Tags, p.languages),
		BoundingBox: [4]string{degrees(b.Min[1]), degrees(b.Max[1]), degrees(b.Min[0]), degrees(b.Max[0])}}
	if p.format == "json" {
		r.Class = of.Key
	} else {
		r.Category = of.Key
	}
	r.DisplayName = displayName(of, r.Name)
	if p.address {
		r.Address = map[string]string{}
		for k, v := range of.Address {
			r.Address[k] = v
		}
		if r.Name != "" {
			r.Address[r.AddressType] = r.Name
		}
	}
	for k, v := range of.Tags {
		base, _, _ := strings.Cut(k, ":")
		isName := base == "name" || strings.HasSuffix(base, "_name")
		switch {
		case isName && p.names:
			put(&r.NameDetails, k, v)
		case !isName && base != "addr" && p.extra && k != of.Key:
			put(&r.ExtraTags, k, v)
		}
	}
	if p.polygon {
		r.GeoJSON = of.shape(p.threshold)
	}
	return r
}

func put(m *map[string]string, k, v string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[k] = v
}

// shape is the place's geometry, simplified to a tolerance in degrees.
func (p *Place) shape(tolerance float64) json.RawMessage {
	g, err := wkb.Unmarshal(p.geometry)
	if err != nil {
		return nil
	}
	if tolerance > 0 {
		g = simplified(g, tolerance)
	}
	data, err := formats.MarshalGeometry(g)
	if err != nil {
		return nil
	}
	return data
}

// Geometry is the place's outline, line or point in WGS-84 degrees.
func (p *Place) Geometry() (orb.Geometry, error) { return wkb.Unmarshal(p.geometry) }

// ranks are Nominatim's, https://nominatim.org/release-docs/latest/customize/Ranking/, for what has one of its own.
var ranks = map[string]int{"country": 4, "state": 8, "region": 10, "county": 12, "city": 16, "town": 18, "village": 19, "suburb": 20, "hamlet": 20,
	"borough": 18, "quarter": 22, "neighbourhood": 24, "island": 20, "square": 25}

func rank(p *Place) int {
	if r, ok := ranks[p.Value]; ok && p.Key == "place" {
		return r
	}
	if l, err := strconv.Atoi(p.Tags["admin_level"]); err == nil && p.Key == "boundary" && l > 0 && l < 13 {
		return 2 * l
	}
	if p.Key == "highway" && p.Value != "bus_stop" {
		return 26
	}
	return 30
}

func addressType(p *Place) string {
	switch p.Key {
	case "highway":
		return "road"
	case "place":
		return p.Value
	case "boundary":
		if l := adminLevels[p.Tags["admin_level"]]; l != "" {
			return l
		}
	}
	return p.Key
}

// nameIn is the name in the first of the languages that the map has, else as it is written on the spot.
func nameIn(tags map[string]string, languages []language.Tag) string {
	for _, l := range languages {
		base, _ := l.Base()
		for _, k := range []string{"name:" + l.String(), "name:" + base.String()} {
			if n := tags[k]; n != "" {
				return n
			}
		}
	}
	return tags["name"]
}

// displayName is the name and where it is, from the narrow to the wide, each word once.
func displayName(p *Place, name string) string {
	var out []string
	for _, part := range []string{name, p.Address["house_number"], p.Address["road"], p.Address["neighbourhood"], p.Address["suburb"], p.Address["city"], p.Address["county"],
		p.Address["state"], p.Address["postcode"], p.Address["country"]} {
		if part == "" || len(out) > 0 && (part == name || part == p.Tags["name"] || out[len(out)-1] == part) {
			continue
		}
		out = append(out, part)
	}
	return strings.Join(out, ", ")
}

// far is the distance of a point from a geometry in degrees of latitude, 0 inside an area.
func far(g orb.Geometry, p orb.Point) float64 {
	if contains(g, p) {
		return 0
	}
	return planar.DistanceFrom(g, p)
}
