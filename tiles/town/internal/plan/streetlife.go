package plan

import "math"

// streetLife is traffic, and trees along the wider streets.
func (b *builder) streetLife() {
	b.island()
	for k := range b.Streets {
		s := &b.Streets[k]
		switch s.Class {
		case "track":
			continue
		case "rail":
			b.trains(s)
			continue
		}
		step := map[string]float64{"primary": 34, "secondary": 46, "tertiary": 70}[s.Class]
		if step == 0 {
			step = 120
		}
		line := densify(s.Line, 3)
		next := b.rnd.between(4, step)
		done, leafy := 0.0, b.rnd.chance(0.7)
		for i := 1; i < len(line); i++ {
			d := line[i].sub(line[i-1])
			done += d.length()
			d = d.normal()
			if done > next {
				next += step * b.rnd.between(0.25, 1.7)
				side := 1.0
				if b.rnd.chance(0.5) {
					side = -1
				}
				b.car(line[i].along(d.left(), side*s.Width/4), d.times(side), b.rnd.between(4, 4.9), 1.8)
			}
			if leafy && s.Level == 0 && s.Walk >= 2.5 && i%4 == 0 {
				for _, side := range []float64{1, -1} {
					if b.rnd.chance(0.6) {
						b.tree(line[i].along(d.left(), side*(s.Width/2+s.Walk-0.6)), b.rnd.between(1.6, 3.1), 0)
					}
				}
			}
			if s.Class == "residential" && i%2 == 0 && b.rnd.chance(0.13) {
				b.car(line[i].along(d.left(), s.Width/2-1.2), d, b.rnd.between(4, 4.8), 1.75)
			}
		}
	}
}

func circle(c Pt, r float64, n int) Poly {
	out := make(Poly, n)
	for i := range out {
		out[i] = c.along(direction(2*math.Pi*float64(i)/float64(n)), r)
	}
	return out
}
