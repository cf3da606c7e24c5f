package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// importer is what import is asked for.
type importer struct {
	out         string
	format      string
	zoom        int
	attribution string
}

func newImport() *cobra.Command {
	i := &importer{}
	c := &cobra.Command{
		Use:   "import [SRC]",
		Short: "Make MBTiles of a picture that GDAL reads",
		Long: `Make Web Mercator MBTiles with overviews of any raster and CRS that GDAL reads, with GDAL's own programs, which must be
installed. The result is opened as a source of kind mbtiles. What has more than 8 bits is stretched to what 96 of 100 pixels have;
ground that the picture does not show stays clear. docs/sources.md tells more.`,
		Example: "  precinct import photo.tif -o photo.mbtiles\n  precinct import photo.jp2 -o photo.mbtiles --format webp --zoom 18",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || i.out == "" {
				return usagef("import: want a picture and -o FILE.mbtiles\nSee %q.", cmd.CommandPath()+" --help")
			}
			if _, ok := tiles.ParseFormat(i.format); !ok {
				return usagef("--format %s: want jpg, png or webp", i.format)
			}
			if i.zoom < 0 || i.zoom > 24 {
				return usagef("--zoom %d: want 1 to 24, or 0 for the picture's own detail", i.zoom)
			}
			return i.run(cmd.Context(), args[0])
		},
	}
	c.Flags().StringVarP(&i.out, "output", "o", "", "the MBTiles file to write")
	c.Flags().StringVar(&i.format, "format", "jpg", "jpg, png or webp (webp without loss; jpg tiles that are not wholly covered are png)")
	c.Flags().IntVar(&i.zoom, "zoom", 0, "the deepest zoom; 0 is the one nearest to the picture's detail")
	c.Flags().StringVar(&i.attribution, "attribution", "", "whose the picture is; by default what the file says")
	return c
}

// run works in a folder beside the result, so that nothing half made ever has the result's name.
func (i *importer) run(ctx context.Context, src string) error {
	for _, name := range []string{"gdalinfo", "gdalwarp", "gdal_translate", "gdaladdo"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%s is not installed: import needs GDAL's programs (Debian and Ubuntu: apt install gdal-bin; macOS: brew install gdal; conda: conda install -c conda-forge gdal)", name)
		}
	}
	r, err := look(ctx, src)
	if err != nil {
		return err
	}
	work, err := openWork(i.out)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	colour, plane := filepath.Join(work, "colour.vrt"), filepath.Join(work, "plane.vrt")
	lossless, made := filepath.Join(work, "lossless.mbtiles"), filepath.Join(work, "made.mbtiles")
	args, err := r.colours(ctx, src, work)
	if err != nil {
		return err
	}
	if err := gdal(ctx, "percent: colours", append(append([]string{"gdal_translate", "-of", "VRT"}, args...), src, colour)); err != nil {
		return err
	}
	if err := i.project(ctx, colour, plane); err != nil {
		return err
	}
	if err := gdal(ctx, "percent: tiles", []string{"gdal_translate", "-of", "MBTiles", "-co", "TILE_FORMAT=PNG", "-co", "ZLEVEL=1", plane, lossless}); err != nil {
		return err
	}
	if err := gdal(ctx, "percent: overviews", []string{"gdaladdo", "-r", "average", lossless}); err != nil {
		return err
	}
	f, _ := tiles.ParseFormat(i.format) // checked above
	name := strings.TrimSuffix(filepath.Base(i.out), filepath.Ext(i.out))
	if err := pack(ctx, lossless, made, f, map[string]string{"name": name, "description": name, "attribution": cmp.Or(i.attribution, r.attribution())}); err != nil {
		return err
	}
	return os.Rename(made, i.out)
}

// project writes the picture in Web Mercator, exactly on the lattice of a zoom: resampled once, and alpha for what it does not show.
func (i *importer) project(ctx context.Context, src, dst string) error {
	warp := []string{"gdalwarp", "-overwrite", "-of", "VRT", "-t_srs", "EPSG:3857", "-r", "cubic", "-dstalpha"}
	zoom := i.zoom
	if zoom == 0 {
		if err := gdal(ctx, "percent: detail", append(warp, src, dst)); err != nil {
			return err
		}
		r, err := look(ctx, dst)
		if err != nil {
			return err
		}
		zoom = min(24, max(0, int(math.Round(math.Log2(geo.MetersPerPixel(0, 0)/math.Abs(r.Transform[1]))))))
	}
	res := strconv.FormatFloat(geo.MetersPerPixel(0, zoom), 'g', 17, 64)
	return gdal(ctx, "percent: projection", append(warp, "-tr", res, res, "-tap", src, dst))
}

// gdal runs one program and shows how far it is by the numbers that it writes, 0...10...20.
func gdal(ctx context.Context, what string, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GDAL_PAM_ENABLED=NO") // nothing is written beside the picture
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := newProgress(os.Stderr, what)
	percents(out, func(n int) { p.set(n, 100) })
	err = cmd.Wait()
	p.end()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return errors.New(args[0] + ": " + strings.TrimSpace(said.String()+" "+err.Error()))
	}
	return nil
}

func percents(r io.Reader, tell func(int)) {
	in := bufio.NewReader(r)
	n, digits := 0, false
	for {
		b, err := in.ReadByte()
		if err == nil && b >= '0' && b <= '9' {
			n, digits = (10*n+int(b-'0'))%1000, true
			continue
		}
		if digits && (b == '.' && n <= 100 || b == ' ' && n == 100) {
			tell(n)
		}
		n, digits = 0, false
		if err != nil {
			return
		}
	}
}
