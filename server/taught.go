package server

import (
	"errors"
	"io/fs"
	"os"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/geo/formats"
)

// noCorrections is what there is to show of a model that nobody has taught anything here.
const noCorrections = `{"type":"FeatureCollection","features":[]}` + "\n"

// corrections shows what the policy that is served was taught of this ground, before and after: GET /v1/policy/corrections. It is the report that
// `precinct train corrections` wrote, GeoJSON with its figures as foreign members, and an empty collection where there is none.
func (s *Server) corrections(c echo.Context) error {
	data := []byte(noCorrections)
	if s.Corrections != "" {
		switch file, err := os.ReadFile(s.Corrections); {
		case err == nil:
			data = file
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return reply(c, body{data: data, media: formats.FeatureCollection.MediaType(), caching: cacheShort, compress: true})
}
