package server

import (
	"math"
	"net/http"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/geo/taxonomy"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/problem"
)

// estimate tells what a question would cost before anything is started.
func (s *Server) estimate(c echo.Context) error {
	q, bound, err := s.asked(c)
	if err != nil {
		return err
	}
	if bound == nil {
		return problem.BadRequest("bbox is missing: want /estimate?q=PHRASE&bbox=W,S,E,N")
	}
	if q.Mode, err = s.modeParam(c); err != nil {
		return err
	}
	total := reasoning.CountScenes(*bound, s.Engine.Zoom)
	known, err := s.Store.KnownScenes(c.Request().Context(), storedQuestion(s.Engine.Recipe(q), q), reasoning.CoresBound(*bound, s.Engine.Zoom))
	if err != nil {
		return err
	}
	known = min(known, total)
	each, measured := s.Metrics.sceneSeconds.mean()
	return c.JSON(http.StatusOK, map[string]any{
		"query": q.Phrase, "mode": q.Mode, "zoom": s.Engine.Zoom, "scenes": total, "known": known, "seconds": round(float64(total-known) * each / float64(max(1, s.Engine.Workers))),
		"seconds_per_scene": round(each), "measured": measured,
	})
}

// stats sums up what was found.
func (s *Server) stats(c echo.Context) error {
	q, bound, err := s.asked(c)
	if err != nil {
		return err
	}
	const most = 1_000_000
	st, err := s.Store.Stats(c.Request().Context(), q.Phrase, bound, most)
	if err != nil {
		return err
	}
	type bar struct {
		Class    string  `json:"class"`
		Function string  `json:"function"`
		Count    int     `json:"count"`
		AreaM2   float64 `json:"area_m2"`
	}
	bars := []bar{}
	for _, k := range st.Classes {
		class, _ := taxonomy.ByID(k.Class)
		bars = append(bars, bar{k.Class, class.Function, k.Count, round(k.AreaM2)})
	}
	return c.JSON(http.StatusOK, map[string]any{"query": q.Phrase, "count": st.Count, "area_m2": round(st.AreaM2), "classes": bars, "capped": st.Capped})
}

// asked is ?q= and ?bbox=.
func (s *Server) asked(c echo.Context) (reasoning.Question, *orb.Bound, error) {
	q, err := s.question(c.QueryParam("q"))
	if err != nil {
		return q, nil, err
	}
	bound, err := boundParam(c)
	return q, bound, err
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

// pace is how long scenes take of late.
type pace struct{ bits atomic.Uint64 }

// guess is a scene's time on two cores without any measurement: both pictures encoded once, labels read.
const guess = 4.0

func (p *pace) add(seconds float64) {
	mean, measured := p.mean()
	if measured {
		seconds = 0.9*mean + 0.1*seconds
	}
	p.bits.Store(math.Float64bits(seconds))
}

func (p *pace) mean() (seconds float64, measured bool) {
	if b := p.bits.Load(); b != 0 {
		return math.Float64frombits(b), true
	}
	return guess, false
}
