package stats

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"github.com/precinct-map/precinct/training/dataset"
)

// pictureScale is how many pixels of the picture one of a chart has.
const pictureScale = 2

// WritePicture writes the figures as a PNG on white: what the page shows but its tables.
func WritePicture(w io.Writer, set *dataset.Set, f *Figures) error {
	v, err := newView(set, f)
	if err != nil {
		return err
	}
	c := v.sheet()
	p := newPainter(c, v.letters)
	for _, s := range c.Shapes {
		p.paint(s)
	}
	return png.Encode(w, p.img)
}

// sheet is all panels on one chart.
func (v *view) sheet() chart {
	const margin, gap = 56., 40.
	c := chart{W: whole + 2*margin}
	c.text(margin, margin+18, 26, "bold", "%s", cut(v.Title, 74))
	x := margin
	for _, f := range v.Facts {
		c.text(x, margin+66, 22, "bold", "%s", f.Is)
		c.text(x, margin+86, 12.5, "soft", "%s", f.Of)
		x += max(v.letters.width(f.Is, 22, true), v.letters.width(f.Of, 12.5, false)) + gap
	}
	y := margin + 122
	if v.Drawn > 0 {
		c.text(margin, y, 12.5, "bad", "The satellite pictures of %s of %s samples are painted, not taken.", thousands(v.Drawn), thousands(v.Rows))
		y += 24
	}
	panels := append(append([]panel{}, v.Panels...), panel{Title: "Samples", Note: "Satellite, map, and the mask on the satellite picture, enlarged round what is asked for.", Chart: v.sampleChart()})
	panels = append(append(panels, v.Sizes...), v.Balance)
	for i := 0; i < len(panels); i++ {
		c.line(margin, y, margin+whole, y, "rule")
		height := v.lay(&c, panels[i], margin, y, i, i < len(v.Panels)+1)
		if panels[i].Half && i+1 < len(panels) && panels[i+1].Half {
			i++
			height = max(height, v.lay(&c, panels[i], margin+whole-half, y, i, i < len(v.Panels)+1))
		}
		y += height + 22
	}
	c.H = y + margin - 22
	return c
}

// lay puts a panel on the sheet and gives its height.
func (v *view) lay(c *chart, p panel, x, y float64, number int, lettered bool) float64 {
	at, title := y+30, x
	if lettered {
		c.text(x, at, 16, "soft", "%c", 'a'+number)
		title += 18
	}
	c.text(title, at, 16, "bold", "%s", p.Title)
	if p.Note != "" {
		at += 21
		c.text(x, at, 12.5, "soft", "%s", p.Note)
	}
	if len(p.Keys) > 0 {
		at += 24
		across := x
		for _, k := range p.Keys {
			wide := v.letters.width(k.Name, 12.5, false) + 36
			if across > x && across+wide-18 > x+p.Chart.W {
				across, at = x, at+20
			}
			c.rect(across, at-10, 11, 11, k.Role, "")
			c.text(across+17, at, 12.5, "", "%s", k.Name)
			across += wide
		}
	}
	c.put(p.Chart, x, at+16)
	return at + 16 + p.Chart.H - y
}

// sampleChart has the shown samples of each tier in rows of two.
func (v *view) sampleChart() chart {
	const gap, between = 4., 28.
	edge := (half - 4 - 2*gap - (between-20)/2) / 3
	c := chart{W: whole}
	for _, tier := range v.TiersShown() {
		c.text(0, c.H+14, 13, "bold", "%s", tierTitle(tier))
		c.H += 24
		for i, s := range v.Of(tier) {
			x := float64(i%2) * (whole - 3*edge - 2*gap)
			for k, img := range s.Pictures {
				left := x + float64(k)*(edge+gap)
				c.Shapes = append(c.Shapes, shape{Kind: "picture", Points: []point{{left, c.H}, {left + edge, c.H + edge}}, Picture: img})
			}
			about := s.Region
			if titleOf(s.Class) != s.Problem {
				about = titleOf(s.Class) + " · " + about
			}
			c.text(x, c.H+edge+18, 12.5, "", "“%s”", cut(s.Problem, 40))
			c.text(x+v.letters.width(fmt.Sprintf("“%s” ", cut(s.Problem, 40)), 12.5, false)+4, c.H+edge+18, 11.5, "soft", "%s", cut(about, 36))
			if i%2 == 1 || i+1 == len(v.Of(tier)) {
				c.H += edge + 36
			}
		}
	}
	return c
}

// painter paints shapes on a picture.
type painter struct {
	img     *image.RGBA
	letters *letters
	colours map[string]color.RGBA
}

func newPainter(c chart, l *letters) *painter {
	p := &painter{img: image.NewRGBA(image.Rect(0, 0, int(c.W*pictureScale), int(math.Ceil(c.H*pictureScale)))), letters: l, colours: map[string]color.RGBA{}}
	for _, h := range hues() {
		p.colours[h.Role] = rgb(h.Light)
	}
	draw.Draw(p.img, p.img.Bounds(), image.NewUniform(p.colours["paper"]), image.Point{}, draw.Src)
	return p
}

func (p *painter) paint(s shape) {
	switch s.Kind {
	case "poly":
		p.fill(s.Points, s.Role)
	case "line":
		a, b := s.Points[0], s.Points[1]
		dx, dy := b.X-a.X, b.Y-a.Y
		if long := math.Hypot(dx, dy); long > 0 {
			dx, dy = dx/long/2, dy/long/2
			p.fill([]point{{a.X - dy, a.Y + dx}, {b.X - dy, b.Y + dx}, {b.X + dy, b.Y - dx}, {a.X + dy, a.Y - dx}}, s.Role)
		}
	case "text":
		size, at := s.Size*pictureScale, s.Points[0]
		x, wide := at.X*pictureScale, p.letters.width(s.Text, size, s.Bold)
		switch s.Anchor {
		case "middle":
			x -= wide / 2
		case "end":
			x -= wide
		}
		p.letters.draw(p.img, x, at.Y*pictureScale, s.Text, size, s.Bold, p.colours[s.Role])
	case "picture":
		a, b := s.Points[0], s.Points[1]
		to := image.Rect(int(a.X*pictureScale), int(a.Y*pictureScale), int(b.X*pictureScale), int(b.Y*pictureScale))
		xdraw.CatmullRom.Scale(p.img, to, s.Picture, s.Picture.Bounds(), xdraw.Src, nil)
	}
}

func (p *painter) fill(points []point, role string) {
	// The rasterizer takes the part that the shape covers: over the whole sheet it would clear megabytes for each bar.
	low, high := points[0], points[0]
	for _, q := range points {
		low, high = point{min(low.X, q.X), min(low.Y, q.Y)}, point{max(high.X, q.X), max(high.Y, q.Y)}
	}
	box := image.Rect(int(low.X*pictureScale), int(low.Y*pictureScale), int(high.X*pictureScale)+2, int(high.Y*pictureScale)+2)
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for i, q := range points {
		x, y := float32(q.X*pictureScale)-float32(box.Min.X), float32(q.Y*pictureScale)-float32(box.Min.Y)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(p.img, box, image.NewUniform(p.colours[role]), image.Point{})
}
