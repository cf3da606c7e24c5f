package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/paulmach/orb"
)

func data(tb testing.TB, parts ...string) string {
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Skip("../shared/data is not here")
	}
	return path
}

func opened(tb testing.TB, sources ...Source) *Index {
	tb.Helper()
	x, err := Open(context.Background(), Options{Folder: tb.TempDir(), Sources: sources})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = x.Close() })
	if err := x.Wait(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return x
}

// slip is a text with one letter put in, left out, changed or swapped with its neighbour.
func slip(r *rand.Rand, s string) string {
	t := []rune(s)
	i := r.IntN(len(t))
	c := rune('a' + r.IntN(26))
	switch r.IntN(4) {
	case 0:
		return string(slices.Insert(t, i, c))
	case 1:
		return string(slices.Delete(t, i, i+1))
	case 2:
		t[i] = c
	default:
		if i+1 < len(t) {
			t[i], t[i+1] = t[i+1], t[i]
		}
	}
	return string(t)
}

func TestRecallOfSanFrancisco(t *testing.T) {
	x := opened(t, File(data(t, "osm", "sf-downtown.osm.pbf")))
	rows, err := x.db.Query(`select distinct json_extract(tags, '$.name') as called from place where called is not null and length(called) between 5 and 60 order by called`)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	within := func(query, name string, n int) bool {
		found, err := x.Find(context.Background(), Query{Text: query, Limit: n})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(found, func(p Place) bool { return p.Tags["name"] == name })
	}
	const asked = 500
	exact, typo, prefix := 0, 0, 0
	for _, n := range all[:asked] {
		if within(n, n, 1) {
			exact++
		}
		s := slip(r, n)
		if within(s, n, 5) {
			typo++
		} else {
			t.Logf("typo %q of %q", s, n)
		}
		if half := string([]rune(n)[:(len([]rune(n))+1)/2]); within(half, n, 10) {
			prefix++
		}
	}
	t.Logf("of %d among %d names: exact first %d, typo in five %d, half in ten %d", asked, len(all), exact, typo, prefix)
	if exact < asked*98/100 || typo < asked*95/100 || prefix < asked*80/100 {
		t.Error("recall is too low")
	}
}

// invented is a country of n names.
type invented int

func (i invented) Version() (string, error) { return fmt.Sprintf("invented\n%d", int(i)), nil }

func (i invented) Entries(ctx context.Context, each func(Entry) error) error {
	r := rand.New(rand.NewPCG(7, 7))
	syllables := []string{"ba", "ne", "pa", "dhu", "li", "khel", "tor", "mis", "sion", "park", "san", "ta", "ri", "ver", "ham", "burg", "mo", "lin", "gra", "che"}
	word := func() string {
		s := ""
		for range 2 + r.IntN(3) {
			s += syllables[r.IntN(len(syllables))]
		}
		return s
	}
	kinds := []struct{ key, value, word string }{{"amenity", "school", "School"}, {"highway", "residential", "Street"}, {"amenity", "restaurant", "Restaurant"},
		{"shop", "bakery", "Bakery"}, {"leisure", "park", "Park"}, {"place", "village", ""}}
	for n := range int(i) {
		k := kinds[r.IntN(len(kinds))]
		e := Entry{Type: "node", ID: int64(n + 1), Tags: map[string]string{"name": word() + " " + k.word, k.key: k.value},
			Geometry: orb.Point{80 + 8*r.Float64(), 26 + 4*r.Float64()}}
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkBuildSanFrancisco(b *testing.B) {
	path := data(b, "osm", "sf-downtown.osm.pbf")
	for b.Loop() {
		if err := build(context.Background(), filepath.Join(b.TempDir(), "x"), []Source{File(path)}, func(int, int) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind100k(b *testing.B) {
	x := opened(b, invented(100_000))
	queries := map[string][]string{"common": {"street", "school park", "s s s s s s"}}
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		var folded string
		if err := x.db.QueryRow(`select folded from name where id = ?`, 1+r.IntN(100_000)).Scan(&folded); err != nil {
			b.Fatal(err)
		}
		queries["exact"] = append(queries["exact"], folded)
		queries["prefix"] = append(queries["prefix"], folded[:(len(folded)+1)/2])
		queries["typo"] = append(queries["typo"], slip(r, folded))
	}
	for name, queries := range queries {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := x.Find(context.Background(), Query{Text: queries[len(took)%len(queries)]}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(1e9/float64(b.Elapsed().Nanoseconds()/int64(len(took))), "queries/s")
		})
	}
}
