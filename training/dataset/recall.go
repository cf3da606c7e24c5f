package dataset

import (
	"context"
	"image"
	"image/draw"
	"sync"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/tiles"
)

// unplaced is where pictures without a window lie: somewhere that leaves room on each side.
var unplaced = geo.Window{Z: 17, X: 1 << 24, Y: 1 << 24}

// Pair is what a row shows, as a model is asked about it, and its mask on the pair's window. Labels are the row's. Errors wrap ErrRow.
func (r *Row) Pair() (*tiles.Pair, *geo.Mask, error) {
	plan, satellite, mask, err := r.Pictures()
	if err != nil {
		return nil, nil, err
	}
	w := r.Window
	if w.Empty() {
		w = unplaced
		w.W, w.H = mask.Window.W, mask.Window.H
	}
	mask.Window = w
	p := &tiles.Pair{Window: w, Satellite: opaque(satellite), Map: opaque(plan), Labelled: r.Labelled}
	for _, l := range r.Labels {
		p.Labels = append(p.Labels, tiles.Label{Text: l.Text, Class: l.Class, At: w.LonLat([2]float64{l.X, l.Y})})
	}
	return p, mask, nil
}

func opaque(img image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// Recall is a segmenter that takes the embeddings which are kept beside data sets in place of encoding their pictures again. It encodes
// what it does not know. It is safe for concurrent use.
type Recall struct {
	reasoning.Segmenter
	restorer reasoning.Restorer

	mu    sync.Mutex
	known map[string]kept // by the picture's key
	last  map[string]reasoning.Embedding
}

// kept is where the embedding of a picture is.
type kept struct {
	in      *Embeddings
	picture string // hash of its file
}

// NewRecall makes one of a segmenter; one whose embeddings cannot be restored encodes as ever.
func NewRecall(s reasoning.Segmenter) *Recall {
	r := &Recall{Segmenter: s, known: map[string]kept{}, last: map[string]reasoning.Embedding{}}
	r.restorer, _ = s.(reasoning.Restorer)
	return r
}

// Know tells that a picture is a row's of a set.
func (r *Recall) Know(img *image.RGBA, s *Set, row *Row) {
	if e := s.Embeddings(r.Name()); r.restorer != nil && e.Has(row.Satellite, 0) {
		r.mu.Lock()
		r.known[reasoning.PictureKey(img)] = kept{e, row.SatelliteHash()}
		r.mu.Unlock()
	}
}

// Embed restores what is known, and keeps the last few.
func (r *Recall) Embed(ctx context.Context, key string, img *image.RGBA) (reasoning.Embedding, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.last[key]; ok {
		return e, nil
	}
	k, ok := r.known[key]
	if !ok {
		return r.Segmenter.Embed(ctx, key, img)
	}
	size, f, err := k.in.read(k.picture, 0)
	if err != nil {
		return nil, err
	}
	e, err := r.restorer.Restore(size, f)
	if err != nil {
		return nil, err
	}
	if len(r.last) > 3 {
		clear(r.last)
	}
	r.last[key] = e
	return e, nil
}
