package reasoning

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
)

// A scene is what the model looks at: CoreSize pixels that are its own and a margin on each side that it shares with its
// neighbours, so that a place on a border is seen whole by one of them.
const (
	CoreSize  = 512
	Margin    = 128
	SceneSize = CoreSize + 2*Margin
)

// Scene is one cell of the grid of scenes at a zoom.
type Scene struct{ Z, Col, Row int }

// Core is the ground that is the scene's own; cores tile the world.
func (s Scene) Core() geo.Window {
	return geo.Window{Z: s.Z, X: s.Col * CoreSize, Y: s.Row * CoreSize, W: CoreSize, H: CoreSize}
}

// Window is the ground that the scene looks at.
func (s Scene) Window() geo.Window { return s.Core().Pad(Margin) }

// ID names the scene in URLs and keys: zoom-column-row.
func (s Scene) ID() string { return fmt.Sprintf("%d-%d-%d", s.Z, s.Col, s.Row) }

// ParseScene reads an ID.
func ParseScene(id string) (Scene, error) {
	var s Scene
	var rest string
	if n, _ := fmt.Sscanf(id+" ", "%d-%d-%d%s", &s.Z, &s.Col, &s.Row, &rest); n != 3 || s.ID() != id || s.Z < 0 || s.Z > geo.MaxZoom {
		return Scene{}, fmt.Errorf("scene %q: want ZOOM-COLUMN-ROW, as in 17-12003-6710", id)
	}
	return s, nil
}

// Scenes lists the scenes whose cores share ground with a window, row by row. The window must be of the scenes' zoom.
func Scenes(w geo.Window) []Scene { return scenesWithin(w) }

// SeenBy lists the scenes that look at any ground of a window, margins included.
func SeenBy(w geo.Window) []Scene { return scenesWithin(w.Pad(Margin)) }

func scenesWithin(w geo.Window) []Scene { return slices.Collect(each(w)) }

// ScenesOf yields the scenes whose cores share ground with a WGS-84 bound, row by row.
func ScenesOf(b orb.Bound, z int) iter.Seq[Scene] { return each(geo.BoundWindow(b, z)) }

func each(w geo.Window) iter.Seq[Scene] {
	return func(yield func(Scene) bool) {
		if w.Empty() {
			return
		}
		first := Scene{Z: w.Z, Col: floorDiv(w.X, CoreSize), Row: floorDiv(w.Y, CoreSize)}
		last := Scene{Z: w.Z, Col: floorDiv(w.X+w.W-1, CoreSize), Row: floorDiv(w.Y+w.H-1, CoreSize)}
		for row := max(0, first.Row); row <= last.Row; row++ {
			for col := first.Col; col <= last.Col; col++ {
				if !yield(Scene{Z: w.Z, Col: col, Row: row}) {
					return
				}
			}
		}
	}
}

// CountScenes is the number of scenes whose cores share ground with a WGS-84 bound, without listing them.
func CountScenes(b orb.Bound, z int) int {
	w := geo.BoundWindow(b, z)
	cols := floorDiv(w.X+w.W-1, CoreSize) - floorDiv(w.X, CoreSize) + 1
	rows := floorDiv(w.Y+w.H-1, CoreSize) - floorDiv(w.Y, CoreSize) + 1
	return cols * rows
}

// CoresBound is the ground of the cores that share some with a WGS-84 bound.
func CoresBound(b orb.Bound, z int) orb.Bound {
	w := geo.BoundWindow(b, z)
	x, y := floorDiv(w.X, CoreSize)*CoreSize, floorDiv(w.Y, CoreSize)*CoreSize
	right, bottom := (floorDiv(w.X+w.W-1, CoreSize)+1)*CoreSize, (floorDiv(w.Y+w.H-1, CoreSize)+1)*CoreSize
	return geo.Window{Z: z, X: x, Y: y, W: right - x, H: bottom - y}.Bound()
}

// SceneAt is the scene whose core holds a global pixel.
func SceneAt(z int, p orb.Point) Scene {
	return Scene{Z: z, Col: floorDiv(int(math.Floor(p[0])), CoreSize), Row: floorDiv(int(math.Floor(p[1])), CoreSize)}
}

func floorDiv(a, b int) int {
	if q := a / b; a%b >= 0 {
		return q
	} else {
		return q - 1
	}
}

// OwnsPlace says whether the picture of a window should draw the place whose label is at a point (WGS-84) and which fills a box of the
// picture. A place by the edge of a scene is seen better by the scene whose core holds its label; here it is drawn only where it runs out
// of that one's sight. Pictures that are no scenes have no neighbours.
func OwnsPlace(w geo.Window, label orb.Point, b Box) bool {
	here := SceneAt(w.Z, w.Center())
	own := SceneAt(w.Z, geo.Project(label, w.Z))
	if here.Window() != w || own == here {
		return true
	}
	sees := own.Window()
	x, y := float64(w.X), float64(w.Y)
	return b[0]+x < float64(sees.X) || b[1]+y < float64(sees.Y) || b[2]+x > float64(sees.X+sees.W) || b[3]+y > float64(sees.Y+sees.H)
}
