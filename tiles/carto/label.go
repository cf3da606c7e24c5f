package carto

import (
	"hash/fnv"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// The measures of labels, in lattice pixels. They bound how far a label's fate is decided: see Pad.
const (
	textSize   = 12
	lineHeight = 14
	lineWidth  = 96
	maxLines   = 3
	symbolSize = 8 // half of it, its rim included
)

// rounds is how many times labels give way to those before them. After an odd number, no two that are shown overlap, and
// each further pair of rounds brings back some that gave way to one that is itself hidden: in the centre of San Francisco at
// zoom 17, three rounds show a quarter more than one. Each round lets data from a label's width further away matter.
const rounds = 3

// crowd is how many labels of one cell, a square of lattice pixels, have a chance: it bounds the work of low zooms.
const (
	crowd     = 6
	crowdCell = 64
)

// rect is x0 ≤ x < x1, y0 ≤ y < y1 in scaled lattice pixels.
type rect struct{ x0, y0, x1, y1 int }

func (r rect) overlaps(o rect) bool { return r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1 }

// label is a place's symbol and name, or a street's name, laid out.
type label struct {
	rank    int // what matters more has the higher one
	hash    uint64
	text    string
	class   string
	x, y    int // the anchor
	box     rect
	parts   []rect // of a street's name; nil when the box says it all
	letters []written
	shown   bool
}

// written is one letter in its place, in quarters of a pixel, turned by turn/256 of a circle.
type written struct {
	letter letter
	x, y   int
	turn   uint8
}

// before is the fixed order in which labels give way. The hash scatters equals: were they ordered by place, each would hide
// its neighbour all along a street.
func (l *label) before(o *label) int {
	switch {
	case l.rank != o.rank:
		return o.rank - l.rank
	case l.hash != o.hash:
		if l.hash < o.hash {
			return -1
		}
		return 1
	case l.x != o.x:
		return l.x - o.x
	case l.y != o.y:
		return l.y - o.y
	}
	return strings.Compare(l.text, o.text)
}

func (c *canvas) paintLabels(features []Feature, labels []tiles.Label) {
	if c.window.Z < LabelZoom {
		return
	}
	places := c.layOutPlaces(labels)
	hideOverlaps(places, 2*lineWidth*c.scale)
	streets := c.streetNames(features, places)
	for _, l := range streets {
		c.write(l, c.style.look.streetInk)
	}
	const overhang = 6 // what letters and halos may reach beyond a label's box
	around := c.window.Pad(overhang)
	view := rect{around.X * c.scale, around.Y * c.scale, (around.X + around.W) * c.scale, (around.Y + around.H) * c.scale}
	for _, l := range places {
		if !l.box.overlaps(view) {
			continue
		}
		if l.shown {
			c.symbol(l)
		} else if !anyShown(places, l) {
			c.dot(l)
		}
	}
	for _, l := range places {
		if l.shown && l.box.overlaps(view) {
			c.write(l, c.style.look.ink)
		}
	}
}

// anyShown says whether a label that is shown lies over l's anchor.
func anyShown(places []*label, l *label) bool {
	at := rect{l.x - 3, l.y - 3, l.x + 3, l.y + 3}
	for _, o := range places {
		if o.shown && o.box.overlaps(at) {
			return true
		}
	}
	return false
}

// layOutPlaces gives the labels near the window that have a chance to be shown, in the order in which they give way.
func (c *canvas) layOutPlaces(labels []tiles.Label) []*label {
	near := c.window.Pad(Pad)
	bound := near.Bound()
	var out []*label
	for i := range labels {
		t := &labels[i]
		rank := classRank(t.Class)
		if !bound.Contains(t.At) || c.window.Z < rankZoom(rank, t.Text == "") {
			continue
		}
		p := geo.Project(t.At, c.window.Z)
		l := &label{rank: rank, text: t.Text, class: t.Class,
			x: int(math.Round(p[0] * float64(c.scale))), y: int(math.Round(p[1] * float64(c.scale)))}
		h := fnv.New64a()
		h.Write([]byte(t.Text)) //nolint:errcheck // a hash never fails
		l.hash = h.Sum64() ^ math.Float64bits(t.At[0])*0x9e3779b97f4a7c15 ^ math.Float64bits(t.At[1])*0xc2b2ae3d27d4eb4f
		l.hash ^= l.hash >> 29
		out = append(out, l)
	}
	slices.SortFunc(out, (*label).before)
	out = c.thin(out)
	for _, l := range out {
		c.layOut(l)
	}
	return out
}

// thin keeps the first few labels of each cell of the lattice.
func (c *canvas) thin(labels []*label) []*label {
	seen := map[[2]int]int{}
	cell := crowdCell * c.scale
	return slices.DeleteFunc(labels, func(l *label) bool {
		k := [2]int{l.x / cell, l.y / cell}
		seen[k]++
		return seen[k] > crowd
	})
}

// layOut sets the name in lines below the symbol.
func (c *canvas) layOut(l *label) {
	s := c.scale
	l.box = rect{l.x - symbolSize*s, l.y - symbolSize*s, l.x + symbolSize*s, l.y + symbolSize*s}
	if l.text == "" || !c.style.face.has(l.text) {
		return
	}
	size := float64(textSize * s)
	y := l.y + (symbolSize+textSize-1)*s
	for _, line := range c.wrap(l.text, float64(lineWidth*s), size) {
		width := c.style.face.width(line, size)
		x := float64(l.x) - width/2
		left, right := int(math.Floor(x)), int(math.Ceil(x+width))
		l.box = rect{min(l.box.x0, left-2*s), l.box.y0, max(l.box.x1, right+2*s), y + 4*s}
		for _, r := range line {
			letter := c.style.face.letter(r)
			l.letters = append(l.letters, written{letter: letter, x: int(math.Round(x * 4)), y: y * 4})
			x += letter.advance * size
		}
		y += lineHeight * s
	}
}

// wrap breaks a text into lines: between words, and between any two Chinese, Japanese or Korean characters.
func (c *canvas) wrap(text string, width, size float64) []string {
	var lines []string
	line := ""
	for _, word := range words(text) {
		candidate := line + word
		if c.style.face.width(strings.TrimSpace(candidate), size) <= width {
			line = candidate
			continue
		}
		if t := strings.TrimSpace(line); t != "" {
			lines = append(lines, t)
		}
		line = strings.TrimLeft(word, " ")
	}
	if t := strings.TrimSpace(line); t != "" {
		lines = append(lines, t)
	}
	if len(lines) > maxLines {
		lines = lines[:maxLines]
		lines[maxLines-1] += "…"
	}
	for i, l := range lines {
		lines[i] = c.shorten(l, width, size)
	}
	return lines
}

// shorten cuts a line that is one word too long.
func (c *canvas) shorten(line string, width, size float64) string {
	if c.style.face.width(line, size) <= width {
		return line
	}
	r := []rune(strings.TrimSuffix(line, "…"))
	for len(r) > 1 && c.style.face.width(string(r)+"…", size) > width {
		r = r[:len(r)-1]
	}
	return strings.TrimSpace(string(r)) + "…"
}

// words are the parts of a text that stay on one line; a space belongs to the word after it.
func words(text string) []string {
	var out []string
	start := 0
	wide := false
	for i, r := range text {
		w := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
		if i > start && (w || wide || unicode.IsSpace(r)) {
			out = append(out, text[start:i])
			start = i
		}
		wide = w
	}
	return append(out, text[start:])
}

// hideOverlaps decides which labels are shown; they come in the order in which they give way.
func hideOverlaps(labels []*label, cell int) {
	rivals := make([][]int32, len(labels)) // of each label, those before it that it overlaps
	grid := map[[2]int][]int32{}
	for i, l := range labels {
		x0, y0, x1, y1 := l.box.x0/cell, l.box.y0/cell, l.box.x1/cell, l.box.y1/cell
		for y := y0; y <= y1; y++ {
			for x := x0; x <= x1; x++ {
				k := [2]int{x, y}
				for _, j := range grid[k] {
					if labels[j].box.overlaps(l.box) {
						rivals[i] = append(rivals[i], j)
					}
				}
				grid[k] = append(grid[k], int32(i))
			}
		}
	}
	shown, next := make([]bool, len(labels)), make([]bool, len(labels))
	for i := range shown {
		shown[i] = true
	}
	for range rounds {
		for i := range labels {
			next[i] = !slices.ContainsFunc(rivals[i], func(j int32) bool { return shown[j] })
		}
		shown, next = next, shown
	}
	for i, l := range labels {
		l.shown = shown[i]
	}
}

// write draws a label's letters on their halo.
func (c *canvas) write(l *label, ink color.NRGBA) {
	for _, halo := range []bool{true, false} {
		for _, w := range l.letters {
			s := c.style.face.stamp(stampKey{letter: w.letter, size: textSize * c.scale, turn: w.turn, dx: uint8(w.x & 3), dy: uint8(w.y & 3)})
			x, y := w.x>>2+s.x-c.window.X*c.scale, w.y>>2+s.y-c.window.Y*c.scale
			if halo {
				press(c.img, x, y, s.w, s.h, s.halo, c.style.look.halo)
			} else {
				press(c.img, x, y, s.w, s.h, s.ink, ink)
			}
		}
	}
}

// press paints a w×h mask with its corner at (x0, y0).
func press(img *image.RGBA, x0, y0, w, h int, mask []uint8, c color.NRGBA) {
	for y := max(0, -y0); y < min(h, img.Rect.Dy()-y0); y++ {
		for x := max(0, -x0); x < min(w, img.Rect.Dx()-x0); x++ {
			if a := uint32(mask[y*w+x]); a > 0 {
				blend(img.Pix[(y0+y)*img.Stride+4*(x0+x):], c, a+a>>7)
			}
		}
	}
}

// classRank is how much a place matters to people who look for their way.
func classRank(class string) int {
	switch class {
	case "hospital", "university", "station", "airport", "stadium", "park", "mall", "museum", "zoo", "townhall", "bus_station":
		return 3
	case "atm", "toilets", "bicycle_parking", "charging", "taxi", "parking", "garden", "apartments", "house", "shop", "office":
		return 0
	}
	c, _ := taxonomy.ByID(class)
	switch c.Function {
	case "educational", "medical", "cultural", "public_service", "leisure", "transportation":
		return 2
	}
	return 1
}

// rankZoom is where labels of a rank begin to be shown; those that are a symbol alone come last.
func rankZoom(rank int, nameless bool) int {
	zooms := [...]int{17, 16, 15, LabelZoom}
	if nameless {
		return max(17, zooms[rank])
	}
	return zooms[rank]
}

// Shown gives the labels whose symbol and whole name a picture of the window, at scale 1, shows: what can be read in it.
func (s *Style) Shown(w geo.Window, labels []tiles.Label) []tiles.Label {
	c := s.newCanvas(w, 1)
	defer s.rasters.Put(c.raster)
	if w.Z < LabelZoom || s.mute {
		return nil
	}
	places := c.layOutPlaces(labels)
	hideOverlaps(places, 2*lineWidth)
	var out []tiles.Label
	for _, l := range places {
		inside := l.box.x0 >= w.X && l.box.y0 >= w.Y && l.box.x1 <= w.X+w.W && l.box.y1 <= w.Y+w.H
		whole := !strings.Contains(strings.Join(c.wrap(l.text, lineWidth, textSize), ""), "…")
		if l.shown && inside && whole && len(l.letters) > 0 {
			out = append(out, tiles.Label{Text: l.text, Class: l.class, At: geo.Unproject(orb.Point{float64(l.x), float64(l.y)}, w.Z)})
		}
	}
	return out
}
