package ocr

import (
	"context"
	"image"
	"math"
	"strings"
	"unicode"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Labels reads a map picture as a map source that knows its labels would tell them: lines that stand centred below each other
// are one label, its anchor is where the map puts it, and its class is what its symbol says by the legend (nil where there is none) and what
// its words say. What does not reach into a part of the picture may be left out.
func (r *Reader) Labels(ctx context.Context, img *image.RGBA, w geo.Window, core image.Rectangle, legend []tiles.Sign) ([]tiles.Label, error) {
	seen, err := r.look(ctx, img, w, core, legend)
	out := make([]tiles.Label, len(seen))
	for i, s := range seen {
		out[i] = s.Label
	}
	return out, err
}

// sight is what a picture tells of a place.
type sight struct {
	tiles.Label
	crowded bool // its name has no room in this picture
	signed  bool // a symbol stands there
}

func (r *Reader) look(ctx context.Context, img *image.RGBA, w geo.Window, core image.Rectangle, legend []tiles.Sign) ([]sight, error) {
	lines, err := r.Lines(ctx, img, core)
	if err != nil {
		return nil, err
	}
	var out []sight
	for _, b := range joined(lines) {
		out = append(out, sight{Label: tiles.Label{Text: b.text, At: w.LonLat(anchor(img, b.box))}})
	}
	return withSymbols(out, symbols(img, legend), w), nil
}

// block is lines that are one label.
type block struct {
	text string
	box  image.Rectangle
	last image.Rectangle // its lowest line
}

// joined puts lines together: of one height, centred on each other, with hardly a gap between. Lines come from top to bottom.
func joined(lines []Line) []block {
	var out []block
next:
	for _, l := range lines {
		for i := range out {
			b := &out[i]
			if follows(b.last, l.Box) {
				b.text = join(b.text, l.Text)
				b.box, b.last = b.box.Union(l.Box), l.Box
				continue next
			}
		}
		out = append(out, block{l.Text, l.Box, l.Box})
	}
	return out
}

func follows(upper, lower image.Rectangle) bool {
	h := float64(min(upper.Dy(), lower.Dy()))
	gap := float64(lower.Min.Y - upper.Max.Y)
	offCentre := math.Abs(float64(lower.Min.X+lower.Max.X-upper.Min.X-upper.Max.X)) / 2
	return gap > -0.6*h && gap < 0.35*h && offCentre < 0.5*h && float64(max(upper.Dy(), lower.Dy())) < 1.5*h
}

// join writes lines after each other, with a space but between Chinese characters. A hyphen at a line's end was a break.
func join(a, b string) string {
	last, first := []rune(a)[len([]rune(a))-1], []rune(b)[0]
	if unicode.Is(unicode.Han, last) && unicode.Is(unicode.Han, first) {
		return a + b
	}
	return strings.TrimSuffix(a, "-") + " " + b
}

// anchor is where a label stands: at its symbol, which maps put above the middle of the text, else in the text's own middle.
// Coordinates are pixels of the picture.
func anchor(img *image.RGBA, text image.Rectangle) orb.Point {
	middle := float64(text.Min.X+text.Max.X) / 2
	search := image.Rect(int(middle)-symbolReach/2, text.Min.Y-symbolReach, int(middle)+symbolReach/2+1, text.Min.Y+2).Intersect(img.Rect)
	sx, sy, n := 0.0, 0.0, 0.0
	for y := search.Min.Y; y < search.Max.Y; y++ {
		for x := search.Min.X; x < search.Max.X; x++ {
			if vivid(img.Pix[img.PixOffset(x, y):]) {
				sx, sy, n = sx+float64(x)+0.5, sy+float64(y)+0.5, n+1
			}
		}
	}
	if n < leastSymbol {
		return orb.Point{middle, float64(text.Min.Y+text.Max.Y) / 2}
	}
	return orb.Point{sx / n, sy / n}
}

const (
	symbolReach = 20 // pixels
	symbolDark  = 165
	leastSymbol = 40 // pixels: a disc of 7 px across
)

// vivid says whether a pixel has a colour of its own, or is dark, as symbols are and the ground of a map is not.
func vivid(p []uint8) bool {
	high, low := max(p[0], p[1], p[2]), min(p[0], p[1], p[2])
	return high-low > 45 && high < 230 || high < symbolDark
}
