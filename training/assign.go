package training

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/precinct-map/precinct/reasoning"
)

// maxBoxPairs bounds the matching: 16,384 boxes a side, or 2.6 million answered for a hundred true ones.
const maxBoxPairs = 1 << 28

// countMatches is the most pairs, one to one, of boxes with an IoU above 0.5: what the assignment of least cost
// 1 − [IoU > 0.5] pairs. As the costs are 0 and 1 it is a matching in a graph, far cheaper than the assignment itself.
func countMatches(boxes, truth []reasoning.Box) (int, error) {
	if len(boxes) > maxBoxPairs/len(truth) {
		return 0, &Error{Op: "match", Subject: fmt.Sprintf("%d boxes with %d", len(boxes), len(truth)), Err: ErrLine,
			Hint: fmt.Sprintf("at most %d pairs are compared", maxBoxPairs)}
	}
	m := matching{words: (len(truth) + 63) / 64, partner: make([]int, len(truth))}
	for j := range m.partner {
		m.partner[j] = -1
	}
	for _, b := range boxes {
		if row := m.edges(b, truth); row != nil {
			m.rows = append(m.rows, row)
		}
	}
	return m.size(), nil
}

// matching pairs rows with columns along edges, kept as one bit set of columns a row.
type matching struct {
	words   int
	rows    [][]uint64
	partner []int // the row of each column, -1 for none
	open    []uint64
}

// edges is the true boxes that box b may be paired with, nil for none.
func (m *matching) edges(b reasoning.Box, truth []reasoning.Box) []uint64 {
	var row []uint64
	for j, t := range truth {
		if b.IoU(t) > 0.5 {
			if row == nil {
				row = make([]uint64, m.words)
			}
			row[j>>6] |= 1 << (j & 63)
		}
	}
	return row
}

// size grows the matching along augmenting paths until there is none. Within a round each column is tried once for all
// rows together, so that a round costs rows × columns / 64 steps; a few rounds do.
func (m *matching) size() int {
	matched := make([]bool, len(m.rows))
	m.open = make([]uint64, m.words)
	n := 0
	for grown := true; grown; {
		grown = false
		for i := range m.open {
			m.open[i] = ^uint64(0)
		}
		for r := range m.rows {
			if !matched[r] && m.augment(r) {
				matched[r], grown = true, true
				n++
			}
		}
	}
	return n
}

func (m *matching) augment(r int) bool {
	for i, edges := range m.rows[r] {
		for left := edges & m.open[i]; left != 0; left = edges & m.open[i] {
			bit := left & -left
			m.open[i] &^= bit
			j := i<<6 + bits.TrailingZeros64(bit)
			if m.partner[j] < 0 || m.augment(m.partner[j]) {
				m.partner[j] = r
				return true
			}
		}
	}
	return false
}

// leastCost is the least sum of cost[i][j] over assignments that pair every row, or every column when there are fewer.
// It is the Hungarian method with potentials (Kuhn 1955, Munkres 1957), O(rows² × columns).
func leastCost(cost [][]float64) float64 {
	if len(cost) > len(cost[0]) {
		cost = transposed(cost)
	}
	columns := len(cost[0])
	rowPotential, columnPotential := make([]float64, len(cost)), make([]float64, columns+1)
	row := make([]int, columns+1) // of each column, -1 for none; the last column stands for the row to be placed
	for j := range row {
		row[j] = -1
	}
	for i := range cost {
		row[columns] = i
		slack, from, used := make([]float64, columns), make([]int, columns), make([]bool, columns+1)
		for j := range slack {
			slack[j] = math.Inf(1)
		}
		at := columns
		for row[at] >= 0 { // grow the tree of tight edges until it meets a free column
			used[at] = true
			next, delta := -1, math.Inf(1)
			for j := range slack {
				if used[j] {
					continue
				}
				if c := cost[row[at]][j] - rowPotential[row[at]] - columnPotential[j]; c < slack[j] {
					slack[j], from[j] = c, at
				}
				if slack[j] < delta {
					next, delta = j, slack[j]
				}
			}
			for j := range used {
				if used[j] {
					rowPotential[row[j]] += delta
					columnPotential[j] -= delta
				} else if j < columns {
					slack[j] -= delta
				}
			}
			at = next
		}
		for at != columns { // move every row on the path over by one
			row[at] = row[from[at]]
			at = from[at]
		}
	}
	total := 0.0
	for j, r := range row[:columns] {
		if r >= 0 {
			total += cost[r][j]
		}
	}
	return total
}

func transposed(m [][]float64) [][]float64 {
	out := make([][]float64, len(m[0]))
	for j := range out {
		out[j] = make([]float64, len(m))
		for i := range m {
			out[j][i] = m[i][j]
		}
	}
	return out
}
