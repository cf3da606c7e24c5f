package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"text/tabwriter"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
	"github.com/precinct-map/precinct/tiles/sources"
)

// openBucket opens the cache on disk, by default in the user's cache folder.
func openBucket(ctx context.Context, c config) (*cache.Bucket, error) {
	where := c.Cache
	switch where {
	case "off":
		return nil, usagef("the configuration says cache: off, so that no tiles are kept on disk")
	case "":
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a folder for tiles: %w; name one with cache: in the configuration", err)
		}
		where = filepath.Join(dir, "precinct", "tiles")
	}
	return cache.OpenBucket(ctx, where)
}

func newCache(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "cache",
		Short: "Fill, look at or empty the cache of tiles from other servers",
		Long: `Tiles of sources that are servers are kept on disk, as long as the source's ttl or the server says, and asked for again with the
validators that the server gave. docs/cache.md tells more.`,
	}
	c.AddCommand(newCacheWarm(g), newCacheStats(g), newCachePurge(g))
	return c
}

// area are the flags that name tiles.
type area struct {
	source, bbox, zooms string
}

func (f *area) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.source, "source", "", "the source's name")
	c.Flags().StringVar(&f.bbox, "bbox", "", "area as W,S,E,N in degrees")
	c.Flags().StringVar(&f.zooms, "zoom", "", "a zoom, or a range as 12-17")
}

func (f *area) zoomRange(low, high int) (int, int, error) {
	if f.zooms == "" {
		return low, high, nil
	}
	from, to, ranged := strings.Cut(f.zooms, "-")
	if !ranged {
		to = from
	}
	a, err := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	if err = errors.Join(err, err2); err != nil || a < 0 || b < a || b > geo.MaxZoom {
		return 0, 0, usagef("--zoom %s: want a zoom, or a range as 12-17", f.zooms)
	}
	return a, b, nil
}

func findSource(c config, name string) (sources.Config, error) {
	var names []string
	for _, s := range c.Sources {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return sources.Config{}, usagef("--source %q: the configuration has %s", name, strings.Join(names, ", "))
}

func newCacheWarm(g *global) *cobra.Command {
	var f area
	var workers int
	c := &cobra.Command{
		Use: "warm", Short: "Fetch the tiles of an area beforehand",
		Long:    "Fetch every tile of an area. What is in the cache and still fresh is not fetched again, so that an interrupted run goes on where it was.",
		Example: "  precinct cache warm --source sat --bbox 85.50,27.62,85.54,27.64 --zoom 12-18",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := g.load()
			if err != nil {
				return err
			}
			sc, err := findSource(conf, f.source)
			if err != nil {
				return err
			}
			if !sources.Remote(sc.Kind) {
				return usagef("--source %s: it is of kind %s, which needs no cache", sc.Name, sc.Kind)
			}
			if sc.MayCache != nil && !*sc.MayCache {
				return usagef("--source %s: its may_cache is false, so that none of its tiles are kept", sc.Name)
			}
			bound, err := bboxFlag(f.bbox)
			if err != nil || bound == nil {
				return errors.Join(err, usagef("give --bbox W,S,E,N"))
			}
			bucket, err := openBucket(cmd.Context(), conf)
			if err != nil {
				return err
			}
			defer bucket.Close()
			sc.Bucket = bucket
			src, err := sources.Open(cmd.Context(), sc)
			if err != nil {
				return err
			}
			if closer, ok := src.(io.Closer); ok {
				defer closer.Close()
			}
			i := src.Info()
			low, high, err := f.zoomRange(i.MinZoom, i.MaxZoom)
			if err != nil {
				return err
			}
			if workers <= 0 {
				workers = max(2, sc.Concurrency)
			}
			return warm(cmd.Context(), src, *bound, max(low, i.MinZoom), min(high, i.MaxZoom), workers)
		},
	}
	f.flags(c)
	c.Flags().IntVar(&workers, "workers", 0, "tiles at once (default the source's concurrency)")
	return c
}

// grid is the tiles of a bound at a zoom: it may cross the antimeridian.
func grid(b orb.Bound, zoom int) geo.Window {
	w := geo.BoundWindow(b, zoom)
	x, y := w.X>>8, max(0, w.Y>>8)
	return geo.Window{Z: zoom, X: x, Y: y, W: (w.X+w.W-1)>>8 - x + 1, H: min(1<<zoom-1, (w.Y+w.H-1)>>8) - y + 1}
}

// warm fetches tiles; those that fail are counted and told, and cost no others.
func warm(ctx context.Context, src tiles.Source, bound orb.Bound, low, high, workers int) error {
	total := 0
	for z := low; z <= high; z++ {
		w := grid(bound, z)
		total += w.W * w.H
	}
	bar := newProgress(os.Stderr, "tiles")
	defer bar.end()
	var done, missing, failed atomic.Int64
	var first atomic.Pointer[error]
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for z := low; z <= high; z++ {
		w := grid(bound, z)
		for n := 0; n < w.W*w.H && ctx.Err() == nil; n++ {
			t := maptile.New(uint32((w.X+n%w.W)&(1<<z-1)), uint32(w.Y+n/w.W), maptile.Zoom(z))
			g.Go(func() error {
				switch _, err := src.Tile(ctx, t); {
				case ctx.Err() != nil:
					return ctx.Err()
				case errors.Is(err, tiles.ErrNotFound):
					missing.Add(1)
				case err != nil:
					failed.Add(1)
					first.CompareAndSwap(nil, &err)
				}
				bar.set(int(done.Add(1)), total)
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if n := failed.Load(); n > 0 {
		return fmt.Errorf("%d of %d tiles could not be fetched, the first: %w; the others are kept: run it again", n, total, *first.Load())
	}
	fmt.Fprintf(os.Stderr, "%d tiles are in the cache; of %d more the source has none\n", total-int(missing.Load()), missing.Load())
	return nil
}

// cachedTile is a tile's place in the bucket.
type cachedTile struct {
	folder  string
	z, x, y int
}

func parseKey(key string) (cachedTile, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 {
		return cachedTile{}, false
	}
	var n [3]int
	for i, p := range parts[1:] {
		var err error
		if n[i], err = strconv.Atoi(p); err != nil {
			return cachedTile{}, false
		}
	}
	return cachedTile{parts[0], n[0], n[1], n[2]}, true
}

func newCacheStats(g *global) *cobra.Command {
	return &cobra.Command{
		Use: "stats", Short: "Count the cached tiles by source and zoom", Example: "  precinct cache stats",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := g.load()
			if err != nil {
				return err
			}
			bucket, err := openBucket(cmd.Context(), conf)
			if err != nil {
				return err
			}
			defer bucket.Close()
			type row struct {
				folder string
				z      int
			}
			tiles, bytes := map[row]int{}, map[row]int64{}
			if err := bucket.Each(cmd.Context(), "", func(key string, size int64) error {
				if t, ok := parseKey(key); ok {
					tiles[row{t.folder, t.z}]++
					bytes[row{t.folder, t.z}] += size
				}
				return nil
			}); err != nil {
				return err
			}
			var rows []row
			for r := range tiles {
				rows = append(rows, r)
			}
			slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.folder, b.folder)*100 + a.z - b.z })
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "SOURCE\tZOOM\tTILES\tMB")
			for _, r := range rows {
				fmt.Fprintf(t, "%s\t%d\t%d\t%.1f\n", r.folder, r.z, tiles[r], float64(bytes[r])/1e6)
			}
			return t.Flush()
		},
	}
}

func newCachePurge(g *global) *cobra.Command {
	var f area
	var all bool
	c := &cobra.Command{
		Use: "purge", Short: "Forget cached tiles by source, area and zoom",
		Example: "  precinct cache purge --source sat --bbox 85.50,27.62,85.54,27.64 --zoom 15-18\n  precinct cache purge --all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := g.load()
			if err != nil {
				return err
			}
			prefix := ""
			if !all {
				sc, err := findSource(conf, f.source)
				if err != nil {
					return err
				}
				prefix = sources.Folder(sc) + "/"
			}
			bound, err := bboxFlag(f.bbox)
			if err != nil {
				return err
			}
			low, high, err := f.zoomRange(0, geo.MaxZoom)
			if err != nil {
				return err
			}
			bucket, err := openBucket(cmd.Context(), conf)
			if err != nil {
				return err
			}
			defer bucket.Close()
			n, err := purge(cmd.Context(), bucket, prefix, bound, low, high)
			fmt.Fprintf(os.Stderr, "%d tiles forgotten\n", n)
			return err
		},
	}
	f.flags(c)
	c.Flags().BoolVar(&all, "all", false, "of all sources")
	return c
}

// purge deletes the tiles of a prefix within a bound, nil for everywhere, and zooms.
func purge(ctx context.Context, bucket *cache.Bucket, prefix string, bound *orb.Bound, low, high int) (n int, err error) {
	err = bucket.Each(ctx, prefix, func(key string, _ int64) error {
		t, ok := parseKey(key)
		if !ok || t.z < low || t.z > high || t.z > geo.MaxZoom {
			return nil
		}
		if bound != nil {
			w := grid(*bound, t.z)
			if dx := (t.x - w.X) & (1<<t.z - 1); dx >= w.W || t.y < w.Y || t.y >= w.Y+w.H {
				return nil
			}
		}
		n++
		return bucket.Delete(ctx, key)
	})
	return n, err
}

// purgeTiles is purge of a configured source.
func (a *app) purgeTiles(ctx context.Context, layer string, bound *orb.Bound, low, high int) (int, error) {
	sc, err := findSource(a.config, layer)
	if err != nil || a.bucket == nil {
		return 0, err
	}
	return purge(ctx, a.bucket, sources.Folder(sc)+"/", bound, low, high)
}
