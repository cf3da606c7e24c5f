package carto

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/precinct-map/precinct/tiles"
)

// face is a font with those that stand in where it lacks a character. It keeps the letters it has drawn.
type face struct {
	fonts []*sfnt.Font

	mu      sync.RWMutex
	runes   map[rune]letter
	stamps  map[stampKey]*stamp
	scratch sfnt.Buffer // under mu's write lock
}

// letter is a character's glyph; font is −1 where no font has it.
type letter struct {
	font    int
	id      sfnt.GlyphIndex
	advance float64 // of a font of size 1
}

// stampKey names a drawn letter: its size in pixels, turned by turn/256 of a circle, shifted by quarters of a pixel.
type stampKey struct {
	letter letter
	size   int
	turn   uint8
	dx, dy uint8
}

// stamp is a drawn letter: coverage 0 to 255 of ink and of the halo around it, w×h pixels from (x, y) off its origin.
type stamp struct {
	x, y, w, h int
	ink, halo  []uint8
}

// maxStamps bounds the memory of drawn letters to some 5 MB.
const maxStamps = 8192

func newFace(first []byte, files []string) (*face, error) {
	f := &face{runes: map[rune]letter{}, stamps: map[stampKey]*stamp{}}
	parsed, err := sfnt.Parse(first)
	if err != nil {
		return nil, fmt.Errorf("built-in font: %w", err)
	}
	f.fonts = []*sfnt.Font{parsed}
	for _, name := range files {
		font, err := openFont(name)
		if err != nil {
			return nil, &tiles.Error{Op: "open font", Subject: name, Err: fmt.Errorf("%w: %w", tiles.ErrConfig, err),
				Hint: "name a TTF, OTF or TTC file; a font of a collection as file.ttc#2"}
		}
		f.fonts = append(f.fonts, font)
	}
	return f, nil
}

func openFont(name string) (*sfnt.Font, error) {
	path, number, numbered := strings.Cut(name, "#")
	index := 0
	if numbered {
		var err error
		if index, err = strconv.Atoi(number); err != nil {
			return nil, fmt.Errorf("%q is no number of a font", number)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err // the path is the error's subject already
		}
		return nil, err
	}
	collection, err := sfnt.ParseCollection(data)
	if err != nil {
		return nil, err
	}
	return collection.Font(index)
}

// letter finds a character in the first font that has it.
func (f *face) letter(r rune) letter {
	f.mu.RLock()
	l, ok := f.runes[r]
	f.mu.RUnlock()
	if ok {
		return l
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	l = f.find(r)
	if l.font < 0 {
		l = f.find(lookalike(r))
	}
	f.runes[r] = l
	return l
}

func (f *face) find(r rune) letter {
	const em = 2048
	for i, font := range f.fonts {
		id, err := font.GlyphIndex(&f.scratch, r)
		if err != nil || id == 0 {
			continue
		}
		if advance, err := font.GlyphAdvance(&f.scratch, id, fixed.I(em), 0); err == nil {
			return letter{i, id, float64(advance) / 64 / em}
		}
	}
	return letter{font: -1}
}

// lookalike gives a common character for a rarer one: the ʻokina of Hawaiian names is in few fonts.
func lookalike(r rune) rune {
	switch r {
	case 'ʻ':
		return '‘'
	case 'ʼ':
		return '’'
	case '\u00a0', '\u202f', '\u3000':
		return ' '
	case '‐', '‑':
		return '-'
	}
	return r
}

func (f *face) has(text string) bool {
	for _, r := range text {
		if f.letter(r).font < 0 {
			return false
		}
	}
	return true
}

// width is a text's length in pixels at a size.
func (f *face) width(text string, size float64) float64 {
	w := 0.0
	for _, r := range text {
		w += f.letter(r).advance * size
	}
	return w
}

func (f *face) stamp(k stampKey) *stamp {
	f.mu.RLock()
	s, ok := f.stamps[k]
	f.mu.RUnlock()
	if ok {
		return s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.stamps) >= maxStamps {
		clear(f.stamps)
	}
	s = f.draw(k)
	f.stamps[k] = s
	return s
}

func (f *face) draw(k stampKey) *stamp {
	segments, err := f.fonts[k.letter.font].LoadGlyph(&f.scratch, k.letter.id, fixed.I(k.size), nil)
	if err != nil || len(segments) == 0 {
		return &stamp{}
	}
	margin := k.size + 8 // letters of all scripts stay within an em of their origin, but for a few that lose an edge
	edge := 2*margin + k.size
	var r raster
	r.reset(edge, edge, point{int64(-margin) << unitBits, int64(-margin-k.size/2) << unitBits})
	sin, cos := math.Sincos(float64(k.turn) / 256 * 2 * math.Pi)
	place := func(p fixed.Point26_6) point {
		x, y := float64(p.X)/64, float64(p.Y)/64
		return point{
			int64(math.Round((x*cos - y*sin + float64(k.dx)/4) * unit)),
			int64(math.Round((x*sin + y*cos + float64(k.dy)/4) * unit)),
		}
	}
	trace(&r, segments, place)
	ink := make([]uint8, edge*edge)
	box := rect{edge, edge, 0, 0}
	r.sweep(func(x, y, coverage int) {
		ink[y*edge+x] = uint8(min(coverage, 255))
		box = rect{min(box.x0, x), min(box.y0, y), max(box.x1, x+1), max(box.y1, y+1)}
	})
	return crop(ink, edge, box, margin, margin+k.size/2, haloRadius(k.size))
}

// haloRadius is in pixels.
func haloRadius(size int) float64 { return float64(size) / 7 }

// trace adds a glyph's outline to a raster, curves as chords.
func trace(r *raster, segments sfnt.Segments, place func(fixed.Point26_6) point) {
	var start, at point
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			r.edge(at, start)
			at = place(s.Args[0])
			start = at
		case sfnt.SegmentOpLineTo:
			next := place(s.Args[0])
			r.edge(at, next)
			at = next
		default:
			b, c, d := place(s.Args[0]), place(s.Args[1]), place(s.Args[2])
			if s.Op == sfnt.SegmentOpQuadTo { // the same curve as a cubic
				b, c, d = between(at, b, 2./3), between(c, b, 2./3), c
			}
			const chords = 4
			from := at
			for i := 1; i <= chords; i++ {
				t := float64(i) / chords
				ab, bc, cd := between(from, b, t), between(b, c, t), between(c, d, t)
				next := between(between(ab, bc, t), between(bc, cd, t), t)
				r.edge(at, next)
				at = next
			}
		}
	}
	r.edge(at, start)
}

func between(p, q point, t float64) point {
	return point{p.x + int64(math.Round(float64(q.x-p.x)*t)), p.y + int64(math.Round(float64(q.y-p.y)*t))}
}

// crop cuts a letter out of its square and makes its halo: the ink spread by a radius.
func crop(ink []uint8, edge int, box rect, originX, originY int, radius float64) *stamp {
	if box.x0 >= box.x1 {
		return &stamp{}
	}
	grow := int(math.Ceil(radius + 0.5))
	s := &stamp{x: box.x0 - grow - originX, y: box.y0 - grow - originY, w: box.x1 - box.x0 + 2*grow, h: box.y1 - box.y0 + 2*grow}
	s.ink, s.halo = make([]uint8, s.w*s.h), make([]uint8, s.w*s.h)
	for y := box.y0; y < box.y1; y++ {
		copy(s.ink[(y-box.y0+grow)*s.w+grow:], ink[y*edge+box.x0:y*edge+box.x1])
	}
	for dy := -grow; dy <= grow; dy++ {
		for dx := -grow; dx <= grow; dx++ {
			weight := min(1, radius+0.5-math.Hypot(float64(dx), float64(dy)))
			if weight > 0 {
				spread(s, dx, dy, uint32(weight*256))
			}
		}
	}
	return s
}

func spread(s *stamp, dx, dy int, weight uint32) {
	for y := max(0, -dy); y < min(s.h, s.h-dy); y++ {
		for x := max(0, -dx); x < min(s.w, s.w-dx); x++ {
			if v := uint8(uint32(s.ink[y*s.w+x]) * weight >> 8); v > s.halo[(y+dy)*s.w+x+dx] {
				s.halo[(y+dy)*s.w+x+dx] = v
			}
		}
	}
}
