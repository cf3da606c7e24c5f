package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// letters that Unicode does not decompose.
var letters = strings.NewReplacer("ß", "ss", "ẞ", "ss", "ø", "o", "Ø", "o", "đ", "d", "Đ", "d", "ł", "l", "Ł", "l", "æ", "ae", "Æ", "ae",
	"œ", "oe", "Œ", "oe", "ı", "i", "þ", "th", "Þ", "th", "ð", "d", "أ", "ا", "إ", "ا", "آ", "ا", "ى", "ي", "ة", "ه", "ـ", "")

// fold is a text for comparing, words parted by single spaces.
func fold(s string) string { return taxonomy.Fold(letters.Replace(s)) }

// spaceless are scripts that put no space between words.
func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// words are a folded text's words; a run without spaces between words is one of them.
func words(folded string) []string {
	var out []string
	for _, f := range strings.Fields(folded) {
		start, kind := 0, false
		for i, r := range f {
			if k := spaceless(r); i > 0 && k != kind {
				out, start, kind = append(out, f[start:i]), i, k
			} else {
				kind = k
			}
		}
		out = append(out, f[start:])
	}
	return out
}

// token is a word as the index holds it: characters of a spaceless script stand alone, so that a phrase of them finds any part.
func token(w string) string {
	r, _ := utf8.DecodeRuneInString(w)
	if !spaceless(r) {
		return w
	}
	return strings.Join(strings.Split(w, ""), " ")
}

func tokens(s string) string {
	all := words(fold(s))
	for i, w := range all {
		all[i] = token(w)
	}
	return strings.Join(all, " ")
}

// abbreviated words are written in several ways.
var abbreviated = map[string][]string{
	"st": {"street", "saint"}, "street": {"st"}, "saint": {"st"}, "ave": {"avenue"}, "avenue": {"ave"}, "av": {"avenue", "avenida"},
	"rd": {"road"}, "road": {"rd"}, "blvd": {"boulevard"}, "bd": {"boulevard"}, "boulevard": {"blvd"}, "sq": {"square"}, "ctr": {"center", "centre"},
	"center": {"centre"}, "centre": {"center"}, "theater": {"theatre"}, "theatre": {"theater"}, "mt": {"mount"}, "dr": {"drive"}, "ln": {"lane"},
	"str": {"strasse"}, "pl": {"place", "platz", "plaza"}, "hwy": {"highway"}, "pkwy": {"parkway"}, "and": {"und", "et"},
}

// distance is how many letters must be put in, left out, changed or swapped with their neighbour to make a into b, 3 for more than 2.
// It is the optimal string alignment distance, https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance.
func distance(a, b string) int {
	const far = 3
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= far || len(y)-len(x) >= far {
		return far
	}
	var rows [3][]int
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		row, up, upper := rows[i%3], rows[(i+2)%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			row[j] = min(up[j]+1, row[j-1]+1, up[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], upper[j-2]+1)
			}
		}
	}
	return min(far, rows[len(x)%3][len(y)])
}

// forms are a word and what is left of it with one letter less: words that differ by a letter have one in common.
func forms(w string) []string {
	r := []rune(w)
	out := []string{w}
	if len(r) < 3 || len(r) > 24 || spaceless(r[0]) {
		return out
	}
	for i := range r {
		if i > 0 && r[i] == r[i-1] {
			continue
		}
		out = append(out, string(r[:i])+string(r[i+1:]))
	}
	return out
}
