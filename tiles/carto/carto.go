// Package carto draws maps: the features and labels of a window in one of a few styles.
//
// A pixel of a picture depends on the data near it and never on the window it was asked in, so tiles painted one by one fit
// like the parts of one large picture, anti-aliasing and label placement included. Two things make that hold: shapes are
// rasterised in integers of the world-wide lattice, and which of two labels gives way is decided by a fixed order among
// their near neighbours.
//
// The styles "basic" and "basic-b" are for machines that look for places. They show streets, plain buildings, water, rails
// and names, and never the outline of a place: a school's ground in a colour of its own would give its answer away. The
// style "full" is for people and shows it all. Each has a twin without names and symbols, as "basic-unlabelled".
package carto

import (
	"fmt"
	"image"
	"strings"
	"sync"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Kind is what a feature is, for the painter.
type Kind int

// The kinds, bottom first.
const (
	Land     Kind = iota // ground by its use: "residential", "commercial", "industrial", "farmland", "sand", …
	Ground               // the ground of a place; Class is the place's taxonomy class: "school", "parking", …
	Green                // "park", "grass", "wood", "garden", "cemetery", …
	Water                // an area, or a line of class "river", "canal" or "stream"
	Building             // Class is the taxonomy class of the place that the building is, "" when it is a plain building
	Path                 // for feet and bicycles: "footway", "steps", "cycleway", "track", …
	Road                 // OSM's highway values: "motorway", "primary", "residential", "service", …
	Rail                 // "rail", "tram", …
)

// Pad is how far around a window, in lattice pixels, features and labels may matter to its picture: label placement looks
// past three neighbours. What a caller passes from beyond does not change the picture.
const Pad = 512

// LabelZoom is where names and symbols begin. Below it only what lies within LinePad of the window matters.
const LabelZoom = 14

// LinePad is how far around a window, in lattice pixels, a feature without a name may matter: half the widest line.
const LinePad = 64

// Feature is one thing to draw.
type Feature struct {
	Kind     Kind
	Class    string       // within the kind, as its constant says; an unknown one is drawn like the common one
	Geometry orb.Geometry // WGS-84 longitude and latitude in degrees, whole: not cut at the window
	Name     string       // a street's name, written along it
	Level    int          // what crosses above what: bridges 1 and more, tunnels −1 and less
}

// MinZoom is the zoom below which no style draws the feature, whatever its size.
func (f *Feature) MinZoom() int {
	switch f.Kind {
	case Road:
		return roads[roadRank(f.Class)].zoom
	case Path:
		return pathZoom(f.Class)
	case Rail:
		return railZoom
	case Building:
		return buildingZoom
	}
	return 0
}

// Style is a map's look with its fonts. It is safe for concurrent use.
type Style struct {
	look    look
	mute    bool // no names, no symbols
	face    *face
	rasters sync.Pool
}

// unlabelled ends the names of styles that draw no names and symbols.
const unlabelled = "-unlabelled"

// Names lists the styles that have names and symbols.
func Names() []string { return []string{"basic", "basic-b", "full"} }

// NewStyle makes a style, by name, that writes in the font it brings along (Latin, Greek, Cyrillic) and, where that lacks a
// character, in the given TTF, OTF or TTC files, in their order. A font of a collection is chosen by "#" and its number after
// the path, as in "NotoSansCJK-Regular.ttc#2"; without, it is the first. Errors wrap tiles.ErrConfig.
func NewStyle(name string, fonts ...string) (*Style, error) {
	base, mute := strings.CutSuffix(name, unlabelled)
	look, ok := lookNamed(base)
	if !ok {
		return nil, &tiles.Error{Op: "open map style", Subject: fmt.Sprintf("%q", name), Err: tiles.ErrConfig,
			Hint: fmt.Sprintf("the styles are %q, and without names and symbols with %q after these", Names(), unlabelled)}
	}
	face, err := newFace(look.font, fonts)
	if err != nil {
		return nil, err
	}
	s := &Style{look: look, mute: mute, face: face}
	s.rasters.New = func() any { return new(raster) }
	return s, nil
}

// CanWrite says whether the style's fonts have every character of a text. Labels that cannot be written whole are drawn as a
// symbol alone.
func (s *Style) CanWrite(text string) bool { return s.face.has(text) }

// Paint draws a window, scale pixels a lattice pixel: an opaque picture of w.W·scale × w.H·scale pixels. Features and labels
// within Pad of the window matter, in any order; those whose shape is of the wrong kind, as a road that is a point, are left
// out.
func (s *Style) Paint(w geo.Window, scale int, features []Feature, labels []tiles.Label) *image.RGBA {
	c := s.newCanvas(w, max(1, scale))
	defer s.rasters.Put(c.raster)
	c.paintAreas(features)
	c.paintLines(features)
	if !s.mute {
		c.paintLabels(features, labels)
	}
	return c.img
}
