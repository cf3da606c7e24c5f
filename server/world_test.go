package server

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"go.uber.org/goleak"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/tiles"
	"github.com/precinct-map/precinct/tiles/cache"
	"github.com/precinct-map/precinct/tiles/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flat is a source of one colour that knows the world west of 90° E.
type flat struct {
	name string
	tone color.RGBA
}

func (f flat) Info() tiles.Info {
	return tiles.Info{
		Name: f.name, Kind: "flat", Attribution: "© " + f.name, TileSize: 256, MaxZoom: 19, Format: tiles.PNG, CenterZoom: 3, Center: orb.Point{8, 47},
		Bounds: orb.Bound{Min: orb.Point{-180, -85}, Max: orb.Point{90, 85}}, MayDerive: true,
	}
}

func (f flat) Tile(context.Context, maptile.Tile) (*tiles.Tile, error) {
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = f.tone.R, f.tone.G, f.tone.B, 255
	}
	return tiles.DrawnTile(img, tiles.PNG), nil
}

// seer is a model that knows where a square lies, and counts what it is asked.
type seer struct {
	square geo.Window
	runs   atomic.Int32
	gate   chan struct{} // when set, answers wait for it
	err    error
}

func (*seer) Name() string { return "seer" }

func (*seer) Dialect() reasoning.Dialect {
	d, _ := reasoning.ParseDialect("generic")
	return d
}

func (s *seer) Complete(ctx context.Context, r reasoning.Request) ([]reasoning.Completion, error) {
	if r.Stage == reasoning.Localize {
		s.runs.Add(1)
	}
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	var prompts []reasoning.Prompt
	w := r.Pair.Window
	if part := s.square.Intersect(w); !part.Empty() && r.Phrase != "nothing" {
		x, y := float64(part.X-w.X), float64(part.Y-w.Y)
		b := reasoning.Box{x, y, x + float64(part.W), y + float64(part.H)}
		prompts = append(prompts, reasoning.Prompt{Box: &b, Points: []reasoning.Point{{x + 1, y + 1}}})
	}
	return []reasoning.Completion{{Text: reasoning.FormatAnswer("seen", prompts)}}, nil
}

// boxes is a segmenter whose masks are the boxes.
type boxes struct{}

func (boxes) Name() string { return "boxes" }

func (boxes) Embed(_ context.Context, _ string, img *image.RGBA) (reasoning.Embedding, error) {
	return boxEmbedding{img.Rect.Dx(), img.Rect.Dy()}, nil
}

type boxEmbedding struct{ w, h int }

func (boxEmbedding) Bytes() int { return 8 }

func (e boxEmbedding) Masks(_ context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	m := geo.NewMask(geo.Window{W: e.w, H: e.h})
	for y := int(p.Box[1]); y < int(p.Box[3]); y++ {
		m.SetRun(y, int(p.Box[0]), int(p.Box[2]))
	}
	return []reasoning.Candidate{{Mask: m, Score: 0.9}}, nil
}

var (
	home     = maptile.At(orb.Point{8.5, 47.3}, 17)
	homePath = fmt.Sprintf("17/%d/%d", home.X, home.Y)
)

// newServer serves one square, which crosses from the home tile into the next one to the east.
func newServer(t *testing.T, s *seer, change func(*Options)) *httptest.Server {
	t.Helper()
	w := geo.TileWindow(home)
	s.square = geo.Window{Z: 17, X: w.X + 156, Y: w.Y + 50, W: 200, H: 120}
	metrics := NewMetrics()
	memory, err := cache.New(64<<20, metrics.Cache)
	if err != nil {
		t.Fatal(err)
	}
	sat, plan := flat{"satellite", color.RGBA{0, 90, 0, 255}}, flat{"map", color.RGBA{240, 240, 230, 255}}
	engine := reasoning.NewEngine(reasoning.Config{
		Satellite: sat, Map: plan, Zoom: 17, Memory: memory, Align: tiles.Align, Queue: 8,
		Pipeline: &reasoning.Pipeline{VLM: s, Segmenter: boxes{}}, OnResult: metrics.Result,
	})
	o := Options{
		Layers: []tiles.Source{sat, plan}, Answers: newAnswers(t, engine, memory), Metrics: metrics, Mode: reasoning.TwoStage,
		Viewer: fstest.MapFS{"index.html": {Data: []byte("<html>viewer</html>")}},
	}
	if change != nil {
		change(&o)
	}
	h := httptest.NewServer(New(o))
	t.Cleanup(func() {
		h.Close()
		engine.Close()
		memory.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return h
}

// newAnswers keeps what the engine finds in a store of the test's own.
func newAnswers(t testing.TB, engine *reasoning.Engine, memory *cache.Memory) *Answers {
	t.Helper()
	found, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "found.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := found.Close(); err != nil {
			t.Error(err)
		}
	})
	engine.Shelf = Shelf{Store: found, Log: slog.New(slog.DiscardHandler)}
	return &Answers{Engine: engine, Store: found, Memory: memory}
}

type answer struct {
	*http.Response
	data []byte
}

func get(t *testing.T, u string, header ...string) answer {
	t.Helper()
	return ask(t, http.MethodGet, u, header...)
}

func ask(t *testing.T, method, u string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, data}
}

func mustImage(t *testing.T, src tiles.Source) image.Image {
	t.Helper()
	tile, err := src.Tile(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tile.Image()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func openBucket(t *testing.T) *cache.Bucket {
	t.Helper()
	b, err := cache.OpenBucket(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func openSource(t *testing.T, c sources.Config) tiles.Source {
	t.Helper()
	src, err := sources.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if closer, ok := src.(io.Closer); ok {
		t.Cleanup(func() { _ = closer.Close() })
	}
	return src
}

// benchServer is a server whose map's tiles are in memory.
func benchServer(b *testing.B, change func(*Options)) http.Handler {
	b.Helper()
	memory, err := cache.New(64<<20, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(memory.Close)
	plan := tiles.Cached(flat{"map", color.RGBA{240, 240, 230, 255}}, memory)
	engine := reasoning.NewEngine(reasoning.Config{Satellite: plan, Map: plan, Zoom: 17, Memory: memory, Align: tiles.Align,
		Pipeline: &reasoning.Pipeline{VLM: &seer{}, Segmenter: boxes{}}})
	b.Cleanup(engine.Close)
	o := Options{Layers: []tiles.Source{plan}, Answers: newAnswers(b, engine, memory), Metrics: NewMetrics(), Mode: reasoning.TwoStage}
	change(&o)
	return New(o)
}
