// Package formats writes and reads what a map client or a GIS understands: GeoJSON (RFC 7946, and RFC 8142 text sequences),
// Mapbox vector tiles (version 2.1), and tiles of painted outlines. It keeps no state and does no input or output but through
// the readers and writers that it is given.
package formats

import (
	"errors"
	"fmt"

	"github.com/paulmach/orb"
)

// Feature is a thing on the map.
type Feature struct {
	ID         string       // as GeoJSON shows it; "" for Num
	Num        uint64       // as vector tiles show it, below 2⁵³; 0 for none
	Geometry   orb.Geometry // WGS-84 degrees, or a Layer's lattice; longitudes may run past ±180 to stay continuous
	Properties []Property   // in the order in which they are written
}

// Property is one attribute of a feature.
type Property struct {
	Key   string
	Value any
}

// Get is the value of the first property with a key; nil when there is none.
func (f *Feature) Get(key string) any {
	for _, p := range f.Properties {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// text is a property that is a string; "" when there is none.
func (f *Feature) text(key string) string {
	s, _ := f.Get(key).(string)
	return s
}

// subject names the feature in errors.
func (f *Feature) subject() string {
	switch {
	case f.ID != "":
		return fmt.Sprintf("feature %q", f.ID)
	case f.Num != 0:
		return fmt.Sprintf("feature %d", f.Num)
	}
	return "feature without id"
}

// Layer is features that are shown together.
type Layer struct {
	Name     string
	Features []Feature
	// Lattice is the zoom whose global pixels the geometries are counted in, as geo.Trace gives them: neighbours then meet
	// exactly. 0 says that they are WGS-84 degrees.
	Lattice int
}

// Sentinels of the package; test with errors.Is.
var (
	ErrGeometry = errors.New("not a usable geometry")
	ErrDegrees  = errors.New("no longitude and latitude in degrees") // beside ErrGeometry
	ErrInput    = errors.New("not usable GeoJSON")
	ErrTooLarge = errors.New("too large")
	ErrProperty = errors.New("not a usable property")
)

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string // what was asked, "read GeoJSON"
	Subject string // what of
	Err     error
	Hint    string // what the reader can do about it
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
