package tiles

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
)

// HoleColor is what ground without a picture is painted: never black, which a model takes for shadow or water.
var HoleColor = color.RGBA{128, 128, 128, 255}

const (
	fetchAtOnce = 8 // tiles of one picture
	mostParents = 4 // zooms that a missing tile is looked for upwards
)

// Align puts the satellite and the map picture of a window on the same lattice, W×H pixels each: tiles of 256 or 512 px from
// the source zoom nearest in detail, missing ones from their parents, shifted by the sources' datums and offsets to a fraction of a pixel. Ground
// that a source does not show is a hole of the pair; only the context's end is an error, or a source that fails everywhere.
func Align(ctx context.Context, sat, plan Source, w geo.Window) (*Pair, error) {
	p := &Pair{Window: w, Layers: []Info{sat.Info(), plan.Info()}}
	var holes [2][]Hole
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		p.Satellite, holes[0], err = Picture(ctx, sat, w)
		return err
	})
	g.Go(func() (err error) {
		p.Map, holes[1], err = Picture(ctx, plan, w)
		return err
	})
	if l, ok := plan.(Labeler); ok {
		p.Labelled = true
		g.Go(func() (err error) {
			p.Labels, err = l.Labels(ctx, w)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	p.Holes = slices.Concat(holes[0], holes[1])
	return p, nil
}

// Picture is one source's picture of a window given in WGS-84, and what of it the source does not show. Errors are Align's.
func Picture(ctx context.Context, src Source, w geo.Window) (*image.RGBA, []Hole, error) {
	i := src.Info()
	m := &mosaic{source: src, info: i}
	var img *image.RGBA
	var err error
	if (i.Datum == "" || i.Datum == geo.WGS84) && i.Offset == [2]float64{} {
		img, err = m.raster(ctx, w)
	} else {
		img, err = m.shifted(ctx, w)
	}
	if err != nil {
		return nil, nil, err
	}
	opaque(img)
	if m.failed > 0 && m.failed == m.asked {
		return nil, nil, &Error{Op: "picture of " + w.String(), Subject: "source " + i.Name, Err: m.firstErr, Hint: "every tile failed; is the source reachable?"}
	}
	return img, m.holes, nil
}

// opaque puts a picture on HoleColor where it is clear: a model would see black there.
func opaque(img *image.RGBA) {
	p := img.Pix
	for i := 3; i < len(p); i += 4 {
		if rest := 255 - uint32(p[i]); rest > 0 { // the colours are multiplied by alpha already
			p[i-3] += uint8(uint32(HoleColor.R) * rest / 255)
			p[i-2] += uint8(uint32(HoleColor.G) * rest / 255)
			p[i-1] += uint8(uint32(HoleColor.B) * rest / 255)
			p[i] = 255
		}
	}
}

// mosaic puts tiles of one source together.
type mosaic struct {
	source Source
	info   Info

	mu       sync.Mutex
	holes    []Hole
	asked    int
	failed   int
	firstErr error
}

// raster is the picture of a window in the source's own coordinates.
func (m *mosaic) raster(ctx context.Context, w geo.Window) (*image.RGBA, error) {
	extra := 0 // zooms of detail that larger tiles add
	for s := geo.TileSize; s < m.info.TileSize; s *= 2 {
		extra++
	}
	zoom := max(m.info.MinZoom, min(m.info.MaxZoom, w.Z-extra))
	detail := zoom + extra
	if detail < w.Z {
		coarse := w.AtZoom(detail).Pad(2)
		img, err := m.assemble(ctx, coarse, zoom, extra)
		if err != nil {
			return nil, err
		}
		return enlarge(img, coarse, w), nil
	}
	return m.assemble(ctx, w, zoom, extra)
}

// assemble draws a window from tiles of a source zoom whose detail is at least the window's: each tile is averaged down
// and copied, so memory does not grow with the detail.
func (m *mosaic) assemble(ctx context.Context, w geo.Window, zoom, extra int) (*image.RGBA, error) {
	out := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchAtOnce)
	for t, place := range w.AtZoom(zoom).Tiles() {
		target := place.AtZoom(w.Z) // exact: a tile's edges lie on the coarser lattice too, or the tile is smaller than a pixel
		at := image.Rect(0, 0, target.W, target.H).Add(image.Pt(target.X-w.X, target.Y-w.Y))
		g.Go(func() error {
			img, err := m.tile(ctx, t)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				m.hole(target.Intersect(w), err)
				draw.Draw(out, at, image.NewUniform(HoleColor), image.Point{}, draw.Src)
				return nil
			}
			paste(out, at, img)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(m.holes, func(a, b Hole) int {
		return (a.Window.Y-b.Window.Y)<<20 + a.Window.X - b.Window.X
	})
	return out, nil
}

func (m *mosaic) hole(w geo.Window, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if passing := !errors.Is(err, ErrNotFound); passing {
		m.failed++
		if m.firstErr == nil {
			m.firstErr = err
		}
		m.holes = append(m.holes, Hole{Layer: m.info.Name, Window: w, Reason: err.Error(), Passing: true})
		return
	}
	m.holes = append(m.holes, Hole{Layer: m.info.Name, Window: w, Reason: "the source has no tile here"})
}

// tile is a tile's picture, from its parents where the source has none.
func (m *mosaic) tile(ctx context.Context, t maptile.Tile) (*image.RGBA, error) {
	m.mu.Lock()
	m.asked++
	m.mu.Unlock()
	img, err := tileImage(ctx, m.source, t)
	for up := 1; errors.Is(err, ErrNotFound) && up <= mostParents && int(t.Z)-up >= m.info.MinZoom; up++ {
		parent := maptile.New(t.X>>up, t.Y>>up, t.Z-maptile.Zoom(up))
		whole, perr := tileImage(ctx, m.source, parent)
		if perr != nil {
			if !errors.Is(perr, ErrNotFound) {
				return nil, perr
			}
			continue
		}
		return partOf(whole, t, up), nil
	}
	return img, err
}

func tileImage(ctx context.Context, src Source, t maptile.Tile) (*image.RGBA, error) {
	tile, err := src.Tile(ctx, t)
	if err != nil {
		return nil, err
	}
	return tile.Image()
}

// partOf enlarges the part of a parent, up zooms above, that a tile covers.
func partOf(parent *image.RGBA, t maptile.Tile, up int) *image.RGBA {
	n := parent.Rect.Dx()
	part := float64(n) / float64(int(1)<<up)
	x, y := float64(t.X&(1<<up-1))*part, float64(t.Y&(1<<up-1))*part
	out := image.NewRGBA(image.Rect(0, 0, n, n))
	Resample(out, parent, func(px, py float64) (float64, float64) {
		return x + px*part/float64(n), y + py*part/float64(n)
	})
	return out
}

// paste copies a tile to its rectangle: as it is, or averaged down by a power of two.
func paste(out *image.RGBA, at image.Rectangle, img *image.RGBA) {
	n := img.Rect.Dx()
	visible := at.Intersect(out.Rect)
	switch {
	case visible.Empty():
	case at.Dx() == n:
		draw.Draw(out, visible, img, visible.Min.Sub(at.Min), draw.Src)
	case at.Dx() > 0 && n%at.Dx() == 0 && img.Rect.Dy() == n:
		average(out, visible, img, visible.Min.Sub(at.Min), n/at.Dx())
	default: // a tile of an odd size, or smaller than a pixel
		xdraw.ApproxBiLinear.Scale(out, at, img, img.Rect, draw.Src, nil)
	}
}

// average draws an area from blocks of s×s pixels, beginning at a point counted in blocks.
func average(out *image.RGBA, area image.Rectangle, img *image.RGBA, from image.Point, s int) {
	half, n := uint32(s*s/2), uint32(s*s)
	for y := range area.Dy() {
		dst := out.Pix[out.PixOffset(area.Min.X, area.Min.Y+y):]
		for x := range area.Dx() {
			var r, g, b, a uint32
			for dy := range s {
				src := img.Pix[((from.Y+y)*s+dy)*img.Stride+4*(from.X+x)*s:]
				for i := 0; i < 4*s; i += 4 {
					r, g, b, a = r+uint32(src[i]), g+uint32(src[i+1]), b+uint32(src[i+2]), a+uint32(src[i+3])
				}
			}
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = uint8((r+half)/n), uint8((g+half)/n), uint8((b+half)/n), uint8((a+half)/n)
		}
	}
}

// enlarge draws window w from a coarser picture of window from, which holds it.
func enlarge(img *image.RGBA, from, w geo.Window) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	scale := 1 / float64(int(1)<<(w.Z-from.Z))
	dx, dy := float64(w.X)*scale-float64(from.X), float64(w.Y)*scale-float64(from.Y)
	Resample(out, img, func(x, y float64) (float64, float64) { return x*scale + dx, y*scale + dy })
	return out
}

// shifted is the picture of a WGS-84 window from a source that counts in another datum, or lies off by some metres. The
// shift is worked out at the window's corners and in between taken linearly: over a scene the datums' own curvature is below
// a thousandth of a pixel.
func (m *mosaic) shifted(ctx context.Context, w geo.Window) (*image.RGBA, error) {
	var corners [4]orb.Point // in the source's own pixels: upper left, upper right, lower left, lower right
	b := orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
	for i := range corners {
		ground := w.LonLat(orb.Point{float64(i % 2 * w.W), float64(i / 2 * w.H)})
		// What the source shows at s lies on the ground at s + offset.
		ground = geo.Offset(ground, -m.info.Offset[0], -m.info.Offset[1])
		corners[i] = geo.Project(m.info.Datum.FromWGS84(ground), w.Z)
		b = b.Extend(corners[i])
	}
	x0, y0 := int(math.Floor(b.Min[0]))-2, int(math.Floor(b.Min[1]))-2
	source := geo.Window{Z: w.Z, X: x0, Y: y0, W: int(math.Ceil(b.Max[0])) + 2 - x0, H: int(math.Ceil(b.Max[1])) + 2 - y0}
	img, err := m.raster(ctx, source)
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	Resample(out, img, func(x, y float64) (float64, float64) {
		u, v := x/float64(w.W), y/float64(w.H)
		at := func(axis int) float64 {
			top := corners[0][axis] + u*(corners[1][axis]-corners[0][axis])
			bottom := corners[2][axis] + u*(corners[3][axis]-corners[2][axis])
			return top + v*(bottom-top)
		}
		return at(0) - float64(x0), at(1) - float64(y0)
	})
	for i := range m.holes { // holes are told on the ground
		h := &m.holes[i].Window
		h.X, h.Y = h.X-x0+w.X-int(corners[0][0]-float64(x0)), h.Y-y0+w.Y-int(corners[0][1]-float64(y0))
		*h = h.Intersect(w)
	}
	m.holes = slices.DeleteFunc(m.holes, func(h Hole) bool { return h.Window.Empty() })
	return out, nil
}

// Resample draws each pixel bilinearly from where its centre lies in the source picture; coordinates are of pixel corners,
// and beyond the source's edge its edge goes on.
func Resample(out, src *image.RGBA, where func(x, y float64) (float64, float64)) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride:]
		for x := range out.Rect.Dx() {
			sx, sy := where(float64(x)+0.5, float64(y)+0.5)
			sx, sy = math.Max(0, math.Min(float64(w-1), sx-0.5)), math.Max(0, math.Min(float64(h-1), sy-0.5))
			x0, y0 := int(sx), int(sy)
			fx, fy := int(256*(sx-float64(x0))), int(256*(sy-float64(y0)))
			a := y0*src.Stride + 4*x0
			right, below := 4, src.Stride
			if x0 == w-1 {
				right = 0
			}
			if y0 == h-1 {
				below = 0
			}
			p := src.Pix
			for c := range 4 {
				top := int(p[a+c])<<8 + fx*(int(p[a+right+c])-int(p[a+c]))
				bottom := int(p[a+below+c])<<8 + fx*(int(p[a+below+right+c])-int(p[a+below+c]))
				row[4*x+c] = uint8((top<<8 + fy*(bottom-top) + 1<<15) >> 16)
			}
		}
	}
}

// Covered is the share of the window that a layer shows.
func (p *Pair) Covered(layer string) float64 {
	missing := 0
	for _, h := range p.Holes {
		if h.Layer == layer {
			missing += h.Window.W * h.Window.H
		}
	}
	return 1 - float64(missing)/float64(max(1, p.Window.W*p.Window.H))
}
