package lessons

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/policy"
)

// How much of the embeddings principal components are computed from: some of the values of some pictures are enough for a covariance.
const (
	projectedPictures = 240
	everyValue        = 7
)

// project computes the projection of the sources' embeddings to their first principal components.
func project(ctx context.Context, sources []Source, o Options) (*policy.Projection, error) {
	var c *covariance
	for _, s := range sources {
		kept := s.Set.Embeddings(o.Segmenter)
		last, pictures := "", 0
		step := max(1, s.Set.Total()/(projectedPictures*4)) // a picture has some rows
		n := 0
		for row, err := range s.Set.Rows(s.Splits...) {
			if err != nil {
				return nil, err
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			hash := row.SatelliteHash()
			if n++; n%step != 0 || hash == last || !o.wanted(row) || pictures >= projectedPictures/len(sources)+1 {
				continue
			}
			last = hash
			pictures++
			_, f, err := kept.Read(row.Satellite)
			if err != nil {
				return nil, err
			}
			if c == nil {
				c = newCovariance(f.Channels)
			}
			c.add(f)
		}
	}
	if c == nil {
		return nil, &Error{Op: "read", Subject: "data sets", Err: ErrEmpty}
	}
	return c.components(o.Channels), nil
}

// covariance sums up values as they come.
type covariance struct {
	n   int
	sum []float64
	mul []float64 // channels², upper half
}

func newCovariance(channels int) *covariance {
	return &covariance{sum: make([]float64, channels), mul: make([]float64, channels*channels)}
}

func (c *covariance) add(f reasoning.Features) {
	plane, d := f.Rows*f.Columns, f.Channels
	x := make([]float64, d)
	for at := 0; at < plane; at += everyValue {
		for i := range x {
			x[i] = float64(f.Data[i*plane+at])
			c.sum[i] += x[i]
		}
		for i, v := range x {
			row := c.mul[i*d:][:d]
			for k := i; k < d; k++ {
				row[k] += v * x[k]
			}
		}
		c.n++
	}
}

// components are the first ones, each divided by the fourth root of its variance, and all so that their mean variance is one. Left as they
// are, the first drowns the others, and all of them are a tenth of what the net's other inputs are: it had learned little after 1,700 steps.
// Made alike, the last are noise.
func (c *covariance) components(out int) *policy.Projection {
	d := len(c.sum)
	out = min(out, d)
	s := mat.NewSymDense(d, nil)
	mean := make([]float32, d)
	for i := range d {
		mean[i] = float32(c.sum[i] / float64(c.n))
		for k := i; k < d; k++ {
			s.SetSym(i, k, c.mul[i*d+k]/float64(c.n)-c.sum[i]/float64(c.n)*c.sum[k]/float64(c.n))
		}
	}
	var e mat.EigenSym
	e.Factorize(s, true)
	values := e.Values(nil) // ascending
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	p := &policy.Projection{In: d, Out: out, Mean: mean, Basis: make([]float32, out*d)}
	scales, sum := make([]float64, out), 0.0
	for o := range out {
		v := math.Max(values[d-1-o], 1e-9*values[d-1])
		scales[o] = math.Pow(v, -0.25)
		sum += v * scales[o] * scales[o]
	}
	for o := range scales {
		scales[o] /= math.Sqrt(sum / float64(out))
	}
	for o := range out {
		at := d - 1 - o
		sign := 1.0
		if vectors.At(0, at) < 0 { // either direction is an eigenvector: always the same one
			sign = -1
		}
		for i := range d {
			p.Basis[o*d+i] = float32(sign * scales[o] * vectors.At(i, at))
		}
	}
	return p
}
