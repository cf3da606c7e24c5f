// Package czlib stands in, by a replace directive in go.mod, for the C binding that github.com/paulmach/osm/osmpbf reads
// blocks with: a machine with a C compiler need not have zlib's headers, and Precinct must build there.
package czlib

import (
	"io"

	"github.com/klauspost/compress/zlib"
)

// NewReader unpacks a zlib stream (RFC 1950).
func NewReader(r io.Reader) (io.ReadCloser, error) { return zlib.NewReader(r) }
