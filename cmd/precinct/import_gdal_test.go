package main

import (
	"context"
	"database/sql"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/sources"
	"github.com/precinct-map/precinct/tiles/town"
)

// photo is a picture of the town, and where it lies.
func photo(t *testing.T) (*image.RGBA, geo.Window) {
	t.Helper()
	for _, name := range []string{"gdalinfo", "gdal_translate", "gdalwarp", "gdaladdo"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("GDAL's %s is not installed: import cannot be tried (apt install gdal-bin)", name)
		}
	}
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	at := geo.Project(made.Satellite().Info().Center, 17)
	w := geo.Window{Z: 17, X: int(at[0]) - 300, Y: int(at[1]) - 200, W: 600, H: 400}
	img, _, err := tiles.Picture(t.Context(), made.Satellite(), w)
	if err != nil {
		t.Fatal(err)
	}
	return img, w
}

// geotiff writes a picture as GDAL makes it in another CRS, in which it lies crooked; a CRS of "" leaves out where it lies.
func geotiff(t *testing.T, img image.Image, w geo.Window, crs string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	plain, flat, out := filepath.Join(dir, "plain.png"), filepath.Join(dir, "flat.tif"), filepath.Join(dir, "a picture.tif")
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if crs == "" {
		return plain
	}
	res := geo.MetersPerPixel(0, w.Z)
	half := res * float64(geo.WorldSize(w.Z)) / 2
	corner := func(v float64) string { return fmt.Sprintf("%.6f", v) }
	for _, args := range [][]string{
		{"gdal_translate", "-q", "-a_srs", "EPSG:3857", "-mo", "TIFFTAG_COPYRIGHT=© the flyers", "-a_ullr", corner(float64(w.X)*res - half), corner(half - float64(w.Y)*res),
			corner(float64(w.X+w.W)*res - half), corner(half - float64(w.Y+w.H)*res), plain, flat},
		append(append([]string{"gdalwarp", "-q", "-t_srs", crs}, flags...), flat, out),
	} {
		if said, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", args, err, said)
		}
	}
	return out
}

// deep is the picture with 16 bits, of which it uses as few as a satellite's, and some pixels that are saturated.
func deep(img *image.RGBA) image.Image {
	out := image.NewNRGBA64(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			c := img.RGBAAt(x, y)
			v := func(b uint8) uint16 { return 300 + 11*uint16(b) }
			out.SetNRGBA64(x, y, color.NRGBA64{R: v(c.R), G: v(c.G), B: v(c.B), A: 65535})
		}
	}
	for k := range 20 {
		out.SetNRGBA64(20*k, 15*k, color.NRGBA64{R: 65535, G: 65535, B: 65535, A: 65535})
	}
	return out
}

func paletted(img *image.RGBA) image.Image {
	out := image.NewPaletted(img.Rect, palette.WebSafe)
	draw.FloydSteinberg.Draw(out, out.Rect, img, image.Point{})
	return out
}

func openImported(t *testing.T, path string) tiles.Source {
	t.Helper()
	src, err := sources.Open(t.Context(), sources.Config{Name: "sat", Kind: "mbtiles", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.(io.Closer).Close() })
	return src
}

// TestImport: what GDAL reads comes out where it lies and as it looks, with overviews and its owner's name, and clear where it shows nothing.
func TestImport(t *testing.T) {
	img, w := photo(t)
	const utm = "EPSG:32725" // three zones off: the picture lies crooked in it
	for name, tt := range map[string]struct {
		src    string
		format string
		like   float64 // least correlation of the brightness with the original's
	}{
		"8 bits":  {geotiff(t, img, w, utm, "-dstalpha", "-r", "cubic"), "jpg", 0.97},
		"16 bits": {geotiff(t, deep(img), w, utm, "-dstnodata", "0", "-r", "cubic"), "webp", 0.88},
		"palette": {geotiff(t, paletted(img), w, utm, "-dstnodata", "255"), "png", 0.8},
		"degrees": {geotiff(t, img, w, "EPSG:4326", "-r", "cubic"), "jpg", 0.97},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "photo.mbtiles")
			args := []string{"import", tt.src, "-o", out, "--format", tt.format}
			owner := "© the flyers"
			if name == "palette" {
				owner = "© us"
				args = append(args, "--attribution", owner)
			}
			code, _, said := call(t, args...)
			if code != 0 || !strings.Contains(said, "100 of 100 percent: tiles") {
				t.Fatalf("exit %d: %s", code, said)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("it left %v", entries)
			}
			if entries, _ := os.ReadDir(filepath.Dir(tt.src)); len(entries) != 3 {
				t.Errorf("it wrote beside the picture: %v", entries)
			}
			src := openImported(t, out)
			if i := src.Info(); i.Attribution != owner || i.MaxZoom != 17 || i.MinZoom > 15 || string(i.Format) != tt.format || !i.Bounds.Contains(w.Bound().Center()) {
				t.Errorf("%+v", i)
			}
			sees(t, src, img, w, tt.like)
		})
	}
	if code, _, said := call(t, "import", geotiff(t, img, w, ""), "-o", filepath.Join(t.TempDir(), "a.mbtiles")); code != 1 || !strings.Contains(said, "where it lies") {
		t.Errorf("a picture that lies nowhere: exit %d: %s", code, said)
	}
}

// sees compares a source with the picture that it was made from.
func sees(t *testing.T, src tiles.Source, img *image.RGBA, w geo.Window, like float64) {
	t.Helper()
	at := func(w geo.Window) *image.RGBA {
		got, _, err := tiles.Picture(t.Context(), src, w)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if _, holes, err := tiles.Picture(t.Context(), src, w); err != nil || len(holes) > 0 {
		t.Errorf("holes %v, %v", holes, err)
	}
	inner := image.Rect(40, 40, w.W-40, w.H-40)
	got := at(w)
	if dir := os.Getenv("PRECINCT_TEST_PICTURES"); dir != "" {
		data, _ := tiles.Encode(at(w.Pad(60)), tiles.PNG)
		_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".png"), data, 0o644)
	}
	here := correlation(img, got, inner, image.Point{})
	if here < like {
		t.Errorf("it is alike by %.3f, want %.2f", here, like)
	}
	for _, off := range []image.Point{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
		if there := correlation(img, got, inner, off); there >= here {
			t.Errorf("moved by %v it is more alike: %.3f, not %.3f", off, there, here)
		}
	}
	var sum, squares float64
	for y := inner.Min.Y; y < inner.Max.Y; y++ {
		for x := inner.Min.X; x < inner.Max.X; x++ {
			v := light(got.RGBAAt(x, y))
			sum, squares = sum+v, squares+v*v
		}
	}
	n := float64(inner.Dx() * inner.Dy())
	if mean := sum / n; mean < 70 || mean > 160 || math.Sqrt(squares/n-mean*mean) < 35 {
		t.Errorf("brightness %.0f ± %.0f", mean, math.Sqrt(squares/n-mean*mean))
	}
	// The south-eastern corner of the ring round it shows nothing: neither black nor a tile's own colour.
	ring := at(w.Pad(60))
	if c := ring.RGBAAt(ring.Rect.Dx()-5, ring.Rect.Dy()-5); c != tiles.HoleColor {
		t.Errorf("beyond the picture it is %v", c)
	}
	top, err := src.Tile(t.Context(), maptile.At(w.Bound().Center(), maptile.Zoom(src.Info().MinZoom)))
	if err != nil {
		t.Fatal(err)
	}
	small, err := top.Image()
	if err != nil {
		t.Fatal(err)
	}
	colours := map[color.RGBA]bool{}
	for i := 0; i < len(small.Pix); i += 4 {
		colours[color.RGBA{small.Pix[i], small.Pix[i+1], small.Pix[i+2], small.Pix[i+3]}] = true
	}
	if len(colours) < 200 {
		t.Errorf("the overview has %d colours", len(colours))
	}
}

func light(c color.RGBA) float64 { return (float64(c.R) + 2*float64(c.G) + float64(c.B)) / 4 }

// correlation is Pearson's of the brightness of two pictures, the second moved.
func correlation(a, b *image.RGBA, in image.Rectangle, off image.Point) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			u, v := light(a.RGBAAt(x, y)), light(b.RGBAAt(x+off.X, y+off.Y))
			n, sa, sb, saa, sbb, sab = n+1, sa+u, sb+v, saa+u*u, sbb+v*v, sab+u*v
		}
	}
	return (sab/n - sa/n*sb/n) / math.Sqrt((saa/n-sa/n*sa/n)*(sbb/n-sb/n*sb/n))
}

const importerTask = "PRECINCT_TEST_IMPORT"

// TestImporter is the process that TestImportKilled kills.
func TestImporter(t *testing.T) {
	src, out, ok := strings.Cut(os.Getenv(importerTask), "|")
	if !ok {
		t.Skip("run by TestImportKilled")
	}
	i := &importer{out: out, format: "jpg"}
	if err := i.run(context.Background(), src); err != nil {
		t.Fatal(err)
	}
}

// TestImportKilled: kill -9 of an import at any moment leaves the result as it was, not there or whole, and the next import of the same
// result clears what is left.
func TestImportKilled(t *testing.T) {
	img, w := photo(t)
	src := geotiff(t, img, w, "EPSG:32725", "-dstalpha")
	dir := t.TempDir()
	out := filepath.Join(dir, "photo.mbtiles")
	start := func() *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=^TestImporter$")
		c.Env = append(os.Environ(), importerTask+"="+src+"|"+out)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	began := time.Now()
	if err := start().Wait(); err != nil {
		t.Fatal(err)
	}
	took, whole := time.Since(began), tilesOf(t, out)
	if whole < 10 {
		t.Fatalf("%d tiles", whole)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	killed, left := 0, 0
	const rounds = 10
	for round := range 2 * rounds {
		if round == rounds { // from here on there is a result to be replaced
			if err := start().Wait(); err != nil {
				t.Fatal(err)
			}
		}
		c := start()
		time.Sleep(took * time.Duration(round%rounds+1) / (rounds + 1))
		_ = c.Process.Kill()
		if c.Wait() != nil {
			killed++
		}
		if _, err := os.Stat(out); err == nil {
			if n := tilesOf(t, out); n != whole {
				t.Errorf("killed in round %d it left a result of %d tiles, not %d", round, n, whole)
			}
			if round < rounds {
				_ = os.Remove(out)
			}
		} else if round >= rounds {
			t.Errorf("killed in round %d it took the old result away", round)
		}
		left += len(leftovers(t, dir))
	}
	if killed < rounds || left == 0 {
		t.Errorf("only %d were killed, %d folders were left", killed, left)
	}
	time.Sleep(took) // GDAL's programs end by themselves when nobody listens
	if code, _, said := call(t, "import", src, "-o", out); code != 0 || tilesOf(t, out) != whole {
		t.Errorf("exit %d: %s", code, said)
	}
	if l := leftovers(t, dir); len(l) > 0 {
		t.Errorf("left: %v", l)
	}
	if err := os.Mkdir(filepath.Join(dir, fmt.Sprintf(".precinct-import-photo.mbtiles-%d-1", os.Getpid())), 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, said := call(t, "import", src, "-o", out); code != 1 || !strings.Contains(said, "being made by process") {
		t.Errorf("two at once: exit %d: %s", code, said)
	}
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, ".precinct-import-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// tilesOf counts the tiles of a file, after SQLite has checked it.
func tilesOf(t *testing.T, path string) int {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	var n int
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("%s: %v, %s", path, err, verdict)
	}
	if err := db.QueryRow("SELECT count(*) FROM tiles").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
