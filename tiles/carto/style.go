package carto

import (
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomonobold"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// look is what tells one style from another.
type look struct {
	paper     color.NRGBA
	areas     []area // bottom first; what none of them names is not drawn
	roads     map[tone]colours
	path      color.NRGBA
	rail      color.NRGBA
	ink       color.NRGBA            // place names
	streetInk color.NRGBA            // street names
	halo      color.NRGBA            // around both
	symbols   map[string]color.NRGBA // by function, "" for all others
	square    bool                   // symbols are squares instead of pictures on discs
	font      []byte
}

// area is how one class of polygons is drawn; class "" stands for all of the kind that are not named.
type area struct {
	kind     Kind
	class    string
	fill     color.NRGBA
	edge     color.NRGBA // none when transparent
	zoom     int         // drawn from here on
	edgeZoom int
}

type colours struct{ fill, casing color.NRGBA }

func (c colours) pick(casing bool) color.NRGBA {
	if casing {
		return c.casing
	}
	return c.fill
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// areaOf finds the layer of a polygon: by its class, else by its class's function, else by its kind.
func (l *look) areaOf(f *Feature, zoom int) (int, bool) {
	if f.Kind == Building && f.Class != "" && !l.showsPlaces() {
		return 0, false
	}
	function := ""
	if f.Kind == Ground {
		class, _ := taxonomy.ByID(f.Class)
		function = class.Function
	}
	best, found := 0, false
	for i, a := range l.areas {
		if a.kind != f.Kind || zoom < a.zoom {
			continue
		}
		if a.class == f.Class {
			return i, true
		}
		if a.class == function || a.class == "" && !found {
			best, found = i, true
		}
	}
	return best, found
}

// showsPlaces says whether the style draws the outlines of places.
func (l *look) showsPlaces() bool {
	for _, a := range l.areas {
		if a.kind == Ground {
			return true
		}
	}
	return false
}

func (l *look) water() color.NRGBA {
	for _, a := range l.areas {
		if a.kind == Water {
			return a.fill
		}
	}
	return color.NRGBA{}
}

func lookNamed(name string) (look, bool) {
	switch name {
	case "basic":
		return basic(), true
	case "basic-b":
		return basicB(), true
	case "full":
		return fullLook(), true
	}
	return look{}, false
}

func basic() look {
	return look{
		paper: rgb(0xf4f3ef),
		areas: []area{
			{kind: Water, fill: rgb(0xbcd9ea)},
			{kind: Road, fill: rgb(0xffffff), edge: rgb(0xd6d2ca), zoom: buildingZoom, edgeZoom: 16},
			{kind: Building, fill: rgb(0xe2ddd5), edge: rgb(0xcdc6bb), zoom: buildingZoom, edgeZoom: 16},
		},
		roads: map[tone]colours{
			toneMotorway:  {rgb(0xf7c08a), rgb(0xd99a5e)},
			toneMain:      {rgb(0xfde3a3), rgb(0xd9bd76)},
			toneSecondary: {rgb(0xfff4cf), rgb(0xd5c898)},
			toneStreet:    {rgb(0xffffff), rgb(0xcfcac1)},
			toneService:   {rgb(0xfcfbf9), rgb(0xd8d4cc)},
		},
		path: rgb(0xc3b8a8), rail: rgb(0xb0adaa),
		ink: rgb(0x33322f), streetInk: rgb(0x77726a), halo: rgb(0xfdfcfa),
		symbols: symbolColours(), font: gomedium.TTF,
	}
}

// basicB shows what basic shows, in other colours, symbols and letters: a model that learnt one map should read another.
func basicB() look {
	return look{
		paper: rgb(0xe6ebee),
		areas: []area{
			{kind: Water, fill: rgb(0x8fb9cf)},
			{kind: Road, fill: rgb(0xfafcfc), edge: rgb(0xb3bec7), zoom: buildingZoom, edgeZoom: 16},
			{kind: Building, fill: rgb(0xcbd5dc), edge: rgb(0x9fb0bd), zoom: buildingZoom, edgeZoom: 15},
		},
		roads: map[tone]colours{
			toneMotorway:  {rgb(0x8f9fd6), rgb(0x5d6fae)},
			toneMain:      {rgb(0xb9c4ea), rgb(0x8190c4)},
			toneSecondary: {rgb(0xdbe1f5), rgb(0x9fabcf)},
			toneStreet:    {rgb(0xfafcfc), rgb(0xaab6bf)},
			toneService:   {rgb(0xf3f6f7), rgb(0xbcc6cd)},
		},
		path: rgb(0xa08f8f), rail: rgb(0x7d8790),
		ink: rgb(0x1d2b53), streetInk: rgb(0x5b6770), halo: rgb(0xf1f5f7),
		symbols: map[string]color.NRGBA{"": rgb(0x7a2e4d), "medical": rgb(0x0b7a75), "educational": rgb(0x2f4b9b), "leisure": rgb(0x4c7a1f)},
		square:  true, font: gomonobold.TTF,
	}
}

func fullLook() look {
	l := basic()
	l.paper = rgb(0xf5f2ec)
	l.areas = []area{
		{kind: Land, fill: rgb(0xefece5)},
		{kind: Land, class: "farmland", fill: rgb(0xf0f0dc)},
		{kind: Land, class: "commercial", fill: rgb(0xf5eae2)},
		{kind: Land, class: "industrial", fill: rgb(0xe9e6ea)},
		{kind: Land, class: "sand", fill: rgb(0xf6ecd0)},
		{kind: Ground, fill: rgb(0xeeebe4), edge: rgb(0xddd7ca), edgeZoom: 15},
		{kind: Ground, class: "commercial", fill: rgb(0xf8ebdd), edge: rgb(0xe6d2bb), edgeZoom: 15},
		{kind: Ground, class: "residential", fill: rgb(0xefece5)},
		{kind: Ground, class: "industrial", fill: rgb(0xe9e6ea), edge: rgb(0xd6d1d9), edgeZoom: 15},
		{kind: Ground, class: "educational", fill: rgb(0xf8f0cf), edge: rgb(0xe2d5a0), edgeZoom: 14},
		{kind: Ground, class: "medical", fill: rgb(0xfae3e0), edge: rgb(0xeac2bd), edgeZoom: 14},
		{kind: Ground, class: "cultural", fill: rgb(0xeee6f0), edge: rgb(0xd8cbdc), edgeZoom: 15},
		{kind: Ground, class: "leisure", fill: rgb(0xd9efcb), edge: rgb(0xbddbab), edgeZoom: 15},
		{kind: Green, fill: rgb(0xd8edc6)},
		{kind: Green, class: "cemetery", fill: rgb(0xd3e2cc)},
		{kind: Green, class: "park", fill: rgb(0xcfe9bf)},
		{kind: Green, class: "grass", fill: rgb(0xd8eec5)},
		{kind: Green, class: "garden", fill: rgb(0xcae6b8)},
		{kind: Green, class: "wood", fill: rgb(0xb9dba6)},
		{kind: Ground, class: "playground", fill: rgb(0xd6ecd9), edge: rgb(0xb2d4b8), edgeZoom: 16},
		{kind: Ground, class: "sports_pitch", fill: rgb(0xb5dfb4), edge: rgb(0x93c594), edgeZoom: 15},
		{kind: Water, fill: rgb(0xa9d3ec)},
		{kind: Ground, class: "ferry", fill: rgb(0xefebe3), edge: rgb(0xd3ccc0), edgeZoom: 15},
		{kind: Ground, class: "swimming_pool", fill: rgb(0xa9d3ec), edge: rgb(0x86b9d8), edgeZoom: 15},
		{kind: Ground, class: "parking", fill: rgb(0xebebee), edge: rgb(0xd3d3d9), edgeZoom: 15},
		{kind: Road, fill: rgb(0xfdfcfa), edge: rgb(0xd6d2ca), zoom: buildingZoom, edgeZoom: 16},
		{kind: Building, fill: rgb(0xe3dbd0), edge: rgb(0xc9beb0), zoom: buildingZoom, edgeZoom: 15},
	}
	return l
}

func symbolColours() map[string]color.NRGBA {
	return map[string]color.NRGBA{
		"educational": rgb(0xb57a12), "medical": rgb(0xd0433c), "commercial": rgb(0xd97732), "residential": rgb(0x8b7d6b),
		"industrial": rgb(0x77708c), "transportation": rgb(0x3f7fc4), "public_service": rgb(0x4d6a8f), "business_office": rgb(0x6d7f8c),
		"cultural": rgb(0x8a5ba6), "leisure": rgb(0x3f9a4e), "": rgb(0x80786e),
	}
}

const (
	buildingZoom = 14
	railZoom     = 12
)

// tone is how streets of some classes look.
type tone int

const (
	toneService tone = iota
	toneStreet
	toneSecondary
	toneMain
	toneMotorway
)

// road is a class of street: its width in lattice pixels at zoom 17, and the zooms from which it and its name are shown.
type road struct {
	class    string
	width    float64
	zoom     int
	nameZoom int
	tone     tone
}

// roads lists the classes, the least important first: the later ones are drawn above.
var roads = [...]road{
	{"service", 4, 15, 18, toneService},
	{"pedestrian", 5.5, 14, 17, toneService},
	{"living_street", 5.5, 13, 17, toneStreet},
	{"residential", 7, 13, 16, toneStreet},
	{"unclassified", 7, 13, 16, toneStreet},
	{"tertiary", 8.5, 11, 15, toneStreet},
	{"secondary", 9.5, 10, 15, toneSecondary},
	{"primary", 10.5, 8, 14, toneMain},
	{"trunk", 11, 6, 14, toneMain},
	{"motorway", 12, 5, 14, toneMotorway},
}

// roadRank is the class's place in roads; an unknown class is a residential street.
func roadRank(class string) int {
	class = strings.TrimSuffix(class, "_link")
	for i, r := range roads {
		if r.class == class {
			return i
		}
	}
	return 3
}

// roadWidth is in lattice pixels, without the casing.
func roadWidth(class string, zoom int) float64 {
	w := roads[roadRank(class)].width
	if strings.HasSuffix(class, "_link") {
		w *= 0.65
	}
	return widthAt(w, zoom)
}

// widthAt is the width at a zoom of a line that is so wide at zoom 17. It grows slower than the ground, that streets neither
// vanish below nor fill the picture above.
func widthAt(at17 float64, zoom int) float64 {
	return min(2*LinePad-4, max(0.8, at17*math.Pow(1.6, float64(zoom-17))))
}

// casingWidth is what both edges of a street add to it, in lattice pixels.
func casingWidth(zoom int) float64 {
	switch {
	case zoom < 14:
		return 0.8
	case zoom < 17:
		return 1.4
	}
	return 2
}

func pathZoom(class string) int {
	if class == "track" || class == "cycleway" {
		return 15
	}
	return 16
}
