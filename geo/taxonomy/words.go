package taxonomy

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Alike is how Similar two names are, at least, that may be one place's.
const Alike = 0.72

// Fold is a text for comparing: case, width, diacritics and punctuation are left aside, white space is single.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' || r == '.':
			continue // marks go, and so do the signs inside St. and Queen's
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(unicode.ToLower(r))
		default:
			space = true
		}
	}
	return norm.NFC.String(b.String())
}

// normal is the form under which words are known: folded, singular, abbreviations spelt out.
func normal(s string) string {
	words := strings.Fields(Fold(s))
	for i, w := range words {
		words[i] = singular(expand(w))
	}
	return strings.Join(words, " ")
}

var abbreviations = map[string]string{
	"st": "saint", "rd": "road", "ave": "avenue", "univ": "university", "hosp": "hospital", "sch": "school", "dept": "department",
	"ctr": "centre", "center": "centre", "theater": "theatre", "intl": "international", "govt": "government", "mt": "mount",
}

func expand(w string) string {
	if full, ok := abbreviations[w]; ok {
		return full
	}
	return w
}

// singular takes English plural endings off; both sides of a comparison go through it, so odd stems do no harm.
func singular(w string) string {
	switch {
	case len(w) < 4 || !ascii(w):
		return w
	case strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "s"):
		return w[:len(w)-1]
	}
	return w
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// within1 says whether one letter put in, left out, changed or swapped with its neighbour makes a into b.
func within1(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// Similar is how much two names are alike, 0 to 1. Words that only name a kind of place, as "school", count half; a name
// that is part of a longer one is nearly the same.
func Similar(a, b string) float64 {
	ta, tb := tokens(a), tokens(b)
	if len(ta) == 0 || len(tb) == 0 {
		return 0
	}
	generic := load().generic
	weight := func(w string) float64 {
		if generic[w] {
			return 0.5
		}
		return 1
	}
	wa, wb, shared, telling := 0.0, 0.0, 0.0, false
	for _, w := range tb {
		wb += weight(w)
	}
	used := make([]bool, len(tb))
	for _, w := range ta {
		wa += weight(w)
		if i, s := closest(w, tb, used); i >= 0 {
			used[i] = true
			shared += weight(w) * s
			telling = telling || !generic[w]
		}
	}
	dice := min(1, 2*shared/(wa+wb))
	if telling {
		return max(dice, 0.9*min(1, shared/wa))
	}
	return dice
}

func closest(w string, among []string, used []bool) (int, float64) {
	best, score := -1, 0.0
	for i, o := range among {
		if used[i] {
			continue
		}
		s := 0.0
		switch {
		case o == w:
			s = 1
		case len(w) >= 5 && len(o) >= 5 && within1(w, o):
			s = 0.85
		}
		if s > score {
			best, score = i, s
		}
	}
	return best, score
}

// tokens are a name's words; text without spaces between words, as Chinese, gives its pairs of characters.
func tokens(s string) []string {
	var out []string
	for _, w := range strings.Fields(normal(s)) {
		if fillers[w] {
			continue
		}
		r := []rune(w)
		if ascii(w) || len(r) < 3 || !unicode.Is(unicode.Han, r[0]) {
			out = append(out, w)
			continue
		}
		for i := range len(r) - 1 {
			out = append(out, string(r[i:i+2]))
		}
	}
	return out
}
