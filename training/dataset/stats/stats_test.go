package stats

import (
	"bytes"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/training/dataset"
	"github.com/precinct-map/precinct/training/dataset/internal/madeup"
)

func someSet(t *testing.T, folder bool) *dataset.Set {
	t.Helper()
	out := madeup.Ground("Out there", 2, 40, "stadium", "school")
	out.LeftOut = true
	return madeup.Set(t, folder, madeup.Ground("here", 0, 90, "school", "park", "hospital"), madeup.Ground("there", 1, 60, "school", "church"), out)
}

func collected(t *testing.T, set *dataset.Set) *Figures {
	t.Helper()
	last := 0
	f, err := Collect(t.Context(), set, func(rows, of int) {
		if rows != last+1 || of != set.Total() {
			t.Errorf("row %d of %d after %d", rows, of, last)
		}
		last = rows
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestCollect counts what the rows say, one by one.
func TestCollect(t *testing.T) {
	for _, folder := range []bool{false, true} {
		set := someSet(t, folder)
		marked := 0
		for r := range set.Rows() {
			if marked++; marked > 3 {
				break
			}
			if err := set.Mark(dataset.Mark{ID: r.ID, Bad: true}); err != nil {
				t.Fatal(err)
			}
		}
		f := collected(t, set)
		rows, area, sides, novel := 0, 0, 0, 0
		tiers, functions, regions, classes := map[string]Count{}, map[string]Count{}, map[string]int{}, map[string]int{}
		for r, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			rows++
			increase(tiers, r.Tier, position(dataset.Splits, r.Split))
			increase(functions, r.Function, position(dataset.Splits, r.Split))
			regions[r.Region]++
			if r.Tier != dataset.Function {
				classes[r.Class]++
			}
			mask, err := r.Truth()
			if err != nil {
				t.Fatal(err)
			}
			if mask.Count() >= 900 {
				area++
			}
			if !strings.Contains(r.Place, ",") {
				sides++
			}
			if r.Novel {
				novel++
			}
		}
		if f.Rows != rows || f.Marked != 3 || f.Unread != 0 || rows < 200 {
			t.Fatalf("%d rows, %d marked, %d unreadable; want %d and 3", f.Rows, f.Marked, f.Unread, rows)
		}
		if !reflect.DeepEqual(f.Tiers, tiers) || !reflect.DeepEqual(f.Functions, functions) {
			t.Errorf("tiers %v, functions %v; want %v and %v", f.Tiers, f.Functions, tiers, functions)
		}
		for id, n := range f.Regions {
			if n.Total() != regions[id] {
				t.Errorf("%s has %v, want %d", id, n, regions[id])
			}
		}
		for id, n := range f.classes() {
			if n.Total() != classes[id] {
				t.Errorf("%s has %v, want %d", id, n, classes[id])
			}
		}
		if f.Area.N != rows || f.Side.N != sides || sides == rows {
			t.Errorf("%d areas and %d sides, want %d and %d", f.Area.N, f.Side.N, rows, sides)
		}
		above := 0
		for k, b := range f.Area.Bins {
			if k >= binOf(900) {
				above += b.Total()
			}
		}
		if edge(float64(binOf(900))) > 900 || above < area {
			t.Errorf("%d masks in bins from 900 pixels on, want %d at least", above, area)
		}
		if sum := 0; novel == 0 || sumOf(f.Novel) != novel {
			t.Errorf("novel %v, want %d %d", f.Novel, novel, sum)
		}
	}
}

func sumOf(m map[string]int) (sum int) {
	for n := range maps.Values(m) {
		sum += n
	}
	return sum
}

// TestPages: the page is the same each time, asks for nothing from anywhere, and holds texts as texts; the picture shows something.
func TestPages(t *testing.T) {
	set := someSet(t, false)
	var pages, pictures [2]bytes.Buffer
	for k := range pages {
		f := collected(t, set)
		if err := WritePage(&pages[k], set, f); err != nil {
			t.Fatal(err)
		}
		if err := WritePicture(&pictures[k], set, f); err != nil {
			t.Fatal(err)
		}
	}
	page := pages[0].String()
	if page != pages[1].String() || !bytes.Equal(pictures[0].Bytes(), pictures[1].Bytes()) {
		t.Error("the same data set gave another page")
	}
	if len(page) > 3<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if m := regexp.MustCompile(`<script|https?:|<of>|url\(|@import`).FindString(page); m != "" {
		t.Errorf("the page has %q", m)
	}
	for _, want := range []string{"&lt;of&gt;", "Out there", "for the test alone", "Training has no sample of: Stadium", "nobody", "School", "its picture shows too little of it"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := strings.Count(page, "data:image/jpeg"); n != 3*(shownPerTier+shownPerTier+shownPerTier) {
		t.Errorf("%d pictures", n)
	}
	img, err := png.Decode(&pictures[0])
	if err != nil {
		t.Fatal(err)
	}
	role := rgb(hues()[len(hues())-11].Light) // the first function's
	seen := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if img.At(x, y) == role {
				seen++
			}
		}
	}
	if seen < 1000 {
		t.Errorf("%d pixels have the colour of %v", seen, role)
	}
}

// TestChanged: a file that was changed is told of, and the others are counted.
func TestChanged(t *testing.T) {
	set := someSet(t, false)
	var file dataset.File
	for _, f := range set.Files {
		if f.Split == "train" {
			file = f
		}
	}
	if err := os.WriteFile(filepath.Join(set.Dir, file.Name), []byte("PAR1 no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := collected(t, set)
	if f.Rows != set.Total()-file.Rows || f.Unread != 1 || !strings.Contains(f.Unreadable[0], file.Name) {
		t.Fatalf("%d rows of %d, %q", f.Rows, set.Total(), f.Unreadable)
	}
	var b bytes.Buffer
	if err := WritePage(&b, set, f); err != nil || !strings.Contains(b.String(), "cannot be read") {
		t.Error("the page does not say what cannot be read", err)
	}
	for _, f := range set.Files {
		if f.Split != "" {
			if err := os.Remove(filepath.Join(set.Dir, f.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.Reset()
	if err := WritePage(&b, set, collected(t, set)); err != nil || b.Len() == 0 {
		t.Error("a set without a readable row has no page:", err)
	}
	if err := WritePicture(&b, set, collected(t, set)); err != nil {
		t.Error("a set without a readable row has no picture:", err)
	}
}
