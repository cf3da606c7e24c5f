// Package report writes an evaluation as one HTML page that needs nothing else: tables, charts, and samples with their pictures.
package report

import (
	"embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/precinct-map/precinct/training"
)

// Document is what is reported.
type Document struct {
	Command  string // that made it
	Date     time.Time
	Versions []Version
	Table    *training.Table
	Total    int // examples that were meant to be asked; more than the table has when the run was ended
}

// Version is what something was when it was measured.
type Version struct{ Of, Is string }

//go:embed page.html page.css
var files embed.FS

// Write writes the page. Whatever comes from maps, servers and models is text in it, never markup.
func Write(w io.Writer, d *Document) error {
	css, err := files.ReadFile("page.css")
	if err != nil {
		return err
	}
	t, err := template.New("page.html").Funcs(template.FuncMap{
		"pct": percent, "sec": func(v float64) string { return fmt.Sprintf("%.2f", v) },
		"css": func() template.CSS { return template.CSS(css) },
	}).ParseFS(files, "page.html")
	if err != nil {
		return err
	}
	return t.Execute(w, newView(d))
}

func percent(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

// view is what the page shows.
type view struct {
	*Document
	When        string
	Unfinished  bool
	Systems     []key
	Stages      []key
	Credits     []string
	Tiers       []training.Tier
	Differences []difference
	ByTier      chart
	ByClass     []chart
	Reliability []chart
	Seconds     chart
	Pictures    []picture
	Samples     []section
}

// key is a name and the class of its colour.
type key struct{ Name, Colour string }

// difference is how much better the first system is than one.
type difference struct {
	System string
	Mean   float64
	First  bool
	By     []span // over all, then by tier
}

type span struct{ Mean, Low, High float64 }

// Sure says whether the bounds leave zero out.
func (s span) Sure() bool { return s.Low > 0 || s.High < 0 }

func newView(d *Document) *view {
	t := d.Table
	v := &view{Document: d, When: d.Date.UTC().Format("2 January 2006, 15:04 UTC"), Unfinished: t.Examples() < d.Total, Tiers: t.Tiers()}
	for i, s := range t.Systems {
		v.Systems = append(v.Systems, key{s, colour(i)})
	}
	for i, s := range stages {
		v.Stages = append(v.Stages, key{s.name, fmt.Sprintf("t%d", i)})
	}
	for _, c := range t.Credits {
		v.Credits = append(v.Credits, plain(c))
	}
	for i, s := range t.Systems {
		row := difference{System: s, Mean: t.Mean(s), First: i == 0}
		mean, low, high := t.Difference(t.Systems[0], s)
		row.By = append(row.By, span{mean, low, high})
		for _, tier := range v.Tiers {
			mean, low, high := t.Difference(t.Systems[0], s, tier)
			row.By = append(row.By, span{mean, low, high})
		}
		v.Differences = append(v.Differences, row)
	}
	v.ByTier, v.Seconds = byTier(t), seconds(t)
	for _, function := range []bool{false, true} {
		if c := byClass(t, function); c.H > 0 {
			v.ByClass = append(v.ByClass, c)
		}
	}
	for _, r := range t.Reliability {
		v.Reliability = append(v.Reliability, reliability(r, colourOf(t, r.System)))
	}
	v.Pictures, v.Samples = samples(t.Shown)
	return v
}

// colours is how many the style sheet has for systems.
const colours = 8

func colour(i int) string { return fmt.Sprintf("s%d", i%colours) }

func colourOf(t *training.Table, system string) string {
	for i, s := range t.Systems {
		if s == system {
			return colour(i)
		}
	}
	return ""
}

var tags = regexp.MustCompile(`<[^<>]*>`)

// plain takes the markup out of an attribution, which by custom may hold links.
func plain(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(s, " "))), " ")
}

// short is a number with one digit after the point, for coordinates: more would only make the page larger.
func short(v float64) float64 { return math.Round(10*v) / 10 }
