package ocr

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// Maps are read one zoom deeper than they are looked at, where they have it: of labels that would collide a map shows some only, and
// of the made-up town's 87 in three scenes 54 can be read at zoom 17 and 84 at 18, in 2.6 s a scene instead of 1.8 (two cores, first sight).
const deeper = 1

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
		img, holes, err := tiles.Picture(ctx, plan, w.Pad(margin))
		if err != nil {
			return nil, err
		}
		read, err := m.Reader.Labels(ctx, img, w.Pad(margin), img.Rect.Inset(margin))
		if err != nil {
			return nil, err
		}
		c := &cell{}
		for _, l := range read {
			if p := w.Local(l.At); p[0] >= 0 && p[1] >= 0 && p[0] < float64(w.W) && p[1] < float64(w.H) {
				c.labels = append(c.labels, l)
			}
		}
		for _, h := range holes {
			c.passing = c.passing || h.Passing
		}
		return c, nil
	})
	if err == nil && c.passing {
		cache.Drop(m.Memory, "labels", key)
	}
	return c, err
}
