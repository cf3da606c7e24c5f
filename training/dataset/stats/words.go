package stats

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// mostWords bounds the words that are counted at once.
const mostWords = 1 << 16

// Words counts the words of names in bounded memory (Misra and Gries, 1982): exactly while there are no more than its bound of them,
// and then too low by the same number at most, Lost, for each.
type Words struct {
	most   int
	counts map[string]*word
	Lost   int
}

// word is how often one occurs, over all and in names of each function.
type word struct {
	n  int
	by map[string]int
}

func newWords(most int) *Words { return &Words{most: most, counts: map[string]*word{}} }

// small are words that say nothing alone.
var small = map[string]bool{"the": true, "of": true, "and": true, "for": true, "at": true, "on": true, "in": true, "de": true, "da": true, "do": true, "des": true, "du": true,
	"la": true, "le": true, "les": true, "del": true, "di": true, "el": true, "et": true, "und": true, "der": true}

// Add counts the words of a name. A name without spaces is one word.
func (w *Words) Add(name, function string) {
	for _, field := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;()[]\"/·", r) }) {
		field = strings.Trim(field, ".'’-–&:")
		if utf8.RuneCountInString(field) < 2 || small[strings.ToLower(field)] || !strings.ContainsFunc(field, unicode.IsLetter) {
			continue
		}
		w.count(field, function)
	}
}

func (w *Words) count(text, function string) {
	one, ok := w.counts[text]
	if !ok {
		if len(w.counts) == w.most {
			w.decrease()
			return
		}
		one = &word{by: map[string]int{}}
		w.counts[text] = one
	}
	one.n++
	one.by[function]++
}

func (w *Words) decrease() {
	w.Lost++
	for text, one := range w.counts {
		if one.n--; one.n == 0 {
			delete(w.counts, text)
		}
	}
}

// Frequent is a word, how often it occurs, and the function whose names have it most.
type Frequent struct {
	Text     string
	N        int
	Function string
}

// Top are the most frequent words, the most frequent first.
func (w *Words) Top(most int) []Frequent {
	out := make([]Frequent, 0, len(w.counts))
	for text, one := range w.counts {
		out = append(out, Frequent{text, one.n, one.function()})
	}
	slices.SortFunc(out, func(a, b Frequent) int { return cmp.Or(b.N-a.N, strings.Compare(a.Text, b.Text)) })
	return out[:min(most, len(out))]
}

// function is the one that has the word most; of two that have it alike, the taxonomy's first.
func (w *word) function() string {
	best, n := "", w.by[""]
	for _, f := range taxonomy.Functions() {
		if w.by[f.ID] > n {
			best, n = f.ID, w.by[f.ID]
		}
	}
	return best
}
