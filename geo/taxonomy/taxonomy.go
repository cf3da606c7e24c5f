// Package taxonomy is what places are called: ten functions, their classes, and the words that people use for them in
// English and Chinese, with the OpenStreetMap tags that mean the same.
package taxonomy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Function is what places are for, the broadest of the three tiers.
type Function struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	NameZH string   `json:"name_zh"`
	Words  []string `json:"words,omitempty"`
}

// Class is one kind of place.
type Class struct {
	ID       string   `json:"id"`
	Function string   `json:"function"`
	Name     string   `json:"name"`
	NameZH   string   `json:"name_zh"`
	Words    []string `json:"words,omitempty"` // synonyms, English and Chinese
	Tags     []string `json:"tags,omitempty"`  // OSM tags as key=value, key=*, or several joined by +
}

// kinds says which classes are also answered by a broader one.
var kinds = map[string][]string{
	"place_of_worship": {"temple", "church", "mosque", "synagogue"},
	"hotel":            {"hostel"},
	"clinic":           {"doctors"},
	"station":          {"subway_station"},
}

//go:embed classes.txt
var source string

type table struct {
	functions []Function
	classes   []Class
	byID      map[string]int
	words     map[string]entry // normal form → what it means
	owned     map[string]bool  // forms that are a function's own names
	rules     []rule
	generic   map[string]bool // words that name a kind rather than one place
}

type entry struct {
	class    string // "" for a function
	function string
}

type rule struct {
	class string
	tags  [][2]string
	exact int // more is more telling
}

var load = sync.OnceValue(func() *table {
	t := &table{byID: map[string]int{}, words: map[string]entry{}, owned: map[string]bool{}, generic: map[string]bool{}}
	for n, line := range strings.Split(source, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := t.add(line); err != nil {
			panic(fmt.Sprintf("taxonomy: line %d: %v", n+1, err)) // compiled in, and parsed by every test
		}
	}
	slices.SortStableFunc(t.rules, func(a, b rule) int { return b.exact - a.exact })
	return t
})

func (t *table) add(line string) error {
	rest, isFunction := strings.CutPrefix(line, "= ")
	f := strings.Split(rest, "|")
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	if isFunction {
		if len(f) != 4 {
			return fmt.Errorf("a function has 4 fields, this has %d", len(f))
		}
		fn := Function{ID: f[0], Name: f[1], NameZH: f[2], Words: list(f[3])}
		t.functions = append(t.functions, fn)
		t.name(entry{function: fn.ID}, fn.Words)
		t.own(entry{function: fn.ID}, fn.ID, fn.Name, fn.NameZH)
		return nil
	}
	if len(f) != 5 || len(t.functions) == 0 {
		return fmt.Errorf("a class has 5 fields below a function, this has %d", len(f))
	}
	c := Class{ID: f[0], Function: t.functions[len(t.functions)-1].ID, Name: f[1], NameZH: f[2], Tags: list(f[3]), Words: list(f[4])}
	t.byID[c.ID] = len(t.classes)
	t.classes = append(t.classes, c)
	t.name(entry{class: c.ID, function: c.Function}, append([]string{c.ID, c.Name, c.NameZH}, c.Words...))
	for _, tag := range c.Tags {
		t.rules = append(t.rules, newRule(c.ID, tag))
	}
	return nil
}

// own enters a function's own names, which no class takes from it: "industrial" asks for factories, too.
func (t *table) own(e entry, names ...string) {
	for _, n := range names {
		t.words[normal(n)] = e
		t.owned[normal(n)] = true
	}
}

// name enters words for a meaning; what came first keeps a word, but a class takes it from a function's further words.
func (t *table) name(e entry, words []string) {
	for _, w := range words {
		form := normal(w)
		if old, ok := t.words[form]; !ok || old.class == "" && e.class != "" && !t.owned[form] {
			t.words[form] = e
		}
		if e.class != "" {
			for _, token := range strings.Fields(form) {
				t.generic[token] = true
			}
		}
	}
}

func newRule(class, text string) rule {
	r := rule{class: class}
	for _, pair := range strings.Split(text, "+") {
		k, v, _ := strings.Cut(pair, "=")
		r.tags = append(r.tags, [2]string{k, v})
		r.exact += 4
		if v == "*" {
			r.exact -= 3
		}
		if k == "building" || k == "landuse" {
			r.exact-- // amenity=clinic tells more than building=hospital does
		}
	}
	return r
}

func list(s string) []string {
	var out []string
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Functions lists the ten functions.
func Functions() []Function { return slices.Clone(load().functions) }

// Classes lists every class, function by function.
func Classes() []Class { return slices.Clone(load().classes) }

// ByID finds a class.
func ByID(id string) (Class, bool) {
	t := load()
	i, ok := t.byID[id]
	if !ok {
		return Class{}, false
	}
	return t.classes[i], true
}

// FromTags is the class of a thing with these OSM tags: the most telling rule that fits.
func FromTags(tags map[string]string) (Class, bool) {
	if len(tags) == 0 {
		return Class{}, false
	}
	for _, r := range load().rules {
		if r.fits(tags) {
			return ByID(r.class)
		}
	}
	return Class{}, false
}

func (r rule) fits(tags map[string]string) bool {
	for _, kv := range r.tags {
		v := tags[kv[0]]
		if v == "" || v == "no" || kv[1] != "*" && v != kv[1] {
			return false
		}
	}
	return true
}
