package exchange

import (
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/training/dataset"
)

// pack is unpack's inverse.
func pack(counts []int) string {
	var out []byte
	for i, v := range counts {
		if i > 2 {
			v -= counts[i-2]
		}
		for more := true; more; {
			c := v & 31
			v >>= 5
			more = !(v == 0 && c&16 == 0 || v == -1 && c&16 != 0)
			if more {
				c |= 32
			}
			out = append(out, byte(c+48))
		}
	}
	return string(out)
}

// byColumn are a mask's run lengths in COCO's order.
func byColumn(m *geo.Mask) []int {
	counts, inside, n := []int{}, false, 0
	for x := range m.Window.W {
		for y := range m.Window.H {
			if m.At(x, y) != inside {
				counts, n, inside = append(counts, n), 0, !inside
			}
			n++
		}
	}
	return append(counts, n)
}

func TestRunLengths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 150).Draw(t, "w"), rapid.IntRange(1, 150).Draw(t, "h")
		m := geo.NewMask(geo.Window{W: w, H: h})
		for range rapid.IntRange(0, 20).Draw(t, "runs") {
			y, x := rapid.IntRange(0, h-1).Draw(t, "y"), rapid.IntRange(0, w-1).Draw(t, "x")
			m.SetRun(y, x, rapid.IntRange(x, w).Draw(t, "x1"))
		}
		counts := byColumn(m)
		for _, c := range []any{counts, pack(counts)} {
			raw, _ := json.Marshal(map[string]any{"size": []int{h, w}, "counts": c})
			got, err := segmentation(raw, w, h)
			if err != nil || !got.Equal(m) {
				t.Fatalf("%s: %v", raw, err)
			}
		}
	})
}

// TestRunLengthsOfCOCO holds the compressed form to what pycocotools 2.0.11 wrote of the same masks; its e2e test asks it anew.
func TestRunLengthsOfCOCO(t *testing.T) {
	for packed, counts := range knownRuns {
		got, err := unpack(packed)
		if err != nil || len(got) != len(counts) {
			t.Fatalf("%s: %v %v", packed, got, err)
		}
		for i := range counts {
			if got[i] != counts[i] {
				t.Errorf("%s: %v, want %v", packed, got, counts)
			}
		}
		if pack(counts) != packed {
			t.Errorf("%v is packed as %s", counts, pack(counts))
		}
	}
}

func TestBadSegmentations(t *testing.T) {
	for _, raw := range []string{`null`, `{}`, `"x"`, `[[1,2,3,4]]`, `[[1,2,3,4,5,6,7]]`, `{"size":[3,3],"counts":[3,3]}`, `{"size":[3,3],"counts":[12]}`, `{"size":[3,4],"counts":[12]}`,
		`{"size":[3,3],"counts":"n"}`, `{"size":[3,3],"counts":"\u0001"}`, `{"size":[3,3],"counts":"oooooooooooo0"}`, `{"size":[3,3],"counts":[-1,10]}`, `{"size":[3,3],"counts":["a"]}`} {
		if m, err := segmentation(json.RawMessage(raw), 3, 3); !errors.Is(err, dataset.ErrRow) {
			t.Errorf("%s: %v %v", raw, m, err)
		}
	}
	if _, err := segmentation(json.RawMessage(`[[1,2,3,4,5,6]]`), 0, 1<<40); !errors.Is(err, dataset.ErrRow) {
		t.Error(err)
	}
}

func FuzzSegmentation(f *testing.F) {
	f.Add([]byte(`{"size":[9,11],"counts":"52203"}`))
	f.Add([]byte(`[[1,2,3,4,5,6]]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := segmentation(raw, 11, 9); err == nil && (m.Window.W != 11 || m.Window.H != 9) {
			t.Errorf("%s: %v", raw, m.Window)
		}
	})
}
