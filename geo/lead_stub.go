package geo

// STUB by the lead so that others compile: colleague A deletes this file once components.go, stitch.go and simplify.go are written.

import "github.com/paulmach/orb"

func Simplify(shapes []orb.MultiPolygon, tolerance float64) []orb.MultiPolygon { return shapes }
