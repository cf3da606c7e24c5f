package taxonomy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTableIsSound(t *testing.T) {
	if n := len(Functions()); n != 10 {
		t.Errorf("%d functions, want 10", n)
	}
	if n := len(Classes()); n < 90 {
		t.Errorf("%d classes, want at least 90", n)
	}
	seen := map[string]bool{}
	for _, c := range Classes() {
		if seen[c.ID] || c.Name == "" || c.NameZH == "" || len(c.Tags) == 0 {
			t.Errorf("class %+v is incomplete or there twice", c)
		}
		seen[c.ID] = true
		for _, word := range []string{c.ID, c.Name, c.NameZH} {
			if m := Match(word); m.Tier == TierName {
				t.Errorf("%q of class %s is not understood", word, c.ID)
			}
		}
		for _, w := range c.Words {
			if m := Match(w); m.Tier != TierClass {
				t.Errorf("word %q of class %s: tier %s", w, c.ID, m.Tier)
			}
		}
	}
	for _, f := range Functions() {
		for _, name := range []string{f.ID, f.Name, f.NameZH} {
			if m := Match(name); m.Tier != TierFunction || m.Function != f.ID {
				t.Errorf("%q asks for %s %q, not for the function %s", name, m.Tier, m.Function, f.ID)
			}
		}
	}
	for broad, narrow := range kinds {
		for _, id := range append(narrow, broad) {
			if !seen[id] {
				t.Errorf("kinds names %q, which is no class", id)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	class := func(id string) Meaning { return Meaning{Tier: TierClass, Classes: []string{id}} }
	tests := map[string]Meaning{
		"school": class("school"), "Schools": class("school"), "a school": class("school"), "学校": class("school"),
		"shcool": class("school"), "schol": class("school"), "the primary schools": class("school"), "小学": class("school"),
		"universities": class("university"), "大学": class("university"), "Kindergartens": class("kindergarten"),
		"somewhere to park": class("parking"), "car parks": class("parking"), "parking": class("parking"), "停车场": class("parking"),
		"park": class("park"), "parks": class("park"), "public park": class("park"), "bus park": class("bus_station"),
		"places to eat": class("restaurant"), "where to catch a train": class("station"), "train stations": class("station"),
		"libraries": class("library"), "churches": class("church"), "mosques": class("mosque"), "theater": class("theatre"),
		"hospitals": class("hospital"), "医院": class("hospital"), "pharmacies": class("pharmacy"), "drugstore": class("pharmacy"),
		"gas station": class("fuel"), "petrol station": class("fuel"), "café": class("cafe"), "CINEMA": class("cinema"),
		"football pitch": class("sports_pitch"), "badminton court": class("sports_pitch"), "cemetary": class("cemetery"),
		"show me all supermarkets": class("supermarket"), "place of worship": class("place_of_worship"),
		"educational": {Tier: TierFunction, Function: "educational"}, "education": {Tier: TierFunction, Function: "educational"},
		"教育": {Tier: TierFunction, Function: "educational"}, "medical": {Tier: TierFunction, Function: "medical"},
		"Residential": {Tier: TierFunction, Function: "residential"}, "transportation": {Tier: TierFunction, Function: "transportation"},
		"business office":                  {Tier: TierFunction, Function: "business_office"},
		"Bagmati English Secondary School": {Tier: TierName, Classes: []string{"school"}},
		"Banepa Bus Park":                  {Tier: TierName, Classes: []string{"bus_station"}},
		"chandeshwori temple":              {Tier: TierName, Classes: []string{"temple"}},
		"Krishna Sadan":                    {Tier: TierName, Classes: []string{"school"}},
		"北京第四中学":                           {Tier: TierName, Classes: []string{"school"}},
		"Zanzibar":                         {Tier: TierName},
		"":                                 {Tier: TierName},
	}
	for phrase, want := range tests {
		got := Match(phrase)
		if got.Tier != want.Tier {
			t.Errorf("Match(%q) is tier %s (%v), want %s", phrase, got.Tier, got.Classes, want.Tier)
			continue
		}
		if len(want.Classes) > 0 && (len(got.Classes) == 0 || got.Classes[0] != want.Classes[0]) {
			t.Errorf("Match(%q) is %v, want %v", phrase, got.Classes, want.Classes)
		}
		if want.Function != "" && (got.Function != want.Function || len(got.Classes) < 3) {
			t.Errorf("Match(%q) is function %q of %d classes", phrase, got.Function, len(got.Classes))
		}
		if phrase == "Zanzibar" && len(got.Classes) > 0 {
			t.Errorf("Match(%q) hints at %v", phrase, got.Classes)
		}
	}
	if slices.Contains(Match("school").Classes, "university") {
		t.Error("school answers university")
	}
	if !slices.Contains(Match("place of worship").Classes, "mosque") {
		t.Error("place of worship does not answer mosque")
	}
}

func TestFromTags(t *testing.T) {
	tests := []struct {
		tags map[string]string
		want string
	}{
		{map[string]string{"building": "school", "name": "X"}, "school"},
		{map[string]string{"amenity": "school", "building": "yes"}, "school"},
		{map[string]string{"amenity": "place_of_worship", "religion": "hindu"}, "temple"},
		{map[string]string{"amenity": "place_of_worship", "religion": "christian", "building": "yes"}, "church"},
		{map[string]string{"amenity": "place_of_worship"}, "place_of_worship"},
		{map[string]string{"amenity": "clinic", "building": "hospital"}, "clinic"},
		{map[string]string{"shop": "supermarket"}, "supermarket"},
		{map[string]string{"shop": "stationery"}, "shop"},
		{map[string]string{"office": "government", "government": "administrative"}, "townhall"},
		{map[string]string{"office": "lawyer"}, "office"},
		{map[string]string{"leisure": "garden", "building": "yes"}, "garden"},
		{map[string]string{"building": "yes"}, ""},
		{map[string]string{"amenity": "no"}, ""},
		{nil, ""},
	}
	for _, tt := range tests {
		c, ok := FromTags(tt.tags)
		if c.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("FromTags(%v) = %q, want %q", tt.tags, c.ID, tt.want)
		}
	}
}

func TestSimilar(t *testing.T) {
	tests := []struct {
		a, b     string
		min, max float64
	}{
		{"Bagmati English Secondary School", "Bagmati English Secondary School", 1, 1},
		{"bagmati english secondary school", "Bagmati  English Secondary-School", 1, 1},
		{"Bagmati English Secondary School", "Sawaswoti Lower Secondary School", 0, 0.5},
		{"Bal Niketan", "Bal Niketan Higher Secondary School", 0.85, 0.95},
		{"St Brannoc Hospital", "Saint Brannoc Hospital", 1, 1},
		{"Bagmatti School", "Bagmati School", 0.8, 0.99},
		{"school", "Bagmati School", 0, 0.7},
		{"北京第四中学", "北京第四中学校", 0.7, 1},
		{"", "x", 0, 0},
		{"Mayur Cinema", "Ashok Stupa", 0, 0},
	}
	for _, tt := range tests {
		if s := Similar(tt.a, tt.b); s < tt.min || s > tt.max {
			t.Errorf("Similar(%q, %q) = %.2f, want %.2f…%.2f", tt.a, tt.b, s, tt.min, tt.max)
		}
	}
}

// Real tags, as a map knows them: each of the places has a class, or honestly none.
func TestBanepaPlaces(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "banepa", "map.geojson"))
	if os.IsNotExist(err) {
		t.Skip("../shared/data/banepa is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Features []struct {
			Geometry   struct{ Type string }
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	places, classed, schools := 0, 0, 0
	for _, f := range set.Features {
		if f.Geometry.Type != "Point" {
			continue
		}
		tags := map[string]string{}
		for k, v := range f.Properties {
			if s, ok := v.(string); ok {
				tags[k] = s
			}
		}
		places++
		if c, ok := FromTags(tags); ok {
			classed++
			if c.ID == "school" {
				schools++
			}
		}
	}
	if places != 34 || classed < 27 || schools != 7 {
		t.Errorf("%d places, %d with a class, %d schools; want 34, at least 27, 7", places, classed, schools)
	}
}

func BenchmarkMatch(b *testing.B) {
	for b.Loop() {
		Match("Bagmati English Secondary School")
	}
}
