package town

import (
	"image"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Draw is a window of a map in one piece.
func Draw(s tiles.Source, w geo.Window) *image.RGBA { return s.(*townMap).draw(w, 1) }
