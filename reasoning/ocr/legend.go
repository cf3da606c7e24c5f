package ocr

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// symbol is a symbol of a legend in a picture.
type symbol struct {
	sign *tiles.Sign
	at   orb.Point // pixels
	off  float64   // mean difference of its pixels, of 255
}

// Two symbols of one colour differ by 25 to 60 of 255 in the mean; JPEG and what is written over an edge move it by less than half of that.
const (
	mostOff     = 14
	symbolApart = 6 // pixels: nearer finds are one symbol
)

// template is a symbol made ready for comparing.
type template struct {
	sign   *tiles.Sign
	size   image.Point
	pixels []probe
}

type probe struct {
	x, y int
	rgb  [3]uint8
}

// symbols finds those of a legend by comparing pixels, each place once, with its best symbol.
func symbols(img *image.RGBA, legend []tiles.Sign) []symbol {
	var all []symbol
	for _, same := range alike(templates(legend)) {
		all = append(all, same.find(img)...)
	}
	slices.SortStableFunc(all, func(a, b symbol) int { return cmp.Compare(a.off, b.off) })
	var out []symbol
	for _, f := range all {
		if !slices.ContainsFunc(out, func(o symbol) bool { return math.Hypot(o.at[0]-f.at[0], o.at[1]-f.at[1]) < symbolApart }) {
			out = append(out, f)
		}
	}
	return out
}

func templates(legend []tiles.Sign) []*template {
	var out []*template
	for i := range legend {
		p := legend[i].Picture
		t := &template{sign: &legend[i], size: p.Rect.Size()}
		for y := range t.size.Y {
			for x := range t.size.X {
				if c := p.NRGBAAt(p.Rect.Min.X+x, p.Rect.Min.Y+y); c.A == 255 {
					t.pixels = append(t.pixels, probe{x, y, [3]uint8{c.R, c.G, c.B}})
				}
			}
		}
		// Far-off pixels in turn tell soonest that a place is another.
		slices.SortStableFunc(t.pixels, func(a, b probe) int { return cmp.Compare((a.x*7+a.y*11)%16, (b.x*7+b.y*11)%16) })
		out = append(out, t)
	}
	return out
}

// family is templates that have some pixels in common, which are looked at first.
type family struct {
	common  []probe
	members []*template
}

// alike puts templates together that share a good part of their pixels: a disc of one colour below different pictures.
func alike(all []*template) []*family {
	const share = 3 // a third of a template's pixels
	var out []*family
next:
	for _, t := range all {
		for _, f := range out {
			common := slices.DeleteFunc(slices.Clone(f.common), func(p probe) bool { return !slices.Contains(t.pixels, p) })
			if f.members[0].size == t.size && len(common) > 0 && len(common) >= len(t.pixels)/share {
				f.common, f.members = common, append(f.members, t)
				continue next
			}
		}
		out = append(out, &family{t.pixels, []*template{t}})
	}
	return out
}

func (f *family) find(img *image.RGBA) []symbol {
	size := f.members[0].size
	var out []symbol
	for y := 0; y <= img.Rect.Dy()-size.Y; y++ {
		for x := 0; x <= img.Rect.Dx()-size.X; x++ {
			if _, ok := off(img, x, y, f.common); !ok {
				continue
			}
			for _, t := range f.members {
				if d, ok := off(img, x, y, t.pixels); ok {
					out = append(out, symbol{t.sign, orb.Point{float64(x) + float64(size.X)/2, float64(y) + float64(size.Y)/2}, d})
				}
			}
		}
	}
	return out
}

// off is how much a part of a picture differs in the mean, of 255; ok is false where it is more than mostOff.
func off(img *image.RGBA, x, y int, pixels []probe) (mean float64, ok bool) {
	// Of the first few pixels none may be far off, or most of a map would be compared to the end.
	const first, far = 4, 6 * mostOff
	sum, most := 0, 3*mostOff*len(pixels)
	at := y*img.Stride + 4*x
	for i, p := range pixels {
		q := img.Pix[at+p.y*img.Stride+4*p.x:]
		d := 0
		for c := range 3 {
			v := int(q[c]) - int(p.rgb[c])
			d += max(v, -v)
		}
		if sum += d; sum > most || i < first && d > far {
			return 0, false
		}
	}
	return float64(sum) / float64(3*len(pixels)), true
}

// withSymbols joins words with the symbols that stand at their anchors; a symbol by itself is a label without a name.
func withSymbols(seen []sight, signs []symbol, w geo.Window) []sight {
	const reach = 5 // pixels between a symbol's middle and the anchor that words tell
	for _, s := range signs {
		nearest, apart := -1, float64(reach)
		for i := range seen {
			at := w.Local(seen[i].At)
			if d := math.Hypot(at[0]-s.at[0], at[1]-s.at[1]); d < apart && !seen[i].signed && !s.sign.Crowded {
				nearest, apart = i, d
			}
		}
		if nearest < 0 {
			nearest = len(seen)
			seen = append(seen, sight{crowded: s.sign.Crowded})
		}
		l := &seen[nearest]
		l.At, l.Among, l.signed = w.LonLat(s.at), s.sign.Classes, true
	}
	for i := range seen {
		settle(&seen[i].Label)
	}
	return seen
}

// settle decides a label's class by its symbol, and among what that may stand for by its words.
func settle(l *tiles.Label) {
	told, ok := taxonomy.ClassOfName(l.Text)
	switch {
	case len(l.Among) == 1:
		l.Class, l.Among = l.Among[0], nil
	case ok && (l.Among == nil || slices.Contains(l.Among, told.ID)):
		l.Class, l.Among = told.ID, nil
	}
}
