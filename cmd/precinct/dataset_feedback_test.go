package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/training/dataset"
)

// plots is a ground of the made-up town with an outline in each of 56 squares, which blocks of a data set of 256 px fall together with.
type plots struct{ ground geo.Window }

const plotEdge = 256

func newPlots(t *testing.T) plots {
	t.Helper()
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	at := geo.Project(made.Satellite().Info().Center, 17)
	return plots{geo.Window{Z: 17, X: int(at[0]), Y: int(at[1]), W: 7 * plotEdge, H: 8 * plotEdge}}
}

// bbox is the ground as a flag, its edges half a pixel inside, so that rounding cannot add a pixel.
func (p plots) bbox() string {
	nw, se := p.unproject(orb.Point{0.5, 0.5}), p.unproject(orb.Point{float64(p.ground.W) - 0.5, float64(p.ground.H) - 0.5})
	return fmt.Sprintf("%.9f,%.9f,%.9f,%.9f", nw[0], se[1], se[0], nw[1])
}

func (p plots) unproject(at orb.Point) orb.Point {
	return geo.Unproject(orb.Point{float64(p.ground.X) + at[0], float64(p.ground.Y) + at[1]}, p.ground.Z)
}

// outline is an L in the nth square, WGS-84; a corrected one is another L, elsewhere in it.
func (p plots) outline(n int, corrected bool) orb.MultiPolygon {
	x, y, e := float64(n%7*plotEdge)+60.3, float64(n/7*plotEdge)+50.3, 40+float64(n%11)
	if corrected {
		x, y, e = x+31.4, y+22.2, e+17
	}
	var ring orb.Ring
	for _, c := range [][2]float64{{0, 0}, {1, 0}, {1, 0.5}, {0.5, 0.5}, {0.5, 1}, {0, 1}, {0, 0}} {
		ring = append(ring, p.unproject(orb.Point{x + e*c[0], y + e*c[1]}))
	}
	return orb.MultiPolygon{{ring}}
}

func (p plots) name(n int) string { return fmt.Sprintf("Place %02d", n) }

// tell sends one opinion, or takes the last back where it is nil, to the server's API.
func tell(t *testing.T, address string, id int64, opinion map[string]any) {
	t.Helper()
	method, body := http.MethodDelete, []byte(nil)
	url := fmt.Sprintf("%s/feedback/%d", address, id)
	if opinion != nil {
		opinion["feature"] = id
		method, url = http.MethodPost, address+"/feedback"
		body, _ = json.Marshal(opinion)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s", method, url, answer.Status, text)
	}
}

// judge finds 56 places of two phrases and tells of fifty what people would. It gives what is then known of those that stand.
func (p plots) judge(t *testing.T, data string) (told, untold map[string]orb.MultiPolygon) {
	t.Helper()
	found, err := store.Open(t.Context(), filepath.Join(data, "found.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	h := httptest.NewServer(server.New(server.Options{Answers: &server.Answers{Store: found}, Metrics: server.NewMetrics(), Open: true}))
	defer http.DefaultClient.CloseIdleConnections()
	defer h.Close()
	ids := make([]int64, 56)
	for n := range ids {
		f := store.Feature{Phrase: []string{"school", "park"}[n%2], Name: p.name(n), Zoom: 17, Score: 0.9}
		f.Shape = onLattice(p.outline(n, false), 17)
		shape := geo.Trace(geo.Rasterize(p.ground, f.Shape)) // as a run finds it, on whole pixels
		f.Shape = shape
		made, err := found.Sync(t.Context(), f.Phrase, nil, []store.Feature{f})
		if err != nil || len(made) != 1 {
			t.Fatal(err, made)
		}
		ids[n] = made[0].ID
	}
	told, untold = map[string]orb.MultiPolygon{}, map[string]orb.MultiPolygon{}
	as := func(n int) orb.MultiPolygon {
		return offLattice(geo.Trace(geo.Rasterize(p.ground, onLattice(p.outline(n, false), 17))), 17)
	}
	say := func(n int, opinion map[string]any) { tell(t, h.URL, ids[n], opinion) }
	correction := func(n int) map[string]any {
		return map[string]any{"verdict": "shape", "geometry": geojson.NewGeometry(p.outline(n, true))}
	}
	for n := range ids {
		switch {
		case n < 10:
			say(n, map[string]any{"verdict": "right"})
			told[p.name(n)] = as(n)
		case n < 20:
			say(n, correction(n))
			told[p.name(n)] = p.outline(n, true)
		case n < 25:
			say(n, map[string]any{"verdict": "name"})
			say(n, map[string]any{"name": "Renamed " + p.name(n)})
			told["Renamed "+p.name(n)] = as(n)
		case n < 30:
			say(n, map[string]any{"verdict": "wrong"})
		case n < 35: // nobody said what would be right
			say(n, map[string]any{"verdict": "shape"})
		case n < 40:
			say(n, map[string]any{"verdict": "right"})
			say(n, correction(n))
			say(n, nil)
			told[p.name(n)] = as(n)
		case n < 45:
			say(n, map[string]any{"verdict": "wrong"})
			say(n, nil)
			untold[p.name(n)] = as(n)
		case n < 50:
			say(n, correction(n))
			say(n, map[string]any{"verdict": "wrong"})
		default:
			untold[p.name(n)] = as(n)
		}
	}
	return told, untold
}

// rowsOf are a data set's rows by their phrases.
func rowsOf(t *testing.T, dir string) map[string]*dataset.Row {
	t.Helper()
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*dataset.Row{}
	for r, err := range set.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if out[r.Problem] != nil {
			t.Errorf("two rows ask for %s", r.Problem)
		}
		out[r.Problem] = r
	}
	return out
}

// is checks that the rows are these outlines, pixel by pixel, and no others.
func is(t *testing.T, rows map[string]*dataset.Row, want map[string]orb.MultiPolygon) {
	t.Helper()
	for name, r := range rows {
		outline, ok := want[name]
		if !ok {
			t.Errorf("%s should not be there", name)
			continue
		}
		truth := geo.Rasterize(r.Window, project.MultiPolygon(outline.Clone(), func(p orb.Point) orb.Point { return geo.Project(p, r.Window.Z) }))
		img, err := png.Decode(bytes.NewReader(r.Mask))
		if err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for y := range r.Window.H {
			for x := range r.Window.W {
				if v, _, _, _ := img.At(x, y).RGBA(); (v > 0) != truth.At(x, y) {
					wrong++
				}
			}
		}
		if wrong > 0 || truth.Count() < 100 {
			t.Errorf("%s: %d pixels of %d differ", name, wrong, truth.Count())
		}
	}
	for name := range want {
		if rows[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestFeedbackBecomesRows: what people said of fifty outlines by the server's API, built into a data set, is what they said.
func TestFeedbackBecomesRows(t *testing.T) {
	t.Chdir(t.TempDir())
	p, data := newPlots(t), t.TempDir()
	told, untold := p.judge(t, data)
	all := maps.Clone(told)
	maps.Copy(all, untold)
	schools := maps.Clone(told)
	maps.DeleteFunc(schools, func(name string, _ orb.MultiPolygon) bool { return (name[len(name)-1]-'0')%2 == 1 })
	if len(told) != 30 || len(all) != 41 || len(schools) != 15 {
		t.Fatalf("%d told, %d in all, %d schools", len(told), len(all), len(schools))
	}
	for _, c := range []struct {
		args []string
		want map[string]orb.MultiPolygon
	}{
		{[]string{"--outlines", "feedback", "-o", "told"}, told},
		{[]string{"--outlines", "feedback", "--query", "school", "-o", "schools"}, schools},
		{[]string{"--outlines", "store", "-o", "all"}, all},
	} {
		code, stdout, stderr := p.build(t, append(c.args, "--data", data, "--licence", "CC0")...)
		if code != exitDone {
			t.Fatalf("%v: exit %d\n%s%s", c.args, code, stdout, stderr)
		}
		rows := rowsOf(t, c.args[len(c.args)-1])
		is(t, rows, c.want)
		for name, r := range rows {
			if !r.Drawn || r.Licence != "CC0" || r.Attribution == "" || r.Class == "" || r.Region != c.args[1] {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	if code, _, stderr := p.build(t, "--outlines", "feedback", "--query", "hospital", "--data", data, "-o", "none"); code != exitFailed || !strings.Contains(stderr, "hospital") || !strings.Contains(stderr, "POST /feedback") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// build makes a data set of the plots' names.
func (p plots) build(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return call(t, append([]string{"dataset", "build", "--satellite", "town:satellite", "--map", "town:map", "--bbox", p.bbox(), "--size", fmt.Sprint(plotEdge), "--tier", "name"}, args...)...)
}
