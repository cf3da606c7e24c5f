package stats

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training/dataset"
)

// chart is a drawing in pixels, which the page writes as SVG and the picture paints. Shapes lie above those before them.
type chart struct {
	Title  string // of the whole, for those who cannot see it
	W, H   float64
	Shapes []shape
}

// shape is a filled polygon, a line, or a text.
type shape struct {
	Kind   string // "poly", "line", "text" or "picture"
	Role   string // of its colour
	Points []point
	Tell   string // what is shown where the pointer rests

	Text   string
	Size   float64 // of the text
	Anchor string  // "start", "middle" or "end"
	Bold   bool
	Fit    float64 // the width that the text is to have, whatever font writes it; 0 for its own

	Picture image.Image
}

type point struct{ X, Y float64 }

// Path is a polygon's as SVG.
func (s shape) Path() string {
	var b strings.Builder
	for i, p := range s.Points {
		fmt.Fprintf(&b, "%c%g %g", "ML"[min(i, 1)], p.X, p.Y)
	}
	return b.String() + "Z"
}

// short is a coordinate with one digit after the point: more would only make the page larger.
func short(v float64) float64 { return math.Round(10*v) / 10 }

func (c *chart) poly(role, tell string, points ...point) {
	for i, p := range points {
		points[i] = point{short(p.X), short(p.Y)}
	}
	c.Shapes = append(c.Shapes, shape{Kind: "poly", Role: role, Tell: tell, Points: points})
}

func (c *chart) rect(x, y, w, h float64, role, format string, args ...any) {
	if w > 0 && h > 0 {
		c.poly(role, fmt.Sprintf(format, args...), point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
	}
}

func (c *chart) line(x1, y1, x2, y2 float64, role string) {
	c.Shapes = append(c.Shapes, shape{Kind: "line", Role: role, Points: []point{{short(x1), short(y1)}, {short(x2), short(y2)}}})
}

// text writes at a base line. The style is an anchor, a role of colour, and bold, in any order: start, ink and regular when left out.
func (c *chart) text(x, y, size float64, style, format string, args ...any) {
	s := shape{Kind: "text", Role: "ink", Anchor: "start", Size: size, Points: []point{{short(x), short(y)}}, Text: fmt.Sprintf(format, args...)}
	for word := range strings.FieldsSeq(style) {
		switch word {
		case "bold":
			s.Bold = true
		case "start", "middle", "end":
			s.Anchor = word
		default:
			s.Role = word
		}
	}
	c.Shapes = append(c.Shapes, s)
}

// put lays a chart into this one.
func (c *chart) put(o chart, x, y float64) {
	for _, s := range o.Shapes {
		moved := make([]point, len(s.Points))
		for i, p := range s.Points {
			moved[i] = point{p.X + x, p.Y + y}
		}
		s.Points = moved
		c.Shapes = append(c.Shapes, s)
	}
}

// hue is a colour on white paper and on black.
type hue struct{ Role, Light, Dark string }

// hues are the roles and their colours: s of splits, t of tiers, f of functions in the taxonomy's order.
func hues() []hue {
	out := []hue{{"paper", "#ffffff", "#15171a"}, {"card", "#ffffff", "#1b1e22"}, {"ink", "#1f2328", "#e8e6e1"}, {"soft", "#656c74", "#9ba2aa"},
		{"rule", "#e4e4e0", "#33373d"}, {"bad", "#b3411e", "#f08a63"}, {"good", "#0b7a4b", "#5cc795"}}
	for i, c := range []string{"#2f6fb5", "#e0952b", "#2f9e77"} {
		out = append(out, hue{fmt.Sprintf("s%d", i), c, paler(c)})
	}
	for i, c := range []string{"#4a5a9e", "#b06aa3", "#3f9aa8"} {
		out = append(out, hue{fmt.Sprintf("t%d", i), c, paler(c)})
	}
	for i, c := range []string{"#2f6fb5", "#d9822b", "#c0504d", "#7d6b5d", "#8064a2", "#a0762f", "#c85a9a", "#5f8a2f", "#2a95ad", "#2f9e77", "#8a8f95"} {
		out = append(out, hue{fmt.Sprintf("f%d", i), c, paler(c)})
	}
	return out
}

// paler mixes a colour with white, for black paper.
func paler(hex string) string {
	c := rgb(hex)
	mix := func(v uint8) uint8 { return uint8((int(v)*74 + 255*26) / 100) }
	return fmt.Sprintf("#%02x%02x%02x", mix(c.R), mix(c.G), mix(c.B))
}

// rgb is a colour written as #rrggbb.
func rgb(hex string) color.RGBA {
	c := color.RGBA{A: 255}
	_, _ = fmt.Sscanf(hex, "#%02x%02x%02x", &c.R, &c.G, &c.B) // ours
	return c
}

// functionRole is a function's colour.
func functionRole(id string) string {
	const hues = 10
	for i, f := range taxonomy.Functions() {
		if f.ID == id && i < hues {
			return fmt.Sprintf("f%d", i)
		}
	}
	return "f10"
}

// key is a name and its colour, for a legend.
type key struct{ Name, Role string }

func splitKeys() []key {
	var out []key
	for i, s := range dataset.Splits {
		out = append(out, key{s, fmt.Sprintf("s%d", i)})
	}
	return out
}

func tierKeys() []key {
	var out []key
	for i, t := range dataset.Tiers {
		out = append(out, key{tierTitle(t), fmt.Sprintf("t%d", i)})
	}
	return out
}

// tierTitle is a tier's name as the paper writes it.
func tierTitle(tier string) string {
	if rest, ok := strings.CutPrefix(tier, "socio_"); ok {
		return "Socio-" + rest
	}
	return tier
}
