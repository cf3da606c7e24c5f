package dataset

import (
	"context"
	"math/rand/v2"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Ground is where samples come from: two layers of pictures and the outlines of places on them.
type Ground struct {
	Name   string // the rows' region
	Zoom   int    // of the pictures, counted in 256 px tiles
	Extent geo.Window
	// Scattered grounds have no end worth counting: so many blocks are drawn by lot from the extent, in place of all.
	Scattered int

	Places func(ctx context.Context, w geo.Window) ([]Place, error) // whose outline meets the window, whole, in a stable order
	Labels func(ctx context.Context, w geo.Window) ([]tiles.Label, error)
	Pair   func(ctx context.Context, w geo.Window) (*tiles.Pair, error)

	Sources     []string
	Attribution string
	Licence     string
	Version     string // of layers and outlines: a data set is resumed on the same only
	Drawn       bool
	LeftOut     bool // all of it is for the test split

	Close func() error // may be nil
}

// block is a square of a ground. Every sample lies within one, and all samples of one are in the same split, so that no ground is in
// two.
type block struct {
	ground int32
	i, j   int32

	samples int32   // that it gives
	counts  []count // by stratum
}

// maxBlock is the largest block's edge in pictures. Within a larger block a picture has more freedom to lie round a place; more and
// smaller ones are shared out more evenly.
const maxBlock = 4

// plenty is how many blocks are enough to be shared out evenly.
const plenty = 400

// scatteredEdge is the least edge of a block that was drawn by lot: what lies there is found out for it alone, and a made-up town plans
// as much for a small one.
const scatteredEdge = 768

// blockEdge is the edge of a ground's blocks in pixels: the largest multiple of the picture's size that leaves plenty of them.
func (g *Ground) blockEdge(size int) int {
	if g.LeftOut {
		return max(size, g.Extent.W, g.Extent.H)
	}
	if g.Scattered > 0 {
		return size * max(1, scatteredEdge/size)
	}
	for k := maxBlock; k > 1; k-- {
		if float64(g.Extent.W)*float64(g.Extent.H)/float64(k*size*k*size) >= plenty {
			return k * size
		}
	}
	return size
}

// window is a block's ground. The grid of blocks begins at the extent's corner; a block at the far edge reaches beyond it.
func (g *Ground) window(edge int, i, j int32) geo.Window {
	return geo.Window{Z: g.Extent.Z, X: g.Extent.X + int(i)*edge, Y: g.Extent.Y + int(j)*edge, W: edge, H: edge}
}

// blocks yields a ground's blocks: all of them row by row, or some by lot.
func (g *Ground) blocks(edge int, seed uint64, yield func(i, j int32) bool) {
	across, down := max(1, (g.Extent.W+edge-1)/edge), max(1, (g.Extent.H+edge-1)/edge)
	if g.Scattered == 0 {
		for j := range down {
			for i := range across {
				if !yield(int32(i), int32(j)) {
					return
				}
			}
		}
		return
	}
	r := rand.New(rand.NewPCG(seed, hash(g.Name)))
	drawn := map[[2]int]bool{}
	for len(drawn) < min(g.Scattered, across*down) {
		at := [2]int{r.IntN(across), r.IntN(down)}
		if drawn[at] {
			continue
		}
		drawn[at] = true
		if !yield(int32(at[0]), int32(at[1])) {
			return
		}
	}
}

// hash is FNV-1a of 64 bits (Fowler, Noll, Vo): the same on every machine and in every release.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
