// Package corrections teaches a policy that is served already what people corrected of a region, in minutes: some of the corrected places are
// held out, the training ends when the score on them no longer rises, and what is kept is the best that was seen. A Judge says what each place
// gets from the served pipeline, before and after.
package corrections

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/lessons"
)

// ErrNone is a store of which nothing can be learned. Test with errors.Is.
var ErrNone = errors.New("there is no correction to learn from")

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// samePlace is the IoU of two lessons' boxes on the ground from which on they are one place, seen in two pictures.
const samePlace = 0.4

// Places puts lessons of one place together, and the places into an order by lot.
func Places(all []lessons.Lesson, seed uint64) [][]lessons.Lesson {
	var out [][]lessons.Lesson
	for _, l := range all {
		i := slices.IndexFunc(out, func(place []lessons.Lesson) bool {
			return slices.ContainsFunc(place, func(o lessons.Lesson) bool { return same(l, o) })
		})
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], l)
	}
	// The lot must not depend on the order of a data set's files.
	order := func(a, b lessons.Lesson) int {
		g, h := a.Ground(), b.Ground()
		return cmp.Or(cmp.Compare(a.Scene.Region, b.Scene.Region), g.X-h.X, g.Y-h.Y, cmp.Compare(a.Scene.Hash(), b.Scene.Hash()))
	}
	for _, p := range out {
		slices.SortStableFunc(p, order)
	}
	slices.SortStableFunc(out, func(a, b []lessons.Lesson) int { return order(a[0], b[0]) })
	r := rand.New(rand.NewPCG(seed, 29))
	r.Shuffle(len(out), func(i, k int) { out[i], out[k] = out[k], out[i] })
	return out
}

func same(a, b lessons.Lesson) bool {
	g, h := a.Ground(), b.Ground()
	if a.Scene.Region != b.Scene.Region || g.Z != h.Z {
		return false
	}
	both := area(g.Intersect(h))
	return both > 0 && both/(area(g)+area(h)-both) >= samePlace
}

func area(w geo.Window) float64 { return float64(max(0, w.W)) * float64(max(0, w.H)) }

// heldOut is the share of places that nothing is taught of.
const heldOut = 0.2

// HoldOut parts places: a fifth of them, at least one where there are two, is for the score alone.
func HoldOut(places [][]lessons.Lesson) (taught, held [][]lessons.Lesson) {
	n := 0
	if len(places) > 1 {
		n = max(1, int(math.Round(heldOut*float64(len(places)))))
	}
	return places[n:], places[:n]
}

// First is one lesson of each place: what scores are taken of, so that no place counts twice.
func First(places [][]lessons.Lesson) []lessons.Lesson {
	var out []lessons.Lesson
	for _, p := range places {
		out = append(out, p[0])
	}
	return out
}
