package dataset

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
)

// Verified is what a check of a data set found.
type Verified struct {
	Rows     int
	Problems []string // one for each thing that is wrong, at most mostProblems
	More     int      // problems beyond them
}

const mostProblems = 100

func (v *Verified) add(format string, args ...any) {
	if len(v.Problems) == mostProblems {
		v.More++
		return
	}
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

// Verify checks that a data set is as it was made: every file has its hash, every row decodes, masks fit their pictures and are not
// empty, ids are given once, and samples of different splits share no ground.
func (s *Set) Verify(ctx context.Context, progress func(rows, of int)) (*Verified, error) {
	v := &Verified{}
	for _, f := range s.Files {
		if err := ctx.Err(); err != nil {
			return v, err
		}
		sum, size, err := hashFile(filepath.Join(s.Dir, filepath.FromSlash(f.Name)))
		switch {
		case os.IsNotExist(err):
			v.add("%s is missing", f.Name)
		case err != nil:
			return v, err
		case size != f.Bytes || sum != f.SHA256:
			v.add("%s has %d bytes and hash %.12s…, where %d and %.12s… were written", f.Name, size, sum, f.Bytes, f.SHA256)
		}
	}
	ids := map[uint64]bool{}
	ground := groundCheck{}
	rows := map[string]int{}
	s.all(nil, func(r *Row, err error) bool {
		if v.Rows++; err != nil {
			v.add("%v", err)
			return ctx.Err() == nil
		}
		rows[r.Split]++
		if key := hash(r.ID); ids[key] {
			v.add("%s: its id is given twice", r.ID)
		} else {
			ids[key] = true
		}
		if err := r.Check(); err != nil {
			v.add("%s: %v", r.ID, err)
		}
		ground.add(v, r)
		progress(v.Rows, s.Total())
		return ctx.Err() == nil
	})
	if err := ctx.Err(); err != nil {
		return v, err
	}
	for _, split := range Splits {
		if rows[split] != s.Manifest.Rows[split] {
			v.add("%s has %d readable rows, where %d were written", split, rows[split], s.Manifest.Rows[split])
		}
	}
	return v, nil
}

// groundCheck knows which split has been on which ground. Ground is kept in squares, so that a country's windows are compared with their
// neighbours only.
type groundCheck map[groundKey][]splitWindow

// groundKey is a square of ground, a tile of zoom groundZoom. Each painted region is a world of its own: made-up towns lie where others do.
type groundKey struct {
	world string
	tile  maptile.Tile
}

type splitWindow struct {
	geo.Window
	split string
}

// groundZoom is that of the squares: some kilometres.
const groundZoom = 14

// add compares a row's window with those of other splits.
func (g groundCheck) add(v *Verified, r *Row) {
	if r.Window.Empty() {
		return
	}
	one, world := splitWindow{r.Window, r.Split}, ""
	if r.Drawn {
		world = r.Region
	}
	for key := range squaresOf(world, r.Window) {
		if slices.Contains(g[key], one) {
			continue
		}
		for _, o := range g[key] {
			if o.split != one.split && sharesGround(o.Window, one.Window) {
				v.add("%s of split %s shares ground with %v of %s", r.ID, one.split, o.Window, o.split)
			}
		}
		g[key] = append(g[key], one)
	}
}

// squaresOf are the squares that a window reaches into.
func squaresOf(world string, w geo.Window) iter.Seq[groundKey] {
	return func(yield func(groundKey) bool) {
		for t := range w.AtZoom(groundZoom).Tiles() {
			if !yield(groundKey{world, t}) {
				return
			}
		}
	}
}

// sharesGround says whether two windows, of whatever zooms, overlap.
func sharesGround(a, b geo.Window) bool {
	z := max(a.Z, b.Z)
	deeper := func(w geo.Window) geo.Window {
		k := z - w.Z
		return geo.Window{Z: z, X: w.X << k, Y: w.Y << k, W: w.W << k, H: w.H << k}
	}
	return deeper(a).Overlaps(deeper(b))
}
