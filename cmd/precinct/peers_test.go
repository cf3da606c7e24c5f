//go:build e2e && peers

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/geo/formats/export"
	"github.com/precinct-map/precinct/server"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/town"
)

// TestPeers serves the same files side by side with Martin, in turns, and measures with wrk: requests a second, p99, and the server's own CPU
// time a request; and with vegeta, where it is installed, the p99 at a fixed rate. Nothing else may run.
func TestPeers(t *testing.T) {
	for _, program := range []string{"wrk", "martin"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: apt install wrk; cargo install --locked martin --version 1.14.0 --no-default-features --features mbtiles,pmtiles", program)
		}
	}
	dir := t.TempDir()
	center := madeRaster(t, filepath.Join(dir, "raster.mbtiles"))
	madeVectors(t, dir, center)
	conf := filepath.Join(dir, "precinct.yaml")
	yaml := fmt.Sprintf("memory: 1GiB\naddr: 127.0.0.1:8191\nsources:\n  - {name: raster, kind: mbtiles, path: %q}\n  - {name: vector, kind: pmtiles, path: %q}\npair: {satellite: raster, map: vector}\n",
		filepath.Join(dir, "raster.mbtiles"), filepath.Join(dir, "vector.pmtiles"))
	if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	ours := begin(t, "http://127.0.0.1:8191/readyz", program(t), "serve", "--config", conf, "--data", filepath.Join(dir, "data"), "--log-level", "warn")
	martin := begin(t, "http://127.0.0.1:8192/health", "martin", "--listen-addresses", "127.0.0.1:8192", "--cache-size", "1024",
		filepath.Join(dir, "raster.mbtiles"), filepath.Join(dir, "vector.pmtiles"))
	raster, vector := addresses(center, 17, 22, 16), addresses(center, 14, 6, 6)
	type row struct {
		what, path string
		pid        int
		tiles      []maptile.Tile
	}
	rows := []row{
		{"raster, Precinct", "http://127.0.0.1:8191/tiles/raster/%d/%d/%d.png", ours, raster},
		{"raster, Martin", "http://127.0.0.1:8192/raster/%d/%d/%d", martin, raster},
		{"stored MVT, Precinct", "http://127.0.0.1:8191/tiles/vector/%d/%d/%d.mvt", ours, vector},
		{"stored MVT, Martin", "http://127.0.0.1:8192/vector/%d/%d/%d", martin, vector},
		{"/aoi MVT, Precinct", "http://127.0.0.1:8191/aoi/school/%d/%d/%d.mvt", ours, vector},
	}
	t.Logf("| | requests/s | p50 ms | p99 ms | bytes | CPU µs a request |\n|---|---|---|---|---|---|")
	for _, pass := range []int{3, 10, 10} { // seconds; the first warms up
		for _, r := range rows {
			line := load(t, dir, r.path, r.tiles, r.pid, pass)
			if pass > 3 {
				t.Logf("| %s | %s |", r.what, line)
			}
		}
	}
	if _, err := exec.LookPath("vegeta"); err != nil {
		t.Log("vegeta is not installed: go install github.com/tsenart/vegeta/v12@latest")
		return
	}
	t.Logf("| | p50 ms at %d/s | p99 ms |\n|---|---|---|", fixedRate)
	for range 2 {
		for _, r := range rows {
			t.Logf("| %s | %s |", r.what, steady(t, dir, r.path, r.tiles))
		}
	}
}

const fixedRate = 4000 // requests a second

// steady asks for tiles at a fixed rate and gives a row of the table.
func steady(t *testing.T, dir, path string, list []maptile.Tile) string {
	t.Helper()
	var targets strings.Builder
	for _, i := range rand.New(rand.NewPCG(7, 7)).Perm(len(list)) {
		fmt.Fprintf(&targets, "GET "+path+"\n", list[i].Z, list[i].X, list[i].Y)
	}
	file := filepath.Join(dir, "targets")
	if err := os.WriteFile(file, []byte(targets.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", fmt.Sprintf("vegeta attack -rate %d -duration 10s -workers 32 -max-workers 32 -header 'Accept-Encoding: gzip' -targets %s | vegeta report -type json", fixedRate, file)).Output()
	var got struct {
		Latencies struct {
			P50 float64 `json:"50th"`
			P99 float64 `json:"99th"`
		}
		Success, Throughput float64
	}
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil || got.Success < 1 || got.Throughput < fixedRate*0.95 {
		t.Fatalf("%v: %s", err, out)
	}
	return fmt.Sprintf("%.2f | %.2f", got.Latencies.P50/1e6, got.Latencies.P99/1e6)
}

// begin starts a server and gives its process id when it answers.
func begin(t *testing.T, ready, name string, args ...string) int {
	t.Helper()
	cmd := exec.Command(name, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for range 200 {
		if r, err := http.Get(ready); err == nil {
			r.Body.Close()
			if r.StatusCode == 200 {
				return cmd.Process.Pid
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s never answered: %s", name, log.String())
	return 0
}

func addresses(center orb.Point, zoom maptile.Zoom, w, h uint32) (out []maptile.Tile) {
	at := maptile.At(center, zoom)
	for y := range h {
		for x := range w {
			out = append(out, maptile.New(at.X+x-w/2, at.Y+y-h/2, zoom))
		}
	}
	return out
}

var measured = regexp.MustCompile(`(?s)50%\s+([\d.]+)(us|ms|s).*99%\s+([\d.]+)(us|ms|s).*?(\d+) requests in [\d.]+s, ([\d.]+)(KB|MB|GB) read(.*)Requests/sec:\s+([\d.]+)`)

// load asks for tiles at random and gives a row of the table.
func load(t *testing.T, dir, path string, list []maptile.Tile, pid, seconds int) string {
	t.Helper()
	var lua strings.Builder
	lua.WriteString("local p = {\n")
	for _, a := range list {
		u := fmt.Sprintf(path, a.Z, a.X, a.Y)
		fmt.Fprintf(&lua, "%q,\n", u[strings.Index(u[8:], "/")+8:])
	}
	lua.WriteString("}\nlocal i = 0\nrequest = function() i = (i * 1103515245 + 12345) % 2147483648; return wrk.format('GET', p[1 + math.floor(i / 65536) % #p]) end\n")
	script := filepath.Join(dir, "load.lua")
	if err := os.WriteFile(script, []byte(lua.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	before := cpuSeconds(t, pid)
	out, err := exec.Command("wrk", "-t1", "-c16", fmt.Sprintf("-d%ds", seconds), "--latency", "-s", script, "-H", "Accept-Encoding: gzip", path[:strings.Index(path[8:], "/")+8]).CombinedOutput()
	m := measured.FindStringSubmatch(string(out))
	if err != nil || m == nil {
		t.Fatalf("%v %s", err, out)
	}
	if strings.Contains(m[8], "Non-2xx") || strings.Contains(m[8], "Socket errors") {
		t.Errorf("%s: %s", path, m[8])
	}
	used := cpuSeconds(t, pid) - before
	n, _ := strconv.ParseFloat(m[5], 64)
	size, _ := strconv.ParseFloat(m[6], 64)
	size *= map[string]float64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[m[7]]
	rate, _ := strconv.ParseFloat(m[9], 64)
	return fmt.Sprintf("%.0f | %.2f | %.2f | %.0f | %.1f", rate, milliseconds(m[1], m[2]), milliseconds(m[3], m[4]), size/n, 1e6*used/n)
}

func milliseconds(v, unit string) float64 {
	f, _ := strconv.ParseFloat(v, 64)
	return f * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[unit]
}

// cpuSeconds is what a process has used so far, proc(5).
func cpuSeconds(t *testing.T, pid int) float64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+2:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}

// madeRaster writes pictures of the made-up town's map, 4 to 40 kB each, and gives their middle.
func madeRaster(t *testing.T, path string) orb.Point {
	t.Helper()
	made, err := town.New(town.Options{Seed: 1, Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	src, err := made.Map("full")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	center := src.Info().Center
	for _, text := range []string{
		"CREATE TABLE metadata (name text, value text)", "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
		"CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)",
		fmt.Sprintf("INSERT INTO metadata VALUES ('name', 'raster'), ('format', 'png'), ('minzoom', '17'), ('maxzoom', '17'), ('bounds', '%f,%f,%f,%f')",
			center[0]-.2, center[1]-.2, center[0]+.2, center[1]+.2),
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range addresses(center, 17, 22, 16) {
		tile, err := src.Tile(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		data, err := tile.Encoded(tiles.PNG)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO tiles VALUES (?, ?, ?, ?)", 17, a.X, 1<<17-1-a.Y, data); err != nil {
			t.Fatal(err)
		}
	}
	return center
}

// madeVectors puts 50,000 outlines round a place into a store, and writes them as PMTiles.
func madeVectors(t *testing.T, dir string, center orb.Point) {
	t.Helper()
	ctx := context.Background()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, filepath.Join(dir, "data", "found.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := rand.New(rand.NewPCG(5, 5))
	at := geo.Project(center, 17)
	const side, pitch = 224, 72 // pixels of zoom 17: 224² places
	for row := range side {
		var found []store.Feature
		for col := range side {
			x, y := at[0]+float64((col-side/2)*pitch), at[1]+float64((row-side/2)*pitch)
			w, h := 20+r.Float64()*40, 20+r.Float64()*40
			ring := orb.Ring{{x, y}, {x + w, y}, {x + w, y + h*0.4}, {x + w*0.6, y + h*0.4}, {x + w*0.6, y + h}, {x, y + h}, {x, y}}
			for i := range ring {
				ring[i] = orb.Point{float64(int(ring[i][0])), float64(int(ring[i][1]))}
			}
			found = append(found, store.Feature{Phrase: "school", Shape: orb.MultiPolygon{{ring}}, Zoom: 17, Name: fmt.Sprintf("School %d", row*side+col), Tier: "class",
				Class: "school", Function: "educational", Score: 0.5 + r.Float64()/2, Model: "bench", Created: time.Now()})
		}
		ground := geo.Window{Z: 17, X: int(at[0]) - side/2*pitch, Y: int(at[1]) + (row-side/2)*pitch, W: side * pitch, H: pitch}
		if _, err := db.Sync(ctx, "school", []geo.Window{ground}, found); err != nil {
			t.Fatal(err)
		}
	}
	format, err := export.ByName("pmtiles")
	if err != nil {
		t.Fatal(err)
	}
	n, err := server.Export(ctx, db, store.Query{Phrase: "school"}, "made up", func(m export.Meta) (export.Writer, error) {
		m.MaxZoom = 14
		return export.Create(ctx, filepath.Join(dir, "vector.pmtiles"), format, m)
	})
	if err != nil || n < 50_000 {
		t.Fatal(n, err)
	}
}
