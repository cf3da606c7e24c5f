package training

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/image/draw"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/tiles"
)

// Rank is why a sample is shown.
type Rank string

// The ranks.
const (
	Best   Rank = "best"
	Median Rank = "median"
	Worst  Rank = "worst"
)

// Shown is one answer with its pictures.
type Shown struct {
	System           string
	Tier             Tier
	Rank             Rank
	ID, Phrase       string
	Class            string
	IoU              float64
	Window           geo.Window // of the pictures
	Truth, Predicted *geo.Mask  // cropped to what is in them
	Reasons          string
	Failure          string // why there is no answer, "" when there is one
	Pictures         *Pictures
}

// Pictures are a scene's, as JPEG of at most pictureEdge pixels a side. Answers about the same scene share them.
type Pictures struct{ Satellite, Map []byte }

const (
	pictureEdge    = 384
	pictureQuality = 65 // some 60 kB a scene with its map: 200 samples stay below 10 MB
)

// camera takes the pictures of the pair at hand once, when an answer to it is kept.
type camera struct {
	pair  *tiles.Pair
	taken *Pictures
}

func (c *camera) take(p *tiles.Pair) *Pictures {
	if c.pair != p {
		c.pair, c.taken = p, &Pictures{thumbnail(p.Satellite), thumbnail(p.Map)}
	}
	return c.taken
}

// thumbnail is nil where there is no picture, or one too odd to encode.
func thumbnail(img *image.RGBA) []byte {
	if img == nil || img.Rect.Empty() {
		return nil
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	f := math.Min(1, pictureEdge/float64(max(w, h)))
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(f*float64(w))), max(1, int(f*float64(h)))))
	draw.CatmullRom.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
	var b bytes.Buffer
	if jpeg.Encode(&b, small, &jpeg.Options{Quality: pictureQuality}) != nil {
		return nil
	}
	return b.Bytes()
}

// held is how many answers of a system and tier are drawn by lot, for those among them that turn out nearest to the median: where that
// is, is known only at the end.
const held = 24

// roll holds the answers of one system and tier that may be shown. However many are offered, it keeps a few.
type roll struct {
	most        int // of each rank
	seen        int
	best, worst []*Shown // from the best, from the worst
	lot         []*Shown
	random      *rand.Rand
}

func newRoll(most int) *roll { return &roll{most: most, random: rand.New(rand.NewPCG(1, 2))} }

// offer keeps an answer where it is among the best or the worst so far, or the lot falls on it (reservoir sampling: Vitter, 1985,
// algorithm R). make is called at most once, and only if so.
func (r *roll) offer(iou float64, make func() *Shown) {
	var made *Shown
	get := func() *Shown {
		if made == nil {
			made = make()
		}
		return made
	}
	r.seen++
	if len(r.best) < r.most || iou > r.best[len(r.best)-1].IoU {
		r.best = ranked(append(r.best, get()), r.most, func(s *Shown) float64 { return -s.IoU })
	}
	if len(r.worst) < r.most || iou < r.worst[len(r.worst)-1].IoU {
		r.worst = ranked(append(r.worst, get()), r.most, func(s *Shown) float64 { return s.IoU })
	}
	if len(r.lot) < held {
		r.lot = append(r.lot, get())
	} else if i := r.random.IntN(r.seen); i < held {
		r.lot[i] = get()
	}
}

// ranked gives the first few by a key, those that came first before their equals.
func ranked(all []*Shown, most int, key func(*Shown) float64) []*Shown {
	slices.SortStableFunc(all, func(a, b *Shown) int { return cmp.Compare(key(a), key(b)) })
	return all[:min(most, len(all))]
}

// shown gives the best, those nearest to the median and the worst, none twice.
func (r *roll) shown(median float64) []Shown {
	taken := map[*Shown]bool{}
	var out []Shown
	pick := func(rank Rank, from []*Shown) {
		for _, s := range from {
			if !taken[s] {
				taken[s] = true
				one := *s
				one.Rank = rank
				out = append(out, one)
			}
		}
	}
	pick(Best, r.best)
	worst := slices.DeleteFunc(slices.Clone(r.worst), func(s *Shown) bool { return taken[s] })
	middle := slices.DeleteFunc(slices.Clone(r.lot), func(s *Shown) bool { return taken[s] || slices.Contains(worst, s) })
	pick(Median, ranked(middle, r.most, func(s *Shown) float64 { return math.Abs(s.IoU - median) }))
	pick(Worst, worst)
	return out
}

// offer lets the roll of the example's tier see an answer. Nothing where nothing is needs no picture.
func (s *score) offer(e Example, a answer, c *camera) {
	iou := s.iou[len(s.iou)-1]
	if s.rolls[e.Tier] == nil || e.Tier == Absent && iou == 1 && a.failure == nil {
		return
	}
	s.rolls[e.Tier].offer(iou, func() *Shown {
		out := &Shown{Tier: e.Tier, ID: e.ID, Phrase: e.Phrase, Class: e.Class, IoU: iou, Window: e.Pair.Window, Reasons: a.Reasons,
			Truth: e.Truth.Crop(e.Truth.Extent()), Predicted: a.Mask.Crop(a.Mask.Extent()), Pictures: c.take(e.Pair)}
		if a.failure != nil {
			out.Failure = fmt.Sprint(a.failure)
		}
		return out
	})
}

// shown gives a system's samples, tier by tier.
func (s *score) shown(system string) []Shown {
	var out []Shown
	for _, t := range Tiers {
		g := s.groups[group{tier: t}]
		if s.rolls == nil || g == nil {
			continue
		}
		sorted := slices.Sorted(slices.Values(g.iou))
		for _, one := range s.rolls[t].shown(sorted[len(sorted)/2]) {
			one.System = system
			out = append(out, one)
		}
	}
	return out
}
