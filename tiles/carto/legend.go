package carto

import (
	"bytes"
	"image"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// Legend is the style's symbols and dots at scale 1, each with the classes that it stands for. The middle of a picture is the place's
// point; what is not the symbol's own, as the map below it, is transparent.
func (s *Style) Legend() []tiles.Sign {
	return append(s.signs((*canvas).symbol, false), s.signs((*canvas).dot, true)...)
}

func (s *Style) signs(draw func(*canvas, *label), crowded bool) []tiles.Sign {
	var out []tiles.Sign
next:
	for _, class := range taxonomy.Classes() {
		picture := s.sign(draw, class.ID)
		for i := range out {
			if bytes.Equal(out[i].Picture.Pix, picture.Pix) {
				out[i].Classes = append(out[i].Classes, class.ID)
				continue next
			}
		}
		out = append(out, tiles.Sign{Classes: []string{class.ID}, Picture: picture, Crowded: crowded})
	}
	return out
}

// sign draws a symbol on two papers: where they show through, it is transparent.
func (s *Style) sign(draw func(*canvas, *label), class string) *image.NRGBA {
	on := func(paper uint8) *image.RGBA {
		const edge = 2 * symbolSize
		c := s.newCanvas(geo.Window{Z: LabelZoom, W: edge, H: edge}, 1)
		defer s.rasters.Put(c.raster)
		for i := range c.img.Pix {
			c.img.Pix[i] = paper
		}
		draw(c, &label{class: class, x: edge / 2, y: edge / 2})
		return c.img
	}
	dark, light := on(0), on(255)
	out := image.NewNRGBA(dark.Rect)
	for i := 0; i < len(out.Pix); i += 4 {
		if bytes.Equal(dark.Pix[i:i+3], light.Pix[i:i+3]) {
			copy(out.Pix[i:], dark.Pix[i:i+3])
			out.Pix[i+3] = 255
		}
	}
	return out
}
