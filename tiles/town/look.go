package town

import "github.com/precinct-map/precinct/tiles/town/internal/paint"

// The looks of a town: as hard to read as the world's pictures, or as easy as towns were before there was a choice.
const (
	Hard = paint.Hard
	Easy = paint.Easy
)
