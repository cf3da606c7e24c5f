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
	"strings"
	"syscall"

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
	if err := usable(dir); err != nil {
		return nil, err
	}
	p, err := makePlan(ctx, spec, grounds, o.Planning)
	if err != nil {
		return nil, err
	}
	b := &builder{plan: p, dir: dir, options: o}
	m, err := b.build(ctx)
	if errors.Is(err, syscall.ENOSPC) {
		err = &Error{Op: "build", Subject: dir, Err: err, Hint: "make room, and give the same command again: it goes on where it stopped"}
	}
	return m, err
}

// usable is an error where a folder holds what is neither a data set nor the beginning of one.
func usable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return &Error{Op: "build", Subject: dir, Err: err}
	}
	for _, name := range []string{workFolder, manifestName} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	return &Error{Op: "build", Subject: dir, Err: ErrOther, Hint: "name an empty or a new folder"}
}

type builder struct {
	plan    *plan
	dir     string
	options Options
	done    int
}

func (b *builder) build(ctx context.Context) (*Manifest, error) {
	digest := b.plan.digest()
	if m, err := ReadManifest(b.dir); err == nil {
		if m.Digest != digest {
			return nil, &Error{Op: "build", Subject: b.dir, Err: fmt.Errorf("%w: a data set of another order or of other outlines", ErrOther), Hint: "name another folder, or remove this one"}
		}
		return m, nil
	}
	work := filepath.Join(b.dir, workFolder)
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, &Error{Op: "build", Subject: b.dir, Err: err}
	}
	mark := filepath.Join(work, "plan")
	if old, err := os.ReadFile(mark); err == nil && string(old) != digest {
		return nil, &Error{Op: "go on with", Subject: b.dir, Err: fmt.Errorf("%w: it was begun with another order, or its outlines or layers have changed since", ErrOther),
			Hint: "give the command that began it, or remove the folder"}
	} else if err != nil {
		if err := writeWhole(mark, []byte(digest)); err != nil {
			return nil, err
		}
	}
	if b.options.Planned != nil {
		b.options.Planned(b.plan.samples, b.plan.left(work))
	}
	var made []*part
	for _, s := range b.plan.shards {
		m, err := b.shard(ctx, work, s)
		if err != nil {
			return nil, err
		}
		made = append(made, m)
	}
	return b.finish(digest, made)
}

// left are the shards that are not made yet.
func (p *plan) left(work string) []string {
	var out []string
	for _, s := range p.shards {
		if _, err := readPart(work, s); err != nil {
			out = append(out, s.name())
		}
	}
	return out
}

// part is what is known of a shard that was made.
type part struct {
	Rows    int            `json:"rows"`
	Bytes   int64          `json:"bytes"`
	SHA256  string         `json:"sha256"` // of the shard's file; of a folder's, of its part of the index
	Strata  map[string]int `json:"strata"`
	Skipped []Skip         `json:"skipped"`
}

// shard makes a shard, or takes it as it is.
func (b *builder) shard(ctx context.Context, work string, s shard) (*part, error) {
	if m, err := readPart(work, s); err == nil {
		b.done += s.rows
		return m, nil
	}
	out, err := b.open(work, s)
	if err != nil {
		return nil, err
	}
	m := &part{Strata: map[string]int{}}
	err = inOrder(ctx, b.options.Workers, b.plan.looks(ctx, s), b.look, func(l looked) (bool, error) {
		m.Skipped = append(m.Skipped, l.skipped...)
		for _, r := range l.rows {
			if err := out.Write(r); err != nil {
				return false, err
			}
			m.Rows++
			m.Strata[r.Tier]++
			m.Strata[r.Tier+"/"+r.Class]++
		}
		b.done += l.samples
		b.options.Progress(b.done, b.plan.samples)
		return true, l.err
	})
	if err != nil {
		out.Abandon()
		return nil, err
	}
	if err := out.Finish(m); err != nil {
		return nil, err
	}
	return m, nil
}

// sink takes the rows of one shard.
type sink interface {
	Write(*Row) error
	// Finish puts the shard and what is known of it in their places.
	Finish(*part) error
	Abandon()
}

func (b *builder) open(work string, s shard) (sink, error) {
	if b.plan.spec.Folder {
		return openFolderShard(b.dir, work, s)
	}
	return openParquetShard(b.dir, work, s)
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
			out.skipped = append(out.skipped, Skip{l.ground.Name, s.ids(), s.problem, reason})
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
			out.skipped = append(out.skipped, Skip{l.ground.Name, s.ids(), s.problem, layer + " has no picture of all of it"})
			continue
		}
		if spec.Filters.MinAlignment > 0 {
			iou, err := b.options.Alignment(ctx, pair, truth)
			if err != nil {
				return out, err
			}
			if iou < spec.Filters.MinAlignment {
				out.skipped = append(out.skipped, Skip{l.ground.Name, s.ids(), s.problem, fmt.Sprintf("the segmenter's outline and the given one have IoU %.2f", iou)})
				continue
			}
		}
		r := b.row(l, s, k, pair)
		r.Map, r.Satellite, r.Mask = pictures.plan, pictures.satellite, maskPNG(truth)
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
