package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/precinct-map/precinct/geo"
)

// Spec is an order for a data set. The same order over the same grounds gives the same bytes.
type Spec struct {
	Size      int      `json:"size"`    // pixels a side of the pictures
	Samples   int      `json:"samples"` // at most; 0 for all that there are
	Seed      uint64   `json:"seed"`
	Tiers     []string `json:"tiers"`
	Filters   Filters  `json:"filters"`
	Ratio     Ratio    `json:"ratio"`
	ShardRows int      `json:"shard_rows"` // rows of one Parquet file, or of one step of a folder
	JPEG      int      `json:"jpeg"`       // quality of satellite pictures as JPEG; 0 for PNG
	Folder    bool     `json:"folder"`     // PNG files and an index in place of Parquet
}

// Limits of a Spec.
const (
	minSize = 32
	maxSize = 4096
)

func (s Spec) check() error {
	bad := func(format string, args ...any) error {
		return &Error{Op: "build", Subject: "data set", Err: fmt.Errorf("%w: "+format, append([]any{ErrSpec}, args...)...)}
	}
	switch {
	case s.Size < minSize || s.Size > maxSize:
		return bad("pictures of %d pixels: use %d to %d", s.Size, minSize, maxSize)
	case s.Samples < 0:
		return bad("%d samples", s.Samples)
	case s.ShardRows < 1:
		return bad("%d rows a shard", s.ShardRows)
	case s.JPEG < 0 || s.JPEG > 100:
		return bad("JPEG quality %d: use 1 to 100", s.JPEG)
	case !(s.Ratio[0] >= 0 && s.Ratio[1] >= 0 && s.Ratio[2] >= 0 && s.Ratio[0]+s.Ratio[1]+s.Ratio[2] > 0):
		return bad("split %v", s.Ratio)
	case len(s.Tiers) == 0:
		return bad("no tier")
	}
	for _, t := range s.Tiers {
		if !slices.Contains(Tiers, t) {
			return bad("tier %q is none of %v", t, Tiers)
		}
	}
	return nil
}

// plan is what is going to be made, before a picture is taken. Its memory is by block, some tens of samples.
type plan struct {
	spec    Spec
	grounds []*Ground
	blocks  []block
	splits  []int8
	strata  []string
	shards  []shard
	samples int
	skipped map[string]int // places and questions left out, by reason
	novel   map[string]bool
}

// shard is some blocks of one split, in order, whose rows are one file.
type shard struct {
	split  int8
	number int // within its split
	of     int
	blocks []int
	rows   int
}

func (s shard) name() string { return fmt.Sprintf("%s-%05d-of-%05d", Splits[s.split], s.number, s.of) }

// survey of a block; the same each time.
func (p *plan) survey(ctx context.Context, b block, skip func(Skip)) ([]sample, error) {
	g := p.grounds[b.ground]
	w := g.window(g.blockEdge(p.spec.Size), b.i, b.j)
	s := &survey{ground: g, size: p.spec.Size, tiers: p.spec.Tiers, filters: p.spec.Filters, block: w, skip: skip,
		random: rand.New(rand.NewPCG(p.spec.Seed, hash(g.Name+w.String())))}
	return s.run(ctx)
}

// makePlan looks at every block's outlines, deals the blocks out to splits and packs them into shards.
func makePlan(ctx context.Context, spec Spec, grounds []*Ground, progress func(done, total int)) (*plan, error) {
	p := &plan{spec: spec, grounds: grounds, skipped: map[string]int{}}
	if err := p.scan(ctx, progress); err != nil {
		return nil, err
	}
	if len(p.blocks) == 0 {
		return nil, &Error{Op: "build", Subject: "data set", Err: fmt.Errorf("%w: %s", ErrEmpty, reasons(p.skipped)), Hint: "see to the outlines' names and classes, the zoom, and the filters"}
	}
	if err := p.deal(); err != nil {
		return nil, err
	}
	p.pack()
	p.findNovel()
	return p, nil
}

// scan fills blocks, strata and skipped. Blocks are surveyed beside each other and taken in their order.
func (p *plan) scan(ctx context.Context, progress func(done, total int)) error {
	type surveyed struct {
		block   block
		samples []sample
		skips   []Skip
	}
	strata := map[string]int32{}
	take := func(s surveyed) (bool, error) {
		for _, one := range s.skips {
			p.skipped[one.Reason]++
		}
		if len(s.samples) > 0 {
			p.note(s.block, s.samples, strata)
		}
		progress(p.samples, p.spec.Samples)
		return p.spec.Samples == 0 || p.samples < p.spec.Samples, nil
	}
	return inOrder(ctx, runtime.GOMAXPROCS(0), p.candidates, func(ctx context.Context, b block) (surveyed, error) {
		out := surveyed{block: b}
		var err error
		out.samples, err = p.survey(ctx, b, func(s Skip) { out.skips = append(out.skips, s) })
		return out, err
	}, take)
}

// candidates are the blocks of all grounds. A bounded order takes them by lot, so that it is of the whole ground and not of one edge.
func (p *plan) candidates(yield func(block) bool) {
	var all []block
	for n, g := range p.grounds {
		more := true
		g.blocks(g.blockEdge(p.spec.Size), p.spec.Seed, func(i, j int32) bool {
			b := block{ground: int32(n), i: i, j: j}
			if p.spec.Samples == 0 || g.Scattered > 0 {
				more = yield(b)
				return more
			}
			all = append(all, b)
			return true
		})
		if !more {
			return
		}
	}
	r := rand.New(rand.NewPCG(p.spec.Seed, 17))
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	for _, b := range all {
		if !yield(b) {
			return
		}
	}
}

// note counts a block's samples by stratum.
func (p *plan) note(b block, samples []sample, strata map[string]int32) {
	if p.spec.Samples > 0 {
		samples = samples[:min(len(samples), p.spec.Samples-p.samples)]
	}
	by := map[int32]int32{}
	for _, s := range samples {
		for _, key := range []string{"", s.tier, s.tier + "/" + s.class} { // "" is the whole
			k, ok := strata[key]
			if !ok {
				k = int32(len(p.strata))
				strata[key] = k
				p.strata = append(p.strata, key)
			}
			by[k]++
		}
	}
	b.counts = countsOf(by)
	p.samples += len(samples)
	b.samples = int32(len(samples))
	p.blocks = append(p.blocks, b)
}

// world is what a ground's coordinates count in: each painted one is a world of its own, since made-up towns lie where others do.
func (g *Ground) world() string {
	if g.Drawn {
		return g.Name
	}
	return ""
}

// deal gives each block its split. Blocks of different grounds that lie on the same ground go together.
func (p *plan) deal() error {
	windows := make([]geo.Window, len(p.blocks))
	for n, b := range p.blocks {
		g := p.grounds[b.ground]
		windows[n] = g.window(g.blockEdge(p.spec.Size), b.i, b.j)
	}
	bundle := make([]int, len(p.blocks)) // the first block that each goes together with
	for n := range bundle {
		bundle[n] = n
	}
	root := func(n int) int {
		for bundle[n] != n {
			n = bundle[n]
		}
		return n
	}
	squares := map[groundKey][]int{}
	for n, w := range windows {
		g := p.grounds[p.blocks[n].ground]
		for key := range squaresOf(g.world(), w) {
			for _, o := range squares[key] {
				other := p.grounds[p.blocks[o].ground]
				if other == g || !sharesGround(w, windows[o]) {
					continue
				}
				if other.LeftOut != g.LeftOut {
					return &Error{Op: "leave out", Subject: other.Name + " and " + g.Name, Err: fmt.Errorf("%w: they lie on the same ground", ErrSpec), Hint: "leave out both, or neither"}
				}
				a, b := root(n), root(o)
				bundle[max(a, b)] = min(a, b)
			}
			squares[key] = append(squares[key], n)
		}
	}
	p.splits = p.dealBundles(root)
	return nil
}

// dealBundles shares out what goes together.
func (p *plan) dealBundles(root func(int) int) []int8 {
	var bundles []block
	at := make([]int, len(p.blocks)) // which bundle
	for n, b := range p.blocks {
		if r := root(n); r != n {
			at[n] = at[r]
			into := &bundles[at[n]]
			into.counts = addCounts(into.counts, b.counts)
			continue
		}
		at[n] = len(bundles)
		bundles = append(bundles, b)
	}
	split := share(bundles, len(p.strata), p.spec.Ratio, func(b block) bool { return p.grounds[b.ground].LeftOut }, p.spec.Seed)
	out := make([]int8, len(p.blocks))
	for n := range out {
		out[n] = split[at[n]]
	}
	return out
}

func addCounts(a, b []count) []count {
	by := map[int32]int32{}
	for _, c := range slices.Concat(a, b) {
		by[c.stratum] += c.n
	}
	return countsOf(by)
}

func countsOf(by map[int32]int32) []count {
	var out []count
	for k, n := range by {
		out = append(out, count{k, n})
	}
	slices.SortFunc(out, func(x, y count) int { return int(x.stratum - y.stratum) })
	return out
}

// pack puts the blocks of each split into shards of about the wanted rows.
func (p *plan) pack() {
	for k := range int8(3) {
		var of []shard
		for n, b := range p.blocks {
			if p.splits[n] != k {
				continue
			}
			if len(of) == 0 || of[len(of)-1].rows+int(b.samples) > p.spec.ShardRows && of[len(of)-1].rows > 0 {
				of = append(of, shard{split: k, number: len(of)})
			}
			last := &of[len(of)-1]
			last.blocks = append(last.blocks, n)
			last.rows += int(b.samples)
		}
		for i := range of {
			of[i].of = len(of)
		}
		p.shards = append(p.shards, of...)
	}
}

// findNovel finds the classes that no training sample is of.
func (p *plan) findNovel() {
	taught := map[int32]bool{}
	for n, b := range p.blocks {
		for _, c := range b.counts {
			taught[c.stratum] = taught[c.stratum] || p.splits[n] == 0
		}
	}
	p.novel = map[string]bool{}
	for k, key := range p.strata {
		p.novel[key] = !taught[int32(k)]
	}
}

// digest tells the plan from any other: a half-made data set goes on under the same only.
func (p *plan) digest() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	write := func(v any) {
		if err := e.Encode(v); err != nil {
			panic(err) // numbers and strings
		}
	}
	write(p.spec)
	for _, g := range p.grounds {
		write([]any{g.Name, g.Zoom, g.Extent, g.Version, g.LeftOut})
	}
	for n, b := range p.blocks {
		write([]any{b.ground, b.i, b.j, b.samples, p.splits[n]})
		for _, c := range b.counts {
			write([]any{p.strata[c.stratum], c.n})
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
