package plan

import "math"

// parking is a lot of marked stalls, rows of them on both sides of aisles.
func (b *builder) parking(f frame, busy float64) {
	if f.w < 6 || f.d < 5 {
		return
	}
	b.paved(Asphalt, f.whole())
	const stall, aisle, width = 5.0, 6.2, 2.6
	row := func(y, side float64) {
		n := math.Floor((f.w - 2) / width)
		x0 := (f.w - n*width) / 2
		for k := 0.0; k <= n; k++ {
			x := x0 + k*width
			b.line(Mark, 0.22, f.at(x, y), f.at(x, y+stall))
			if k < n && b.rnd.chance(busy) {
				b.car(f.at(x+width/2, y+stall/2+b.rnd.between(-0.3, 0.3)), f.v.times(side), b.rnd.between(3.9, 4.8), 1.8)
			}
		}
	}
	y := 0.5
	for ; y+2*stall+aisle <= f.d; y += 2*stall + aisle {
		row(y, 1)
		row(y+stall+aisle, -1)
	}
	if y+stall+3 <= f.d || y < 1 {
		row(y, 1)
	}
}
