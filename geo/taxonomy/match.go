package taxonomy

import (
	"slices"
	"strings"
	"sync"
)

// Tier is how broadly a phrase asks.
type Tier string

// The paper's three tiers.
const (
	TierName     Tier = "name"
	TierClass    Tier = "class"
	TierFunction Tier = "function"
)

// Meaning is what a phrase asks for.
type Meaning struct {
	Tier     Tier
	Classes  []string // ids that answer it; for a name, the class that its words hint at, if any
	Function string   // of the class or function; "" for a name without a hint
	Score    float64  // 1 for a word that the taxonomy knows, less for one that is spelt differently
}

// fillers say that one asks, not what for.
var fillers = map[string]bool{
	"a": true, "an": true, "the": true, "all": true, "any": true, "every": true, "some": true, "find": true, "show": true, "me": true,
	"where": true, "is": true, "are": true, "near": true, "nearby": true, "here": true, "of": true, "please": true, "to": true,
}

// Match reads a phrase: a class or function by any of its words, in singular or plural, with a letter wrong; everything
// else is taken for a name.
func Match(phrase string) Meaning {
	t := load()
	form := normal(phrase)
	if m, ok := t.meaning(form, 1); ok {
		return m
	}
	if bare := withoutFillers(form); bare != form {
		if m, ok := t.meaning(bare, 1); ok {
			return m
		}
		form = bare
	}
	if m, ok := t.misspelt(form); ok {
		return m
	}
	m := Meaning{Tier: TierName, Score: 1}
	if e, ok := t.hint(form); ok {
		m.Classes, m.Function = t.answering(e.class), e.function
	}
	return m
}

func (t *table) meaning(form string, score float64) (Meaning, bool) {
	e, ok := t.words[form]
	if !ok {
		return Meaning{}, false
	}
	if e.class != "" {
		return Meaning{Tier: TierClass, Classes: t.answering(e.class), Function: e.function, Score: score}, true
	}
	m := Meaning{Tier: TierFunction, Function: e.function, Score: score}
	for _, c := range t.classes {
		if c.Function == e.function {
			m.Classes = append(m.Classes, c.ID)
		}
	}
	return m, true
}

func (t *table) answering(class string) []string {
	return append([]string{class}, kinds[class]...)
}

// misspelt finds the word that differs by one letter. Short words differ by a letter and mean something else.
func (t *table) misspelt(form string) (Meaning, bool) {
	const shortest = 5
	if len(form) < shortest || !ascii(form) {
		return Meaning{}, false
	}
	for _, known := range t.sortedWords() {
		if len(known) >= shortest && ascii(known) && within1(form, known) {
			return t.meaning(known, 0.9)
		}
	}
	return Meaning{}, false
}

var sorted = sync.OnceValue(func() []string {
	var out []string
	for w := range load().words {
		out = append(out, w)
	}
	slices.Sort(out)
	return out
})

func (t *table) sortedWords() []string { return sorted() }

// hint is the class that a name's own words tell: the longest known run of words, and of equals the last, as English names
// end in what the place is.
func (t *table) hint(form string) (entry, bool) {
	tokens := strings.Fields(form)
	for n := len(tokens); n > 0; n-- {
		for i := len(tokens) - n; i >= 0; i-- {
			if e, ok := t.words[strings.Join(tokens[i:i+n], " ")]; ok && e.class != "" {
				return e, true
			}
		}
	}
	best, at := entry{}, ""
	for w, e := range t.words {
		if e.class != "" && !ascii(w) && strings.HasSuffix(form, w) && len(w) > len(at) {
			best, at = e, w
		}
	}
	return best, at != ""
}

// ClassOfName is the class that a name's words tell, as "school" for "Bagmati English Secondary School".
func ClassOfName(name string) (Class, bool) {
	e, ok := load().hint(normal(name))
	if !ok {
		return Class{}, false
	}
	return ByID(e.class)
}

func withoutFillers(form string) string {
	var out []string
	for _, w := range strings.Fields(form) {
		if !fillers[w] {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
