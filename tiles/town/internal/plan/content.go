package plan

// Content is all that a cell holds, in the order in which it is painted. Nobody may write to it.
type Content struct {
	*Layout
	Surfaces  []Surface
	Lines     []Line
	Buildings []Building
	Details   []Building // what stands on roofs
	Trees     []Tree
	Cars      []Car
}

// Mat is what a surface is made of.
type Mat uint8

// The materials.
const (
	Lawn Mat = iota
	Meadow
	Garden
	Crop // by its tone
	Forest
	Soil
	Sand
	Asphalt
	Concrete
	Paving
	Gravel
	Turf // mown in stripes across Dir
	Track
	Rubber
	Court // by its tone
	Pool
	Bed // flowers
	Bark
)

// Surface is a patch of ground.
type Surface struct {
	Poly Poly
	Box  Box
	Mat  Mat
	Tone uint8
	Dir  Pt // of rows and stripes
}

// LineKind is what runs along a line.
type LineKind uint8

// The kinds of lines, in the order in which they are painted.
const (
	Trail LineKind = iota // paved, for feet
	Dirt
	Mark // white paint
	Yellow
	Fence
	Wall
	Hedge
)

// Line is a strip along a line.
type Line struct {
	Pts   []Pt
	Box   Box
	Width float64
	Kind  LineKind
}

// Roof is a shape of roofs.
type Roof uint8

// The roofs. A gable's ridge runs along the outline's first edge.
const (
	Flat Roof = iota
	Gable
	Hip
	Saw
	Dome
	Glass
	Open // a canopy: thin, its shadow is all there is
)

// Paint is a roof's colour.
type Paint uint8

// The paints.
const (
	TileRed Paint = iota
	TileBrown
	Slate
	Grey
	Light
	White
	Beige
	Blue
	Green
	Copper
	Gold
	Dark
	Rust
	Orange
)

// Building is a roof over an outline.
type Building struct {
	Poly   Poly
	Box    Box
	Height float64
	Roof   Roof
	Paint  Paint
	Tone   uint8
	Place  int        // index of its place, -1 when it is plain
	Parts  []Building // its wings, where it has some: roofs of their own that fill the outline
}

// Tree is a crown.
type Tree struct {
	X, Y, R float32
	Kind    uint8 // 0 broad, 1 conifer, 2 bush, 3 blossoming
	Tone    uint8
}

// Car is a car, bus or lorry.
type Car struct {
	X, Y, DX, DY  float32 // its middle and heading
	Length, Width float32
	Tone          uint8
}
