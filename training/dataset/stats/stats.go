// Package stats counts what a data set holds and draws it, as a page or a picture: the figures that the paper gives of SocioSeg (its
// figures 6 and 7), the sizes of what is asked for, and how evenly classes are split.
package stats

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training/dataset"
)

// Figures are what was counted. Their size does not grow with the rows, but for the most frequent words, which are bounded.
type Figures struct {
	Rows       int // that were counted: neither marked as bad nor unreadable
	Marked     int
	Unreadable []string // at most mostTold
	Unread     int

	Tiers     map[string]Count            // by tier
	Kinds     map[string]map[string]Count // by tier, by class; of functions, by function
	Functions map[string]Count            // of samples of all tiers
	Regions   map[string]Tiered
	Drawn     int
	Novel     map[string]int // samples of classes that train has none of, by class
	Area      Histogram      // of masks, in pixels
	Side      Histogram      // the longer side of the box round a mask of one place, in pixels
	Words     *Words         // of names
	samples   map[string]map[string]candidate
}

// Count is how many samples there are, by split in the order of dataset.Splits.
type Count [3]int

// Total is of all splits.
func (c Count) Total() int { return c[0] + c[1] + c[2] }

// Tiered is how many samples there are, by tier in the order of dataset.Tiers.
type Tiered [3]int

// Total is of all tiers.
func (t Tiered) Total() int { return t[0] + t[1] + t[2] }

// candidate is a sample that may be shown: of those of its tier and class, the one whose id has the least hash.
type candidate struct {
	at    dataset.Position
	id    string
	order uint64
}

const mostTold = 20

// Collect reads a data set once: every row but its pictures of the ground.
func Collect(ctx context.Context, set *dataset.Set, progress func(rows, of int)) (*Figures, error) {
	f := &Figures{Tiers: map[string]Count{}, Kinds: map[string]map[string]Count{}, Functions: map[string]Count{}, Regions: map[string]Tiered{}, Novel: map[string]int{},
		Words: newWords(mostWords), samples: map[string]map[string]candidate{}}
	var mu sync.Mutex
	rows := make(chan *dataset.Glance, 64)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(rows)
		done := 0
		for g, err := range set.Glances(true) {
			done++
			progress(done, set.Total())
			if err == nil {
				if m, ok := set.Marked(g.ID); !ok || !m.Bad {
					select {
					case rows <- g:
						continue
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			}
			mu.Lock()
			f.leave(err)
			mu.Unlock()
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for g := range rows {
				size, err := measure(g)
				mu.Lock()
				if err != nil {
					f.leave(fmt.Errorf("%s: %w", g.ID, err))
				} else {
					f.add(g, size)
				}
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return f, nil
}

// leave counts a row that is not counted otherwise; without an error it is one that a person marked.
func (f *Figures) leave(err error) {
	if err == nil {
		f.Marked++
		return
	}
	if f.Unread++; len(f.Unreadable) < mostTold {
		f.Unreadable = append(f.Unreadable, err.Error())
	}
}

// size is a mask's, in pixels.
type size struct{ area, side int }

func measure(g *dataset.Glance) (size, error) {
	mask, err := g.Truth()
	if err != nil {
		return size{}, err
	}
	box := mask.Extent()
	return size{mask.Count(), max(box.W, box.H)}, nil
}

func (f *Figures) add(g *dataset.Glance, s size) {
	f.Rows++
	split, tier := position(dataset.Splits, g.Split), position(dataset.Tiers, g.Tier)
	increase(f.Tiers, g.Tier, split)
	if f.Kinds[g.Tier] == nil {
		f.Kinds[g.Tier] = map[string]Count{}
	}
	increase(f.Kinds[g.Tier], kindOf(g), split)
	increase(f.Functions, g.Function, split)
	region := f.Regions[g.Region]
	region[tier]++
	f.Regions[g.Region] = region
	if g.Drawn {
		f.Drawn++
	}
	if g.Novel {
		f.Novel[g.Class]++
	}
	f.Area.add(s.area, tier)
	if !strings.Contains(g.Place, ",") {
		f.Side.add(s.side, tier)
	}
	if g.Tier == dataset.Name {
		f.Words.Add(g.Problem, g.Function)
	}
	f.consider(g)
}

// kindOf is a row's class; of the function tier, its function.
func kindOf(g *dataset.Glance) string {
	if g.Tier == dataset.Function && g.Function != "" {
		return g.Function
	}
	return g.Class
}

// consider keeps a sample of each tier and kind. Which it is does not depend on the order of rows.
func (f *Figures) consider(g *dataset.Glance) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(g.ID))
	c := candidate{g.At, g.ID, h.Sum64()}
	if f.samples[g.Tier] == nil {
		f.samples[g.Tier] = map[string]candidate{}
	}
	if old, ok := f.samples[g.Tier][kindOf(g)]; !ok || c.order < old.order {
		f.samples[g.Tier][kindOf(g)] = c
	}
}

func increase(counts map[string]Count, key string, split int) {
	c := counts[key]
	c[split]++
	counts[key] = c
}

// position of a value in a short list; what is not in it counts with the last.
func position(list []string, value string) int {
	for i, v := range list {
		if v == value {
			return i
		}
	}
	return len(list) - 1
}

// titleOf is a class or function as people call it.
func titleOf(id string) string {
	if c, ok := taxonomy.ByID(id); ok {
		return c.Name
	}
	for _, f := range taxonomy.Functions() {
		if f.ID == id {
			return f.Name
		}
	}
	if id == "" {
		return "not known"
	}
	return id
}

// functionOf is the function of a class, or of a function itself.
func functionOf(id string) string {
	if c, ok := taxonomy.ByID(id); ok {
		return c.Function
	}
	return id
}
