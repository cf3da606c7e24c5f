package tiles

import (
	"image"

	"github.com/precinct-map/precinct/geo"
)

// Pair is the satellite and the map picture of one window, pixel for pixel on the lattice.
type Pair struct {
	Window    geo.Window
	Satellite *image.RGBA // W×H pixels, opaque but for holes
	Map       *image.RGBA // W×H pixels
	Holes     []Hole      // ground that one of the pictures does not show; its pixels are HoleColor
	Labels    []Label     // in the window, when the map source knows them
	Labelled  bool        // whether the map source knows its labels: no labels, or none known
	Layers    []Info      // satellite, map
}

// Hole is ground that a picture does not show.
type Hole struct {
	Layer   string     `json:"layer"`
	Window  geo.Window `json:"window"`
	Reason  string     `json:"reason"`
	Passing bool       `json:"passing"` // the source failed, and may do better next time
}

// Bytes is the memory that the pair holds, for a cache's accounts.
func (p *Pair) Bytes() int { return len(p.Satellite.Pix) + len(p.Map.Pix) + 256*len(p.Labels) + 512 }
