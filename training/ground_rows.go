package training

import (
	"fmt"
	"slices"
	"strings"
)

// Right is the IoU above which an outline counts as found.
const Right = 0.5

// GroundRow is what systems reach on one ground at one zoom, or on several grounds together.
type GroundRow struct {
	Ground string       `json:"ground"`
	Zoom   string       `json:"zoom"`
	N      int          `json:"n"` // questions
	Cells  []GroundCell `json:"systems"`

	scenes []string
	iou    [][]float64 // by system
}

// GroundCell is one system of a row. The first system is better than it by Better, with the bounds that hold 95 of 100 resamples of
// pictures; all zero for the first itself.
type GroundCell struct {
	System string  `json:"system"`
	Mean   float64 `json:"mean"`  // IoU
	Above  float64 `json:"above"` // the share that is above Right
	Better float64 `json:"better"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// NewGroundRow is a table's row: all that has something to find.
func NewGroundRow(ground, zoom string, t *Table) GroundRow {
	r := GroundRow{Ground: ground, Zoom: zoom}
	for _, s := range t.Systems {
		scenes, iou := t.of([]Tier{TierName, TierClass, TierFunction}, func(i int) float64 { return t.iou[s][i] })
		r.scenes, r.iou = scenes, append(r.iou, iou)
		r.Cells = append(r.Cells, GroundCell{System: s})
	}
	r.fill()
	return r
}

// PoolGrounds puts rows of the same systems together, each question counted once. The system that stands at a place may be called by
// the size that was its best; together it is called by what the names have in common.
func PoolGrounds(ground, zoom string, rows []GroundRow) GroundRow {
	all := GroundRow{Ground: ground, Zoom: zoom}
	for n, r := range rows {
		for _, s := range r.scenes {
			all.scenes = append(all.scenes, fmt.Sprint(n, "/", s))
		}
		for i, c := range r.Cells {
			if n == 0 {
				all.Cells, all.iou = append(all.Cells, GroundCell{System: c.System}), append(all.iou, nil)
			}
			if all.Cells[i].System != c.System {
				all.Cells[i].System, _ = sized(c.System)
			}
			all.iou[i] = append(all.iou[i], r.iou[i]...)
		}
	}
	all.fill()
	return all
}

func (r *GroundRow) fill() {
	r.N = len(r.scenes)
	for i := range r.Cells {
		c := &r.Cells[i]
		c.Mean = mean(r.iou[i])
		for _, v := range r.iou[i] {
			c.Above += indicator(v > Right) / float64(max(1, r.N))
		}
		if i == 0 {
			continue
		}
		better := slices.Clone(r.iou[0])
		for k, v := range r.iou[i] {
			better[k] -= v
		}
		c.Better = mean(better)
		c.Low, c.High = bootstrap(r.scenes, better)
	}
}

// sized tells a system's name from its size: of "label-box:60, best of 8" they are "label-box, best of 8" and "60".
func sized(system string) (name, size string) {
	name, size, _ = strings.Cut(system, ":")
	size, rest, chosen := strings.Cut(size, ",")
	if chosen {
		name += "," + rest
	}
	return name, size
}

// GroundHead is the head of a markdown table of rows of a row's systems.
func GroundHead(r GroundRow) string {
	var b strings.Builder
	b.WriteString("| ground | zoom | n |")
	for _, c := range r.Cells {
		name, _ := sized(c.System)
		fmt.Fprintf(&b, " %s |", name)
	}
	for _, c := range r.Cells[min(1, len(r.Cells)):] {
		name, _ := sized(c.System)
		fmt.Fprintf(&b, " %s is better than %s by |", r.Cells[0].System, name)
	}
	return b.String() + "\n|" + strings.Repeat("---|", 2+2*max(1, len(r.Cells))) + "\n"
}

// Markdown is the row: of each system mean IoU and the share above Right, in percent, then what the first is better than each other by.
// The size of a system that has one stands beside its figures.
func (r GroundRow) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s | %d |", r.Ground, r.Zoom, r.N)
	for _, c := range r.Cells {
		fmt.Fprintf(&b, " %.1f · %.0f %%", 100*c.Mean, 100*c.Above)
		if _, size := sized(c.System); size != "" {
			fmt.Fprintf(&b, " (%s px)", size)
		}
		b.WriteString(" |")
	}
	for _, c := range r.Cells[min(1, len(r.Cells)):] {
		fmt.Fprintf(&b, " %.1f (%.1f … %.1f) |", 100*c.Better, 100*c.Low, 100*c.High)
	}
	return b.String() + "\n"
}
