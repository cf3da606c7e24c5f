package policy

import (
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

func anyView(t *rapid.T) View {
	return View{rapid.Float64Range(-50, 800).Draw(t, "x"), rapid.Float64Range(-50, 800).Draw(t, "y"), rapid.Float64Range(0.3, 3).Draw(t, "scale"), uint8(rapid.IntRange(0, 7).Draw(t, "turn"))}
}

func TestViewInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyView(t)
		x, y := rapid.Float64Range(0, 768).Draw(t, "px"), rapid.Float64Range(0, 768).Draw(t, "py")
		if a, b := v.From(v.To(x, y)); math.Abs(a-x)+math.Abs(b-y) > 1e-9 {
			t.Fatalf("%v %v came back as %v %v", x, y, a, b)
		}
		box := reasoning.Box{x, y, x + 10, y + 20}
		if back := v.BoxFrom(v.BoxTo(box)); back.IoU(box) < 1-1e-9 {
			t.Fatalf("%v came back as %v", box, back)
		}
	})
}

// TestGridShowsPlaces: an embedding that tells each pixel's position shows, in any view, what From says.
func TestGridShowsPlaces(t *testing.T) {
	f := reasoning.Features{Channels: 2, Rows: 64, Columns: 64, ScaleX: 64.0 / 768, ScaleY: 64.0 / 768, Data: make([]float32, 2*64*64)}
	for r := range 64 {
		for c := range 64 {
			f.Data[r*64+c], f.Data[64*64+r*64+c] = (float32(c)+0.5)*12, (float32(r)+0.5)*12
		}
	}
	p := &Projection{2, 2, []float32{0, 0}, []float32{1, 0, 0, 1}}
	g, err := p.Grid(f, image.Pt(768, 768))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := anyView(t)
		cells, valid := make([]float32, Cells*8), make([]float32, Cells)
		g.In(cells, valid, v)
		for r := range quarters {
			for c := range quarters {
				x, y := v.From((float64(c)-11.5)*12, (float64(r)-11.5)*12)
				got := cells[((r/2)*Side+c/2)*8+((r%2)*2+c%2)*2:]
				inside := x >= 0 && y >= 0 && x < 768 && y < 768
				// Half a value from the edge on, there is nothing to interpolate with.
				if inside && x > 6 && y > 6 && x < 762 && y < 762 && (math.Abs(float64(got[0])-x) > 0.01 || math.Abs(float64(got[1])-y) > 0.01) {
					t.Fatalf("at %v %v it shows %v", x, y, got[:2])
				}
				if !inside && (got[0] != 0 || got[1] != 0) {
					t.Fatalf("beyond the picture it shows %v", got[:2])
				}
			}
		}
	})
}

func TestLabelsIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyView(t)
		u, w := rapid.Float64Range(-143, 143).Draw(t, "u"), rapid.Float64Range(-143, 143).Draw(t, "w")
		x, y := v.From(u, w)
		out := make([]float32, Cells*LabelFeatures)
		LabelsIn(out, []Label{{x, y, "school"}, {v.X, v.Y, "park"}}, v, "school")
		seen := 0
		for cell := range Cells {
			f := out[cell*LabelFeatures:]
			if f[0] == 0 {
				continue
			}
			seen++
			gotU, gotW := (float64(cell%Side)+0.5+float64(f[1]))*CellPixels-halfWindow, (float64(cell/Side)+0.5+float64(f[2]))*CellPixels-halfWindow
			if math.Abs(gotU-u)+math.Abs(gotW-w) > 1e-3 || f[3] != 1 || f[4] != 0 {
				t.Fatalf("a label at %v %v shows as %v at %v %v", u, w, f[:6], gotU, gotW)
			}
		}
		if want := 1; seen != want && math.Abs(u)+math.Abs(w) > 12 {
			t.Fatalf("%d labels show", seen)
		}
	})
}

func TestCoarseIn(t *testing.T) {
	m := geo.NewMask(geo.Window{W: 400, H: 400})
	for y := 176; y < 224; y++ {
		m.SetRun(y, 200, 248)
	}
	out := make([]float32, Cells*CoarseFeatures)
	CoarseIn(out, m, reasoning.Box{200, 176, 248, 224}, View{200, 200, 1, 0})
	for cell := range Cells {
		f := out[cell*CoarseFeatures:]
		r, c := cell/Side, cell%Side
		inside := (r == 5 || r == 6) && (c == 6 || c == 7)
		for q := range 4 {
			if (f[q] == 1) != inside || f[q] != 0 && f[q] != 1 {
				t.Fatalf("cell %d,%d shows %v", r, c, f[:8])
			}
		}
		// The right side, at 48 px from the anchor, begins the next column.
		if (f[4] == 1) != (c == 6 && inside) || (f[5] == 1) != (c == 8 && (r == 5 || r == 6)) {
			t.Errorf("cell %d,%d: box sides %v", r, c, f[4:8])
		}
	}
}

func TestProjectionText(t *testing.T) {
	p := &Projection{3, 2, []float32{1, 2, 3}, []float32{1, 0, 0, 0, 0.5, -1}}
	text, err := p.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var q Projection
	if err := q.UnmarshalText(text); err != nil || q.In != 3 || q.Out != 2 || q.Basis[5] != -1 || q.Mean[2] != 3 {
		t.Fatal(q, err)
	}
	for _, bad := range []string{"", "!", "AAAA", string(text[:len(text)-8])} {
		if err := q.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%.10q is no projection", bad)
		}
	}
}
