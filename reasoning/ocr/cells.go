package ocr

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// Maps are read one zoom deeper than they are looked at, where they have it: of labels that would collide a map shows some only, and
// of the made-up town's 87 in three scenes 54 can be read at zoom 17 and 84 at 18, in 2.6 s a scene instead of 1.8 (two cores, first sight).
const deeper = 1

// Where a legend tells that names had no room, that quarter of a cell is read one zoom deeper still, down to deepest: of the places with
// outlines in the centre of San Francisco, 21 of 40 have their name on the map at zoom 18 and 31 at 19.
const deepest = 2

// A cell is what is read at once: a quarter of a scene's core, laid so that a scene is three by three of them. The margin is pixels
// of the picture that is read: half a label and more, so that each label is seen whole from the cell that holds its anchor.
const (
	cellSize   = reasoning.CoreSize / 2
	cellOffset = reasoning.Margin
	margin     = 96
)

// Maps reads the labels of map sources, each cell once for all scenes and phrases. It is safe for concurrent use.
type Maps struct {
	Reader *Reader
	Memory *cache.Memory
}

// cell is what was read of one.
type cell struct {
	labels  []tiles.Label
	passing bool // the map's picture has a hole that may be filled next time
}

// Bytes is the memory that the labels hold.
func (c *cell) Bytes() int { return 128 + 128*len(c.labels) }

// Labels reads the labels whose anchor lies in the window, cell by cell from the north-west.
func (m *Maps) Labels(ctx context.Context, plan tiles.Source, w geo.Window) ([]tiles.Label, error) {
	down := max(0, min(deeper, plan.Info().MaxZoom-w.Z))
	first, last := cellAt(w.X, w.Y), cellAt(w.X+w.W-1, w.Y+w.H-1)
	columns, rows := last[0]-first[0]+1, last[1]-first[1]+1
	cells := make([]*cell, columns*rows)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2) // the graphs use all cores themselves; two keep them busy while pictures are fetched
	for i := range cells {
		g.Go(func() (err error) {
			cells[i], err = m.cell(ctx, plan, w.Z, down, [2]int{first[0] + i%columns, first[1] + i/columns})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []tiles.Label
	for _, c := range cells {
		for _, l := range c.labels {
			if at := w.Local(l.At); at[0] >= 0 && at[1] >= 0 && at[0] < float64(w.W) && at[1] < float64(w.H) {
				out = append(out, l)
			}
		}
	}
	return out, nil
}

// cellAt is the column and row of a pixel's cell.
func cellAt(x, y int) [2]int {
	const around = 1 << 20 // whole cells: division rounds towards zero
	at := func(v int) int { return (v-cellOffset+around*cellSize)/cellSize - around }
	return [2]int{at(x), at(y)}
}

func (m *Maps) cell(ctx context.Context, plan tiles.Source, zoom, down int, at [2]int) (*cell, error) {
	info := plan.Info()
	key := fmt.Sprintf("%s|%s|%d+%d/%d/%d", info.Name, info.Version, zoom, down, at[0], at[1])
	c, err := cache.Get(ctx, m.Memory, "labels", key, func(ctx context.Context) (*cell, error) {
		w := geo.Window{Z: zoom + down, X: (at[0]*cellSize + cellOffset) << down, Y: (at[1]*cellSize + cellOffset) << down,
			W: cellSize << down, H: cellSize << down}
		return m.read(ctx, plan, w, min(deepest-deeper, info.MaxZoom-w.Z))
	})
	if err == nil && c.passing {
		cache.Drop(m.Memory, "labels", key)
	}
	return c, err
}

// read reads the labels whose anchor lies in a window, and again up to some zooms deeper what the map has no room for.
func (m *Maps) read(ctx context.Context, plan tiles.Source, w geo.Window, further int) (*cell, error) {
	img, holes, err := tiles.Picture(ctx, plan, w.Pad(margin))
	if err != nil {
		return nil, err
	}
	seen, err := m.Reader.look(ctx, img, w.Pad(margin), img.Rect.Inset(margin), plan.Info().Legend)
	if err != nil {
		return nil, err
	}
	out := &cell{}
	for _, h := range holes {
		out.passing = out.passing || h.Passing
	}
	half := geo.Window{Z: w.Z, W: w.W / 2, H: w.H / 2}
	for i := range 4 {
		part := half
		part.X, part.Y = w.X+i%2*half.W, w.Y+i/2*half.H
		inside := func(s sight) bool {
			at := part.Local(s.At)
			return at[0] >= 0 && at[1] >= 0 && at[0] < float64(part.W) && at[1] < float64(part.H)
		}
		if further > 0 && slices.ContainsFunc(seen, func(s sight) bool { return s.crowded && inside(s) }) {
			below, err := m.read(ctx, plan, geo.Window{Z: part.Z + 1, X: 2 * part.X, Y: 2 * part.Y, W: 2 * part.W, H: 2 * part.H}, further-1)
			if err != nil {
				return nil, err
			}
			seen = slices.DeleteFunc(seen, func(s sight) bool { return inside(s) && (s.Text == "" || known(below.labels, s.Label, part)) })
			out.labels, out.passing = append(out.labels, below.labels...), out.passing || below.passing
		}
		for _, s := range seen {
			if inside(s) {
				out.labels = append(out.labels, s.Label)
			}
		}
	}
	return out, nil
}

// known says whether labels hold one of a label's name, or one with a name at its place, to a few pixels of a window's zoom.
func known(labels []tiles.Label, l tiles.Label, w geo.Window) bool {
	const apart = 3
	at := w.Local(l.At)
	return slices.ContainsFunc(labels, func(o tiles.Label) bool {
		p := w.Local(o.At)
		return o.Text == l.Text || o.Text != "" && math.Hypot(p[0]-at[0], p[1]-at[1]) < apart
	})
}
