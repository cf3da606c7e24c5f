package show

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/dataset"
)

// about answers what the data set is.
func (h *Handler) about(*http.Request) (any, error) {
	facets := map[string][]choice{}
	for k, name := range facetNames {
		facets[name] = h.index.choices(k)
	}
	h.marking.RLock()
	defer h.marking.RUnlock()
	return map[string]any{"folder": h.set.Dir, "rows": len(h.index.entries), "facets": facets, "bad": len(h.bad), "broken": h.index.broken, "more_broken": h.index.more}, nil
}

// pageRows is how many rows a page has.
const pageRows = 100

// listed is a row in a list.
type listed struct {
	Row     int    `json:"row"`
	ID      string `json:"id"`
	Problem string `json:"problem"`
	Tier    string `json:"tier"`
	Class   string `json:"class"`
	Split   string `json:"split"`
	Bad     bool   `json:"bad"`
}

// rows answers a page of the rows that fit: from a position among them, or the page that holds a row, as near as it may be.
func (h *Handler) rows(r *http.Request) (any, error) {
	values := r.URL.Query()
	q := query{text: strings.ToLower(strings.TrimSpace(values.Get("q"))), marked: "all"}
	for k, name := range facetNames {
		q.facets[k], q.given[k] = values.Get(name), values.Has(name)
	}
	if m := values.Get("marked"); m != "" {
		if q.marked = m; !slices.Contains([]string{"all", "bad", "good"}, m) {
			return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("marked=%s: use all, bad or good", m)}
		}
	}
	from, err := whole(values.Get("from"))
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "from: " + err.Error()}
	}
	near, err := whole(values.Get("near"))
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "near: " + err.Error()}
	}
	h.marking.RLock()
	defer h.marking.RUnlock()
	found := h.index.find(q, h.bad)
	if values.Has("near") {
		at, _ := slices.BinarySearch(found, near)
		from = at / pageRows * pageRows
	}
	from = min(from, max(0, len(found)-1)/pageRows*pageRows)
	list := []listed{}
	for _, i := range found[from:min(len(found), from+pageRows)] {
		e := &h.index.entries[i]
		name := func(k int) string { return nameOf(h.index.names[k][e.facets[k]]) }
		list = append(list, listed{i, e.id, e.problem, name(tier), name(class), name(split), h.bad[e.id].Bad})
	}
	return map[string]any{"total": len(found), "from": from, "page": pageRows, "rows": list}, nil
}

// whole reads a number that is not negative; nothing is 0.
func whole(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no number from 0 on", text)
	}
	return n, nil
}

// number of the row that a path names.
func (h *Handler) number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= len(h.index.entries) {
		return 0, &refusal{http.StatusNotFound, fmt.Sprintf("there is no row %q: they are 0 to %d", text, len(h.index.entries)-1)}
	}
	return n, nil
}

// read reads a row, or has it yet. Errors wrap dataset.ErrBroken where another row stands in its place.
func (h *Handler) read(text string) (*dataset.Row, error) {
	n, err := h.number(text)
	if err != nil {
		return nil, err
	}
	return h.recent.get(n, func() (*dataset.Row, error) {
		e := &h.index.entries[n]
		row, err := h.set.At(e.at)
		if err == nil && row.ID != e.id {
			err = &dataset.Error{Op: "show", Subject: e.id, Err: fmt.Errorf("%w: %s stands in its place", dataset.ErrBroken, row.ID), Hint: "start the command again"}
		}
		return row, err
	})
}

// row answers what is known of a row.
func (h *Handler) row(r *http.Request) (any, error) {
	row, err := h.read(r.PathValue("row"))
	if err != nil {
		return nil, err
	}
	_, _, mask, err := row.Pictures()
	if err != nil {
		return nil, &dataset.Error{Op: "show", Subject: row.ID, Err: err}
	}
	h.marking.RLock()
	mark, marked := h.set.Marked(row.ID)
	h.marking.RUnlock()
	w := mask.Window
	out := map[string]any{"id": row.ID, "problem": row.Problem, "tier": nameOf(row.Tier), "class": nameOf(row.Class), "function": nameOf(row.Function), "region": row.Region,
		"split": row.Split, "place": row.Place, "labels": len(row.Labels), "labelled": row.Labelled, "sources": row.Sources, "attribution": row.Attribution, "licence": row.Licence,
		"drawn": row.Drawn, "novel": row.Novel, "width": w.W, "height": w.H, "pixels": mask.Count(), "outline": path(mask), "bad": mark.Bad, "why": mark.Why}
	if !row.Window.Empty() {
		at := w.LonLat(orb.Point{float64(w.W) / 2, float64(w.H) / 2})
		out["window"], out["lon"], out["lat"] = row.Window.String(), at[0], at[1]
	}
	if marked {
		out["marked"] = mark.At.UTC().Format(time.RFC3339)
	}
	return out, nil
}

// path is a mask's outline in pixels of its window, as SVG. Half a pixel off is not seen.
func path(m *geo.Mask) string {
	var b strings.Builder
	for _, shape := range geo.Simplify([]orb.MultiPolygon{geo.Trace(m)}, 0.5) {
		for _, polygon := range shape {
			for _, ring := range polygon {
				for i, p := range ring[:max(0, len(ring)-1)] {
					fmt.Fprintf(&b, "%c%g %g", "ML"[min(i, 1)], p[0]-float64(m.Window.X), p[1]-float64(m.Window.Y))
				}
				b.WriteByte('Z')
			}
		}
	}
	return b.String()
}

func (h *Handler) picture(w http.ResponseWriter, r *http.Request) {
	row, err := h.read(r.PathValue("row"))
	if err != nil {
		h.fail(w, err)
		return
	}
	data, ok := map[string][]byte{"map": row.Map, "satellite": row.Satellite, "mask": row.Mask}[r.PathValue("picture")]
	if !ok {
		h.fail(w, &refusal{http.StatusNotFound, "a row has map, satellite and mask"})
		return
	}
	kind := http.DetectContentType(data)
	if !slices.Contains([]string{"image/png", "image/jpeg"}, kind) {
		h.fail(w, &dataset.Error{Op: "show", Subject: row.ID, Err: fmt.Errorf("%w: its %s is no PNG or JPEG", dataset.ErrRow, r.PathValue("picture"))})
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data) // the reader may leave
}

// The limits of what a mark is read from.
const (
	mostMark = 16 << 10
	mostWhy  = 500 // characters
)

// mark notes that a row is bad, or that it is not.
func (h *Handler) mark(r *http.Request) (any, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "a mark is application/json"}
	}
	var asked struct {
		Row *int   `json:"row"`
		Bad *bool  `json:"bad"`
		Why string `json:"why"`
	}
	d := json.NewDecoder(io.LimitReader(r.Body, mostMark))
	d.DisallowUnknownFields()
	if err := d.Decode(&asked); err != nil {
		return nil, &refusal{http.StatusBadRequest, "a mark is {\"row\": 12, \"bad\": true, \"why\": \"…\"}: " + err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &refusal{http.StatusBadRequest, "one mark at a time"}
	}
	if asked.Row == nil || asked.Bad == nil {
		return nil, &refusal{http.StatusBadRequest, "a mark needs row and bad"}
	}
	if asked.Why = strings.TrimSpace(asked.Why); utf8.RuneCountInString(asked.Why) > mostWhy {
		return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("a reason has %d characters at most", mostWhy)}
	}
	n, err := h.number(strconv.Itoa(*asked.Row))
	if err != nil {
		return nil, err
	}
	m := dataset.Mark{ID: h.index.entries[n].id, Bad: *asked.Bad, Why: asked.Why, At: time.Now().UTC().Truncate(time.Second)}
	h.marking.Lock()
	defer h.marking.Unlock()
	if err := h.set.Mark(m); err != nil {
		return nil, err
	}
	if m.Bad {
		h.bad[m.ID] = m
	} else {
		delete(h.bad, m.ID)
	}
	return map[string]any{"id": m.ID, "bad": m.Bad, "why": m.Why, "total": len(h.bad)}, nil
}

// recent keeps the rows that were read last: a page asks for a row, and then for each of its pictures.
type recent struct {
	mu   sync.Mutex
	kept []kept
}

type kept struct {
	n   int
	row *dataset.Row
}

// keptRows bounds their memory to some megabytes, and lets a reader step back at once.
const keptRows = 8

func (c *recent) get(n int, read func() (*dataset.Row, error)) (*dataset.Row, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.kept, func(k kept) bool { return k.n == n }); i >= 0 {
		return c.kept[i].row, nil
	}
	row, err := read()
	if err != nil {
		return nil, err
	}
	c.kept = append(c.kept, kept{n, row})
	if len(c.kept) > keptRows {
		c.kept = slices.Delete(c.kept, 0, 1)
	}
	return row, nil
}
