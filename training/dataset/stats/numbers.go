package stats

import (
	"fmt"
	"math"
	"strconv"
)

// thousands writes a count with thin spaces between thousands.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// share of a whole, in percent.
func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

// rounded is a size with three digits at most.
func rounded(v float64) string {
	if v >= 100 {
		k := math.Pow10(int(math.Log10(v)) - 2)
		return thousands(int(math.Round(v/k) * k))
	}
	return strconv.FormatFloat(math.Round(10*v)/10, 'f', -1, 64)
}

// compact is a power of two for a scale: 512, 1k, 64k, 1M.
func compact(v float64) string {
	switch {
	case v >= 1<<20:
		return fmt.Sprintf("%.0fM", v/(1<<20))
	case v >= 1<<10:
		return fmt.Sprintf("%.0fk", v/(1<<10))
	}
	return fmt.Sprintf("%.0f", v)
}
