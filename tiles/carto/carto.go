// Package carto draws maps: features and labels of a window in one of a few styles.
package carto

import (
	"image"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Kind is what a feature is, for the painter.
type Kind int

// Feature is one thing to draw.
type Feature struct {
	Kind     Kind
	Class    string // of a road: "motorway", "primary", "residential", …
	Geometry orb.Geometry // WGS-84
	Name     string
}

// Style is a map's look.
type Style struct{}

// Paint draws a window, scale pixels a lattice pixel. Features and labels beyond the window matter: what reaches in is drawn.
func (s *Style) Paint(w geo.Window, scale int, features []Feature, labels []tiles.Label) *image.RGBA { return nil }
