package stats

import (
	"cmp"
	"embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/training/dataset"
)

//go:embed page.html page.css
var files embed.FS

// panel is a chart with what is said of it.
type panel struct {
	Title, Note string
	Keys        []key
	Chart       chart
	Half        bool // it takes half of the width
}

// view is what page and picture show.
type view struct {
	*Figures
	Title   string
	Name    string // of the folder
	Set     *dataset.Set
	Facts   []fact
	Panels  []panel // those of the paper
	Sizes   []panel
	Balance panel
	Far     []Balance
	Judged  int
	Samples []sample
	Left    []reason
	Grounds []dataset.GroundInfo
	letters *letters
}

// fact is a number and what it counts.
type fact struct{ Is, Of string }

// reason is why something was left out, and how many times.
type reason struct {
	N   int
	Why string
}

func newView(set *dataset.Set, f *Figures) (*view, error) {
	var texts []string
	for _, w := range f.Words.Top(mostWords) {
		texts = append(texts, w.Text)
	}
	for id := range f.Regions {
		texts = append(texts, id)
	}
	letters, err := newLetters(texts[:min(len(texts), 2000)])
	if err != nil {
		return nil, err
	}
	samples, err := f.pictures(set)
	if err != nil {
		return nil, err
	}
	v := &view{Figures: f, Set: set, Name: filepath.Base(set.Dir), Samples: samples, letters: letters, Grounds: slices.Clone(set.Grounds), Left: leftOut(set, f)}
	for i := range v.Grounds {
		v.Grounds[i].Attribution = plain(v.Grounds[i].Attribution)
	}
	v.Title = titleFor(set)
	v.Facts = []fact{counted(f.Rows, "sample", "samples"), counted(len(f.classes()), "class", "classes"), counted(len(f.Functions), "function", "functions"),
		counted(len(f.Regions), "region", "regions"), {rounded(f.Side.Quantile(0.5)) + " px", "median side of a place"}}
	v.Panels = f.panels(letters)
	v.Sizes = []panel{
		{Title: "Area of masks", Note: "How many pixels a mask has. The scale doubles from mark to mark.", Keys: tierKeys(), Chart: sizeChart(&f.Area, "Area of masks", "pixels"), Half: true},
		{Title: "Side of places", Note: "The longer side of the box round a mask of one place.", Keys: tierKeys(), Chart: sizeChart(&f.Side, "Longer side of places", "pixels"), Half: true},
	}
	balances := f.Balances()
	for _, b := range balances {
		if b.Judged {
			v.Judged++
		}
		if b.Far() {
			v.Far = append(v.Far, b)
		}
	}
	v.Balance = panel{Title: "Balance of the splits", Note: balanceNote(v.Judged, len(v.Far), len(balances)), Chart: f.balanceChart(balances[:min(mostBalance, len(balances), max(v.Judged, fewBalance))])}
	return v, nil
}

func titleFor(set *dataset.Set) string {
	var names []string
	for _, g := range set.Grounds {
		names = append(names, g.Name)
	}
	const most = 4
	switch {
	case len(names) == 0:
		return "The data set " + filepath.Base(set.Dir)
	case len(names) > most:
		return fmt.Sprintf("Places by meaning: %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "Places by meaning: " + strings.Join(names, ", ")
}

func (f *Figures) panels(l *letters) []panel {
	classNote := "Asked for by name or as a class."
	if len(f.Novel) > 0 {
		classNote += " Training has none of those with a star."
	}
	if n := len(f.classes()); n > mostBars {
		classNote += fmt.Sprintf(" %d less frequent ones are not shown.", n-mostBars)
	}
	cloudNote := "Larger is more frequent; the colour is of the function whose names have the word most."
	if f.Words.Lost > 0 {
		cloudNote += fmt.Sprintf(" Counts may be too low by %s.", thousands(f.Words.Lost))
	}
	out := []panel{
		{Title: "Tiers", Note: "How abstract the question is, and for what the sample is used.", Keys: splitKeys(), Chart: f.tierChart(), Half: true},
		{Title: "Functions", Note: "Of the samples of all tiers.", Chart: f.functionChart(), Half: true},
		{Title: "Words of names", Note: cloudNote, Chart: f.cloudChart(l)},
		{Title: "Classes", Note: classNote, Keys: f.functionKeys(), Chart: f.classChart()},
	}
	if len(f.Regions) > 1 {
		out = append(out, panel{Title: "Regions", Keys: tierKeys(), Chart: f.regionChart()})
	}
	return out
}

func balanceNote(judged, far, all int) string {
	s := fmt.Sprintf("Each class of each tier, beside the shares of all samples. %d of %d have %d samples or more; ", judged, all, enough)
	switch {
	case judged == 0:
		return s + "none can be judged."
	case far == 0:
		return s + "none of them is off by more than 2 points."
	}
	return s + fmt.Sprintf("%d of them are off by more than 2 points.", far)
}

// leftOut is what is not in the figures, the most frequent reason first.
func leftOut(set *dataset.Set, f *Figures) []reason {
	const most = 30
	var out []reason
	for why, n := range set.Skipped {
		out = append(out, reason{n, why})
	}
	slices.SortFunc(out, func(a, b reason) int { return cmp.Or(b.N-a.N, strings.Compare(a.Why, b.Why)) })
	if len(out) > most {
		rest := 0
		for _, r := range out[most:] {
			rest += r.N
		}
		out = append(out[:most], reason{rest, fmt.Sprintf("%d more reasons, in skipped.jsonl", len(out)-most)})
	}
	if f.Marked > 0 {
		out = append(out, reason{f.Marked, "marked as bad by a person: training leaves them out"})
	}
	if f.Unread > 0 {
		out = append(out, reason{f.Unread, "cannot be read"})
	}
	return out
}

// WritePage writes the figures as one page of HTML that needs nothing else. Whatever comes from the data is text in it, never markup. The
// same data set gives the same page.
func WritePage(w io.Writer, set *dataset.Set, f *Figures) error {
	v, err := newView(set, f)
	if err != nil {
		return err
	}
	t, err := template.New("page.html").Funcs(template.FuncMap{"css": styles, "title": titleOf, "tier": tierTitle, "splits": splitKeys,
		"letter": func(i int) string { return string(rune('a' + i)) }, "points": func(v float64) string { return fmt.Sprintf("%+.1f", 100*v) }}).ParseFS(files, "page.html")
	if err != nil {
		return err
	}
	return t.Execute(w, v)
}

// styles are the style sheet, with the colours that the picture has too.
func styles() (template.CSS, error) {
	sheet, err := files.ReadFile("page.css")
	if err != nil {
		return "", err
	}
	var light, dark, roles strings.Builder
	for _, h := range hues() {
		fmt.Fprintf(&light, "--%s:%s;", h.Role, h.Light)
		fmt.Fprintf(&dark, "--%s:%s;", h.Role, h.Dark)
		fmt.Fprintf(&roles, ".%s{fill:var(--%s);background:var(--%s)}line.%s{stroke:var(--%s)}\n", h.Role, h.Role, h.Role, h.Role, h.Role)
	}
	return template.CSS(fmt.Sprintf(":root{color-scheme:light dark;%s}\n@media (prefers-color-scheme: dark){:root{%s}}\n%s%s", light.String(), dark.String(), roles.String(), sheet)), nil
}

var tags = regexp.MustCompile(`<[^<>]*>`)

// plain takes the markup out of an attribution, which by custom may hold links.
func plain(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(s, " "))), " ")
}

// NovelNames are the classes that only the test has.
func (v *view) NovelNames() string {
	var names []string
	for _, id := range slices.Sorted(maps.Keys(v.Novel)) {
		names = append(names, titleOf(id))
	}
	return strings.Join(names, ", ")
}
