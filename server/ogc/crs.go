package ogc

import (
	"net/http"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"

	"github.com/precinct-map/precinct/server/problem"
)

// crs is a coordinate reference system that features may be asked for in.
type crs struct {
	uri  string
	from func(orb.Point) orb.Point // WGS-84 longitude and latitude to its coordinates in its order of axes; nil for the same
	to   func(orb.Point) orb.Point // and back
}

const (
	uriCRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
	uri3857  = "http://www.opengis.net/def/crs/EPSG/0/3857"
)

// systems are those of OGC API Features Part 2; the first is the default and that of the store.
var systems = [...]crs{
	{uri: uriCRS84},
	{"http://www.opengis.net/def/crs/EPSG/0/4326", swapped, swapped},
	{uri3857, project.WGS84.ToMercator, project.Mercator.ToWGS84},
}

func swapped(p orb.Point) orb.Point { return orb.Point{p[1], p[0]} }

func systemURIs() []string {
	var out []string
	for _, s := range systems {
		out = append(out, s.uri)
	}
	return out
}

// systemOf finds a system by its URI, "" for the default.
func systemOf(uri string) (crs, error) {
	if uri == "" {
		return systems[0], nil
	}
	for _, s := range systems {
		if s.uri == uri {
			return s, nil
		}
	}
	return crs{}, problem.BadRequest("the coordinate reference system %q is not known here; there are: %s", short(uri), strings.Join(systemURIs(), ", "))
}

// contentCRS is the system that a body says it is in.
func contentCRS(r *http.Request) (crs, error) {
	return systemOf(strings.Trim(strings.TrimSpace(r.Header.Get("Content-Crs")), "<>"))
}
