package sources

import (
	"context"
	"errors"
	"image"
	"image/draw"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

const (
	baiduLow    = 3        // the least zoom of Baidu's
	baiduOne    = 18       // the zoom of a metre a pixel
	baiduMemory = 32 << 20 // of its tiles: each is asked for by four of ours, or more
	baiduStep   = 16       // pixels between points whose place is worked out; in between the datum's waves are straight to a fifth of a pixel
)

// baidu is a server with Baidu's grid: tiles of 256 px that are counted from longitude and latitude 0 to the east and north, 2^(18-z)
// metres a pixel in BD-09 MC. It gives the lattice's tiles in WGS-84, resampled from Baidu's next zoom, a sixth finer than ours.
type baidu struct {
	info   tiles.Info
	grid   tiles.Source // Baidu's own tiles, by Baidu's numbers
	from   *xyz
	memory *cache.Memory
}

func openBaidu(c Config) (tiles.Source, error) {
	if d, _ := geo.ParseDatum(c.Datum); c.Datum != "" && d != geo.BD09 {
		return nil, configError(c, "datum %s: Baidu's grid is of bd09; leave it out", c.Datum)
	}
	if c.TileSize == 512 || strings.Contains(c.URL, "{-y}") || strings.Contains(c.URL, "{q}") {
		return nil, configError(c, "Baidu's tiles are of 256 px, and {y} counts from the equator to the north: neither tile_size 512, {-y} nor {q} fits")
	}
	c.Datum = ""
	b := &baidu{info: c.info()}
	low := max(baiduLow, c.MinZoom)
	b.info.MinZoom, b.info.MaxZoom = low-1, b.info.MaxZoom-1
	if len(c.Bounds) == 0 { // where Baidu shifts what it shows
		b.info.Bounds = orb.Bound{Min: orb.Point{72.004, 0.8293}, Max: orb.Point{137.8347, 55.8271}}
		b.info.Center = b.info.Bounds.Center()
	}
	b.info.CenterZoom = b.info.MinZoom
	c.MinZoom, c.Bounds = low, nil
	var err error
	if b.from, err = newXYZ(c); err != nil {
		return nil, err
	}
	b.info.Format = b.from.info.Format
	if b.memory, err = cache.New(baiduMemory, nil); err != nil {
		_ = b.from.Close()
		return nil, err
	}
	b.grid = tiles.Cached(b.from, b.memory)
	return b, nil
}

// Close frees the memory and lets idle connections go.
func (b *baidu) Close() error {
	b.memory.Close()
	return b.from.Close()
}

func (b *baidu) Info() tiles.Info { return b.info }

func (b *baidu) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !b.info.Holds(t) {
		return nil, tileError(b.info.Name, t, tiles.ErrNotFound, "")
	}
	places, box := baiduPlaces(geo.TileWindow(t), int(t.Z)+1)
	img, until, err := b.mosaic(ctx, box, int(t.Z)+1)
	if err != nil {
		var e *tiles.Error
		if errors.As(err, &e) && errors.Is(err, tiles.ErrNotFound) {
			missing := tileError(b.info.Name, t, tiles.ErrNotFound, "")
			missing.Until = e.Until
			return nil, missing
		}
		return nil, err
	}
	left, top := float64(box.Min.X*geo.TileSize), float64(box.Max.Y*geo.TileSize)
	out := image.NewRGBA(image.Rect(0, 0, geo.TileSize, geo.TileSize))
	tiles.Resample(out, img, func(x, y float64) (float64, float64) {
		p := places.at(x/baiduStep, y/baiduStep)
		return p[0] - left, top - p[1]
	})
	return tiles.DrawnTile(out, b.info.Format).Until(until), nil
}

// mesh is Baidu's pixels, east and north, at every baiduStep-th pixel of a tile.
type mesh [geo.TileSize/baiduStep + 1][geo.TileSize/baiduStep + 1]orb.Point

// at is between the mesh's points, by their columns and rows.
func (n *mesh) at(x, y float64) orb.Point {
	i, j := min(int(x), len(n)-2), min(int(y), len(n)-2)
	u, v := x-float64(i), y-float64(j)
	var p orb.Point
	for k := range p {
		above := n[j][i][k] + u*(n[j][i+1][k]-n[j][i][k])
		below := n[j+1][i][k] + u*(n[j+1][i+1][k]-n[j+1][i][k])
		p[k] = above + v*(below-above)
	}
	return p
}

// baiduPlaces works out where a tile's window lies in Baidu's pixels of a zoom, and the box of Baidu's tiles that it needs.
func baiduPlaces(w geo.Window, zoom int) (*mesh, image.Rectangle) {
	n := &mesh{}
	least, most := orb.Point{math.Inf(1), math.Inf(1)}, orb.Point{math.Inf(-1), math.Inf(-1)}
	for j := range n {
		for i := range n[j] {
			ground := w.LonLat(orb.Point{float64(i * baiduStep), float64(j * baiduStep)})
			m := geo.ProjectBaidu(geo.BD09.FromWGS84(ground))
			for k := range m {
				m[k] = math.Ldexp(m[k], zoom-baiduOne)
				least[k], most[k] = min(least[k], m[k]), max(most[k], m[k])
			}
			n[j][i] = m
		}
	}
	// A pixel more on each side, for what lies between.
	tile := func(v float64) int { return int(math.Floor(v / geo.TileSize)) }
	return n, image.Rect(tile(least[0]-1), tile(least[1]-1), tile(most[0]+1)+1, tile(most[1]+1)+1)
}

// mosaic puts a box of Baidu's tiles together, the northernmost on top. What Baidu has not is HoleColor; where it has nothing at all, the error
// wraps tiles.ErrNotFound. until is when the first of them is to be asked for again.
func (b *baidu) mosaic(ctx context.Context, box image.Rectangle, zoom int) (img *image.RGBA, until time.Time, err error) {
	img = image.NewRGBA(image.Rect(0, 0, box.Dx()*geo.TileSize, box.Dy()*geo.TileSize))
	draw.Draw(img, img.Rect, image.NewUniform(tiles.HoleColor), image.Point{}, draw.Src)
	var mu sync.Mutex
	found := 0
	missing := error(tileError(b.info.Name, maptile.New(uint32(max(0, box.Min.X)), uint32(max(0, box.Min.Y)), maptile.Zoom(zoom)), tiles.ErrNotFound, ""))
	sooner := func(when time.Time) {
		if !when.IsZero() && (until.IsZero() || when.Before(until)) {
			until = when
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for y := max(0, box.Min.Y); y < box.Max.Y; y++ { // what has negative numbers is not China
		for x := max(0, box.Min.X); x < box.Max.X; x++ {
			g.Go(func() error {
				tile, err := b.grid.Tile(ctx, maptile.New(uint32(x), uint32(y), maptile.Zoom(zoom)))
				if errors.Is(err, tiles.ErrNotFound) {
					mu.Lock()
					defer mu.Unlock()
					missing = err
					var e *tiles.Error
					if errors.As(err, &e) {
						sooner(e.Until)
					}
					return nil
				}
				if err != nil {
					return err
				}
				part, err := tile.Image()
				if err != nil {
					return err
				}
				at := image.Pt((x-box.Min.X)*geo.TileSize, (box.Max.Y-1-y)*geo.TileSize)
				draw.Draw(img, image.Rectangle{at, at.Add(image.Pt(geo.TileSize, geo.TileSize))}, part, image.Point{}, draw.Src)
				mu.Lock()
				defer mu.Unlock()
				found++
				sooner(tile.Expires())
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, until, err
	}
	if found == 0 {
		return nil, until, missing
	}
	return img, until, nil
}
