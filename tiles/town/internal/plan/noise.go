package plan

import "math"

// CellSize is the edge of a cell in the plan's metres; a metre is 8 pixels of zoom 20, at every latitude, so that the town
// looks alike everywhere. It is a metre on the ground at 33° north and south.
const CellSize = 512

// UnitsPerMetre is the precision of everything planned: one pixel of zoom 20.
const UnitsPerMetre = 8

// Around is the number of cells around the world. Fields repeat after it, so the antimeridian is no seam.
const Around = 1 << 16

// noise is smooth value noise on a lattice whose step is a power of two metres.
type noise struct {
	seed uint64
	step float64
}

// at is in [0, 1]. Coordinates are metres from the world's north-west corner; they may lie past its edges.
func (n noise) at(x, y float64) float64 {
	gx, gy := x/n.step, y/n.step
	fx, fy := math.Floor(gx), math.Floor(gy)
	mask := int(CellSize*Around/n.step) - 1
	ix, iy := int(fx), int(fy)
	a, b := n.corner(ix&mask, iy&mask), n.corner((ix+1)&mask, iy&mask)
	c, d := n.corner(ix&mask, (iy+1)&mask), n.corner((ix+1)&mask, (iy+1)&mask)
	u, v := fade(gx-fx), fade(gy-fy)
	top, bottom := a+(b-a)*u, c+(d-c)*u
	return top + (bottom-top)*v
}

func (n noise) corner(ix, iy int) float64 { return float64(Hash(n.seed, 0, ix, iy)>>11) / (1 << 53) }

// fade is Perlin's quintic (Improving noise, 2002): its second derivative is continuous, so nothing shows the lattice.
func fade(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

// fields are the smooth functions of place that everything else follows.
type fields struct {
	homeX, homeY                   float64
	bendX, bendY, swayX, swayY     noise
	dense, dense2, trade           noise
	river, riverFine, lake, lakeIn noise
	twistX, twistY, grove, thicket noise
	age, wigX, wigY, railX, railY  noise
	railOff                        [2]float64 // where the railways pass home
}

func newFields(seed uint64, homeX, homeY float64) fields {
	n := func(purpose uint64, step float64) noise { return noise{Hash(seed, 100+purpose, 0, 0), step} }
	off := newRand(Hash(seed, 99, 0, 0))
	return fields{
		age: n(15, 2048), wigX: n(16, 256), wigY: n(17, 256), railX: n(18, 4096), railY: n(19, 4096),
		railOff: [2]float64{off.between(750, 1100), off.between(-2600, -1800)},
		homeX:   homeX, homeY: homeY,
		bendX: n(0, 1024), bendY: n(1, 1024), swayX: n(2, 512), swayY: n(3, 512),
		dense: n(4, 4096), dense2: n(5, 1024), trade: n(6, 1024),
		river: n(7, 4096), riverFine: n(8, 512), lake: n(9, 2048), lakeIn: n(10, 256),
		twistX: n(11, 2048), twistY: n(12, 2048), grove: n(13, 64), thicket: n(14, 32),
	}
}

// reach is how far a cell's streets and grounds may lie outside of its square, in metres: the jitter of its corners, the
// warp, half a street, and the shadow of a tall building.
const reach = jitter + bend + sway + wiggle + overhang

const (
	jitter = 72.0
	bend   = 46.0
	sway   = 20.0
	wiggle = 17.0

	overhang = 40.0 // of what stands on a piece of ground: the shadows of towers, mostly
)

// warp bends the plane, so that streets planned straight run in curves, in old quarters in tighter ones. Its slope stays below two
// thirds: nothing folds over.
func (f *fields) warp(x, y float64) (float64, float64) {
	dx := bend*(2*f.bendX.at(x, y)-1) + sway*(2*f.swayX.at(x, y)-1)
	dy := bend*(2*f.bendY.at(x, y)-1) + sway*(2*f.swayY.at(x, y)-1)
	if old := f.old(x, y); old > 0 {
		dx += old * wiggle * (2*f.wigX.at(x, y) - 1)
		dy += old * wiggle * (2*f.wigY.at(x, y) - 1)
	}
	return x + dx, y + dy
}

// old is 1 in quarters that grew without a plan, and fades to 0 around them.
func (f *fields) old(x, y float64) float64 {
	tx, ty := f.twisted(x, y)
	return fade(max(0, min(1, 5*(f.age.at(tx, ty)-0.52-0.5*f.home(x, y, 420)))))
}

// density is how town-like a place is, from 0 in the fields to 1 in the centre.
func (f *fields) density(x, y float64) float64 {
	x, y = f.twisted(x, y)
	d := 0.75*f.dense.at(x, y) + 0.3*f.dense2.at(x, y)
	return d + 0.55*f.home(x, y, 1900)
}

// twisted hides that smooth noise follows its lattice, north to south and east to west.
func (f *fields) twisted(x, y float64) (float64, float64) {
	return x + 900*(f.twistX.at(x, y)-0.5), y + 900*(f.twistY.at(x, y)-0.5)
}

// clump is where trees stand close and where they do not, in 0 … 1.
func (f *fields) clump(x, y float64) float64 {
	return 0.55*f.grove.at(x, y) + 0.45*f.thicket.at(x, y)
}

// home is 1 at the point where visitors arrive and fades out over a radius.
func (f *fields) home(x, y, radius float64) float64 {
	dx, dy := x-f.homeX, y-f.homeY
	const world = CellSize * Around
	dx -= world * math.Round(dx/world)
	return math.Exp(-(dx*dx + dy*dy) / (radius * radius))
}

// shore is about how far a place is from water, in metres; negative in it. Rivers are where a smooth field passes a half;
// dividing by its slope makes them evenly wide, and lakes where the slope is small.
func (f *fields) shore(x, y float64) float64 {
	const h = 4.0
	x, y = f.twisted(x, y)
	r := f.riverField(x, y)
	gx, gy := (f.riverField(x+h, y)-r)/h, (f.riverField(x, y+h)-r)/h
	river := math.Abs(r)/math.Max(math.Hypot(gx, gy), 1.3e-4) - 23
	l := f.lakeField(x, y)
	gx, gy = (f.lakeField(x+h, y)-l)/h, (f.lakeField(x, y+h)-l)/h
	return math.Min(river, -l/math.Max(math.Hypot(gx, gy), 3e-4))
}

func (f *fields) riverField(x, y float64) float64 {
	return f.river.at(x, y) - 0.5 + 0.055*(f.riverFine.at(x, y)-0.5)
}

func (f *fields) lakeField(x, y float64) float64 {
	return f.lake.at(x, y) + 0.06*f.lakeIn.at(x, y) - 0.93 - 0.3*f.home(x, y, 900)
}
