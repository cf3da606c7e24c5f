//go:build fit

package main

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/reader"
	"github.com/precinct-map/precinct/tiles"
)

// labelled is a place, what was proposed for it, and how good each proposal is.
type labelled struct {
	weight    float64
	proposals []*reader.Proposal
	iou       []float64
}

// TestFitReader computes the reader's weights, and by ten-fold cross-validation what they choose: `make fit-reader`.
func TestFitReader(t *testing.T) {
	sets := map[string][]labelled{"town": fromTown(t), "banepa": fromBanepa(t)}
	const folds = 10
	for name, places := range sets {
		chosen, hoped := 0.0, 0.0
		for i, p := range places {
			var rest []labelled
			for _, others := range sets {
				for k, o := range others {
					if k%folds != i%folds {
						rest = append(rest, o)
					}
				}
			}
			chosen += p.iou[choice(leastSquares(rest), p)]
			hoped += slices.Max(p.iou)
		}
		n := float64(len(places))
		t.Logf("%s: %.0f places, IoU of the choice %.3f, of the best proposal %.3f", name, n, chosen/n, hoped/n)
	}
	t.Logf("weights %.3f", leastSquares(append(sets["town"], sets["banepa"]...)))
}

func choice(w [6]float64, p labelled) int {
	best, at := math.Inf(-1), 0
	for i, q := range p.proposals {
		v := w[5]
		for k, e := range q.Evidence.Values() {
			v += w[k] * e
		}
		if v > best {
			best, at = v, i
		}
	}
	return at
}

// leastSquares solves the normal equations of IoU on the evidence by Gauss and Jordan's elimination.
func leastSquares(places []labelled) [6]float64 {
	var m [6][7]float64
	for _, p := range places {
		for i, q := range p.proposals {
			v := q.Evidence.Values()
			x := [6]float64{v[0], v[1], v[2], v[3], v[4], 1}
			for a := range 6 {
				for b := range 6 {
					m[a][b] += p.weight * x[a] * x[b]
				}
				m[a][6] += p.weight * x[a] * p.iou[i]
			}
		}
	}
	for c := range 6 {
		for r := range 6 {
			if f := m[r][c] / m[c][c]; r != c {
				for k := range 7 {
					m[r][k] -= f * m[c][k]
				}
			}
		}
	}
	var out [6]float64
	for i := range 6 {
		out[i] = m[i][6] / m[i][i]
	}
	return out
}

func proposals(t *testing.T, a *app, pair *tiles.Pair, p known, weight float64) []labelled {
	i := slices.IndexFunc(pair.Labels, func(l tiles.Label) bool { return l.Text == p.name && p.name != "" })
	if i < 0 {
		return nil
	}
	all, err := a.reader().(*reader.Reader).Propose(t.Context(), pair, pair.Labels[i])
	if err != nil {
		t.Fatal(err)
	}
	out := labelled{weight: weight, proposals: all}
	truth := geo.Rasterize(pair.Window, p.shape)
	embedding, err := a.segmenter.Embed(t.Context(), reasoning.PictureKey(pair.Satellite), pair.Satellite)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		final, err := reasoning.BestMask(t.Context(), embedding, q.Prompt(pair.Window), pair.Window)
		if err != nil || final == nil {
			t.Fatal(final, err)
		}
		out.iou = append(out.iou, truth.IoU(final))
	}
	if len(all) == 0 {
		return nil
	}
	return []labelled{out}
}

// fromTown takes up to four places of different classes in each of a dozen scenes of five towns that the bench does not use.
func fromTown(t *testing.T) []labelled {
	f := &evalFlags{on: "town", style: "basic", labels: "map", seed: 1}
	a := openEval(t, f)
	defer a.close()
	r := rand.New(rand.NewPCG(9, 9))
	var out []labelled
	towns := 5
	for g, err := range townRegions(f, a.config.Pair.Zoom) {
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 12; n++ {
			w := around(g.middle(r), a.config.Pair.Zoom)
			places, err := g.places(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			pair, err := a.align(t.Context(), g.satellite, g.plan, w)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, k := range r.Perm(len(places)) {
				p := places[k]
				if w.Pad(-reasoning.Margin).Contains(int(p.at[0]), int(p.at[1])) && !seen[p.class] && len(seen) < 4 {
					seen[p.class] = true
					out = append(out, proposals(t, a, pair, p, 1)...)
				}
			}
		}
		if towns--; towns == 0 {
			break
		}
	}
	return out
}

// fromBanepa takes each place in two pictures: in its middle, and as the server's scene sees it.
func fromBanepa(t *testing.T) []labelled {
	f := &evalFlags{on: banepa, style: "basic", labels: "map"}
	a := openEval(t, f)
	defer a.close()
	places, err := readKnown(filepath.Join(banepa, "truth.geojson"), a.config.Pair.Zoom)
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for _, p := range places {
		for _, w := range []geo.Window{around(p.at, a.config.Pair.Zoom), reasoning.SceneAt(a.config.Pair.Zoom, p.at).Window()} {
			pair, err := a.align(t.Context(), a.engine.Satellite, a.engine.Map, w)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, proposals(t, a, pair, p, 2)...)
		}
	}
	return out
}

func openEval(t *testing.T, f *evalFlags) *app {
	t.Helper()
	conf, err := f.configure(&global{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
