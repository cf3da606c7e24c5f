package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/dataset/internal/madeup"
)

func someSet(t *testing.T, folder bool) *dataset.Set {
	t.Helper()
	return madeup.Set(t, folder, madeup.Ground("here", 0, 90, "school", "park", "hospital"), madeup.Ground("there", 1, 60, "school", "church"))
}

func handlerOf(t *testing.T, set *dataset.Set) *Handler {
	t.Helper()
	h, err := New(t.Context(), set, slog.New(slog.DiscardHandler), func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// asked gives the answer to a request.
func asked(h http.Handler, method, path, body string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8090"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
		if head[i] == "Host" {
			r.Host = head[i+1]
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

type page struct {
	Total, From, Page int
	Rows              []listed
}

func pageOf(t *testing.T, h http.Handler, query string) page {
	t.Helper()
	w := asked(h, "GET", "/api/rows?"+query, "")
	var p page
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 200 {
		t.Fatal(query, w.Code, w.Body, err)
	}
	return p
}

// allOf goes through the pages of a query.
func allOf(t *testing.T, h http.Handler, query string) []string {
	t.Helper()
	var out []string
	for {
		p := pageOf(t, h, fmt.Sprintf("%s&from=%d", query, len(out)))
		for _, r := range p.Rows {
			out = append(out, r.ID)
		}
		if len(out) >= p.Total || len(p.Rows) == 0 {
			return out
		}
	}
}

// TestFilters: each filter finds what a look at every row finds.
func TestFilters(t *testing.T) {
	for _, folder := range []bool{false, true} {
		set := someSet(t, folder)
		h := handlerOf(t, set)
		var rows []*dataset.Row
		for r, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		if h.Rows() != len(rows) || len(rows) <= pageRows {
			t.Fatalf("%d rows of %d", h.Rows(), len(rows))
		}
		for query, fits := range map[string]func(*dataset.Row) bool{
			"":                                func(*dataset.Row) bool { return true },
			"tier=socio_class":                func(r *dataset.Row) bool { return r.Tier == dataset.Class },
			"class=school":                    func(r *dataset.Row) bool { return r.Class == "school" },
			"function=educational&split=test": func(r *dataset.Row) bool { return r.Function == "educational" && r.Split == "test" },
			"region=there":                    func(r *dataset.Row) bool { return r.Region == "there" },
			"q=+PLACE+1":                      func(r *dataset.Row) bool { return strings.Contains(r.Problem, "Place 1") },
			"q=here-17":                       func(r *dataset.Row) bool { return strings.Contains(r.ID, "here-17") },
			"class=":                          func(r *dataset.Row) bool { return r.Class == "" },
			"class=nothing":                   func(*dataset.Row) bool { return false },
			"marked=bad":                      func(*dataset.Row) bool { return false },
			"marked=good":                     func(*dataset.Row) bool { return true },
		} {
			var want []string
			for _, r := range rows {
				if fits(r) {
					want = append(want, r.ID)
				}
			}
			if got := allOf(t, h, query); !slices.Equal(got, want) {
				t.Errorf("%q finds %d, want %d", query, len(got), len(want))
			}
		}
	}
}

func TestPaging(t *testing.T) {
	h := handlerOf(t, someSet(t, false))
	last := (h.Rows() - 1) / pageRows * pageRows
	for _, c := range []struct {
		query       string
		from, first int
	}{
		{"", 0, 0}, {"from=100", 100, 100}, {"from=99999999", last, last}, {"near=0", 0, 0}, {fmt.Sprintf("near=%d", pageRows+3), pageRows, pageRows}, {"near=99999999", last, last},
	} {
		p := pageOf(t, h, c.query)
		if p.From != c.from || p.Total != h.Rows() || len(p.Rows) == 0 || len(p.Rows) > pageRows || p.Rows[0].Row != c.first {
			t.Errorf("%q: from %d, %d rows of %d", c.query, p.From, len(p.Rows), p.Total)
		}
	}
	if p := pageOf(t, h, "class=nothing&near=5"); p.Total != 0 || p.From != 0 || p.Rows == nil {
		t.Errorf("%+v", p)
	}
}

// TestMarks: a mark is kept with the data set, honoured by those who read it, and undone.
func TestMarks(t *testing.T) {
	set := someSet(t, false)
	h := handlerOf(t, set)
	for _, body := range []string{`{"row": 3, "bad": true, "why": " outline is off "}`, `{"row": 5, "bad": true}`, `{"row": 5, "bad": false}`} {
		if w := asked(h, "POST", "/api/marks", body); w.Code != 200 {
			t.Fatal(body, w.Code, w.Body)
		}
	}
	id := h.index.entries[3].id
	if got := allOf(t, h, "marked=bad"); !slices.Equal(got, []string{id}) {
		t.Errorf("%q are bad", got)
	}
	again := madeup.Open(t, set.Dir)
	if m, ok := again.Marked(id); !ok || !m.Bad || m.Why != "outline is off" || m.At.IsZero() {
		t.Errorf("%+v", m)
	}
	n := 0
	for r := range again.Rows() {
		if n++; r.ID == id {
			t.Error("a marked row is given to training")
		}
	}
	if n != h.Rows()-1 {
		t.Errorf("%d rows of %d", n, h.Rows())
	}
	h = handlerOf(t, again)
	w := asked(h, "GET", "/api/rows/3", "")
	if !strings.Contains(w.Body.String(), `"bad":true`) || !strings.Contains(w.Body.String(), "outline is off") {
		t.Error(w.Body)
	}
	if w := asked(h, "GET", "/api/set", ""); !strings.Contains(w.Body.String(), `"bad":1,`) {
		t.Error(w.Body)
	}
	if asked(h, "POST", "/api/marks", `{"row": 3, "bad": false}`); len(allOf(t, h, "marked=bad")) != 0 {
		t.Error("the mark was not undone")
	}
}

func TestMarksAtOnce(t *testing.T) {
	set := someSet(t, false)
	h := handlerOf(t, set)
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			asked(h, "POST", "/api/marks", fmt.Sprintf(`{"row": %d, "bad": true}`, n))
			asked(h, "GET", fmt.Sprintf("/api/rows/%d", n), "")
			asked(h, "GET", "/api/rows?marked=bad", "")
		})
	}
	group.Wait()
	if got := allOf(t, h, "marked=bad"); len(got) != 20 {
		t.Errorf("%d marks", len(got))
	}
	if again := handlerOf(t, madeup.Open(t, set.Dir)); len(again.bad) != 20 {
		t.Errorf("%d marks kept", len(again.bad))
	}
}

func TestBadRequests(t *testing.T) {
	set := someSet(t, false)
	h := handlerOf(t, set)
	mark := `{"row": 3, "bad": true}`
	for _, c := range []struct {
		method, path, body string
		head               []string
		want               int
	}{
		{"GET", "/api/rows?from=-1", "", nil, 400},
		{"GET", "/api/rows?near=x", "", nil, 400},
		{"GET", "/api/rows?marked=perhaps", "", nil, 400},
		{"GET", "/api/rows/-1", "", nil, 404},
		{"GET", "/api/rows/99999", "", nil, 404},
		{"GET", "/api/rows/x/map", "", nil, 404},
		{"GET", "/api/rows/0/secret", "", nil, 404},
		{"GET", "/dataset.json", "", nil, 404},
		{"GET", "/nothing", "", nil, 404},
		{"GET", "/api/set", "", []string{"Host", "evil.example"}, 421},
		{"GET", "/api/set", "", []string{"Host", "localhost:8090"}, 200},
		{"GET", "/api/set", "", []string{"Host", "[::1]:8090"}, 200},
		{"GET", "/api/marks", "", nil, 404},
		{"DELETE", "/api/rows/3", "", nil, 405},
		{"POST", "/api/marks", "{", nil, 400},
		{"POST", "/api/marks", `{}`, nil, 400},
		{"POST", "/api/marks", `{"row": 3}`, nil, 400},
		{"POST", "/api/marks", `{"row": 3.5, "bad": true}`, nil, 400},
		{"POST", "/api/marks", `{"row": 3, "bad": true, "id": "x"}`, nil, 400},
		{"POST", "/api/marks", mark + mark, nil, 400},
		{"POST", "/api/marks", `{"row": 3, "bad": true, "why": "` + strings.Repeat("ü", 501) + `"}`, nil, 400},
		{"POST", "/api/marks", `{"row": 3, "bad": true, "why": "` + strings.Repeat("x", mostMark) + `"}`, nil, 400},
		{"POST", "/api/marks", `{"row": -1, "bad": true}`, nil, 404},
		{"POST", "/api/marks", `{"row": 99999, "bad": true}`, nil, 404},
		{"POST", "/api/marks", mark, []string{"Content-Type", "text/plain"}, 415},
		{"POST", "/api/marks", mark, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"POST", "/api/marks", mark, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/api/marks", mark, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", "/api/marks", mark, []string{"Origin", "http://evil.example"}, 403},
		{"POST", "/api/marks", mark, []string{"Host", "evil.example:8090", "Origin", "http://evil.example:8090"}, 421},
	} {
		if w := asked(h, c.method, c.path, c.body, c.head...); w.Code != c.want {
			t.Errorf("%s %s %.60s %v: %d, want %d: %s", c.method, c.path, c.body, c.head, w.Code, c.want, w.Body)
		}
	}
	if _, err := os.Stat(filepath.Join(set.Dir, "marks.jsonl")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a request that was refused left a mark")
	}
	if w := asked(h, "POST", "/api/marks", mark, "Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8090"); w.Code != 200 {
		t.Error(w.Code, w.Body)
	}
}

// TestRow: what is told of a row is the row.
func TestRow(t *testing.T) {
	for _, folder := range []bool{false, true} {
		set := someSet(t, folder)
		h := handlerOf(t, set)
		n := 0
		for r := range set.Rows() {
			if n++; n%37 != 1 {
				continue
			}
			for what, data := range map[string][]byte{"map": r.Map, "satellite": r.Satellite, "mask": r.Mask} {
				w := asked(h, "GET", fmt.Sprintf("/api/rows/%d/%s", n-1, what), "")
				if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || !bytes.Equal(w.Body.Bytes(), data) {
					t.Errorf("row %d, %s: %d", n-1, what, w.Code)
				}
			}
			var got struct {
				ID, Problem, Window, Outline string
				Pixels, Width                int
				Lon, Lat                     float64
			}
			if err := json.Unmarshal(asked(h, "GET", fmt.Sprintf("/api/rows/%d", n-1), "").Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			mask, _ := r.Truth()
			if got.ID != r.ID || got.Problem != r.Problem || got.Pixels != mask.Count() || got.Width != 96 || got.Window != r.Window.String() || !strings.HasPrefix(got.Outline, "M") {
				t.Errorf("%+v", got)
			}
			if b := r.Window.Bound(); !b.Contains([2]float64{got.Lon, got.Lat}) {
				t.Errorf("its middle %g, %g lies outside of %v", got.Lon, got.Lat, b)
			}
		}
	}
}

// TestChanged: files that were changed after they were indexed are an error of the row; before, they are told of and the rest is shown.
func TestChanged(t *testing.T) {
	set, other := someSet(t, false), madeup.Set(t, false, madeup.Ground("elsewhere", 3, 80, "park"))
	h := handlerOf(t, set)
	path := filepath.Join(set.Dir, set.Files[1].Name)
	data, err := os.ReadFile(filepath.Join(other.Dir, other.Files[1].Name))
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string][]byte{"another row": data, "rubbish": []byte("rubbish"), "half": data[:len(data)/2]} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if w := asked(h, "GET", "/api/rows/0", ""); w.Code != 409 || !strings.Contains(w.Body.String(), "detail") {
			t.Error(what, w.Code, w.Body)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if w := asked(h, "GET", "/api/rows/0/map", ""); w.Code != 409 {
		t.Error("no file", w.Code, w.Body)
	}
	h = handlerOf(t, set)
	if h.Rows() != set.Total()-set.Files[1].Rows || len(h.index.broken) != 1 {
		t.Errorf("%d rows, %q", h.Rows(), h.index.broken)
	}
	if w := asked(h, "GET", "/api/set", ""); !strings.Contains(w.Body.String(), set.Files[1].Name) {
		t.Error(w.Body)
	}
	for _, f := range set.Files {
		if f.Split != "" {
			_ = os.Remove(filepath.Join(set.Dir, f.Name))
		}
	}
	if _, err := New(t.Context(), set, slog.New(slog.DiscardHandler), func(int, int) {}); !errors.Is(err, dataset.ErrBroken) {
		t.Error("a set without rows:", err)
	}
}

// TestPage: the page and its parts come under a policy that lets nothing else in, and need nothing that it forbids.
func TestPage(t *testing.T) {
	h := handlerOf(t, someSet(t, false))
	kinds := map[string]string{"/": "text/html", "/show.css": "text/css", "/show.js": "text/javascript", "/dom.js": "text/javascript", "/sample.js": "text/javascript"}
	for path, kind := range kinds {
		w := asked(h, "GET", path, "")
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if m := regexp.MustCompile(`https?://|\son[a-z]+="|style="|innerHTML|<style|@import`).FindString(w.Body.String()); m != "" {
			t.Errorf("%s has %q", path, m)
		}
	}
}
