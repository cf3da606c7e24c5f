package stats

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/training/dataset"
)

// TestQuantile: a quantile of the histogram is off by less than a bin.
func TestQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 1<<20), 1, 200).Draw(t, "sizes")
		share := rapid.Float64Range(0.01, 1).Draw(t, "share")
		var h Histogram
		for i, s := range sizes {
			h.add(s, i%3)
		}
		slices.Sort(sizes)
		exact := float64(sizes[int(math.Ceil(share*float64(len(sizes))-1e-9))-1])
		bin := math.Exp2(1. / binsPerDouble)
		if got := h.Quantile(share); got < exact/bin-1e-6 || got > exact*bin+1e-6 {
			t.Fatalf("%g, want %g", got, exact)
		}
	})
	if (&Histogram{}).Quantile(0.5) != 0 {
		t.Error("nothing has a median")
	}
}

func TestWordsOfNames(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
	}{
		{"Linden School", []string{"Linden", "School"}},
		{"Church of the Holy Cross", []string{"Church", "Cross", "Holy"}},
		{"P.S. 123, St. Mary's (East)", []string{"East", "Mary's", "P.S", "St"}},
		{"北京大学", []string{"北京大学"}},
		{"42 - 7", nil},
		{"", nil},
	} {
		w := newWords(100)
		w.Add(c.name, "educational")
		var got []string
		for _, f := range w.Top(10) {
			got = append(got, f.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q has %q, want %q", c.name, got, c.want)
		}
	}
}

// TestWordsAreBounded: no more than the bound are kept, and each count is too low by Lost at most.
func TestWordsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(rapid.SampledFrom([]string{"aa", "bb", "cc", "dd", "ee", "ff", "gg"})).Draw(t, "words")
		w, exact := newWords(3), map[string]int{}
		for _, text := range texts {
			w.Add(text, "")
			exact[text]++
		}
		if len(w.counts) > 3 {
			t.Fatal(len(w.counts))
		}
		for text, n := range exact {
			got := 0
			if one := w.counts[text]; one != nil {
				got = one.n
			}
			if got > n || got < n-w.Lost {
				t.Fatalf("%s: %d of %d, lost %d", text, got, n, w.Lost)
			}
		}
	})
}

// TestCloud: words lie within the area and on nobody else's, the most frequent in the middle.
func TestCloud(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(1, 500), 1, 60).Draw(t, "counts")
		slices.SortFunc(counts, func(a, b int) int { return b - a })
		var words []Frequent
		for i, n := range counts {
			words = append(words, Frequent{Text: fmt.Sprint("word", 1<<(i%20)), N: n})
		}
		const w, h = 800, 300
		got := layCloud(words, w, h, func(text string, size float64) float64 { return 0.6 * size * float64(len(text)) })
		if len(got) == 0 || got[0].N != counts[0] || math.Abs(got[0].x+got[0].width/2-w/2) > 1 {
			t.Fatal("the most frequent word is not in the middle")
		}
		for i, a := range got {
			ba := box{a.x, a.y - 0.7*a.size, a.x + a.width, a.y + 0.2*a.size}
			if ba.x0 < 0 || ba.y0 < 0 || ba.x1 > w || ba.y1 > h {
				t.Fatalf("%v lies outside", a)
			}
			for _, b := range got[:i] {
				if ba.meets(box{b.x, b.y - 0.7*b.size, b.x + b.width, b.y + 0.2*b.size}) {
					t.Fatalf("%v lies on %v", a, b)
				}
			}
		}
	})
}

func TestBalances(t *testing.T) {
	f := &Figures{Rows: 1000, Tiers: map[string]Count{dataset.Class: {600, 100, 300}}, Novel: map[string]int{"stadium": 60}, Kinds: map[string]map[string]Count{
		dataset.Class: {"school": {61, 10, 29}, "park": {55, 12, 33}, "church": {20, 0, 29}, "stadium": {0, 0, 60}}}}
	want := map[string]struct {
		judged, far bool
		off         float64
	}{"school": {true, false, 0.01}, "park": {true, true, -0.05}, "church": {false, false, 29./49 - 0.3}, "stadium": {false, false, 0.7}}
	got := f.Balances()
	if len(got) != len(want) || !got[0].Judged || got[len(got)-1].Judged {
		t.Fatalf("%+v", got)
	}
	for _, b := range got {
		if w := want[b.Class]; b.Judged != w.judged || b.Far() != w.far || math.Abs(b.Off-w.off) > 1e-9 {
			t.Errorf("%+v, want %+v", b, w)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1000), "1\u00a0000"}, {thousands(1234567), "1\u00a0234\u00a0567"},
		{rounded(9.44), "9.4"}, {rounded(93.6), "94"}, {rounded(6112), "6\u00a0100"}, {share(1, 3), "33.3 %"}, {share(0, 0), "–"},
		{fmt.Sprint(marks(23)), "[5 10 15 20]"}, {fmt.Sprint(marks(1)), "[1]"}, {compact(512), "512"}, {compact(65536), "64k"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
