package server

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
)

// param is a path parameter, decoded once. Echo matches on the raw path when the request has one, and on the decoded one
// otherwise, so decoding always or never would be wrong for half of the requests.
func param(c echo.Context, name string) string {
	v := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return v
	}
	if decoded, err := url.PathUnescape(v); err == nil {
		return decoded
	}
	return v
}

// address is z/x/y[@2x].suffix.
type address struct {
	tile   maptile.Tile
	scale  int
	suffix string
}

// maxZoom is the deepest tile that is served; the lattice itself goes deeper.
const maxZoom = 24

func parseAddress(c echo.Context) (address, error) {
	file := param(c, "file")
	stem, suffix, ok := cutLast(file, ".")
	if !ok {
		return address{}, problem.NotFound("tile %q has no format: want {y}.png or the like", short(file))
	}
	a := address{scale: 1, suffix: suffix}
	if s, ok := strings.CutSuffix(stem, "@2x"); ok {
		a.scale, stem = 2, s
	}
	var n [3]int
	for i, v := range []string{param(c, "z"), param(c, "x"), stem} {
		var err error
		if n[i], err = strconv.Atoi(v); err != nil {
			return address{}, problem.BadRequest("tile address %s: %q is no whole number", short(c.Request().URL.Path), short(v))
		}
	}
	z, x, y := n[0], n[1], n[2]
	if z < 0 || z > maxZoom {
		return address{}, problem.NotFound("zoom %d is outside 0…%d", z, maxZoom)
	}
	if x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return address{}, problem.NotFound("tile %d/%d/%d is outside the grid: x and y go from 0 to %d at zoom %d", z, x, y, 1<<z-1, z)
	}
	a.tile = maptile.New(uint32(x), uint32(y), maptile.Zoom(z))
	return a, nil
}

// cutLast cuts at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// question makes a phrase from outside usable, or says what is wrong with it.
func (s *Server) question(phrase string) (reasoning.Question, error) {
	if escaped.MatchString(phrase) {
		return reasoning.Question{}, problem.BadRequest("the phrase %q is still escaped after decoding: URL-encode it once, not twice", short(phrase))
	}
	clean, err := reasoning.CleanPhrase(phrase)
	if err != nil {
		return reasoning.Question{}, err
	}
	return reasoning.Question{Phrase: clean, Mode: s.Mode}, nil
}

func short(s string) string { return problem.Short(s, 60) }
