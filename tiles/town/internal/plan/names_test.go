package plan

import (
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// TestNamesTellTheirClass: the words of a place's Chinese name tell its class wherever those of its English names do, over
// all classes that towns place.
func TestNamesTellTheirClass(t *testing.T) {
	placed := map[string]bool{}
	for seed := range uint64(3) {
		p := New(seed, true, 30000, 39138)
		for _, c := range p.Layouts(Box{X0: 29990 * CellSize, Y0: 39128 * CellSize, X1: 30010 * CellSize, Y1: 39148 * CellSize}) {
			for _, place := range c.Plan.Places {
				placed[place.Class] = true
				if told, ok := taxonomy.ClassOfName(place.Name); english(place.Class) && (!ok || told.ID != place.Class) {
					t.Errorf("%q is a %s and reads as %q", place.Name, place.Class, told.ID)
				}
			}
		}
	}
	if len(placed) < 40 {
		t.Errorf("only %d classes are placed", len(placed))
	}
	// Which pattern a place gets is chance: all of them are tried.
	for class := range placed {
		for _, form := range patterns(class, true) {
			name := strings.NewReplacer("%", "枫林", "#", "三").Replace(form)
			if told, ok := taxonomy.ClassOfName(name); english(class) && (!ok || told.ID != class) {
				t.Errorf("%q is a %s and reads as %q", name, class, told.ID)
			}
			if strings.ContainsAny(name, "%#$") || form == "%" {
				t.Errorf("%s: the pattern %q", class, form)
			}
		}
	}
}

// english says whether one of a class's English names tells it.
func english(class string) bool {
	for _, form := range patterns(class, false) {
		if told, ok := taxonomy.ClassOfName(strings.NewReplacer("%", "Ashgrove", "$", "Aldric").Replace(form)); ok && told.ID == class {
			return true
		}
	}
	return false
}
