package stats

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"slices"

	"golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/dataset"
)

// sample is one that is shown.
type sample struct {
	Tier, Problem, Class, Region, ID string
	Number                           int            // within its tier
	Pictures                         [3]image.Image // satellite, map, and the satellite with the mask
	Data                             [3]template.URL
}

// The samples of a tier that are shown, and their pictures' pixels a side.
const (
	shownPerTier = 4
	shownSize    = 300
	shownQuality = 82
)

// pictures reads the samples that are shown: those of each tier are of different functions as far as there are.
func (f *Figures) pictures(set *dataset.Set) ([]sample, error) {
	var out []sample
	for _, tier := range knownFirst(dataset.Tiers, f.Tiers) {
		for n, c := range f.chosen(tier) {
			row, err := set.At(c.at)
			if err != nil {
				return nil, err
			}
			s, err := newSample(row)
			if err != nil {
				return nil, &dataset.Error{Op: "show", Subject: c.id, Err: err}
			}
			s.Number = n + 1
			out = append(out, s)
		}
	}
	return out, nil
}

// chosen are a tier's samples to be shown: of its most frequent kinds, but first one of each function.
func (f *Figures) chosen(tier string) []candidate {
	kinds := byCount(f.Kinds[tier])
	seen := map[string]bool{}
	var first, rest []candidate
	for _, kind := range kinds {
		if fn := functionOf(kind); !seen[fn] {
			seen[fn] = true
			first = append(first, f.samples[tier][kind])
		} else {
			rest = append(rest, f.samples[tier][kind])
		}
	}
	all := append(first, rest...)
	return all[:min(shownPerTier, len(all))]
}

func newSample(r *dataset.Row) (sample, error) {
	plan, satellite, mask, err := r.Pictures()
	if err != nil {
		return sample{}, err
	}
	s := sample{Tier: r.Tier, Problem: r.Problem, Class: r.Class, Region: r.Region, ID: r.ID}
	part := closer(mask)
	for k, img := range []image.Image{satellite, plan, overlaid(satellite, mask)} {
		small := image.NewRGBA(image.Rect(0, 0, shownSize, shownSize))
		draw.CatmullRom.Scale(small, small.Bounds(), img, part.Add(img.Bounds().Min), draw.Src, nil)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: shownQuality}); err != nil {
			return s, err
		}
		s.Pictures[k], s.Data[k] = small, template.URL("data:image/jpeg;base64,"+base64.StdEncoding.EncodeToString(b.Bytes()))
	}
	return s, nil
}

// closer is the square of a picture round its mask, half of the picture at least: in the whole, labels would not be read.
func closer(m *geo.Mask) image.Rectangle {
	w, box := m.Window, m.Extent()
	edge := min(w.W, w.H)
	edge = min(edge, max(edge/2, box.W*5/4, box.H*5/4))
	at := func(low, length, whole int) int { return max(0, min(whole-edge, low+length/2-edge/2)) }
	x, y := at(box.X-w.X, box.W, w.W), at(box.Y-w.Y, box.H, w.H)
	return image.Rect(x, y, x+edge, y+edge)
}

// overlaid is a picture with a mask over it: its inside tinted, its edge drawn.
func overlaid(img image.Image, m *geo.Mask) image.Image {
	tint, edge := color.RGBA{40, 224, 245, 255}, max(1, m.Window.W/300)
	out := image.NewRGBA(image.Rect(0, 0, m.Window.W, m.Window.H))
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	for y := range m.Window.H {
		for x := range m.Window.W {
			if !m.At(x, y) {
				continue
			}
			part := 30
			if onEdge(m, x, y, edge) {
				part = 100
			}
			c := out.RGBAAt(x, y)
			mix := func(a, b uint8) uint8 { return uint8((int(a)*(100-part) + int(b)*part) / 100) }
			out.SetRGBA(x, y, color.RGBA{mix(c.R, tint.R), mix(c.G, tint.G), mix(c.B, tint.B), 255})
		}
	}
	return out
}

func onEdge(m *geo.Mask, x, y, d int) bool {
	inside := func(x, y int) bool { return x >= 0 && y >= 0 && x < m.Window.W && y < m.Window.H && m.At(x, y) }
	return !inside(x-d, y) || !inside(x+d, y) || !inside(x, y-d) || !inside(x, y+d)
}

// tiersShown are the tiers of the shown samples, in order.
func (v *view) TiersShown() []string {
	return knownFirst(dataset.Tiers, maps.Collect(func(yield func(string, bool) bool) {
		for _, s := range v.Samples {
			if !yield(s.Tier, true) {
				return
			}
		}
	}))
}

// Of are the shown samples of a tier.
func (v *view) Of(tier string) []sample {
	return slices.DeleteFunc(slices.Clone(v.Samples), func(s sample) bool { return s.Tier != tier })
}
