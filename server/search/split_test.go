package search

import (
	"context"
	"errors"
	"testing"

	"github.com/paulmach/orb"
)

func TestSplit(t *testing.T) {
	tests := []struct{ phrase, what, where string }{
		{"schools in Banepa", "schools", "Banepa"},
		{"Schools in Banepa", "Schools", "Banepa"},
		{"restaurants around San Francisco Civic Center", "restaurants", "San Francisco Civic Center"},
		{"hospital near Golden Gate Park", "hospital", "Golden Gate Park"},
		{"somewhere to eat close to Union Square", "somewhere to eat", "Union Square"},
		{"parking next to City Hall", "parking", "City Hall"},
		{"red roofs in Banepa", "red roofs", "Banepa"},
		{"pharmacy at Powell Street", "pharmacy", "Powell Street"},
		{"cafes on Valencia Street", "cafes", "Valencia Street"},
		{"  hotels   near   Dhulikhel ", "hotels", "Dhulikhel"},
		{"temples not far from Bhaktapur", "temples", "Bhaktapur"},
		{"places of worship in the vicinity of Panauti", "places of worship", "Panauti"},
		{"supermarket within Chinatown", "supermarket", "Chinatown"},
		{"St. Mary's School near Banepa", "St. Mary's School", "Banepa"},
		{"hospital 27.63,85.52", "hospital", "27.63,85.52"},
		{"hospital, 27.63, 85.52", "hospital", "27.63, 85.52"},
		{"hospital near 27.63 85.52", "hospital", "27.63 85.52"},
		{"school -33.8688,151.2093", "school", "-33.8688,151.2093"},
		{"parks in 85.5,27.6,85.6,27.7", "parks", "85.5,27.6,85.6,27.7"},
		{"27.63,85.52", "", "27.63,85.52"},
		{"学校 27.63,85.52", "学校", "27.63,85.52"},
		{"Schule near Bahnhofstraße", "Schule", "Bahnhofstraße"},
		{"Schulen in Berlin", "Schulen", "Berlin"},
		{"Krankenhaus in der Nähe von Köln", "Krankenhaus", "Köln"},
		{"Bäckerei bei Freiburg", "Bäckerei", "Freiburg"},
		{"Spielplätze rund um Schöneberg", "Spielplätze", "Schöneberg"},
		{"Apotheke am Alexanderplatz", "Apotheke", "Alexanderplatz"},
		{"Kirchen im Odenwald", "Kirchen", "Odenwald"},
		{"Supermarkt nahe Hauptbahnhof Zürich", "Supermarkt", "Hauptbahnhof Zürich"},
		{"écoles à Lyon", "écoles", "Lyon"},
		{"École près de Montmartre", "École", "Montmartre"},
		{"pharmacie autour de Nantes", "pharmacie", "Nantes"},
		{"boulangeries dans le Marais", "boulangeries", "le Marais"},
		{"hôpital près du Louvre", "hôpital", "Louvre"},
		{"Restaurants au Mans", "Restaurants", "Mans"},
		{"parcs à proximité de Bordeaux", "parcs", "Bordeaux"},
		{"escuelas en Madrid", "escuelas", "Madrid"},
		{"Hospital cerca de Sevilla", "Hospital", "Sevilla"},
		{"farmacias cerca del Retiro", "farmacias", "Retiro"},
		{"restaurantes alrededor de Plaza Mayor", "restaurantes", "Plaza Mayor"},
		{"Iglesias en Toledo", "Iglesias", "Toledo"},
		{"scuole a Firenze", "scuole", "Firenze"},
		{"Ristoranti vicino al Duomo", "Ristoranti", "Duomo"},
		{"ospedale nei pressi di Siena", "ospedale", "Siena"},
		{"chiese in Toscana", "chiese", "Toscana"},
		{"Farmacia presso Termini", "Farmacia", "Termini"},
		{"Banepa 的学校", "学校", "Banepa"},
		{"班巴的学校", "学校", "班巴"},
		{"旧金山附近的餐馆", "餐馆", "旧金山"},
		{"北京附近医院", "医院", "北京"},
		{"在上海的公园", "公园", "上海"},
		{"人民广场周边的咖啡馆", "咖啡馆", "人民广场"},
		{"天安门旁边的酒店", "酒店", "天安门"},

		// Names, and kinds of places, stay whole.
		{"school", "school", ""},
		{"Inn at the Park", "Inn at the Park", ""},
		{"Frankfurt am Main", "Frankfurt am Main", ""},
		{"Santa Maria in Trastevere", "Santa Maria in Trastevere", ""},
		{"Stratford-upon-Avon", "Stratford-upon-Avon", ""},
		{"Notre-Dame de Paris", "Notre-Dame de Paris", ""},
		{"Man in the Moon", "Man in the Moon", ""},
		{"Saint-Denis en Val", "Saint-Denis en Val", ""},
		{"Bagmati English Secondary School", "Bagmati English Secondary School", ""},
		{"places to eat", "places to eat", ""},
		{"schools in", "schools in", ""},
		{"in Banepa", "in Banepa", ""},
		{"places of worship", "places of worship", ""},
		{"北京第四中学", "北京第四中学", ""},
		{"美的空调", "美的空调", ""},
		{"Pier 39", "Pier 39", ""},
		{"350 Mission Street", "350 Mission Street", ""},
		{"", "", ""},
	}
	if len(tests) < 60 {
		t.Errorf("only %d phrases", len(tests))
	}
	for _, tt := range tests {
		if what, where := Split(tt.phrase); what != tt.what || where != tt.where {
			t.Errorf("Split(%q) = %q, %q; want %q, %q", tt.phrase, what, where, tt.what, tt.where)
		}
	}
}

// listed are entries that a test has made up.
type listed []Entry

func (l listed) Version() (string, error) { return "listed", nil }

func (l listed) Entries(_ context.Context, each func(Entry) error) error {
	for _, e := range l {
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func node(id int64, lon, lat float64, tags ...string) Entry {
	e := Entry{Type: "node", ID: id, Tags: map[string]string{}, Geometry: orb.Point{lon, lat}}
	for i := 0; i < len(tags); i += 2 {
		e.Tags[tags[i]] = tags[i+1]
	}
	return e
}

var world = listed{
	node(1, 85.52, 27.63, "name", "Banepa", "name:ne", "बनेपा", "name:zh", "班巴", "place", "town", "alt_name", "Bhonta"),
	node(2, 85.521, 27.631, "name", "Bagmati English Secondary School", "amenity", "school"),
	node(3, -1.2, 51.7, "name", "Church in the Wood", "amenity", "place_of_worship"),
	node(4, -1.3, 51.8, "name", "Wood", "place", "village"),
	node(5, 116.4, 39.9, "name", "北京第四中学", "amenity", "school"),
	node(6, 37.6, 55.75, "name", "Московский вокзал", "railway", "station"),
	node(7, 31.2, 30.0, "name", "مدرسة النيل", "amenity", "school"),
	node(8, 8.54, 47.37, "name", "Bahnhofstraße", "highway", "residential"),
	node(9, 8.55, 47.36, "name", "Café Zürich", "amenity", "cafe", "addr:housenumber", "12", "addr:street", "Seeweg", "addr:country", "CH"),
	node(10, 8.53, 47.38, "name", "Zürich", "place", "city", "old_name", "Turicum"),
	node(11, 13.4, 52.5, "name", "Springfield", "place", "village"),
	node(12, -72.6, 42.1, "name", "Springfield", "place", "city", "wikidata", "Q49158"),
}

func TestFind(t *testing.T) {
	x := opened(t, world)
	tests := []struct {
		query string
		first int64
	}{
		{"Banepa", 1}, {"banpea", 1}, {"बनेपा", 1}, {"班巴", 1}, {"bhonta", 1}, {"第四中学", 5}, {"北京", 5}, {"московскии вокзал", 6}, {"Московский вакзал", 6},
		{"مدرسه النيل", 7}, {"bahnhofstrasse", 8}, {"BAHNHOFSTR", 8}, {"cafe zurich", 9}, {"Seeweg 12", 9}, {"12 seeweg, zürich", 9}, {"turicum", 10},
		{"springfield", 12}, {"bagmati school", 2}, {"secondary bagmati", 2}, {"Bagmati English Banepa", 2},
	}
	for _, tt := range tests {
		found, err := x.Find(context.Background(), Query{Text: tt.query})
		if err != nil {
			t.Error(err)
		} else if len(found) == 0 || found[0].ID != tt.first {
			t.Errorf("Find(%q) = %v, want node %d first", tt.query, ids(found), tt.first)
		}
	}
	near, _ := x.Find(context.Background(), Query{Text: "Springfield", Focus: &orb.Point{13.41, 52.51}})
	if len(near) != 2 || near[0].ID != 11 {
		t.Errorf("near Berlin: %v", ids(near))
	}
	box := orb.Bound{Min: orb.Point{13, 52}, Max: orb.Point{14, 53}}
	if in, _ := x.Find(context.Background(), Query{Text: "Springfield", Viewbox: &box, Bounded: true}); len(in) != 1 || in[0].ID != 11 {
		t.Errorf("within Berlin: %v", ids(in))
	}
	if none, err := x.Find(context.Background(), Query{Text: "Seeweg 12", Countries: []string{"de"}}); err != nil || len(none) != 0 {
		t.Errorf("in Germany: %v, %v", ids(none), err)
	}
	for _, q := range []Query{{Text: string(make([]byte, MaxQuery+1))}, {Text: "x\xff"}, {Text: "x", Limit: MaxLimit + 1}} {
		if _, err := x.Find(context.Background(), q); !errors.Is(err, ErrQuery) {
			t.Errorf("Find(%.10q) is %v", q.Text, err)
		}
	}
}

func ids(found []Place) (out []int64) {
	for _, p := range found {
		out = append(out, p.ID)
	}
	return out
}

func TestResolve(t *testing.T) {
	x := opened(t, world)
	tests := []struct {
		phrase, what, where string
		place               int64
	}{
		{"schools in Banepa", "schools", "Banepa", 1},
		{"schools in Bnaepa", "schools", "Bnaepa", 1},
		{"班巴的学校", "学校", "班巴", 1},
		{"Schule near Bahnhofstraße", "Schule", "Bahnhofstraße", 8},
		{"Church in the Wood", "Church in the Wood", "", 0},
		{"churches in Wood", "churches", "Wood", 4},
		{"schools in Atlantis", "schools in Atlantis", "", 0},
		{"hospital 27.63,85.52", "hospital", "27.63,85.52", 0},
	}
	for _, tt := range tests {
		r, err := x.Resolve(context.Background(), tt.phrase, nil)
		if err != nil || r.What != tt.what || r.Where != tt.where {
			t.Errorf("Resolve(%q) = %q, %q, %v", tt.phrase, r.What, r.Where, err)
		}
		if (r.Place == nil) != (tt.place == 0) || r.Place != nil && r.Place.ID != tt.place {
			t.Errorf("Resolve(%q) is at %v", tt.phrase, r.Place)
		}
		if r.Where != "" && !r.Bound.Contains(r.Bound.Center()) || r.Where != "" && r.Bound.Min == r.Bound.Max {
			t.Errorf("Resolve(%q) looks in %v", tt.phrase, r.Bound)
		}
	}
	if _, err := x.Resolve(context.Background(), "hospital 97.63,85.52", nil); !errors.Is(err, ErrQuery) {
		t.Errorf("latitude 97 is %v", err)
	}
}
