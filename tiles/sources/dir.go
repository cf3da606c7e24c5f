package sources

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// dir is a folder of z/x/y files. It reads through os.Root, so nothing outside the folder can be reached.
type dir struct {
	info    tiles.Info
	root    *os.Root
	endings []string // of the pictures that it holds, the first found first; makers of tiles mix JPEG with PNG where something is clear
}

var pictureEndings = []string{".jpg", ".jpeg", ".png", ".webp"}

func openDir(_ context.Context, c Config) (tiles.Source, error) {
	root, err := os.OpenRoot(c.Path)
	if err != nil {
		return nil, configError(c, "folder %s: %v", c.Path, err)
	}
	d := &dir{info: c.info(), root: root}
	if err := d.survey(); err != nil {
		_ = root.Close()
		return nil, configError(c, "folder %s: %v", c.Path, err)
	}
	if c.MinZoom != 0 {
		d.info.MinZoom = c.MinZoom
	}
	if c.MaxZoom != 0 {
		d.info.MaxZoom = c.MaxZoom
	}
	if c.TileSize != 0 {
		d.info.TileSize = c.TileSize
	}
	return d, nil
}

// Close frees the folder.
func (d *dir) Close() error { return d.root.Close() }

func (d *dir) Info() tiles.Info { return d.info }

// survey finds zooms, bounds, ending and tile size by listing the folders of the deepest zoom, not the files of all.
func (d *dir) survey() error {
	zooms, err := numbered(d.root, ".")
	if err != nil {
		return err
	}
	if len(zooms) == 0 {
		return errors.New("it holds no z/x/y tiles: want folders named by zoom, as in 17/109000/52000.png")
	}
	d.info.MinZoom, d.info.MaxZoom = zooms[0], zooms[len(zooms)-1]
	deepest := strconv.Itoa(d.info.MaxZoom)
	columns, err := numbered(d.root, deepest)
	if err != nil || len(columns) == 0 {
		return fmt.Errorf("zoom %s holds no columns", deepest)
	}
	var bound orb.Bound
	first := true
	for _, x := range columns {
		rows, err := d.rows(path.Join(deepest, strconv.Itoa(x)))
		if err != nil {
			return err
		}
		for _, y := range rows {
			b := maptile.New(uint32(x), uint32(y), maptile.Zoom(d.info.MaxZoom)).Bound()
			if first {
				bound, first = b, false
			}
			bound = bound.Union(b)
		}
	}
	if first {
		return fmt.Errorf("zoom %s holds no pictures ending in %s", deepest, strings.Join(pictureEndings, ", "))
	}
	d.info.Bounds, d.info.Center, d.info.CenterZoom = bound, bound.Center(), d.info.MaxZoom
	d.info.Format, _ = tiles.ParseFormat(strings.TrimPrefix(d.endings[0], "."))
	return nil
}

// rows lists the tiles of a column; the first of all sets the format and the tile size.
func (d *dir) rows(column string) ([]int, error) {
	entries, err := fs.ReadDir(d.root.FS(), column)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		ext := path.Ext(e.Name())
		y, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ext))
		if err != nil || y < 0 || !slices.Contains(pictureEndings, ext) {
			continue
		}
		if len(d.endings) == 0 {
			d.info.TileSize = d.edge(path.Join(column, e.Name()))
		}
		if !slices.Contains(d.endings, ext) {
			d.endings = append(d.endings, ext)
		}
		out = append(out, y)
	}
	return out, nil
}

func (d *dir) edge(name string) int {
	f, err := d.root.Open(name)
	if err != nil {
		return geo.TileSize
	}
	defer f.Close()
	if cfg, _, err := image.DecodeConfig(f); err == nil && cfg.Width >= 512 {
		return 512
	}
	return geo.TileSize
}

// numbered lists the folders whose names are whole numbers, in rising order.
func numbered(root *os.Root, name string) ([]int, error) {
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && n >= 0 && strconv.Itoa(n) == e.Name() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (d *dir) Tile(ctx context.Context, t maptile.Tile) (*tiles.Tile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var name string
	var data []byte
	err := fs.ErrNotExist
	for i := 0; i < len(d.endings) && errors.Is(err, fs.ErrNotExist); i++ {
		name = fmt.Sprintf("%d/%d/%d%s", t.Z, t.X, t.Y, d.endings[i])
		data, err = d.root.ReadFile(name)
	}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = tiles.ErrNotFound
		}
		return nil, tileError(d.info.Name, t, err, "")
	}
	tile, err := tiles.EncodedTile(data)
	if err != nil {
		return nil, tileError(d.info.Name, t, err, "the file "+name+" is damaged; replace or delete it")
	}
	return tile, nil
}

func tileError(name string, t maptile.Tile, err error, hint string) *tiles.Error {
	return &tiles.Error{Op: "fetch tile", Subject: fmt.Sprintf("%s %d/%d/%d", name, t.Z, t.X, t.Y), Err: err, Hint: hint}
}
