package report

import (
	"fmt"
	"slices"

	"github.com/precinct-map/precinct/training"
)

// chart is a drawing of a few kinds of shapes, in pixels; page.html draws any.
type chart struct {
	Title string // of the whole, for those who cannot see it
	Under string // a line below
	W, H  float64
	Rects []rect
	Lines []line
	Dots  []dot
	Texts []text
}

type rect struct {
	X, Y, W, H  float64
	Class, Tell string // Tell is shown where the pointer rests
}

type line struct {
	X1, Y1, X2, Y2 float64
	Class          string
}

type dot struct {
	X, Y, R     float64
	Class, Tell string
}

type text struct {
	X, Y    float64
	Class   string // start, middle or end, and more
	Content string
}

func (c *chart) rect(x, y, w, h float64, class, tell string) {
	c.Rects = append(c.Rects, rect{short(x), short(y), short(max(0, w)), short(max(0, h)), class, tell})
}

func (c *chart) line(x1, y1, x2, y2 float64, class string) {
	c.Lines = append(c.Lines, line{short(x1), short(y1), short(x2), short(y2), class})
}

func (c *chart) dot(x, y, r float64, class, tell string) {
	c.Dots = append(c.Dots, dot{short(x), short(y), r, class, tell})
}

func (c *chart) text(x, y float64, class, format string, args ...any) {
	c.Texts = append(c.Texts, text{short(x), short(y), class, fmt.Sprintf(format, args...)})
}

func tell(o training.Outcome, of string) string {
	return fmt.Sprintf("%s, %s: gIoU %s (%s … %s), n %d", o.System, of, percent(o.GIoU), percent(o.Low), percent(o.High), o.N)
}

// byTier has a group of bars for each tier, with their intervals.
func byTier(t *training.Table) chart {
	const w, left, top, height = 1000., 34., 16., 220.
	c := chart{Title: "gIoU by tier and system, with 95 % intervals", W: w, H: top + height + 26}
	for p := 0.; p <= 100; p += 20 {
		y := top + height*(1-p/100)
		c.line(left, y, w, y, "grid")
		c.text(left-6, y+4, "end soft", "%.0f", p)
	}
	tiers := t.Tiers()
	group := (w - left) / float64(max(1, len(tiers)))
	bar := min(46, (group-28)/float64(max(1, len(t.Systems))))
	for i, tier := range tiers {
		middle := left + group*(float64(i)+0.5)
		c.text(middle, top+height+19, "middle", "%s", tier)
		x := middle - bar*float64(len(t.Systems))/2
		for _, o := range t.Outcomes {
			if o.Tier != tier {
				continue
			}
			y := func(v float64) float64 { return top + height*(1-v) }
			c.rect(x+1, y(o.GIoU), bar-2, height*o.GIoU, colourOf(t, o.System), tell(o, string(tier)))
			if at := x + bar/2; o.High > o.Low {
				c.line(at, y(o.Low), at, y(o.High), "whisker")
				c.line(at-4, y(o.Low), at+4, y(o.Low), "whisker")
				c.line(at-4, y(o.High), at+4, y(o.High), "whisker")
			}
			c.text(x+bar/2, y(max(o.GIoU, o.High))-4, "middle small", "%.0f", 100*o.GIoU)
			x += bar
		}
	}
	c.line(left, top+height, w, top+height, "axis")
	return c
}

// mostClasses bounds the rows of a chart; the table below it has them all.
const mostClasses = 40

// byClass has a row for each class, or for each function, a bar for the first system and a dot for each other.
func byClass(t *training.Table, functions bool) chart {
	const w, left, right, row = 490., 132., 40., 21.
	c := chart{Title: "gIoU by class and system", Under: "Classes, asked for by name or class", W: w}
	if functions {
		c.Title, c.Under = "gIoU by function and system", "Functions"
	}
	var classes []string
	for _, o := range t.Classes {
		if (o.Tier == training.TierFunction) == functions && !slices.Contains(classes, o.Class) && len(classes) < mostClasses {
			classes = append(classes, o.Class)
		}
	}
	if len(classes) == 0 {
		return c
	}
	c.H = row*float64(len(classes)) + 22
	x := func(v float64) float64 { return left + (w-left-right)*v }
	for p := 0.; p <= 100; p += 25 {
		c.line(x(p/100), 0, x(p/100), c.H-18, "grid")
		c.text(x(p/100), c.H-4, "middle soft", "%.0f", p)
	}
	c.text(w, c.H-4, "end soft", "n")
	for _, o := range t.Classes {
		i := slices.Index(classes, o.Class)
		if i < 0 || (o.Tier == training.TierFunction) != functions {
			continue
		}
		y := row * float64(i)
		if o.System == t.Systems[0] {
			c.text(left-7, y+14, "end", "%s", o.Class)
			c.text(w, y+14, "end soft", "%d", o.N)
			c.rect(left, y+4, x(o.GIoU)-left, row-8, colour(0), tell(o, o.Class))
		} else {
			c.dot(x(o.GIoU), y+row/2, 4, colourOf(t, o.System), tell(o, o.Class))
		}
	}
	c.line(left, 0, left, c.H-18, "axis")
	return c
}

// reliability has a bar for each tenth of scores, as high as the share that is right: on the diagonal, scores are probabilities.
func reliability(r training.Reliability, class string) chart {
	const left, top, bin = 30., 8., 25.
	size := bin * float64(len(r.Bins))
	c := chart{Title: "Reliability of " + r.System, Under: fmt.Sprintf("%s: %d found, calibration error %s", r.System, r.N, percent(r.ECE)),
		W: left + size + 8, H: top + size + 50}
	y := func(v float64) float64 { return top + size*(1-v) }
	for p := 0.; p <= 1; p += 0.25 {
		c.line(left, y(p), left+size, y(p), "grid")
		c.text(left-5, y(p)+4, "end soft small", "%.0f", 100*p)
		c.text(left+size*p, top+size+15, "middle soft small", "%.2g", p)
	}
	for i, b := range r.Bins {
		if b.N == 0 {
			continue
		}
		x := left + bin*float64(i)
		what := fmt.Sprintf("%d with a score of %.2f on average: %s %% are right", b.N, b.Score, percent(b.Right))
		c.rect(x+1.5, y(b.Right), bin-3, size*b.Right, class+" half", what)
		c.dot(left+size*b.Score, y(b.Right), 3.5, class, what)
		c.text(x+bin/2, top+size+30, "middle small", "%d", b.N)
	}
	c.line(left, top+size, left+size, top, "diagonal")
	c.line(left, top+size, left+size, top+size, "axis")
	c.text(left+size/2, top+size+45, "middle soft small", "score, and how many have it")
	return c
}

// stages are the parts of an answer's time.
var stages = []struct {
	name string
	of   func(training.Times) float64
}{
	{"labels", func(t training.Times) float64 { return t.Labels }},
	{"encode", func(t training.Times) float64 { return t.Encode }},
	{"stage 1", func(t training.Times) float64 { return t.Stage1 }},
	{"stage 2", func(t training.Times) float64 { return t.Stage2 }},
	{"decode", func(t training.Times) float64 { return t.Decode }},
	{"rest", func(t training.Times) float64 { return t.Rest }},
}

// seconds has a bar for each system, of the mean time that each stage takes.
func seconds(t *training.Table) chart {
	const w, left, right, row = 1000., 200., 70., 30.
	c := chart{Title: "Seconds an example by stage and system", W: w, H: row * float64(len(t.Systems))}
	sums := map[string]training.Times{}
	count := map[string]int{}
	for _, o := range t.Outcomes {
		s := sums[o.System]
		s.Add(o.Times, o.N)
		sums[o.System] = s
		count[o.System] += o.N
	}
	most := 0.
	for name, s := range sums {
		sums[name] = s.Over(count[name])
		most = max(most, sums[name].Total())
	}
	for i, name := range t.Systems {
		y, x := row*float64(i), left
		c.text(left-8, y+20, "end", "%s", cut(name, 30))
		for j, stage := range stages {
			v := stage.of(sums[name])
			width := v / max(1e-9, most) * (w - left - right)
			c.rect(x, y+5, width, row-10, fmt.Sprintf("t%d", j), fmt.Sprintf("%s, %s: %.3f s", name, stage.name, v))
			x += width
		}
		c.text(x+7, y+20, "start", "%.2f s", sums[name].Total())
	}
	c.line(left, 0, left, c.H, "axis")
	return c
}

// cut keeps the first characters of a text.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
