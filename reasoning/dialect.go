package reasoning

import (
	"fmt"
	"math"
	"strings"
)

// Dialect is how a model wants its pictures and counts its coordinates.
type Dialect struct {
	Name      string
	Factor    int  // the picture's edges are multiples of it; 1 leaves them
	MinPixels int  // pictures below are enlarged; 0 for no limit
	MaxPixels int  // pictures above are reduced; 0 for no limit
	Relative  bool // coordinates are 0–1000 of the picture rather than pixels of it
	Protocol  *Protocol
}

// The dialects that are known. Qwen2.5-VL answers in pixels of the picture as the server resized it, so we resize it
// ourselves to what the server keeps; Qwen3-VL answers in thousandths.
var dialects = []Dialect{
	{Name: "generic", Factor: 1},
	{Name: "qwen2.5-vl", Factor: 28, MinPixels: 56 * 56, MaxPixels: 768 * 768},
	{Name: "qwen3-vl", Factor: 32, MinPixels: 64 * 64, MaxPixels: 768 * 768, Relative: true},
}

// ParseDialect finds a dialect by name, or reads a file that ends in .yaml; "" is generic.
func ParseDialect(name string) (Dialect, error) {
	if name == "" {
		return dialects[0], nil
	}
	if strings.HasSuffix(name, ".yaml") {
		return openDialect(name)
	}
	for _, d := range dialects {
		if d.Name == name {
			return d, nil
		}
	}
	return Dialect{}, fmt.Errorf("unknown dialect %q: use generic, qwen2.5-vl, qwen3-vl or a file that ends in .yaml", name)
}

// Size is the picture size that the dialect's models keep for a picture of w×h: each edge rounded to a multiple of Factor, scaled
// into [MinPixels, MaxPixels] with the aspect kept (Qwen2-VL's smart_resize).
func (d Dialect) Size(w, h int) (int, int) {
	if d.Factor <= 1 {
		return w, h
	}
	f := float64(d.Factor)
	round := func(v float64) float64 { return math.Max(f, math.RoundToEven(v/f)*f) }
	fw, fh := float64(w), float64(h)
	rw, rh := round(fw), round(fh)
	switch {
	case d.MaxPixels > 0 && rw*rh > float64(d.MaxPixels):
		beta := math.Sqrt(fw * fh / float64(d.MaxPixels))
		rw, rh = math.Max(f, math.Floor(fw/beta/f)*f), math.Max(f, math.Floor(fh/beta/f)*f)
	case rw*rh < float64(d.MinPixels):
		beta := math.Sqrt(float64(d.MinPixels) / (fw * fh))
		rw, rh = math.Ceil(fw*beta/f)*f, math.Ceil(fh*beta/f)*f
	}
	return int(rw), int(rh)
}

// ToPicture is the factor, a dimension, from the model's coordinates to pixels of the w×h picture that it was made from.
func (d Dialect) ToPicture(w, h int) (sx, sy float64) {
	if d.Relative {
		return float64(w) / 1000, float64(h) / 1000
	}
	dw, dh := d.Size(w, h)
	return float64(w) / float64(dw), float64(h) / float64(dh)
}
