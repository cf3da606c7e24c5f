package show

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training/dataset"
)

// entry is what the index keeps of a row, some hundred bytes with its texts.
type entry struct {
	id, problem string
	at          dataset.Position
	facets      [facets]uint16 // numbers in the index's names
}

// The facets of a row, by which it is found.
const (
	tier = iota
	class
	function
	split
	region
	facets
)

// facetNames are their names in addresses.
var facetNames = [facets]string{"tier", "class", "function", "split", "region"}

// index knows all rows of a data set and where they are.
type index struct {
	entries []entry
	names   [facets][]string // of each facet's values, as they came
	counts  [facets][]int
	broken  []string // what could not be read, at most mostTold
	more    int
}

const mostTold = 20

func newIndex(ctx context.Context, set *dataset.Set, progress func(rows, of int)) (*index, error) {
	x := &index{entries: make([]entry, 0, set.Total())}
	var numbers [facets]map[string]uint16
	for k := range numbers {
		numbers[k] = map[string]uint16{}
	}
	phrases := map[string]string{} // of classes and functions: they come again and again
	for g, err := range set.Glances(false) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			x.tell(err)
			continue
		}
		e := entry{id: g.ID, problem: g.Problem, at: g.At}
		if g.Tier != dataset.Name {
			if kept, ok := phrases[g.Problem]; ok {
				e.problem = kept
			} else {
				phrases[g.Problem] = g.Problem
			}
		}
		for k, value := range [facets]string{g.Tier, g.Class, g.Function, g.Split, g.Region} {
			n, ok := numbers[k][value]
			if !ok {
				if len(x.names[k]) > math.MaxUint16 {
					return nil, &dataset.Error{Op: "show", Subject: set.Dir, Err: fmt.Errorf("%w: it has more than %d values of %s", dataset.ErrSchema, math.MaxUint16, facetNames[k])}
				}
				n = uint16(len(x.names[k]))
				numbers[k][value] = n
				x.names[k], x.counts[k] = append(x.names[k], value), append(x.counts[k], 0)
			}
			x.counts[k][n]++
			e.facets[k] = n
		}
		x.entries = append(x.entries, e)
		progress(len(x.entries), set.Total())
	}
	if len(x.entries) == 0 {
		return nil, &dataset.Error{Op: "show", Subject: set.Dir, Err: errors.Join(dataset.ErrBroken, errors.New(strings.Join(x.broken, "; "))), Hint: "`precinct dataset verify` says what is wrong"}
	}
	return x, nil
}

func (x *index) tell(err error) {
	if len(x.broken) == mostTold {
		x.more++
		return
	}
	x.broken = append(x.broken, err.Error())
}

// query says which rows are wanted. An empty field wants all.
type query struct {
	facets [facets]string
	given  [facets]bool // a facet's value may be empty
	text   string       // in lower case; in phrase or id
	marked string       // "bad", "good" or "all"
}

// find gives the numbers of the rows that a query wants.
func (x *index) find(q query, bad map[string]dataset.Mark) []int {
	var wanted [facets]int
	for k := range wanted {
		wanted[k] = -1
		if q.given[k] {
			if wanted[k] = slices.Index(x.names[k], q.facets[k]); wanted[k] < 0 {
				return nil
			}
		}
	}
	var out []int
	for i := range x.entries {
		if e := &x.entries[i]; e.fits(wanted) && (q.text == "" || e.says(q.text)) && (q.marked == "all" || bad[e.id].Bad == (q.marked == "bad")) {
			out = append(out, i)
		}
	}
	return out
}

func (e *entry) fits(wanted [facets]int) bool {
	for k, n := range wanted {
		if n >= 0 && int(e.facets[k]) != n {
			return false
		}
	}
	return true
}

func (e *entry) says(text string) bool {
	return strings.Contains(strings.ToLower(e.problem), text) || strings.Contains(strings.ToLower(e.id), text)
}

// choice is a value of a facet, for a list to choose from.
type choice struct {
	Value string `json:"value"`
	Name  string `json:"name"`
	N     int    `json:"n"`
}

// choices of a facet: splits and tiers in their order, others by name.
func (x *index) choices(facet int) []choice {
	out := make([]choice, len(x.names[facet]))
	for n, value := range x.names[facet] {
		out[n] = choice{value, nameOf(value), x.counts[facet][n]}
	}
	order := map[int][]string{tier: dataset.Tiers, split: dataset.Splits}[facet]
	slices.SortFunc(out, func(a, b choice) int {
		return cmp.Or(slices.Index(order, a.Value)-slices.Index(order, b.Value), strings.Compare(a.Name, b.Name))
	})
	return out
}

// nameOf is a facet's value as people call it.
func nameOf(value string) string {
	if c, ok := taxonomy.ByID(value); ok {
		return c.Name
	}
	for _, f := range taxonomy.Functions() {
		if f.ID == value {
			return f.Name
		}
	}
	if value == "" {
		return "not known"
	}
	return strings.TrimPrefix(value, "socio_")
}
