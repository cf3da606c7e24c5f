package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestGlances: glances are the rows, in their order, and each is found again by its position.
func TestGlances(t *testing.T) {
	for _, folder := range []bool{false, true} {
		t.Run(fmt.Sprintf("folder %v", folder), func(t *testing.T) {
			dir, spec := t.TempDir(), small()
			spec.Folder = folder
			if _, err := Build(t.Context(), dir, spec, []*Ground{madeUp("here", 1, ground, 120)}, Options{}); err != nil {
				t.Fatal(err)
			}
			set, rows := mustOpen(t, dir), rowsOf(t, dir)
			var at []Position
			for g, err := range set.Glances(true) {
				if err != nil {
					t.Fatal(err)
				}
				r := rows[len(at)]
				want := Row{ID: r.ID, Problem: r.Problem, Tier: r.Tier, Split: r.Split, Class: r.Class, Function: r.Function, Region: r.Region, Place: r.Place, Mask: r.Mask}
				if !reflect.DeepEqual(g.Row, want) {
					t.Fatalf("%+v, want %+v", g.Row, want)
				}
				at = append(at, g.At)
			}
			if len(at) != len(rows) || len(at) < 100 {
				t.Fatalf("%d glances at %d rows", len(at), len(rows))
			}
			for _, i := range rand.Perm(len(at)) {
				if r, err := set.At(at[i]); err != nil || !reflect.DeepEqual(r, rows[i]) {
					t.Fatal(i, err)
				}
			}
			for g := range set.Glances(false) {
				if g.Mask != nil {
					t.Fatal("a mask that nobody asked for")
				}
				break
			}
			breakFiles(t, set, at[0])
		})
	}
}

func mustOpen(t *testing.T, dir string) *Set {
	t.Helper()
	set, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// breakFiles changes the first file: its rows are an error, and the other files' follow.
func breakFiles(t *testing.T, set *Set, first Position) {
	t.Helper()
	if _, err := set.At(Position{first.file, 1 << 40}); !errors.Is(err, ErrBroken) {
		t.Error("past the end:", err)
	}
	if _, err := set.At(Position{file: 999}); !errors.Is(err, ErrBroken) {
		t.Error("no such file:", err)
	}
	path := filepath.Join(set.Dir, set.Files[first.file].Name)
	if err := os.WriteFile(path, bytes.Repeat([]byte("?"), 900), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := set.At(first); err == nil {
		t.Error("a row of rubbish")
	}
	bad, good := 0, 0
	for _, err := range set.Glances(false) {
		if err != nil {
			bad++
		} else {
			good++
		}
	}
	if bad != 1 || good != set.Total()-set.Files[first.file].Rows {
		t.Errorf("%d errors and %d rows", bad, good)
	}
}
