package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// How much of their pixels two outlines must share to be the same thing; as geo.Stitch has it.
const (
	sameIoU         = 0.5
	sameContainment = 0.8 // of the smaller one
	maxCompared     = 512 // pixels: outlines that are larger are compared at a coarser zoom
)

// overlap compares two outlines pixel by pixel.
func overlap(a, b *row) (iou float64, same bool) {
	z := min(a.Zoom, b.Zoom)
	for at := range 2 {
		r := [2]*row{a, b}[at]
		e := r.Shape.Bound()
		size := max(e.Max[0]-e.Min[0], e.Max[1]-e.Min[1])
		z = min(z, r.Zoom-int(math.Ceil(math.Log2(max(size, 1)/maxCompared))))
	}
	z = max(z, 0)
	ma, mb := a.mask(z), b.mask(z)
	shared, na, nb := ma.Overlap(mb), ma.Count(), mb.Count()
	if shared == 0 {
		return 0, false
	}
	iou = float64(shared) / float64(na+nb-shared)
	return iou, iou >= sameIoU || float64(shared) >= sameContainment*float64(min(na, nb))
}

// mask is an outline's pixels at a zoom, moved to where its bound begins within ±180°.
func (r *row) mask(z int) *geo.Mask {
	factor := math.Ldexp(1, z-r.Zoom)
	shape := r.Shape.Clone()
	east := math.Round((geo.Project(r.bound.Min, z)[0]-shape.Bound().Min[0]*factor)/float64(geo.WorldSize(z))) * float64(geo.WorldSize(z))
	for _, poly := range shape {
		for _, ring := range poly {
			for i := range ring {
				ring[i] = orb.Point{ring[i][0]*factor + east, ring[i][1] * factor}
			}
		}
	}
	b := shape.Bound()
	x, y := int(math.Floor(b.Min[0])), int(math.Floor(b.Min[1]))
	w := geo.Window{Z: z, X: x, Y: y, W: int(math.Ceil(b.Max[0])) - x, H: int(math.Ceil(b.Max[1])) - y}
	return geo.Rasterize(w, shape)
}

// syncing is one Sync on its way.
type syncing struct {
	tx      *writing
	now     time.Time
	found   []row
	kept    map[int64]*row
	claims  map[int][]*row // which kept ones each found one takes up
	changed changes
}

// Sync takes what a run found on some ground.
func (s *SQLite) Sync(ctx context.Context, phrase string, ground []geo.Window, found []Feature) (out []Feature, err error) {
	err = s.inTx(ctx, func(tx *writing) error {
		num, err := makeCollection(ctx, tx, phrase)
		if err != nil {
			return err
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		y := syncing{tx: tx, now: now, kept: map[int64]*row{}, claims: map[int][]*row{}, changed: changes{collection: num, at: stamp(now)}}
		for i, f := range found {
			r := row{Feature: f, state: shown, collection: num}
			r.Phrase = phrase
			if err := r.tidy(); err != nil {
				return &Error{Op: "keep outline", Subject: fmt.Sprintf("%d of %q", i, phrase), Err: err}
			}
			y.found = append(y.found, r)
		}
		if err := y.claim(ctx); err != nil {
			return err
		}
		if out, err = y.settle(ctx); err != nil {
			return err
		}
		if err := y.forget(ctx, ground); err != nil {
			return err
		}
		return y.changed.note(ctx, tx)
	})
	return out, fail("keep outlines of", phrase, err)
}

// load reads the kept outlines, shown or not, that meet a bound.
func (y *syncing) load(ctx context.Context, b orb.Bound) (near []*row, err error) {
	seen := map[int64]bool{}
	for _, h := range halves(b) {
		for _, c := range []int64{y.changed.collection, -y.changed.collection} {
			err = each(ctx, y.tx, "SELECT "+columns+` FROM spots r CROSS JOIN features f ON f.id = abs(r.id) JOIN collections c ON c.num = abs(f.collection)
				WHERE r.c0 = ? AND r.x0 <= ? AND r.x1 >= ? AND r.y0 <= ? AND r.y1 >= ?`,
				[]any{c, h.Max[0], h.Min[0], h.Max[1], h.Min[1]}, func(rows *sql.Rows) error {
					r, err := scanRow(rows)
					if y.kept[r.ID] == nil {
						y.kept[r.ID] = &r
					}
					if !seen[r.ID] {
						near, seen[r.ID] = append(near, y.kept[r.ID]), true
					}
					return err
				})
			if err != nil {
				return nil, err
			}
		}
	}
	return near, nil
}

// claim gives each kept outline to the found one that is most like it.
func (y *syncing) claim(ctx context.Context) error {
	best, of := map[int64]float64{}, map[int64]int{}
	for i := range y.found {
		near, err := y.load(ctx, y.found[i].bound)
		if err != nil {
			return err
		}
		for _, k := range near {
			if iou, same := overlap(&y.found[i], k); same && iou > best[k.ID] {
				best[k.ID], of[k.ID] = iou, i
			}
		}
	}
	for id, i := range of {
		y.claims[i] = append(y.claims[i], y.kept[id])
	}
	return nil
}

// rank orders the claimed: a person's word first, then what is shown, then what was; the oldest first.
func rank(a, b *row) int {
	weight := func(r *row) int {
		switch {
		case r.state == deleted, r.state == shown && r.Edited:
			return 0
		case r.state == shown:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.ID, b.ID))
}

// settle writes the found outlines and gives them as they are kept now.
func (y *syncing) settle(ctx context.Context) (out []Feature, err error) {
	for i := range y.found {
		f, claimed := &y.found[i], y.claims[i]
		slices.SortFunc(claimed, rank)
		if len(claimed) == 0 {
			if err := y.add(ctx, f); err != nil {
				return nil, err
			}
			out = append(out, f.Feature)
			continue
		}
		k := claimed[0]
		mergedFrom := slices.Clone(k.MergedFrom)
		for _, other := range claimed[1:] {
			if other.state != shown || other.Edited {
				continue
			}
			mergedFrom = append(mergedFrom, other.ID)
			if err := y.hide(ctx, other, merged); err != nil {
				return nil, err
			}
		}
		if k.state != deleted && !k.Edited {
			if err := y.update(ctx, k, f, mergedFrom); err != nil {
				return nil, err
			}
		}
		if k.state == shown {
			out = append(out, k.Feature)
		}
	}
	return out, nil
}

func (y *syncing) add(ctx context.Context, f *row) error {
	f.ID, f.Version, f.Updated = 0, 1, y.now
	if f.Created.IsZero() {
		f.Created = y.now
	}
	y.changed.add(f.bound)
	return f.save(ctx, y.tx)
}

// update makes a kept outline what was found, if that is another.
func (y *syncing) update(ctx context.Context, k, f *row, mergedFrom []int64) error {
	next := *f
	next.ID, next.Version, next.Created, next.Updated, next.Verdict, next.MergedFrom = k.ID, k.Version, k.Created, k.Updated, k.Verdict, mergedFrom
	if next.state == k.state && next.equal(k) {
		return nil
	}
	if err := k.remember(ctx, y.tx, "run", "", stamp(y.now)); err != nil {
		return err
	}
	y.changed.add(k.bound)
	y.changed.add(next.bound)
	next.Version++
	next.Updated = y.now
	*k = next
	return k.save(ctx, y.tx)
}

func (r *row) equal(o *row) bool {
	return r.Zoom == o.Zoom && r.Shape.Equal(o.Shape) && r.Name == o.Name && r.Tier == o.Tier && r.Class == o.Class && r.Function == o.Function &&
		r.Score == o.Score && r.AreaM2 == o.AreaM2 && r.Model == o.Model && r.Reasoning == o.Reasoning && slices.Equal(r.Scenes, o.Scenes) &&
		slices.Equal(r.Sources, o.Sources) && slices.Equal(r.MergedFrom, o.MergedFrom)
}

func (y *syncing) hide(ctx context.Context, k *row, state string) error {
	if err := k.remember(ctx, y.tx, state, "", stamp(y.now)); err != nil {
		return err
	}
	k.state, k.Updated = state, y.now
	k.Version++
	y.changed.add(k.bound)
	return k.save(ctx, y.tx)
}

// forget hides what lies on the ground and was not found again.
func (y *syncing) forget(ctx context.Context, ground []geo.Window) error {
	claimed := map[int64]bool{}
	for _, list := range y.claims {
		for _, k := range list {
			claimed[k.ID] = true
		}
	}
	for _, f := range y.found {
		claimed[f.ID] = true
	}
	for _, w := range ground {
		near, err := y.load(ctx, w.Bound())
		if err != nil {
			return err
		}
		for _, k := range near {
			if k.state != shown || k.Edited || claimed[k.ID] || !middleIn(k.bound, w.Bound()) {
				continue
			}
			if err := y.hide(ctx, k, lost); err != nil {
				return err
			}
		}
	}
	return nil
}

// middleIn says whether the middle of a bound lies in another, south and west borders included.
func middleIn(b, in orb.Bound) bool {
	at := b.Center()
	lon := geo.WrapLongitude(at[0])
	for _, h := range halves(in) {
		if lon >= h.Min[0] && lon < h.Max[0] && at[1] >= h.Min[1] && at[1] < h.Max[1] {
			return true
		}
	}
	return false
}
