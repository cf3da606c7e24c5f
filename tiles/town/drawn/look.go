package drawn

import (
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/tiles/carto"
	"github.com/precinct-map/precinct/tiles/osm"
	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

// look is how a kind of ground is painted.
type look struct {
	mat    plan.Mat
	rank   int    // what lies above what: land 0, yards 1, reserves 2, places' grounds 3, parks 4, woods 5, lawns 6, car parks 7, pitches 8
	cover  growth // what grows there
	what   string // of plan.Furnish, or "oval"
	ragged bool
	pier   bool
	campus bool // with yards and courts among its buildings
}

// The looks of land by carto's class, and of places by the taxonomy's. A place's ground is painted as such ground is; what the
// map knows in it, pitches, car parks, lawns and buildings, is painted over.
var (
	lands = map[string]look{
		"commercial": {mat: plan.Concrete, cover: sparse, ragged: true}, "industrial": {mat: plan.Gravel, cover: sparse, ragged: true},
		"farmland": {mat: plan.Crop, cover: clear}, "sand": {mat: plan.Sand, cover: clear, ragged: true},
	}
	greens = map[string]look{
		"wood": {mat: plan.Forest, rank: 5, cover: wood, ragged: true}, "grass": {mat: plan.Lawn, rank: 6, cover: sparse, ragged: true},
		"garden": {mat: plan.Garden, rank: 6, cover: garden, ragged: true}, "park": {mat: plan.Lawn, rank: 4, cover: park, ragged: true},
	}
	lawnLook   = look{mat: plan.Lawn, rank: 3, cover: sparse, ragged: true}
	campusLook = look{mat: plan.Lawn, rank: 3, cover: sparse, ragged: true, campus: true}
	pavedLook  = look{mat: plan.Paving, rank: 3, cover: sparse, ragged: true}
	hardLook   = look{mat: plan.Concrete, rank: 3, cover: sparse, ragged: true}
	tarLook    = look{mat: plan.Asphalt, rank: 3, cover: sparse, ragged: true}
	soilLook   = look{mat: plan.Soil, rank: 3, cover: clear, ragged: true}
	parkLook   = look{mat: plan.Lawn, rank: 4, cover: park, ragged: true}
	placeLooks = map[string]look{
		"school": campusLook, "kindergarten": campusLook, "university": campusLook, "college": campusLook,
		"hospital": hardLook, "clinic": hardLook, "nursing_home": lawnLook, "library": pavedLook, "townhall": pavedLook, "museum": pavedLook,
		"parking": {mat: plan.Asphalt, rank: 7, cover: hard, what: "parking"}, "park": parkLook, "nature_reserve": {mat: plan.Lawn, rank: 2, cover: park}, "zoo": parkLook,
		"theme_park": parkLook, "camp_site": parkLook, "golf": {mat: plan.Lawn, rank: 4, cover: garden, ragged: true},
		"garden":        {mat: plan.Garden, rank: 4, cover: garden, ragged: true},
		"cemetery":      {mat: plan.Lawn, rank: 3, cover: sparse, what: "graves", ragged: true},
		"playground":    {mat: plan.Rubber, rank: 5, cover: clear, what: "playground", ragged: true},
		"swimming_pool": {mat: plan.Pool, rank: 9, cover: hard}, "stadium": hardLook, "sports_centre": lawnLook,
		"station": hardLook, "railway_yard": {mat: plan.Gravel, rank: 0, cover: sparse, ragged: true}, "bus_station": tarLook, "fuel": tarLook,
		"car_dealer": tarLook, "marketplace": pavedLook, "mall": tarLook, "supermarket": tarLook, "hotel": pavedLook, "conference": pavedLook,
		"industrial": {mat: plan.Concrete, rank: 0, cover: sparse, ragged: true}, "factory": hardLook, "warehouse": hardLook, "power": {mat: plan.Gravel, rank: 3, cover: clear},
		"water_works": hardLook, "landfill": soilLook, "quarry": soilLook, "construction": soilLook, "farm": soilLook,
		"church": pavedLook, "temple": pavedLook, "mosque": pavedLook, "synagogue": pavedLook, "place_of_worship": pavedLook,
		"helipad": {mat: plan.Concrete, rank: 7, cover: hard}, "police": tarLook, "fire_station": tarLook, "prison": hardLook,
		"ferry": {pier: true}, "shop": {mat: plan.Concrete, cover: sparse, ragged: true},
	}
)

// lookOf says how an area's ground is painted, if it is.
func lookOf(e *osm.Element) (look, bool) {
	var l look
	ok := false
	switch e.Kind {
	case carto.Land:
		l, ok = lands[e.Class]
	case carto.Green:
		if l, ok = greens[e.Class]; !ok {
			l, ok = greens["grass"], true
		}
		if e.Tags["landuse"] == "recreation_ground" || e.Tags["natural"] == "scrub" || e.Tags["natural"] == "heath" {
			l.cover = scrub
		}
	case carto.Ground:
		if e.Class == "sports_pitch" {
			return pitchLook(e.Tags), true
		}
		if l, ok = placeLooks[e.Class]; l.pier {
			ok = e.Tags["man_made"] == "pier"
		}
		switch e.Tags["parking"] {
		case "underground", "multi-storey", "rooftop", "garage":
			ok = false
		}
	case carto.Road:
		l, ok = pavedLook, true
		l.rank, l.ragged = 6, false
	}
	return l, ok
}

// pitchLook goes by the sport.
func pitchLook(tags map[string]string) look {
	l := look{mat: plan.Turf, rank: 8, cover: hard, what: "pitch"}
	switch tags["sport"] {
	case "tennis", "basketball", "volleyball", "badminton", "handball", "netball", "pickleball", "paddle_tennis", "padel", "futsal", "multi":
		l.mat, l.what = plan.Concrete, "court"
	case "baseball", "softball", "cricket", "golf", "equestrian", "archery":
		l.what = ""
	case "beachvolleyball":
		l.mat, l.what = plan.Sand, ""
	case "skateboard", "bmx", "boules", "bocce", "bowls", "petanque":
		l.mat, l.what = plan.Gravel, ""
	case "running", "athletics":
		l.what = "track"
	}
	if tags["leisure"] == "track" {
		l.mat, l.what = plan.Track, "oval"
	}
	return l
}

// blurs are the classes by which the painter knows what ground looks like from afar; blurOf points into them.
var blurs = [...]plan.Place{{Class: "park"}, {Class: "school"}, {Class: "farm"}, {Class: "parking"}}

func blurOf(m plan.Mat) (fill plan.Fill, place int) {
	switch m {
	case plan.Lawn, plan.Turf:
		return 0, 0
	case plan.Garden:
		return plan.Houses, -1
	case plan.Forest:
		return plan.Woods, -1
	case plan.Crop:
		return plan.Fields, -1
	case plan.Soil, plan.Sand, plan.Gravel:
		return 0, 2
	}
	return 0, 3
}

// region is how people build and settle somewhere.
type region struct {
	halls   bool         // large roofs are tiled too
	pitched float64      // share of small houses with a pitched roof
	largest float64      // square metres of the largest pitched roof
	tiles   []plan.Paint // of pitched roofs
	flat    []plan.Paint
	yards   []plan.Mat
	street  float64 // width of a residential street in metres
}

var (
	american = region{
		false, 0.42, 330, []plan.Paint{plan.TileBrown, plan.Slate, plan.Grey, plan.Dark, plan.Grey, plan.Rust},
		[]plan.Paint{plan.Grey, plan.Light, plan.Beige, plan.White, plan.Light, plan.Grey, plan.Dark, plan.Beige},
		[]plan.Mat{plan.Garden, plan.Lawn, plan.Garden, plan.Concrete, plan.Garden, plan.Lawn, plan.Paving, plan.Soil}, 11,
	}
	european = region{
		true, 0.92, 2600, []plan.Paint{plan.TileRed, plan.TileBrown, plan.TileRed, plan.Rust, plan.TileBrown},
		[]plan.Paint{plan.Grey, plan.Light, plan.Beige, plan.Rust},
		[]plan.Mat{plan.Garden, plan.Paving, plan.Garden, plan.Lawn, plan.Gravel, plan.Concrete}, 7,
	}
	elsewhere = region{
		false, 0.3, 260, []plan.Paint{plan.TileBrown, plan.Rust, plan.TileRed, plan.Blue, plan.Grey},
		[]plan.Paint{plan.Grey, plan.Light, plan.Beige, plan.White, plan.Rust, plan.Grey},
		[]plan.Mat{plan.Garden, plan.Soil, plan.Concrete, plan.Garden, plan.Paving, plan.Lawn}, 7.5,
	}
)

// regionOf is coarse: where roofs are of tiles, and where streets are wide.
func regionOf(p orb.Point) *region {
	switch {
	case p[0] > -11 && p[0] < 40 && p[1] > 35 && p[1] < 71:
		return &european
	case p[0] < -50 && p[1] > 13:
		return &american
	}
	return &elsewhere
}
