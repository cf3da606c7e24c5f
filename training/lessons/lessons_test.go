package lessons

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/net"
)

// eye is a segmenter whose features are the picture itself, a value every twelve pixels: what it shows can be checked.
type eye struct{}

func (eye) Name() string { return "eye@1 on paper" }

func (eye) Embed(_ context.Context, _ string, img *image.RGBA) (reasoning.Embedding, error) {
	rows, columns := img.Rect.Dy()/12, img.Rect.Dx()/12
	f := reasoning.Features{Channels: 3, Rows: rows, Columns: columns, ScaleX: 1. / 12, ScaleY: 1. / 12, Data: make([]float32, 3*rows*columns)}
	for r := range rows {
		for c := range columns {
			p := img.Pix[img.PixOffset(c*12+6, r*12+6):]
			for k := range 3 {
				f.Data[(k*rows+r)*columns+c] = float32(p[k]) / 255
			}
		}
	}
	return sight{f}, nil
}

type sight struct{ f reasoning.Features }

func (sight) Masks(context.Context, reasoning.Prompt) ([]reasoning.Candidate, error) { return nil, nil }
func (s sight) Bytes() int                                                           { return 4 * len(s.f.Data) }
func (s sight) Features() reasoning.Features                                         { return s.f }

// bright is a ground of bright rectangles on black; those with a name have their label in the middle, the others have a class alone.
func bright(places int) *dataset.Ground {
	w := geo.Window{Z: 17, X: 1 << 20, Y: 1 << 20, W: 2400, H: 1600}
	var all []dataset.Place
	var boxes []image.Rectangle
	for n := range places {
		at := image.Pt(60+(n%10)*230, 60+(n/10)*230)
		box := image.Rectangle{at, at.Add(image.Pt(30+n%5*14, 30+n%7*10))}
		boxes = append(boxes, box)
		var ring orb.Ring
		for _, c := range []image.Point{box.Min, {box.Max.X, box.Min.Y}, box.Max, {box.Min.X, box.Max.Y}, box.Min} {
			ring = append(ring, geo.Unproject(orb.Point{float64(w.X + c.X), float64(w.Y + c.Y)}, w.Z))
		}
		p := dataset.Place{ID: fmt.Sprint(n), Class: "school", Shape: orb.MultiPolygon{{ring}}}
		p.At = p.Shape.Bound().Center()
		if n%2 == 0 {
			p.Name = fmt.Sprint("School ", n)
		}
		all = append(all, p)
	}
	labels := func(w geo.Window) (out []tiles.Label) {
		for _, p := range all {
			if at := geo.Project(p.At, w.Z); w.Contains(int(at[0]), int(at[1])) {
				out = append(out, tiles.Label{Text: p.Name, At: p.At, Class: p.Class})
			}
		}
		return out
	}
	return &dataset.Ground{Name: "bright", Zoom: 17, Extent: w, Version: "1",
		Places: func(_ context.Context, at geo.Window) (out []dataset.Place, _ error) {
			for _, p := range all {
				if p.Shape.Bound().Intersects(at.Bound()) {
					out = append(out, p)
				}
			}
			return out, nil
		},
		Labels: func(_ context.Context, at geo.Window) ([]tiles.Label, error) { return labels(at), nil },
		Pair: func(_ context.Context, at geo.Window) (*tiles.Pair, error) {
			img := image.NewRGBA(image.Rect(0, 0, at.W, at.H))
			for i := 3; i < len(img.Pix); i += 4 {
				img.Pix[i] = 255
			}
			for _, b := range boxes {
				b = b.Add(image.Pt(w.X-at.X, w.Y-at.Y)).Intersect(img.Rect)
				for y := b.Min.Y; y < b.Max.Y; y++ {
					for x := b.Min.X; x < b.Max.X; x++ {
						copy(img.Pix[img.PixOffset(x, y):], []byte{255, 200, 100})
					}
				}
			}
			return &tiles.Pair{Window: at, Satellite: img, Map: img, Labels: labels(at), Labelled: true}, nil
		}}
}

func read(t *testing.T) (*Class, *policy.Projection) {
	t.Helper()
	dir := t.TempDir()
	spec := dataset.Spec{Size: 384, Seed: 5, Tiers: dataset.Tiers, Filters: dataset.DefaultFilters, Ratio: dataset.DefaultRatio, ShardRows: 20}
	if _, err := dataset.Build(t.Context(), dir, spec, []*dataset.Ground{bright(60)}, dataset.Options{}); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := set.Embed(t.Context(), eye{}, 1, func(int, int) {})
	if err != nil || first.Made == 0 {
		t.Fatal(first, err)
	}
	if again, err := set.Embed(t.Context(), eye{}, 1, func(int, int) {}); err != nil || again.Made != 0 || again.Pictures != first.Pictures {
		t.Fatalf("embeddings are made again: %+v after %+v, %v", again, first, err)
	}
	c, p, err := Read(t.Context(), []Source{{set, 1, nil}}, Options{Segmenter: eye{}.Name(), Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// TestRead: every place is a lesson, once, by its name or by its class, and its label lies in its outline.
func TestRead(t *testing.T) {
	c, p := read(t)
	if len(c.Lessons) < 45 || len(c.Lessons) > 60 {
		t.Errorf("%d lessons of 60 places, of which some lie on blocks' edges", len(c.Lessons))
	}
	if p.In != 3 || p.Out != 2 {
		t.Errorf("a projection of %d → %d", p.In, p.Out)
	}
	for _, l := range c.Lessons {
		if l.X < l.Box[0] || l.X > l.Box[2] || l.Y < l.Box[1] || l.Y > l.Box[3] || l.Class != "school" {
			t.Errorf("%s: label %g %g, box %v, class %q", l.Scene.ID, l.X, l.Y, l.Box, l.Class)
		}
		if w, h := int(l.Box[2]-l.Box[0]), int(l.Box[3]-l.Box[1]); l.Mask.Count() != w*h {
			t.Errorf("%s: a mask of %d pixels in a box of %d×%d", l.Scene.ID, l.Mask.Count(), w, h)
		}
	}
}

// TestBatchShowsTruth: whatever the turn, scale and jitter, the bins of the truth are round what is bright in the window.
func TestBatchShowsTruth(t *testing.T) {
	c, _ := read(t)
	for _, s := range c.Scenes {
		if len(s.Grids) != 2 {
			t.Fatalf("%s has %d looks, and two were encoded", s.ID, len(s.Grids))
		}
		s.Grids = s.Grids[:1] // the other may be dim
	}
	config := net.DefaultConfig(2)
	config.Channels = 2
	f := &Feed{Class: c, Config: config, Classes: []string{"school"}, Seed: 3, Size: 64, MinScale: 0.5, MaxScale: 1.2}
	b, again := f.Batch(7), f.Batch(7)
	if !slices.Equal(b.Cells, again.Cells) || !slices.Equal(b.Tokens, again.Tokens) {
		t.Error("the batch of a step is not always the same")
	}
	wrong := 0
	for k := range f.Size {
		inside, outside, n, m := 0.0, 0.0, 0, 0
		for q := range 24 * 24 {
			u, v := (float64(q%24)-11.5)*12, (float64(q/24)-11.5)*12
			at := func(bin int) float64 { return (float64(b.Truth[k*4+bin]) - 64) * 4 }
			value := math.Abs(float64(cellsOf(config, b, k)[((q/24/2)*12+q%24/2)*8+((q/24%2)*2+q%24%2)*2]))
			if u > at(0)+8 && u < at(2)-8 && v > at(1)+8 && v < at(3)-8 {
				inside, n = inside+value, n+1
			} else if (u < at(0)-20 || u > at(2)+20 || v < at(1)-20 || v > at(3)+20) && u > at(0)-60 && u < at(2)+60 && v > at(1)-60 && v < at(3)+60 {
				outside, m = outside+value, m+1
			}
		}
		if n > 0 && m > 0 && inside/float64(n) < 2*outside/float64(m) {
			wrong++
		}
		if q := b.Quality[k]; q < 0 || q > 1 {
			t.Errorf("an IoU of %g", q)
		}
	}
	if wrong > 3 { // noise may hide some
		t.Errorf("in %d of %d windows the place is not where the truth says", wrong, f.Size)
	}
}
