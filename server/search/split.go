package search

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// Where words stand between what is sought and where. Strong ones always part a phrase; weak ones are part of many names, as
// in "Frankfurt am Main", and part it only after a word that names a kind of place, or a small letter. Longer ones come first.
var (
	strong = []string{
		"in the vicinity of", "in the neighbourhood of", "in the neighborhood of", "in the area of", "not far from", "close to", "next to", "adjacent to",
		"nearby", "near to", "near", "around", "within", "inside",
		"in der nähe von", "in der nähe der", "in der nähe des", "in der nähe vom", "in der naehe von", "in der umgebung von", "nahe bei", "nahe der", "nahe dem", "nahe", "rund um", "unweit von",
		"à proximité de", "a proximite de", "aux alentours de", "autour de la", "autour du", "autour de", "près de la", "près du", "près de l'", "près des", "près de", "pres de",
		"cerca de la", "cerca del", "cerca de", "alrededor de", "junto a", "en las cercanías de", "próximo a",
		"vicino alla", "vicino alle", "vicino al", "vicino all'", "vicino a", "nei pressi di", "nei dintorni di", "intorno a", "attorno a", "presso",
	}
	weak = []string{"in", "at", "by", "on", "along", "im", "bei", "beim", "am", "um", "à", "au", "aux", "dans", "en", "sur", "a", "nel", "nella", "nello", "ad", "sulla"}

	hanNear = []string{"附近的", "周边的", "周围的", "旁边的", "附近", "周边", "周围", "旁边"}
	hanIn   = []string{"里面的", "里的", "内的", "中的", "的"}

	number = `[-+]?\d{1,3}(?:\.\d+)?`
	// coordinates stand last, latitude first, as people copy them; four numbers are W,S,E,N.
	coordinates = regexp.MustCompile(`^(.*?)[\s,@]*((?:` + number + `\s*,\s*){3}` + number + `|[-+]?\d{1,2}\.\d+\s*[,;\s]\s*[-+]?\d{1,3}\.\d+)\s*$`)
)

// foreign words for what OpenStreetMap's extracts hold most; the taxonomy has English and Chinese. Singular and plural.
var foreign = map[string]string{
	"schule": "school", "schulen": "school", "grundschule": "school", "krankenhaus": "hospital", "krankenhäuser": "hospital", "apotheke": "pharmacy", "apotheken": "pharmacy",
	"bäckerei": "bakery", "bäckereien": "bakery", "kirche": "church", "kirchen": "church", "spielplatz": "playground", "spielplätze": "playground",
	"parkplatz": "parking", "parkplätze": "parking", "bahnhof": "train station", "supermärkte": "supermarket", "supermarkt": "supermarket", "kindergärten": "kindergarten",
	"gaststätte": "restaurant", "gaststätten": "restaurant", "bibliothek": "library", "bücherei": "library", "tankstelle": "fuel", "tankstellen": "fuel",
	"école": "school", "écoles": "school", "hôpital": "hospital", "hôpitaux": "hospital", "pharmacie": "pharmacy", "pharmacies": "pharmacy", "boulangerie": "bakery",
	"boulangeries": "bakery", "église": "church", "églises": "church", "gare": "train station", "parc": "park", "parcs": "park", "bibliothèque": "library",
	"supermarché": "supermarket", "supermarchés": "supermarket", "mairie": "townhall", "hôtel": "hotel", "hôtels": "hotel", "aire de jeux": "playground",
	"escuela": "school", "escuelas": "school", "colegio": "school", "colegios": "school", "farmacia": "pharmacy", "farmacias": "pharmacy", "panadería": "bakery",
	"panaderías": "bakery", "iglesia": "church", "iglesias": "church", "restaurante": "restaurant", "restaurantes": "restaurant", "parque": "park", "parques": "park",
	"biblioteca": "library", "bibliotecas": "library", "hospitales": "hospital", "supermercado": "supermarket", "supermercados": "supermarket", "hoteles": "hotel",
	"scuola": "school", "scuole": "school", "ospedale": "hospital", "ospedali": "hospital", "farmacie": "pharmacy", "panificio": "bakery", "chiesa": "church",
	"chiese": "church", "ristorante": "restaurant", "ristoranti": "restaurant", "parco": "park", "parchi": "park", "stazione": "train station", "alberghi": "hotel",
	"albergo": "hotel", "supermercati": "supermarket", "biblioteche": "library",
}

var foreignFolded = func() map[string]string {
	out := map[string]string{}
	for k, v := range foreign {
		out[fold(k)] = v
	}
	return out
}()

// Meaning is what a word asks for, also in German, French, Spanish and Italian; of tier name when it names no kind of place.
func Meaning(what string) taxonomy.Meaning {
	if w, ok := foreignFolded[fold(what)]; ok {
		return taxonomy.Match(w)
	}
	return taxonomy.Match(what)
}

// kind says whether a word names a kind of place.
func kind(what string) bool { return Meaning(what).Tier != taxonomy.TierName }

// Split parts a phrase into what is sought and where: a name, "lat,lon" or "W,S,E,N". where is "" when the phrase is one thing.
// It knows no names: Index.Resolve does.
func Split(phrase string) (what, where string) {
	whole := strings.Join(strings.Fields(phrase), " ")
	if m := coordinates.FindStringSubmatch(whole); m != nil {
		what = strings.TrimRight(m[1], " ,@")
		return trimStrong(what), m[2]
	}
	if what, where = splitHan(whole); where != "" {
		return what, where
	}
	if what, where = at(whole, strong); what != "" && where != "" && (named(where) || !small(where)) { // "near City Hall" is some city's
		return what, where
	}
	if what, where = at(whole, weak); what != "" && where != "" && named(where) && (kind(what) || small(what)) {
		return what, where
	}
	return whole, ""
}

// named refuses a place that is only a kind of place: "Inn at the Park" is a name.
func named(where string) bool { return !kind(where) }

// small says whether a phrase begins with a small letter, as names do not.
func small(s string) bool {
	for _, r := range s {
		return unicode.IsLower(r)
	}
	return false
}

// at parts a phrase at the first of the words between.
func at(phrase string, between []string) (before, after string) {
	low := strings.ToLower(phrase)
	if len(low) != len(phrase) {
		return "", "" // a letter whose small form is longer: positions would be wrong
	}
	first, length := -1, 0
	for _, b := range between {
		needle := " " + b
		if !strings.HasSuffix(b, "'") {
			needle += " "
		}
		if i := strings.Index(low, needle); i >= 0 && (first < 0 || i < first || i == first && len(needle) > length) {
			first, length = i, len(needle)
		}
	}
	if first < 0 {
		return "", ""
	}
	return strings.TrimSpace(phrase[:first]), strings.TrimSpace(phrase[first+length:])
}

// trimStrong takes the word before coordinates away: "hospital near 27.63,85.52".
func trimStrong(s string) string {
	low := strings.ToLower(s)
	for _, list := range [][]string{strong, weak} {
		for _, b := range list {
			if len(low) == len(s) && strings.HasSuffix(low, " "+b) {
				return strings.TrimSpace(s[:len(s)-len(b)])
			}
		}
	}
	for _, b := range append(hanNear, hanIn...) {
		s = strings.TrimSuffix(s, b)
	}
	return s
}

// splitHan reads Chinese, where the place comes first: "Banepa 的学校", "旧金山附近的餐馆", "在北京的医院".
func splitHan(phrase string) (what, where string) {
	for _, list := range [][]string{hanNear, hanIn} {
		for _, b := range list {
			before, after, ok := strings.Cut(phrase, b)
			before = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(before), "在"))
			after = strings.TrimSpace(after)
			if !ok || before == "" || after == "" || kind(before) {
				continue
			}
			if kind(after) || list[0] == hanNear[0] && b != "" {
				return after, before
			}
		}
	}
	return "", ""
}
