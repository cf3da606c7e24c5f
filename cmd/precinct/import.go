package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// importer is what import is asked for.
type importer struct {
	out    string
	format string
	zoom   int
}

func newImport() *cobra.Command {
	i := &importer{}
	c := &cobra.Command{
		Use:   "import [SRC]",
		Short: "Make MBTiles of a picture that GDAL reads",
		Long: `Make Web Mercator MBTiles with overviews of any raster and CRS that GDAL reads, with GDAL's own programs, which must be
installed. The result is opened as a source of kind mbtiles.`,
		Example: "  precinct import photo.tif -o photo.mbtiles\n  precinct import photo.jp2 -o photo.mbtiles --format webp --zoom 18",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || i.out == "" {
				return usagef("import: want a picture and -o FILE.mbtiles\nSee %q.", cmd.CommandPath()+" --help")
			}
			if tileFormats[i.format] == "" {
				return usagef("--format %s: want jpg, png or webp", i.format)
			}
			if i.zoom < 0 || i.zoom > 24 {
				return usagef("--zoom %d: want 1 to 24, or 0 for the picture's own detail", i.zoom)
			}
			return i.run(cmd.Context(), args[0])
		},
	}
	c.Flags().StringVarP(&i.out, "output", "o", "", "the MBTiles file to write")
	c.Flags().StringVar(&i.format, "format", "jpg", "jpg, png or webp")
	c.Flags().IntVar(&i.zoom, "zoom", 0, "the deepest zoom; 0 is the one nearest to the picture's detail")
	return c
}

var tileFormats = map[string]string{"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}

// run works in a folder beside the result, so that nothing half made ever has the result's name.
func (i *importer) run(ctx context.Context, src string) error {
	for _, name := range []string{"gdalwarp", "gdal_translate", "gdaladdo"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%s is not installed: import needs GDAL's programs (Debian and Ubuntu: apt install gdal-bin; macOS: brew install gdal; conda: conda install -c conda-forge gdal)", name)
		}
	}
	work, err := os.MkdirTemp(filepath.Dir(i.out), ".precinct-import-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	plane, made := filepath.Join(work, "plane.vrt"), filepath.Join(work, "made.mbtiles")
	warp := []string{"-of", "VRT", "-t_srs", "EPSG:3857", "-r", "bilinear"}
	if i.format != "jpg" {
		warp = append(warp, "-dstalpha") // the ground outside the picture stays clear
	}
	if i.zoom > 0 {
		res := strconv.FormatFloat(2*20037508.342789244/256/float64(int(1)<<i.zoom), 'g', 17, 64)
		warp = append(warp, "-tr", res, res, "-tap")
	}
	for _, step := range []struct {
		what string
		args []string
	}{
		{"percent: projection", append(append([]string{"gdalwarp"}, warp...), src, plane)},
		{"percent: tiles", []string{"gdal_translate", "-of", "MBTiles", "-co", "TILE_FORMAT=" + tileFormats[i.format], plane, made}},
		{"percent: overviews", []string{"gdaladdo", "-r", "average", made}},
	} {
		if err := gdal(ctx, step.what, step.args); err != nil {
			return err
		}
	}
	return os.Rename(made, i.out)
}

// gdal runs one program and shows how far it is by the numbers that it writes, 0...10...20.
func gdal(ctx context.Context, what string, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
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
		if digits && b == '.' && n <= 100 {
			tell(n)
		}
		n, digits = 0, false
		if err != nil {
			return
		}
	}
}
