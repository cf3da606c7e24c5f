// Package sources opens the kinds of source that a configuration can name.
package sources

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
)

// Config is one entry of the configuration's sources; docs/configuration.md describes the keys.
type Config struct {
	Name        string            `koanf:"name"`
	Kind        string            `koanf:"kind"`
	URL         string            `koanf:"url"`
	Path        string            `koanf:"path"`
	TileSize    int               `koanf:"tile_size"`
	MinZoom     int               `koanf:"min_zoom"`
	MaxZoom     int               `koanf:"max_zoom"`
	Bounds      []float64         `koanf:"bounds"`
	Datum       string            `koanf:"datum"`
	Offset      []float64         `koanf:"offset"`
	Attribution string            `koanf:"attribution"`
	Headers     map[string]string `koanf:"headers"`
	Subdomains  []string          `koanf:"subdomains"`
	Rate        string            `koanf:"rate"`
	Concurrency int               `koanf:"concurrency"`
	Timeout     time.Duration     `koanf:"timeout"`
	TTL         time.Duration     `koanf:"ttl"`
	Missing     string            `koanf:"missing"`
	Grid        string            `koanf:"grid"`
	MayCache    *bool             `koanf:"may_cache"`
	MayDerive   *bool             `koanf:"may_derive"`
	Style       string            `koanf:"style"`
	Fonts       []string          `koanf:"fonts"`
	Lang        string            `koanf:"lang"`
	Seed        uint64            `koanf:"seed"`
	Look        string            `koanf:"look"`  // of kinds town and drawn: hard or easy
	Layer       string            `koanf:"layer"` // of kind town: satellite or map; of kind wmts: its identifier

	Bucket   *cache.Bucket `koanf:"-"` // keeps what servers answered; nil keeps nothing
	Log      *slog.Logger  `koanf:"-"` // nil for none
	Upstream *Upstream     `koanf:"-"` // what sources share on the way to servers; nil shares nothing
}

// Folder is where the bucket has a source's tiles: by its name and what its pictures depend on.
func Folder(c Config) string {
	// The templates, not what secrets made of them.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%s", c.Kind, c.URL, c.Path, c.Layer))
	return url.PathEscape(c.Name) + "-" + hex.EncodeToString(sum[:4])
}

// kinds is the one table of kinds.
var kinds = map[string]func(context.Context, Config) (tiles.Source, error){
	"xyz":     openXYZ,
	"dir":     openDir,
	"mbtiles": openMBTiles,
	"pmtiles": openPMTiles,
	"wmts":    openWMTS,
	"osm":     openOSM,
	"drawn":   openDrawn,
	"town":    openTown,
}

// Kinds lists the names of the kinds.
func Kinds() []string {
	var out []string
	for k := range kinds {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Remote says whether sources of a kind ask somebody else's server, so that their answers are worth keeping.
func Remote(kind string) bool { return kind == "xyz" || kind == "wmts" }

// Open opens a source. What it holds open is freed by Close where it has one.
func Open(ctx context.Context, c Config) (tiles.Source, error) {
	c = c.Placed()
	if c.Name == "" || strings.ContainsAny(c.Name, "/?#%") {
		return nil, configError(c, "a source needs a name without / ? # %%, not %q", c.Name)
	}
	open, ok := kinds[c.Kind]
	if !ok {
		return nil, configError(c, "kind %q is none of %s", c.Kind, strings.Join(Kinds(), ", "))
	}
	if _, err := geo.ParseDatum(c.Datum); err != nil {
		return nil, configError(c, "%v", err)
	}
	if len(c.Offset) != 0 && len(c.Offset) != 2 {
		return nil, configError(c, "offset wants two numbers, metres east and north")
	}
	if c.TileSize != 0 && c.TileSize != 256 && c.TileSize != 512 {
		return nil, configError(c, "tile_size %d: use 256 or 512", c.TileSize)
	}
	if c.Grid != "" && c.Grid != "webmercator" && (c.Grid != "baidu" || c.Kind != "xyz") {
		return nil, configError(c, "grid %q: use webmercator, or baidu for kind xyz", c.Grid)
	}
	if !slices.Contains(missings, c.Missing) {
		return nil, configError(c, "missing: %q is none of 404, 204, blank, overzoom", c.Missing)
	}
	return open(ctx, c)
}

// Placed is the same source as Open takes it: what lies elsewhere is its URL, also where it was given as a path, and a map that does is of
// kind pmtiles, the only one that is read from elsewhere.
func (c Config) Placed() Config {
	if strings.Contains(c.Path, "://") && c.URL == "" {
		c.Path, c.URL = "", c.Path
	}
	if c.Kind == "osm" && c.URL != "" {
		c.Kind = "pmtiles"
	}
	return c
}

// Parse reads KIND:PATH-OR-URL, as on a command line.
func Parse(s string) (Config, error) {
	kind, rest, ok := strings.Cut(s, ":")
	if !ok || kinds[kind] == nil {
		return Config{}, fmt.Errorf("source %q: want KIND:PATH-OR-URL with a kind of %s", s, strings.Join(Kinds(), ", "))
	}
	if rest == "" && kind != "town" {
		return Config{}, fmt.Errorf("source %q: after %s: comes a path or URL, which is missing", s, kind)
	}
	c := Config{Kind: kind, Name: kind}
	switch kind {
	case "xyz", "wmts":
		c.URL = rest
	case "town":
		c.Layer, c.Seed = rest, 1 // the demo's
	case "drawn":
		c.Path, c.Seed = rest, 1
	default:
		c.Path = rest
	}
	return c.Placed(), nil
}

// info is what every kind tells alike; the kind fills in what it knows better.
func (c Config) info() tiles.Info {
	datum, _ := geo.ParseDatum(c.Datum) // checked by Open
	i := tiles.Info{
		Name: c.Name, Kind: c.Kind, Attribution: c.Attribution, TileSize: 256, MinZoom: c.MinZoom, MaxZoom: 19,
		Format: tiles.PNG, Datum: datum, MayDerive: c.MayDerive == nil || *c.MayDerive,
	}
	i.Bounds = world()
	if c.TileSize != 0 {
		i.TileSize = c.TileSize
	}
	if c.MaxZoom != 0 {
		i.MaxZoom = c.MaxZoom
	}
	if len(c.Offset) == 2 {
		i.Offset = [2]float64{c.Offset[0], c.Offset[1]}
	}
	if len(c.Bounds) == 4 {
		i.Bounds.Min[0], i.Bounds.Min[1], i.Bounds.Max[0], i.Bounds.Max[1] = c.Bounds[0], c.Bounds[1], c.Bounds[2], c.Bounds[3]
	}
	i.Center, i.CenterZoom = i.Bounds.Center(), i.MinZoom
	return i
}

// world is all that Web Mercator shows.
func world() orb.Bound {
	return orb.Bound{Min: orb.Point{-180, -geo.MaxLatitude}, Max: orb.Point{180, geo.MaxLatitude}}
}

var reference = regexp.MustCompile(`\$(\w+|\{\w+\})`)

// secret fills $NAME in from the environment, and says which values must never be shown.
func secret(s string) (string, []string, error) {
	var hidden []string
	var missing string
	out := reference.ReplaceAllStringFunc(s, func(m string) string {
		name := strings.Trim(m, "${}")
		v, ok := os.LookupEnv(name)
		if !ok || v == "" {
			missing = name
			return ""
		}
		hidden = append(hidden, v)
		return v
	})
	if missing != "" {
		return "", nil, fmt.Errorf("the environment variable %s is not set", missing)
	}
	return out, hidden, nil
}

func configError(c Config, format string, args ...any) error {
	name := c.Name
	if name == "" {
		name = "(unnamed)"
	}
	return &tiles.Error{Op: "open source", Subject: name, Err: fmt.Errorf("%w: "+format, append([]any{tiles.ErrConfig}, args...)...), Hint: "docs/configuration.md lists the keys"}
}
