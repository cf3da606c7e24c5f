package sam

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	xdraw "golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/models"
	"github.com/precinct-map/precinct/tiles/cache"
)

func located(t testing.TB) models.Files {
	t.Helper()
	home, err := models.Home()
	if err != nil {
		t.Fatal(err)
	}
	files, err := models.Locate(home)
	if err != nil {
		t.Skipf("%v (`make setup`)", err)
	}
	return files
}

func mobileSAM(t testing.TB, change func(*Options)) *Segmenter {
	t.Helper()
	f := located(t)
	o := Options{Runtime: f.Runtime, Encoder: f.SAMEncoder, Decoder: f.SAMDecoder, Name: "mobilesam", Device: "cpu"}
	if change != nil {
		change(&o)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func banepa(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "data", "banepa"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/data/banepa is not here")
	}
	return path
}

// scene is the real imagery of a window at zoom 19, its 512 px tiles halved.
func scene(t testing.TB, w geo.Window) *image.RGBA {
	t.Helper()
	out := image.NewRGBA(image.Rect(0, 0, w.W, w.H))
	for tile, place := range w.Tiles() {
		f, err := os.Open(banepa(t, "labelled", "19", itoa(tile.X), itoa(tile.Y)+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		at := image.Rect(0, 0, geo.TileSize, geo.TileSize).Add(image.Pt(place.X-w.X, place.Y-w.Y))
		xdraw.ApproxBiLinear.Scale(out, at, img, img.Bounds(), draw.Src, nil)
	}
	return out
}

func itoa(v uint32) string { b, _ := json.Marshal(v); return string(b) }

func truth(t testing.TB, name string, w geo.Window) *geo.Mask {
	t.Helper()
	data, err := os.ReadFile(banepa(t, "truth.geojson"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := geojson.UnmarshalFeatureCollection(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range set.Features {
		if f.Properties["name"] != name {
			continue
		}
		poly := f.Geometry.(orb.Polygon).Clone()
		for _, ring := range poly {
			for i := range ring {
				ring[i] = geo.Project(ring[i], w.Z)
			}
		}
		return geo.Rasterize(w, orb.MultiPolygon{poly})
	}
	t.Fatalf("no %q in the truth", name)
	return nil
}

// testWindow holds four of the schools whole.
var testWindow = geo.Window{Z: 19, X: 386693 * 256, Y: 220244*256 + 128, W: 768, H: 768}

func TestTrueBoxesOnRealImagery(t *testing.T) {
	s := mobileSAM(t, nil)
	emb, err := s.Embed(context.Background(), "", scene(t, testWindow))
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]float64{
		"Aadarsha Vidya Mandir School": 0.8, "Sawaswoti Lower Secondary School": 0.75, "Bagmati English Secondary School": 0.75, "Chandika Hotel": 0.75,
	} {
		want := truth(t, name, testWindow)
		e := want.Extent()
		x, y := float64(e.X-testWindow.X), float64(e.Y-testWindow.Y)
		got, err := emb.Masks(context.Background(), reasoning.Prompt{Box: &reasoning.Box{x, y, x + float64(e.W), y + float64(e.H)}})
		if err != nil {
			t.Fatal(err)
		}
		m := *got[0].Mask
		m.Window = testWindow
		if iou := m.IoU(want); iou < least {
			t.Errorf("%s: IoU %.2f with its true box, want %.2f", name, iou, least)
		}
	}
}

func TestSAM2IsToldByItsNames(t *testing.T) {
	encoder, decoder := writeSAM2(t)
	s := mobileSAM(t, func(o *Options) { o.Encoder, o.Decoder, o.Name = encoder, decoder, "tiny" })
	if s.family.name != "SAM2" || !s.family.stretch {
		t.Fatalf("taken for %+v", s.family)
	}
	// A picture that is not square: SAM2 stretches it, so the mask must come back in its own shape.
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{0, 0, 0, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(150, 0, 300, 200), image.NewUniform(color.RGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
	emb, err := s.Embed(context.Background(), "", img)
	if err != nil {
		t.Fatal(err)
	}
	got, err := emb.Masks(context.Background(), reasoning.Prompt{Points: []reasoning.Point{{200, 100}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Fatalf("%d candidates, want 3", len(got))
	}
	red := got[0].Mask // the brightest channel has the highest mean
	if red.At(100, 100) || !red.At(200, 100) || math.Abs(float64(red.Count())-150*200) > 600 {
		t.Errorf("mask of %d px, want the right half", red.Count())
	}
}

func TestPromptsThatCannotBeDrawn(t *testing.T) {
	s := mobileSAM(t, nil)
	emb, err := s.Embed(context.Background(), "", image.NewRGBA(image.Rect(0, 0, 64, 48)))
	if err != nil {
		t.Fatal(err)
	}
	box := func(b ...float64) reasoning.Prompt { return reasoning.Prompt{Box: (*reasoning.Box)(b)} }
	for name, tt := range map[string]struct {
		prompt reasoning.Prompt
		ok     bool
	}{
		"empty":             {reasoning.Prompt{}, false},
		"reversed":          {box(40, 40, 10, 10), false},
		"without area":      {box(10, 10, 10, 30), false},
		"outside":           {box(100, 100, 200, 200), false},
		"NaN":               {box(math.NaN(), 0, 10, 10), false},
		"infinite":          {box(0, 0, math.Inf(1), 10), false},
		"partly outside":    {box(-50, -50, 30, 30), true},
		"huge":              {box(-1e300, -1e300, 1e300, 1e300), true},
		"point far outside": {reasoning.Prompt{Points: []reasoning.Point{{-1e9, 1e9}}}, true},
		"NaN point":         {reasoning.Prompt{Points: []reasoning.Point{{math.NaN(), 1}}}, false},
	} {
		_, err := emb.Masks(context.Background(), tt.prompt)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, reasoning.ErrSegmenter) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOddPictures(t *testing.T) {
	s := mobileSAM(t, nil)
	if _, err := s.Embed(context.Background(), "", image.NewRGBA(image.Rectangle{})); !errors.Is(err, reasoning.ErrSegmenter) {
		t.Errorf("empty picture: %v", err)
	}
	for _, size := range []image.Point{{1, 1}, {1, 300}, {2000, 10}} {
		emb, err := s.Embed(context.Background(), "", image.NewRGBA(image.Rectangle{Max: size}))
		if err != nil {
			t.Errorf("%v: %v", size, err)
			continue
		}
		got, err := emb.Masks(context.Background(), reasoning.Prompt{Points: []reasoning.Point{{0, 0}}})
		if err != nil || got[0].Mask.Window.W != size.X || got[0].Mask.Window.H != size.Y {
			t.Errorf("%v: %v, %v", size, got, err)
		}
	}
}

func TestBadModelsAreNamed(t *testing.T) {
	f := located(t)
	text := filepath.Join(t.TempDir(), "text.onnx")
	if err := os.WriteFile(text, []byte("not a graph"), 0o644); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.SAMDecoder)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.onnx")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ encoder, decoder, says string }{
		"missing": {"nowhere.onnx", f.SAMDecoder, "nowhere.onnx"},
		"text":    {text, f.SAMDecoder, "precinct setup"},
		"cut":     {f.SAMEncoder, cut, "precinct setup"},
		"swapped": {f.SAMDecoder, f.SAMEncoder, "image_embeddings"},
		"no SAM":  {f.SAMEncoder, f.OCRRead, "no SAM-family graph"},
	} {
		_, err := Open(Options{Runtime: f.Runtime, Encoder: tt.encoder, Decoder: tt.decoder, Device: "cpu"})
		if !errors.Is(err, reasoning.ErrSegmenter) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(Options{Runtime: f.Runtime, Encoder: f.SAMEncoder, Decoder: f.SAMDecoder, Device: "abacus"}); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("unknown device: %v", err)
	}
	if _, err := Open(Options{Runtime: f.Runtime, Encoder: f.SAMEncoder, Decoder: f.SAMDecoder, Device: "tensorrt"}); err == nil || !strings.Contains(err.Error(), "tensorrt") {
		t.Errorf("device that is not there: %v", err)
	}
}

func TestEmbeddingIsMadeOnce(t *testing.T) {
	memory, err := cache.New(64<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(memory.Close)
	var mu sync.Mutex
	runs := 0
	s := mobileSAM(t, func(o *Options) {
		o.Memory = memory
		o.Observe = func(graph string, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if graph == "encoder" {
				runs++
			}
		}
	})
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.Embed(context.Background(), "one", img); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if runs != 1 {
		t.Errorf("%d encodes of one picture", runs)
	}
}

func TestCancelStopsAnEncode(t *testing.T) {
	s := mobileSAM(t, nil)
	img := image.NewRGBA(image.Rect(0, 0, 768, 768))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Embed(ctx, "", img); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled encode: %v", err)
	}
	if _, err := s.Embed(context.Background(), "", img); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// A second phrase on a known picture pays for the decoder only.
func BenchmarkEncode(b *testing.B) {
	s := mobileSAM(b, nil)
	img := image.NewRGBA(image.Rect(0, 0, 768, 768))
	for b.Loop() {
		if _, err := s.Embed(context.Background(), "", img); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	s := mobileSAM(b, nil)
	emb, err := s.Embed(context.Background(), "", image.NewRGBA(image.Rect(0, 0, 768, 768)))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := emb.Masks(context.Background(), reasoning.Prompt{Box: &reasoning.Box{100, 100, 300, 300}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalise(b *testing.B) {
	f := &family{mean: imageMean, std: imageStd}
	img := image.NewRGBA(image.Rect(0, 0, 768, 768))
	out := make([]float32, 3*side*side)
	for b.Loop() {
		f.normalise(img, frameOf(768, 768, false), out)
	}
}

// TestCloseWaits: a segmenter that is closed while it runs ends that run first, and refuses the next; freed under it, ONNX Runtime crashes the process.
func TestCloseWaits(t *testing.T) {
	s := mobileSAM(t, func(*Options) {})
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	begun, done := make(chan struct{}), make(chan error, 1)
	go func() {
		close(begun)
		_, err := s.Embed(context.Background(), "a", img)
		done <- err
	}()
	<-begun
	time.Sleep(100 * time.Millisecond) // into the run
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the run in hand: %v", err)
	}
	if _, err := s.Embed(context.Background(), "b", img); !errors.Is(err, reasoning.ErrSegmenter) {
		t.Errorf("after the end: %v", err)
	}
}
