package runs

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // rows' pictures may be
	"image/png"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// Sketch is a completion drawn on its picture: the true outline green, the mask that came of it red, the box that was said blue.
type Sketch struct {
	Picture []byte // PNG or JPEG
	At      reasoning.Point
	Truth   *geo.Mask
	Box     reasoning.Box
	Mask    *geo.Mask // may be nil
	Text    string
}

// shown is the edge of the part that is shown, in pixels of the picture.
const shown = 256

func (s *Sketch) size() image.Point { return image.Pt(shown, shown) }

func (s *Sketch) png() ([]byte, error) {
	img, _, err := image.Decode(bytes.NewReader(s.Picture))
	if err != nil {
		return nil, err
	}
	from := image.Pt(int(s.At[0])-shown/2, int(s.At[1])-shown/2)
	out := image.NewRGBA(image.Rectangle{Max: s.size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min.Add(from), draw.Src)
	s.edge(out, from, s.Truth, color.RGBA{60, 230, 90, 255})
	if s.Mask != nil {
		s.edge(out, from, s.Mask, color.RGBA{255, 60, 50, 255})
	}
	blue := color.RGBA{70, 140, 255, 255}
	for x := int(s.Box[0]); x <= int(s.Box[2]); x++ {
		out.Set(x-from.X, int(s.Box[1])-from.Y, blue)
		out.Set(x-from.X, int(s.Box[3])-from.Y, blue)
	}
	for y := int(s.Box[1]); y <= int(s.Box[3]); y++ {
		out.Set(int(s.Box[0])-from.X, y-from.Y, blue)
		out.Set(int(s.Box[2])-from.X, y-from.Y, blue)
	}
	var b bytes.Buffer
	err = png.Encode(&b, out)
	return b.Bytes(), err
}

// edge draws a mask's outermost pixels.
func (s *Sketch) edge(out *image.RGBA, from image.Point, m *geo.Mask, c color.RGBA) {
	for y := range shown {
		for x := range shown {
			px, py := x+from.X-m.Window.X, y+from.Y-m.Window.Y
			if at(m, px, py) && !(at(m, px-1, py) && at(m, px+1, py) && at(m, px, py-1) && at(m, px, py+1)) {
				out.SetRGBA(x, y, c)
			}
		}
	}
}

func at(m *geo.Mask, x, y int) bool {
	return x >= 0 && y >= 0 && x < m.Window.W && y < m.Window.H && m.At(x, y)
}
