package stats

import (
	"fmt"
	"math"
	"strconv"
)

// thousands writes a count with spaces that do not break between thousands.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u00a0" + s[i:]
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

// rounded is a size with two digits that count.
func rounded(v float64) string {
	if v >= 10 {
		k := math.Pow10(int(math.Log10(v)) - 1)
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

// counted is a number and the word for what it counts, as few or many.
func counted(n int, one, many string) fact {
	if n == 1 {
		return fact{"1", one}
	}
	return fact{thousands(n), many}
}
