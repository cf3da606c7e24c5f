// Package labels finds the labels of a map that answer a phrase: by name when it is one, else by what the map's symbol or the label's own
// words say the place is. Every model of ours begins here.
package labels

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/tiles"
)

// Match is a label that answers the phrase.
type Match struct {
	Label tiles.Label
	Sure  float64 // 0–1
	Why   string  // in words, for <think>
}

// Called is the label in words.
func (m Match) Called() string { return called(m.Label) }

// nameMargin is how much worse than the best one another place's name is.
const nameMargin = 0.12

// Answering are the labels that answer a phrase, the surest first.
func Answering(phrase string, labels []tiles.Label) []Match {
	meaning := taxonomy.Match(phrase)
	if meaning.Tier == taxonomy.TierName {
		return byName(phrase, labels)
	}
	return byClass(phrase, meaning, labels)
}

func byName(phrase string, labels []tiles.Label) []Match {
	var out []Match
	best := 0.0
	for _, l := range labels {
		s := taxonomy.Similar(phrase, l.Text)
		if s < taxonomy.Alike {
			continue
		}
		best = max(best, s)
		out = append(out, Match{l, s, fmt.Sprintf("its label %q reads like the name", l.Text)})
	}
	out = slices.DeleteFunc(out, func(m Match) bool { return m.Sure < best-nameMargin })
	return sorted(out)
}

func byClass(phrase string, meaning taxonomy.Meaning, labels []tiles.Label) []Match {
	var out []Match
	for _, l := range labels {
		if taxonomy.Fold(l.Text) == taxonomy.Fold(phrase) { // places are named for what they are, too
			out = append(out, Match{l, 1, fmt.Sprintf("its label %q is the phrase itself", l.Text)})
			continue
		}
		if slices.Contains(meaning.Classes, l.Class) {
			out = append(out, Match{l, meaning.Score, fmt.Sprintf("the map marks %s as %s", called(l), l.Class)})
			continue
		}
		if share := shareOf(l.Among, meaning.Classes); share > 0.5 {
			out = append(out, Match{l, share * meaning.Score, fmt.Sprintf("the map marks %s with a symbol of such places", called(l))})
			continue
		}
		// A label without a telling symbol may still say what it is. Where the map does say, it is believed.
		if c, ok := taxonomy.ClassOfName(l.Text); ok && l.Class == "" && l.Among == nil && slices.Contains(meaning.Classes, c.ID) {
			out = append(out, Match{l, 0.8 * meaning.Score, fmt.Sprintf("the name %q tells of a %s", l.Text, c.ID)})
		}
	}
	return sorted(out)
}

// shareOf is how many of the classes that a symbol may stand for answer.
func shareOf(among, answers []string) float64 {
	n := 0
	for _, c := range among {
		if slices.Contains(answers, c) {
			n++
		}
	}
	return float64(n) / max(1, float64(len(among)))
}

func called(l tiles.Label) string {
	if l.Text == "" {
		return "an unnamed place"
	}
	return fmt.Sprintf("%q", l.Text)
}

// sorted puts matches in an order that does not depend on the map's.
func sorted(ms []Match) []Match {
	slices.SortStableFunc(ms, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Sure, a.Sure), cmp.Compare(a.Label.Text, b.Label.Text),
			cmp.Compare(a.Label.At[0], b.Label.At[0]), cmp.Compare(a.Label.At[1], b.Label.At[1]))
	})
	return ms
}
