package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Options is how a data set is built; none of it changes the bytes but Alignment.
type Options struct {
	Workers  int                           // windows at once; 0 for one a core
	Progress func(done, total int)         // of samples; may be nil
	Planning func(found, wanted int)       // of samples, while outlines are looked at; wanted is 0 where all are; may be nil
	Planned  func(samples int, s []string) // told once, with the shards that are still to be made; may be nil

	// Alignment is the IoU of a sample's truth and the segmenter's mask in its box, for Filters.MinAlignment.
	Alignment func(ctx context.Context, pair *tiles.Pair, truth *geo.Mask) (float64, error)
}

// workFolder holds what a build needs to go on after it was cut off. It is gone when the data set is whole.
const workFolder = ".build"

// Build makes a data set in a folder, or goes on with one that was cut off: a shard that is there is not made again. The same order
// gives the same bytes, however often it was cut off. Errors wrap ErrSpec, ErrOther and ErrEmpty.
func Build(ctx context.Context, dir string, spec Spec, grounds []*Ground, o Options) (*Manifest, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	if o.Planning == nil {
		o.Planning = func(int, int) {}
	}
	if err := usable("build", dir); err != nil {
		return nil, err
	}
	p, err := makePlan(ctx, spec, grounds, o.Planning)
	if err != nil {
		return nil, err
	}
	b := &builder{plan: p, options: o}
	w := &making{op: "build", dir: dir, digest: p.digest(), folder: spec.Folder, shards: p.shards, tell: b.tell,
		planned: func(left []string) {
			if o.Planned != nil {
				o.Planned(p.samples, left)
			}
		},
		there: func(s shard) { b.done += s.rows },
		fill:  func(n int, out sink, into *part) error { return b.fill(ctx, p.shards[n], out, into) }}
	return w.run()
}

type builder struct {
	plan    *plan
	options Options
	done    int
}

// tell says what the data set was ordered and made from.
func (b *builder) tell(m *Manifest) {
	m.Spec = &b.plan.spec
	for reason, n := range b.plan.skipped {
		m.Skipped[reason] += n
	}
	for n, g := range b.plan.grounds {
		if !slices.ContainsFunc(b.plan.blocks, func(b block) bool { return int(b.ground) == n }) {
			continue // nothing of it was wanted
		}
		m.Grounds = append(m.Grounds, GroundInfo{g.Name, g.Zoom, g.Sources, g.Attribution, g.Licence, g.Drawn, g.LeftOut})
	}
}

// fill makes the rows of a shard.
func (b *builder) fill(ctx context.Context, s shard, out sink, into *part) error {
	return inOrder(ctx, b.options.Workers, b.plan.looks(ctx, s), b.look, func(l looked) (bool, error) {
		into.Skipped = append(into.Skipped, l.skipped...)
		for _, r := range l.rows {
			if err := into.write(out, r); err != nil {
				return false, err
			}
		}
		b.done += l.samples
		b.options.Progress(b.done, b.plan.samples)
		return true, l.err
	})
}

// sink takes the rows of one shard.
type sink interface {
	Write(*Row) error
	// Finish puts the shard and what is known of it in their places.
	Finish(*part) error
	Abandon()
}

// parquetShard is a sink that writes beside its place, hashes what it writes, and puts it there when it is whole and on the disk.
type parquetShard struct {
	*parquetWriter
	file  *os.File
	sum   interface{ Sum([]byte) []byte }
	place string
	work  string
	shard shard
}

func openParquetShard(dir, work string, s shard) (*parquetShard, error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(work, s.name()+".tmp"))
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	return &parquetShard{newParquetWriter(io.MultiWriter(f, h)), f, h, filepath.Join(dir, "data", s.name()+".parquet"), work, s}, nil
}

func (p *parquetShard) Finish(m *part) error {
	if err := errors.Join(p.Close(), p.file.Sync()); err != nil {
		p.Abandon()
		return err
	}
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	m.Bytes, m.SHA256 = info.Size(), hex.EncodeToString(p.sum.Sum(nil))
	if err := errors.Join(p.file.Close(), os.Rename(p.file.Name(), p.place)); err != nil {
		return err
	}
	return writePart(p.work, p.shard, m)
}

func (p *parquetShard) Abandon() {
	_ = p.file.Close()
	_ = os.Remove(p.file.Name())
}

// look is one window with its samples.
type look struct {
	ground  *Ground
	window  geo.Window
	samples []sample
	err     error
}

// looks are the windows of a shard, in order.
func (p *plan) looks(ctx context.Context, s shard) func(yield func(look) bool) {
	return func(yield func(look) bool) {
		for _, n := range s.blocks {
			b := p.blocks[n]
			samples, err := p.survey(ctx, b, func(Skip) {})
			if err == nil && len(samples) < int(b.samples) {
				err = fmt.Errorf("%w: its outlines changed while it was made", ErrOther)
			}
			if err != nil {
				yield(look{err: err})
				return
			}
			samples = samples[:b.samples]
			for len(samples) > 0 {
				k := 1
				for k < len(samples) && samples[k].number == samples[0].number {
					k++
				}
				if !yield(look{ground: p.grounds[b.ground], window: samples[0].window, samples: samples[:k]}) {
					return
				}
				samples = samples[k:]
			}
		}
	}
}

// looked is what came of a window.
type looked struct {
	rows    []*Row
	skipped []Skip
	samples int
	err     error
}

// look takes the pictures of a window and writes its samples' rows.
func (b *builder) look(ctx context.Context, l look) (looked, error) {
	if l.err != nil {
		return looked{}, l.err
	}
	out := looked{samples: len(l.samples)}
	pair, err := l.ground.Pair(ctx, l.window)
	if err != nil {
		return out, fmt.Errorf("pictures of %s, %v: %w", l.ground.Name, l.window, err)
	}
	spec := b.plan.spec
	if reason := holed(pair, spec.Filters.MaxHole); reason != "" {
		for _, s := range l.samples {
			out.skipped = append(out.skipped, Skip{Region: l.ground.Name, Place: s.ids(), Name: s.problem, Reason: reason})
		}
		return out, nil
	}
	pictures, err := encodePair(pair, spec.JPEG)
	if err != nil {
		return out, err
	}
	for k, s := range l.samples {
		truth := s.truth()
		if layer := hidden(pair, truth); layer != "" {
			out.skipped = append(out.skipped, Skip{Region: l.ground.Name, Place: s.ids(), Name: s.problem, Reason: layer + " has no picture of all of it"})
			continue
		}
		if spec.Filters.MinAlignment > 0 {
			iou, err := b.options.Alignment(ctx, pair, truth)
			if err != nil {
				return out, err
			}
			if iou < spec.Filters.MinAlignment {
				out.skipped = append(out.skipped, Skip{Region: l.ground.Name, Place: s.ids(), Name: s.problem, Reason: "the segmenter's outline and the given one differ", Detail: fmt.Sprintf("IoU %.2f", iou)})
				continue
			}
		}
		r := b.row(l, s, k, pair)
		r.Map, r.Satellite, r.Mask = pictures.plan, pictures.satellite, MaskPNG(truth)
		out.rows = append(out.rows, r)
	}
	return out, nil
}

// row is a sample without its pictures.
func (b *builder) row(l look, s sample, k int, pair *tiles.Pair) *Row {
	g, w := l.ground, l.window
	r := &Row{ID: fmt.Sprintf("%s-%d-%d-%d.%d", g.Name, w.Z, w.X, w.Y, k), Problem: s.problem, Tier: s.tier, Class: s.class, Function: s.function(), Region: g.Name,
		Place: s.ids(), Window: w, Labelled: pair.Labelled, Sources: g.Sources, Attribution: g.Attribution, Licence: g.Licence, Drawn: g.Drawn,
		Novel: b.plan.novel[s.tier+"/"+s.class]}
	for _, label := range pair.Labels {
		at := w.Local(label.At)
		r.Labels = append(r.Labels, Label{label.Text, label.Class, round(at[0]), round(at[1])})
	}
	return r
}

// hidden says which layer leaves some of a truth blank, "" when none does.
func hidden(pair *tiles.Pair, truth *geo.Mask) string {
	for _, h := range pair.Holes {
		if truth.CountIn(h.Window) > 0 {
			return h.Layer
		}
	}
	return ""
}

// holed says which layer leaves too much of a pair blank, "" when none does.
func holed(pair *tiles.Pair, most float64) string {
	blank := map[string]int{}
	for _, h := range pair.Holes {
		cut := h.Window.Intersect(pair.Window)
		if blank[h.Layer] += max(0, cut.W) * max(0, cut.H); float64(blank[h.Layer]) > most*float64(pair.Window.W*pair.Window.H) {
			return strings.TrimSpace(fmt.Sprintf("%s has no picture there: %s", h.Layer, h.Reason))
		}
	}
	return ""
}
