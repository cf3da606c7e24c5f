package outlines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training/dataset"
)

// What is remembered of a file, however bad it is.
const (
	mostProblems = 100 // of each reason
	mostColumns  = 200
	mostWords    = 10_000 // values of the class column
)

// collector makes a set of rows.
type collector struct {
	set      *Set
	options  Options
	distinct bool // one row a place

	row     int
	columns []string
	known   map[string]bool   // columns
	classes map[string]string // what the values of the class column mean
}

func newCollector(o Options) (*collector, error) {
	s, err := newSet()
	return &collector{set: s, options: o, known: map[string]bool{}, classes: map[string]string{}}, err
}

// add takes a row, or notes why not.
func (c *collector) add(ctx context.Context, r record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.row++
	for key := range r.values {
		if !c.known[key] && len(c.columns) < mostColumns {
			c.known[key] = true
			c.columns = append(c.columns, key)
		}
	}
	p, err := c.place(r)
	if err == nil && c.distinct {
		err = c.set.again(ctx, p)
	}
	if err == nil {
		return c.set.add(ctx, c.row, p)
	}
	for _, reason := range Reasons() {
		if errors.Is(err, reason) {
			if c.set.left[reason]++; c.set.left[reason] <= mostProblems {
				c.set.problems = append(c.set.problems, Problem{c.row, p.ID, err})
			}
			return nil
		}
	}
	return err
}

// place is what a row means.
func (c *collector) place(r record) (dataset.Place, error) {
	p := dataset.Place{ID: rowID(r, c.row), Name: strings.TrimSpace(r.values[c.options.NameColumn])}
	word := strings.TrimSpace(r.values[c.options.ClassColumn])
	if word == "" {
		class, _ := taxonomy.FromTags(r.values)
		p.Class = class.ID
	} else if p.Class = c.class(word); p.Class == "" && len(c.set.unknown) < mostProblems {
		c.set.unknown[word]++
	}
	switch {
	case r.err != nil:
		return p, r.err
	case p.Name == "" && p.Class == "" && word != "":
		return p, fmt.Errorf("%w: class %.60q is no class of the taxonomy", ErrNameless, word)
	case p.Name == "" && p.Class == "":
		return p, ErrNameless
	case r.geometry == nil:
		return p, fmt.Errorf("%w: its geometry is empty", ErrNoShape)
	}
	mp, ok := formats.Polygons(r.geometry)
	if !ok {
		return p, fmt.Errorf("%w: it is a %s", ErrNoShape, r.geometry.GeoJSONType())
	}
	if p.Shape = tidy(mp); len(p.Shape) == 0 {
		return p, fmt.Errorf("%w: its geometry is empty", ErrNoShape)
	}
	if at, bad := outside(p.Shape); bad {
		return p, fmt.Errorf("%w: (%g, %g) is likely of another coordinate system: %s", ErrOutside, at[0], at[1], convert)
	}
	if err := geo.Valid(p.Shape); err != nil {
		var where *geo.InvalidError
		if errors.As(err, &where) {
			return p, fmt.Errorf("%w: %s at (%.7g, %.7g)", ErrShape, where.Reason, where.At[0], where.At[1])
		}
		return p, fmt.Errorf("%w: %w", ErrShape, err)
	}
	p.At = dataset.LabelAt(p.Shape)
	return p, nil
}

// class is the taxonomy's id of a word, "" where it knows none.
func (c *collector) class(word string) string {
	id, ok := c.classes[word]
	if ok {
		return id
	}
	if known, ok := taxonomy.ByID(word); ok {
		id = known.ID
	} else if m := taxonomy.Match(word); m.Tier == taxonomy.TierClass {
		id = m.Classes[0]
	}
	if len(c.classes) < mostWords {
		c.classes[word] = id
	}
	return id
}

func (c *collector) finish(version string) (*Set, error) {
	s := c.set
	if s.n > 0 {
		err := s.ready()
		s.version = version
		if err != nil {
			_ = s.Close()
			return nil, err
		}
		return s, nil
	}
	_ = s.Close()
	if c.row == 0 {
		return nil, badFile(ErrEmpty, "", "it is empty")
	}
	first := s.problems[0]
	return nil, badFile(ErrEmpty, fmt.Sprintf("its columns are %s; --name-column and --class-column say which of them to take", c.columnList()),
		"all %d rows were left out, the first, row %d: %w", c.row, first.Row, first.Err)
}

// sameIoU is what two outlines of one place have at least, as the store has it.
const sameIoU = 0.5

// same says whether two outlines are one place, by their pixels at a zoom that shows the larger with some 256.
func same(a, b orb.MultiPolygon) bool {
	bound := a.Bound().Union(b.Bound())
	edge := max(bound.Max[0]-bound.Min[0], bound.Max[1]-bound.Min[1], 1e-9)
	zoom := max(0, min(int(math.Log2(360/edge)), geo.MaxZoom))
	w := geo.BoundWindow(bound, zoom).Pad(1)
	rasterize := func(mp orb.MultiPolygon) *geo.Mask {
		shape := mp.Clone()
		for _, poly := range shape {
			for _, ring := range poly {
				for i, p := range ring {
					ring[i] = geo.Project(p, zoom)
				}
			}
		}
		return geo.Rasterize(w, shape)
	}
	return rasterize(a).IoU(rasterize(b)) >= sameIoU
}

// Unknown are the words of the class column that the taxonomy does not know, the most frequent first.
func (s *Set) Unknown() []string {
	out := make([]string, 0, len(s.unknown))
	for word := range s.unknown {
		out = append(out, word)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(s.unknown[b]-s.unknown[a], strings.Compare(a, b)) })
	return out
}
