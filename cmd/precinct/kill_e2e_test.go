//go:build e2e

package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
	"github.com/precinct-map/precinct/tiles/cache"
)

// TestKilled: kill -9 at any moment of a warm-up or of an export leaves nothing half that anybody meets later, and loses nothing that was told to be done.
func TestKilled(t *testing.T) {
	bin := program(t)
	t.Run("warm", func(t *testing.T) { killWarm(t, bin) })
	t.Run("export", func(t *testing.T) { killExport(t, bin) })
}

// tileOf is a picture that differs from tile to tile, so that a wrong or half one shows.
func tileOf(path string) []byte {
	h := fnv.New64a()
	_, _ = io.WriteString(h, path)
	seed := h.Sum64()
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := 0; i < len(img.Pix); i += 8 {
		seed = seed*6364136223846793005 + 1442695040888963407
		binary.LittleEndian.PutUint64(img.Pix[i:], seed)
	}
	img.SetRGBA(0, 0, color.RGBA{255, 0, 0, 255})
	var b bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img)
	return b.Bytes()
}

// killWarm kills a warm-up three times and lets it end the fourth. Each time goes on where the last was killed, and what is then served
// without the upstream is what the upstream gave.
func killWarm(t *testing.T, bin string) {
	var asked atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = w.Write(tileOf(r.URL.Path))
	}))
	dir := t.TempDir()
	folder := filepath.Join(dir, "tiles")
	conf := filepath.Join(dir, "precinct.yaml")
	yaml := fmt.Sprintf("cache: %q\nsources: [{name: sat, kind: xyz, url: %q, concurrency: 8}, {name: plan, kind: town, layer: map}]\npair: {satellite: sat, map: plan}\n",
		folder, upstream.URL+"/{z}/{x}/{y}.png")
	if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	const total = 1 + 4 + 16 + 64 + 256 + 1024
	warm := func() *exec.Cmd {
		return exec.Command(bin, "cache", "warm", "--source", "sat", "--bbox=-180,-85,180,85", "--zoom", "0-5", "--config", conf)
	}
	for n := range 3 {
		before := kept(t, folder)
		asked.Store(0)
		c := warm()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for asked.Load() < int64(100+70*n) {
			time.Sleep(time.Millisecond)
		}
		killed(c)
		after := kept(t, folder)
		t.Logf("killed after %d requests: %d tiles are kept, before %d", asked.Load(), after, before)
		// What was asked for and not kept was in hand.
		if lost := int(asked.Load()) - (after - before); after <= before || lost > 16 {
			t.Errorf("%d of %d answers are lost", lost, asked.Load())
		}
	}
	before := kept(t, folder)
	asked.Store(0)
	if out, err := warm().CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if n := int(asked.Load()); n != total-before || kept(t, folder) != total {
		t.Errorf("the last run asked for %d tiles with %d of %d there", n, before, total)
	}
	upstream.Close()
	server, address := serving(t, bin, conf)
	defer killed(server)
	for n := range 256 {
		path := fmt.Sprintf("/5/%d/%d.png", n%16*2, n/16*2)
		if data, _ := fetch(t, address+"tiles/sat"+path); !bytes.Equal(data, tileOf(path)) {
			t.Fatalf("%s: %d bytes are not what the upstream gave", path, len(data))
		}
	}
}

// kept counts the cache's tiles, each of which must be whole.
func kept(t *testing.T, folder string) (n int) {
	t.Helper()
	b, err := cache.OpenBucket(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Each(t.Context(), "", func(key string, _ int64) error {
		at, ok := parseKey(key)
		e, err := b.Get(t.Context(), key)
		if want := tileOf(fmt.Sprintf("/%d/%d/%d.png", at.z, at.x, at.y)); err != nil || !ok || e == nil || !bytes.Equal(e.Data, want) {
			return fmt.Errorf("%s is not whole: %v", key, err)
		}
		n++
		return nil
	}); err != nil {
		t.Error(err)
	}
	return n
}

// killExport kills exports into a file that is there already: it stays as it was until a whole one takes its place. A client of a
// server that is killed sees that the export broke off.
func killExport(t *testing.T, bin string) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "precinct.yaml")
	yaml := "sources: [{name: sat, kind: town, layer: satellite}, {name: plan, kind: town, layer: map}]\npair: {satellite: sat, map: plan}\n"
	if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	const features = 10_000
	fillStore(t, filepath.Join(dir, "data"), features)
	export := func(file string) *exec.Cmd {
		return exec.Command(bin, "export", "--query", "school", "-o", file, "--config", conf, "--data", filepath.Join(dir, "data"))
	}
	for _, name := range []string{"schools.gpkg", "schools.geojson", "schools.pmtiles"} {
		file := filepath.Join(dir, name)
		old := []byte("what was there before")
		if err := os.WriteFile(file, old, 0o644); err != nil {
			t.Fatal(err)
		}
		c := export(file)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for begun := time.Now(); !halfWritten(dir) && time.Since(begun) < 20*time.Second; {
			time.Sleep(time.Millisecond)
		}
		killed(c)
		if c.ProcessState.Exited() {
			t.Errorf("%s: it had ended before it was killed", name)
		}
		if data, err := os.ReadFile(file); err != nil || !bytes.Equal(data, old) {
			t.Errorf("%s is not what it was: %d bytes, %v", name, len(data), err)
		}
		left, _ := filepath.Glob(scratch(dir))
		for _, folder := range left {
			_ = os.RemoveAll(folder)
		}
	}
	file := filepath.Join(dir, "schools.geojson")
	if out, err := export(file).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if found, err := formats.ReadGeoJSON(f); err != nil || len(found) != features {
		t.Errorf("after the kills an export has %d of %d outlines: %v", len(found), features, err)
	}
	killServed(t, bin, conf)
}

// scratch is where exports to a folder are written before they are whole.
func scratch(dir string) string { return filepath.Join(dir, ".precinct-export-*") }

// halfWritten says whether there is something of an export beside its place.
func halfWritten(dir string) bool {
	list, _ := filepath.Glob(filepath.Join(scratch(dir), "*"))
	for _, name := range list {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// killServed kills a server while it sends an export.
func killServed(t *testing.T, bin, conf string) {
	c, address := serving(t, bin, conf)
	r, err := http.Get(address + "aoi/school.geojson")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.CopyN(io.Discard, r.Body, 100_000); err != nil {
		t.Error(err)
	}
	killed(c)
	if n, err := io.Copy(io.Discard, r.Body); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%d bytes look whole: %v", n, err)
	}
}

// serving starts a server whose data are beside its configuration.
func serving(t *testing.T, bin, conf string) (*exec.Cmd, string) {
	t.Helper()
	c := exec.Command(bin, "serve", "--config", conf, "--addr", "127.0.0.1:0", "--data", filepath.Join(filepath.Dir(conf), "data"))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c, addressLine.FindString(line)
}

func killed(c *exec.Cmd) {
	_ = c.Process.Signal(syscall.SIGKILL)
	_ = c.Wait()
}

func fillStore(t *testing.T, folder string, n int) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(folder, "found.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for row := range n / 200 {
		var list []store.Feature
		for col := range 200 {
			list = append(list, storetest.Square(col*60, row*60, 40))
		}
		if _, err := db.Sync(t.Context(), "school", nil, list); err != nil {
			t.Fatal(err)
		}
	}
}
