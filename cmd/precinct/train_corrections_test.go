package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb/geojson"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/reasoning/policy"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles/town"
	"github.com/precinct-map/precinct/training/corrections"
	"github.com/precinct-map/precinct/training/net"
)

// untaught is a run whose policy has learned nothing, of a segmenter; "" is the one that is installed.
func untaught(t *testing.T, segmenter string) string {
	t.Helper()
	if segmenter == "" {
		a, err := openShared(defaults())
		if err != nil {
			t.Skip(err)
		}
		segmenter = reasoning.ModelOf(a.segmenter.Name())
		a.close()
	}
	b, err := net.OpenBackend(net.GoBackend)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	meta := policy.Meta{Segmenter: segmenter, Projection: &policy.Projection{In: 256, Out: 64, Mean: make([]float32, 256), Basis: make([]float32, 256*64)}}
	for i := range 64 {
		meta.Projection.Basis[i*256+4*i] = 3
	}
	for _, c := range taxonomy.Classes() {
		meta.Classes = append(meta.Classes, c.ID)
	}
	trainer, err := net.NewTrainer(b, net.DefaultConfig(len(meta.Classes)+1), net.SFTRecipe(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	about, err := meta.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := trainer.Freeze().WriteONNX(dir, about); err != nil {
		t.Fatal(err)
	}
	return dir
}

// corrected is a store in which people corrected so many places of the made-up town, by the server's API: a run had found a shifted outline of
// each.
func corrected(t *testing.T, n int) string {
	t.Helper()
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	at := geo.Project(made.Satellite().Info().Center, 17)
	w := geo.Window{Z: 17, X: int(at[0]) - 768, Y: int(at[1]) - 768, W: 2 * 768, H: 2 * 768}
	data := t.TempDir()
	found, err := store.Open(t.Context(), filepath.Join(data, storeFile))
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	h := httptest.NewServer(server.New(server.Options{Answers: &server.Answers{Store: found}, Metrics: server.NewMetrics(), Open: true}))
	defer h.Close()
	said := 0
	for _, p := range townPlaces(made, w) {
		if said == n || p.Name == "" {
			continue
		}
		shape := onLattice(p.Shape, 17)
		if b := shape.Bound(); b.Max[0]-b.Min[0] < 12 || b.Max[1]-b.Min[1] < 12 || b.Max[0]-b.Min[0] > 200 || b.Max[1]-b.Min[1] > 200 {
			continue
		}
		for _, poly := range shape {
			for _, ring := range poly {
				for i := range ring {
					ring[i][0] += 6
				}
			}
		}
		made, err := found.Sync(t.Context(), p.Name, nil, []store.Feature{{Phrase: p.Name, Name: p.Name, Class: p.Class, Zoom: 17, Score: 0.5, Shape: geo.Trace(geo.Rasterize(w.Pad(300), shape))}})
		if err != nil || len(made) != 1 {
			t.Fatal(err, made)
		}
		tell(t, h.URL, made[0].ID, map[string]any{"verdict": "shape", "geometry": geojson.NewGeometry(p.Shape)})
		said++
	}
	if said != n {
		t.Fatalf("the town has %d places to correct", said)
	}
	return data
}

func onTown(args ...string) []string {
	return append([]string{"--satellite", "town:satellite", "--map", "town:map"}, args...)
}

// TestCorrectionsRefused: what cannot teach is told before time is spent, and leaves no policy behind.
func TestCorrectionsRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("opens the segmenter")
	}
	t.Chdir(t.TempDir())
	begun, foreign := untaught(t, ""), untaught(t, "another-eye@1")
	empty := t.TempDir()
	nothing, err := store.Open(t.Context(), filepath.Join(empty, storeFile))
	if err != nil {
		t.Fatal(err)
	}
	nothing.Close()
	one := corrected(t, 1)
	p := gridded(t)
	unlabelled := t.TempDir()
	p.judge(t, unlabelled)
	photos := p.photos(t)
	far := filepath.Join(t.TempDir(), "far")
	if err := os.MkdirAll(filepath.Join(far, "17", "7"), 0o755); err != nil {
		t.Fatal(err)
	}
	tile, err := filepath.Glob(filepath.Join(photos, "17", "*", "*.png"))
	if err != nil || len(tile) == 0 {
		t.Fatal(err, tile)
	}
	if err := copyFile(tile[0], filepath.Join(far, "17", "7", "7.png")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no run to make":      {[]string{"--run", begun}, exitUsage, "-o"},
		"over what it began":  {[]string{"--run", begun, "-o", begun}, exitUsage, "must stay"},
		"no end":              {[]string{"--run", begun, "-o", "run", "--minutes", "0"}, exitUsage, "--steps"},
		"share":               {[]string{"--run", begun, "-o", "run", "--share", "2"}, exitUsage, "--share"},
		"no store":            {[]string{"--from", "nowhere", "--run", begun, "-o", "run"}, exitFailed, storeFile},
		"no policy":           {[]string{"--from", empty, "--run", empty, "-o", "run"}, exitFailed, policy.FileName},
		"an empty store":      {onTown("--from", empty, "--run", begun, "-o", "run"), exitFailed, "nobody has corrected"},
		"another segmenter":   {onTown("--from", one, "--run", foreign, "-o", "run"), exitFailed, "another-eye@1"},
		"nothing with labels": {onTown("--from", unlabelled, "--run", begun, "-o", "run"), exitFailed, "label on the map"},
		"beside the imagery":  {[]string{"--from", one, "--run", begun, "-o", "run", "--satellite", "dir:" + far, "--map", "town:map"}, exitFailed, "none of 1 corrected outlines"},
	} {
		code, _, stderr := call(t, append([]string{"train", "corrections"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d: %s", name, code, stderr)
		}
		if _, err := os.Stat(filepath.Join("run", policy.FileName)); err == nil {
			t.Fatalf("%s: there is a policy", name)
		}
	}
}

// TestCorrectionsTeach: of a dozen corrections some are held out, and the report says of these what the policy made of them before and after.
func TestCorrectionsTeach(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes pictures and trains")
	}
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := models.Plugin(home); err != nil {
		t.Skip(err)
	}
	t.Chdir(t.TempDir())
	begun := untaught(t, "")
	code, stdout, stderr := call(t, append([]string{"train", "sft", "-o", "run"}, "--from", corrected(t, 12), "--steps", "4", "--seed", "2")...)
	if code != exitUsage || !strings.Contains(stderr, "name both sources") {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	config := fmt.Sprintf("sources:\n  - {name: sat, kind: town, layer: satellite, look: easy, seed: 1}\n  - {name: plan, kind: town, layer: map, look: easy, seed: 1}\n"+
		"pair: {satellite: sat, map: plan}\nvlm: {kind: policy, policy: %q}\n", filepath.Join(begun, policy.FileName))
	if err := os.WriteFile("precinct.yaml", []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	data := corrected(t, 12)
	for range 2 { // given again it begins anew
		if code, stdout, stderr = call(t, "train", "sft", "--from", data, "--steps", "4", "-o", "run"); code != exitDone {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
	}
	text, err := os.ReadFile(filepath.Join("run", corrections.FileName))
	var r struct {
		corrections.Report
		Features []json.RawMessage `json:"features"`
	}
	if err != nil || json.Unmarshal(text, &r) != nil {
		t.Fatalf("%v %s", err, text)
	}
	if r.Corrections < 10 || r.HeldOut != 2 || len(r.Features) != 4*r.HeldOut || r.Scores[corrections.Reader].N != 2 || r.Scores[corrections.Reader].IoU < 0.2 || r.Teaching.Steps != 4 {
		t.Errorf("%+v", r.Report)
	}
	if r.Scores[corrections.After].IoU < r.Scores[corrections.Before].IoU != (r.Kept == corrections.Before) || (r.Kept == corrections.Before) != strings.Contains(stdout, "WORSE") {
		t.Errorf("kept %q, scores %v, and it said %s", r.Kept, r.Scores, stdout)
	}
	if !strings.Contains(stdout, "| *mean of 2* |") || !strings.Contains(stderr, "nothing is mixed in") {
		t.Errorf("%s%s", stdout, stderr)
	}
	if meta, err := policy.ReadMeta("run"); err != nil || len(meta.Classes) == 0 {
		t.Error(meta, err)
	}
	// A single one teaches, and it is said that nobody knows what.
	if code, stdout, stderr = call(t, "train", "corrections", "--from", filepath.Join(corrected(t, 1), storeFile), "--steps", "2", "-o", "one"); code != exitDone ||
		!strings.Contains(stdout, "nobody knows") || !strings.Contains(stderr, "one correction alone") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
