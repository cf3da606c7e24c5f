// Package plan lays the made-up town out: what lies in each cell of an endless grid, from a seed and the cell's numbers
// alone. A cell is planned in two steps. Its Layout has streets, water, the pieces of ground between and the places on
// them; that is enough for maps of whole regions and for the truth. Its Content has every house, tree and car.
package plan

import (
	"math"
	"sync"
)

// Zone is the character of a cell.
type Zone uint8

// The zones.
const (
	Rural Zone = iota
	Suburb
	Mid
	Core
	Industrial
)

// Key opens what a town keeps for the packages below it: only they can name a Key.
type Key struct{ _ byte }

// Planner plans cells and remembers the latest. It is safe for concurrent use.
type Planner struct {
	seed    uint64
	chinese bool
	hard    bool // small and untidy, as the world is
	fields
	layouts store[*Layout]
	details store[*Content]
}

// New makes a planner around the cell where visitors arrive, which is always in town.
func New(seed uint64, chinese bool, homeI, homeJ int) *Planner {
	x, y := (float64(homeI)+0.5)*CellSize, (float64(homeJ)+0.5)*CellSize
	return &Planner{
		seed: seed, chinese: chinese, fields: newFields(Hash(seed, 1, 0, 0), x, y),
		layouts: newStore[*Layout](2000), details: newStore[*Content](256), // 45 and 60 MB in town
	}
}

// NewHard makes a planner as New does, of a town whose places are small and whose houses stand as the world's do.
func NewHard(seed uint64, chinese bool, homeI, homeJ int) *Planner {
	p := New(seed, chinese, homeI, homeJ)
	p.hard = true
	return p
}

// store keeps the latest values of cells, up to a number: when it is full, the older half goes.
type store[T any] struct {
	mu         *sync.Mutex
	now, older map[[2]int]T
	size       int
}

func newStore[T any](size int) store[T] {
	return store[T]{mu: new(sync.Mutex), now: map[[2]int]T{}, older: map[[2]int]T{}, size: size}
}

// get is a cell's value. Two callers may make the same one at the same time; both come out equal.
func (s *store[T]) get(i, j int, mk func() T) T {
	k := [2]int{i, j}
	s.mu.Lock()
	v, ok := s.now[k]
	if !ok {
		if v, ok = s.older[k]; ok {
			s.put(k, v)
		}
	}
	s.mu.Unlock()
	if ok {
		return v
	}
	v = mk()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(k, v)
	return v
}

func (s *store[T]) put(k [2]int, v T) {
	if len(s.now) >= s.size/2 {
		s.now, s.older = make(map[[2]int]T, s.size/2), s.now
	}
	s.now[k] = v
}

// Layout is a cell's coarse plan. Nobody may write to it.
type Layout struct {
	Zone    Zone
	Bound   Box // of all that the cell's content may cover
	Streets []Street
	Water   []Poly  // outlines and, turned the other way, their islands; cut at the cell's square
	Shores  [][]Pt  // where water and land meet
	Pieces  []Piece // ground between the streets
	Places  []Place
	dry     bool // no water anywhere near
}

// Street is a stretch of street.
type Street struct {
	Line  []Pt
	Box   Box
	Width float64 // of the carriageway, in metres
	Walk  float64 // of each pavement
	Class string  // OSM's highway value, or rail
	Name  string
	Level int     // 1 on a bridge
	On    [2]bool // at its start and end it goes on: there is no crossing
}

// Piece is a piece of ground with one use.
type Piece struct {
	Poly  Poly
	Box   Box
	block Poly // what streets surround: the piece's edges along it are fronts
	Fill  Fill
	Place int  // index of its place, -1 when it is plain
	wet   bool // water or a railway may reach in
	kept  bool // no place may take it
	seed  uint64
	built *shape // of a place that is one building
}

// Fill is what covers a plain piece.
type Fill uint8

// The fills.
const (
	Fields Fill = iota
	Woods
	Houses
	Flats
	Terraces
	Towers
	Halls
	Waterside
	Plaza
	Huts
	Rows
)

// Place is something with a name.
type Place struct {
	Class   string
	Name    string
	Outline Poly // whole units; its ground, or where it is one building, that
	At      Pt   // where a map writes its name: inside
}

// wrap brings a cell's number into the world.
func wrap(i int) int { return i & (Around - 1) }

// Cell is a cell's number and its plan.
type Cell[T any] struct {
	I, J int // not wrapped: where the asker sees it
	Off  Pt  // by how many metres it is shown elsewhere than it lies
	Plan T
}

// Layouts gives the coarse plans of the cells that matter to a rectangle of metres from the world's north-west corner.
func (p *Planner) Layouts(b Box) []Cell[*Layout] {
	return cellsIn(b, func(i, j int) *Layout { return p.layout(i, j) }, func(l *Layout) Box { return l.Bound })
}

// Contents gives the full plans of those cells.
func (p *Planner) Contents(b Box) []Cell[*Content] {
	return cellsIn(b, func(i, j int) *Content { return p.content(i, j) }, func(c *Content) Box { return c.Bound })
}

func cellsIn[T any](b Box, get func(i, j int) T, bound func(T) Box) []Cell[T] {
	cell := func(v float64) int { return int(math.Floor(v / CellSize)) }
	var out []Cell[T]
	for j := cell(b.Y0 - reach); j <= cell(b.Y1+reach); j++ {
		for i := cell(b.X0 - reach); i <= cell(b.X1+reach); i++ {
			// The box first: most neighbours need not be planned to know that they are too far.
			x, y := float64(i)*CellSize, float64(j)*CellSize
			if (Box{x - reach, y - reach, x + CellSize + reach, y + CellSize + reach}).Meets(b) {
				v := get(wrap(i), wrap(j))
				box := bound(v)
				if (Box{x + box.X0, y + box.Y0, x + box.X1, y + box.Y1}).Meets(b) {
					out = append(out, Cell[T]{I: i, J: j, Plan: v})
				}
			}
		}
	}
	return out
}

func (p *Planner) layout(i, j int) *Layout {
	return p.layouts.get(i, j, func() *Layout { return p.makeLayout(i, j) })
}

func (p *Planner) content(i, j int) *Content {
	return p.details.get(i, j, func() *Content { return p.makeContent(p.layout(i, j), i, j) })
}
