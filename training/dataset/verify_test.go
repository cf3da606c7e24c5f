package dataset

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/geo"
)

// TestVerifyFinds breaks data sets in ways that a disk or a person may.
func TestVerifyFinds(t *testing.T) {
	for name, breaks := range map[string]func(dir string) error{
		"a byte":      func(dir string) error { return flip(filepath.Join(dir, "train")) },
		"a file gone": func(dir string) error { return os.Remove(filepath.Join(dir, "README.md")) },
		"a split's rows": func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, "test", splitIndexName))
			if err != nil {
				return err
			}
			first, _, _ := bytes.Cut(data, []byte("\n"))
			more, err := os.OpenFile(filepath.Join(dir, "test", splitIndexName), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = more.Write(first)
			return errors.Join(err, more.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, spec := t.TempDir(), small()
			spec.Folder = true
			if _, err := Build(t.Context(), dir, spec, []*Ground{madeUp("here", 1, ground, 80)}, Options{}); err != nil {
				t.Fatal(err)
			}
			if err := breaks(dir); err != nil {
				t.Fatal(err)
			}
			set, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			v, err := set.Verify(t.Context(), func(int, int) {})
			if err != nil || len(v.Problems) == 0 {
				t.Errorf("nothing was found: %v", err)
			}
		})
	}
}

// flip changes one byte of a folder's first picture.
func flip(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*_sat.png"))
	if err != nil {
		return err
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(names[0], data, 0o600)
}

func TestMaskIsGrey(t *testing.T) {
	m := geo.NewMask(geo.Window{W: 5, H: 4})
	m.Set(2, 1)
	img, err := png.Decode(bytes.NewReader(MaskPNG(m)))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 4 {
		for x := range 5 {
			r, g, b, a := img.At(x, y).RGBA()
			want := uint32(0)
			if m.At(x, y) {
				want = 0xffff
			}
			if r != want || g != want || b != want || a != 0xffff {
				t.Errorf("%d,%d is %d %d %d %d", x, y, r, g, b, a)
			}
		}
	}
}

func TestMarks(t *testing.T) {
	dir := t.TempDir()
	if _, err := Build(t.Context(), dir, small(), []*Ground{madeUp("here", 1, ground, 60)}, Options{}); err != nil {
		t.Fatal(err)
	}
	all := rowsOf(t, dir)
	set, _ := Open(dir)
	if err := set.Mark(Mark{ID: all[0].ID, Bad: true, Why: "a cloud"}); err != nil {
		t.Fatal(err)
	}
	if rest := rowsOf(t, dir); len(rest) != len(all)-1 || rest[0].ID == all[0].ID {
		t.Errorf("%d of %d rows are left", len(rest), len(all))
	}
	if err := set.Mark(Mark{ID: all[0].ID}); err != nil {
		t.Fatal(err)
	}
	if rest := rowsOf(t, dir); len(rest) != len(all) {
		t.Errorf("%d of %d rows are back", len(rest), len(all))
	}
}
