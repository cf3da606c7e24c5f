package stats

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/training/dataset"
)

// The widths of charts: of half the page, and of all of it.
const (
	half  = 490.
	whole = 1000.
)

// tierChart has a bar for each tier, in parts for the splits: the paper's figure 6 (a).
func (f *Figures) tierChart() chart {
	const left, right, row = 112., 96., 46.
	c := chart{Title: "Samples by tier and split", W: half}
	most := 1
	for _, n := range f.Tiers {
		most = max(most, n.Total())
	}
	for _, tier := range knownFirst(dataset.Tiers, f.Tiers) {
		n, x := f.Tiers[tier], left
		c.text(left-10, c.H+row/2+5, 14, "end", "%s", tierTitle(tier))
		for k, split := range dataset.Splits {
			w := float64(n[k]) / float64(most) * (half - left - right)
			c.rect(x, c.H+8, w, row-16, fmt.Sprintf("s%d", k), "%s, %s: %s", tierTitle(tier), split, thousands(n[k]))
			x += w
		}
		c.text(x+8, c.H+row/2+5, 14, "bold", "%s", thousands(n.Total()))
		c.text(x+8+9*float64(len(thousands(n.Total())))+6, c.H+row/2+5, 12, "soft", "%s", share(n.Total(), f.Rows))
		c.H += row
	}
	c.line(left, 0, left, c.H, "soft")
	return c
}

// knownFirst are the keys of a map: those of a list in its order, and then the others.
func knownFirst[V any](list []string, m map[string]V) []string {
	out := slices.DeleteFunc(slices.Clone(list), func(k string) bool { _, ok := m[k]; return !ok })
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(list, k) {
			out = append(out, k)
		}
	}
	return out
}

// functionChart is a ring with a part for each function, and their names beside it: figure 6 (b).
func (f *Figures) functionChart() chart {
	const radius, hole, row = 94., 55., 23.
	c := chart{Title: "Samples by function", W: half, H: 2*radius + 12}
	ids := byCount(f.Functions)
	middle := point{radius + 4, c.H / 2}
	angle, top := -math.Pi/2, max(0, (c.H-row*float64(len(ids)))/2)
	for i, id := range ids {
		n := f.Functions[id].Total()
		end := angle + 2*math.Pi*float64(n)/float64(max(1, f.Rows))
		c.poly(functionRole(id), fmt.Sprintf("%s: %s (%s)", titleOf(id), thousands(n), share(n, f.Rows)), ring(middle, hole, radius, angle, end)...)
		if !math.IsNaN(end) && end-angle < 2*math.Pi-1e-6 {
			c.line(middle.X+hole*math.Cos(angle), middle.Y+hole*math.Sin(angle), middle.X+radius*math.Cos(angle), middle.Y+radius*math.Sin(angle), "card")
		}
		angle = end
		y := top + row*float64(i)
		c.rect(2*radius+28, y+5, 13, 13, functionRole(id), "%s", titleOf(id))
		c.text(2*radius+48, y+16, 12.5, "", "%s", cut(titleOf(id), 28))
		c.text(half-50, y+16, 13, "end bold", "%s", thousands(n))
		c.text(half, y+16, 12, "end soft", "%s", share(n, f.Rows))
	}
	c.H = max(c.H, row*float64(len(ids)))
	c.text(middle.X, middle.Y+2, 26, "middle bold", "%s", thousands(f.Rows))
	c.text(middle.X, middle.Y+21, 12, "middle soft", "samples")
	return c
}

// ring is a part of a ring from one angle to another, as a polygon.
func ring(m point, inner, outer, from, to float64) []point {
	const chord = 3. // degrees
	steps := max(1, int(math.Ceil((to-from)*180/math.Pi/chord)))
	var out []point
	for k := range 2 * (steps + 1) {
		r, n := outer, k
		if k > steps {
			r, n = inner, 2*steps+1-k
		}
		a := from + (to-from)*float64(n)/float64(steps)
		out = append(out, point{m.X + r*math.Cos(a), m.Y + r*math.Sin(a)})
	}
	return out
}

// byCount are the keys of counts, the most frequent first.
func byCount(m map[string]Count) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(m[b].Total()-m[a].Total(), strings.Compare(a, b))
	})
}

// cloudChart is figure 6 (c): the words of names, as large as they are frequent, in the colour of the function that has them most.
func (f *Figures) cloudChart(l *letters) chart {
	const height, most = 330., 160
	c := chart{Title: "The most frequent words of names", W: whole, H: height}
	for _, w := range layCloud(f.Words.Top(most), whole, height, func(text string, size float64) float64 { return l.width(text, size, true) }) {
		c.Shapes = append(c.Shapes, shape{Kind: "text", Role: functionRole(w.Function), Points: []point{{short(w.x), short(w.y)}}, Text: w.Text, Size: short(w.size), Anchor: "start",
			Bold: true, Fit: short(w.width), Tell: fmt.Sprintf("%s: %s", w.Text, thousands(w.N))})
	}
	return c
}

// mostBars bounds the rows of one chart; a table has the others.
const mostBars = 120

// classes counts the samples of each class, asked for by name or as a class.
func (f *Figures) classes() map[string]Count {
	out := map[string]Count{}
	for tier, kinds := range f.Kinds {
		for id, n := range kinds {
			if tier == dataset.Function {
				continue
			}
			sum := out[id]
			for k := range n {
				sum[k] += n[k]
			}
			out[id] = sum
		}
	}
	return out
}

// classChart is figure 6 (d): the classes in columns, coloured by function, those of the test alone marked.
func (f *Figures) classChart() chart {
	const columns, gap, label, number, row = 3, 26., 128., 42., 19.
	c := chart{Title: "Samples by class", W: whole}
	counts := f.classes()
	ids := byCount(counts)
	ids = ids[:min(mostBars, len(ids))]
	if len(ids) == 0 {
		return c
	}
	perColumn := (len(ids) + columns - 1) / columns
	c.H = row * float64(perColumn)
	width := (whole - gap*(columns-1)) / columns
	for i, id := range ids {
		x, y := float64(i/perColumn)*(width+gap), row*float64(i%perColumn)
		n := counts[id].Total()
		role := functionRole(functionOf(id))
		name, style := cut(titleOf(id), 19), "end"
		if f.Novel[id] > 0 {
			name, style = name+" *", "end bad"
		}
		c.text(x+label-8, y+13.5, 12.5, style, "%s", name)
		w := (width - label - number) * float64(n) / float64(counts[ids[0]].Total())
		c.rect(x+label, y+3, max(1, w), row-6, role, "%s: %s, of %s", titleOf(id), thousands(n), titleOf(functionOf(id)))
		c.text(x+label+w+5, y+13.5, 11.5, "soft", "%s", thousands(n))
	}
	return c
}

// cut keeps the first characters of a text.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// regionChart has a bar for each region, in parts for the tiers: figure 7.
func (f *Figures) regionChart() chart {
	const left, right, row, most = 190., 130., 25., 40
	c := chart{Title: "Samples by region and tier", W: whole}
	ids := slices.SortedFunc(maps.Keys(f.Regions), func(a, b string) int {
		return cmp.Or(f.Regions[b].Total()-f.Regions[a].Total(), strings.Compare(a, b))
	})
	more := max(0, len(ids)-most)
	for _, id := range ids[:len(ids)-more] {
		n, x := f.Regions[id], left
		c.text(left-10, c.H+17, 13, "end", "%s", cut(cmp.Or(id, "not known"), 26))
		for k, tier := range dataset.Tiers {
			w := float64(n[k]) / float64(f.Regions[ids[0]].Total()) * (whole - left - right)
			c.rect(x, c.H+4, w, row-8, fmt.Sprintf("t%d", k), "%s, %s: %s", id, tierTitle(tier), thousands(n[k]))
			x += w
		}
		c.text(x+8, c.H+17, 13, "bold", "%s", thousands(n.Total()))
		c.text(x+14+8*float64(len(thousands(n.Total()))), c.H+17, 12, "soft", "%s", share(n.Total(), f.Rows))
		c.H += row
	}
	c.line(left, 0, left, c.H, "soft")
	if more > 0 {
		c.text(left, c.H+17, 12, "soft", "and %d more", more)
		c.H += row
	}
	return c
}

// sizeChart has a bar for each bin of a histogram, in parts for the tiers, over a scale that doubles at each mark.
func sizeChart(h *Histogram, title, unit string) chart {
	const left, top, height, bottom = 44., 22., 190., 36.
	c := chart{Title: title, W: half, H: top + height + bottom}
	first, most := h.first(), 1
	for _, b := range h.Bins {
		most = max(most, b.Total())
	}
	bins := max(1, len(h.Bins)-first)
	width := (half - left - 8) / float64(bins)
	for _, mark := range marks(most) {
		y := top + height*(1-float64(mark)/float64(most))
		c.line(left, y, half-8, y, "rule")
		c.text(left-7, y+4, 11.5, "end soft", "%s", thousands(mark))
	}
	x := func(size float64) float64 { return left + width*(binsPerDouble*math.Log2(size)-float64(first)) }
	for k := first; k < len(h.Bins); k++ {
		y := top + height
		for t, n := range h.Bins[k] {
			high := height * float64(n) / float64(most)
			y -= high
			c.rect(left+width*float64(k-first)+0.75, y, width-1.5, high, fmt.Sprintf("t%d", t), "%s to %s: %s of %s", rounded(edge(float64(k))), rounded(edge(float64(k+1))),
				thousands(n), tierTitle(dataset.Tiers[t]))
		}
	}
	every := max(1, (bins+13)/14) * binsPerDouble
	for k := (first + binsPerDouble - 1) / binsPerDouble * binsPerDouble; k <= first+bins; k += every {
		c.line(left+width*float64(k-first), top+height, left+width*float64(k-first), top+height+4, "soft")
		c.text(left+width*float64(k-first), top+height+17, 11.5, "middle soft", "%s", compact(edge(float64(k))))
	}
	c.line(left, top+height, half-8, top+height, "soft")
	c.text(left+(half-left)/2, top+height+33, 12, "middle soft", "%s", unit)
	if h.N > 0 {
		median := h.Quantile(0.5)
		c.line(x(median), top-6, x(median), top+height, "ink")
		c.text(x(median), top-10, 12, "middle bold", "median ≈ %s", rounded(median))
	}
	return c
}

// marks are round numbers up to a largest one.
func marks(most int) []int {
	step := 1
	for k := 0; most/step > 5; k++ {
		step = []int{1, 2, 5}[k%3] * int(math.Pow10(k/3))
	}
	var out []int
	for m := step; m <= most; m += step {
		out = append(out, m)
	}
	return out
}

// functionKeys are the functions that the data set has, for the legend of classes and words.
func (f *Figures) functionKeys() []key {
	var out []key
	for _, fn := range taxonomy.Functions() {
		if _, ok := f.Functions[fn.ID]; ok {
			out = append(out, key{fn.Name, functionRole(fn.ID)})
		}
	}
	return out
}
