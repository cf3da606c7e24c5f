package drawn

import (
	"math"
	"sync"

	"github.com/precinct-map/precinct/tiles/town/internal/plan"
)

func cellOf(v float64) int { return int(math.Floor(v / plan.CellSize)) }

// store keeps the latest cells, up to a number: when it is full, the older half goes.
type store struct {
	mu         sync.Mutex
	now, older map[[2]int]*plan.Content
	size       int
}

func newStore(size int) *store { return &store{now: map[[2]int]*plan.Content{}, size: size} }

// get is a cell. Two callers may make the same one at the same time; both come out equal.
func (s *store) get(i, j int, mk func() (*plan.Content, error)) (*plan.Content, error) {
	k := [2]int{i, j}
	s.mu.Lock()
	c, ok := s.now[k]
	if !ok {
		if c, ok = s.older[k]; ok {
			s.put(k, c)
		}
	}
	s.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := mk()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(k, c)
	return c, nil
}

func (s *store) put(k [2]int, c *plan.Content) {
	if len(s.now) >= s.size/2 {
		s.now, s.older = make(map[[2]int]*plan.Content, s.size/2), s.now
	}
	s.now[k] = c
}
