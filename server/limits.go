package server

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/server/problem"
)

// Limits bound what requests may cost. What is zero has its default.
type Limits struct {
	Request  time.Duration // to read a request and to make its answer; streams of events have no end
	Long     time.Duration // the same for exports and for what trainers ask
	Body     int64         // bytes that a request may send; the environment for trainers has a bound of its own
	Features int           // that one export may have
	Exports  int           // that are made at once
	Streams  int           // of events, at once
	Scenes   int           // that a job may have which is started over HTTP
}

// DefaultLimits suit one machine.
func DefaultLimits() Limits {
	return Limits{Request: 90 * time.Second, Long: 30 * time.Minute, Body: 16 << 20, Features: 1_000_000, Exports: 4, Streams: 256, Scenes: 100_000}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		Request: cmp.Or(l.Request, d.Request), Long: cmp.Or(l.Long, d.Long), Body: cmp.Or(l.Body, d.Body), Features: cmp.Or(l.Features, d.Features),
		Exports: cmp.Or(l.Exports, d.Exports), Streams: cmp.Or(l.Streams, d.Streams), Scenes: cmp.Or(l.Scenes, d.Scenes),
	}
}

// SendTime is how long a client may take for what was made within the limit of its request.
const SendTime = 30 * time.Second

// slots lets so many in at once.
type slots chan struct{}

func (s slots) enter() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) leave() { <-s }

// limit gives a request its time and bounds what is read of it.
func (s *Server) limit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/ogc/jobs/") && strings.HasSuffix(path, "/events"):
			return s.stream(c, next)
		case strings.HasPrefix(c.Path(), "/v1/environment/"):
			return within(c, s.Limits.Long, next)
		case c.Path() == "/aoi/:file" && !strings.HasSuffix(path, ".json") && r.Method == http.MethodGet:
			if !s.exports.enter() {
				return problem.Busy("busy", "%d exports are being made", s.Limits.Exports)
			}
			defer s.exports.leave()
			return within(c, s.Limits.Long, next)
		}
		if r.ContentLength > s.Limits.Body {
			return &http.MaxBytesError{Limit: s.Limits.Body} // before a byte of it is read
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, s.Limits.Body)
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.Limits.Request)
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

// within gives a request more time than the connection's deadlines, which are made for short ones.
func within(c echo.Context, limit time.Duration, next echo.HandlerFunc) error {
	extend(c, time.Now().Add(limit+SendTime))
	ctx, cancel := context.WithTimeout(c.Request().Context(), limit)
	defer cancel()
	c.SetRequest(c.Request().WithContext(ctx))
	return next(c)
}

// stream lets a client listen for as long as it likes, until the server shuts down: who listens would hold that up.
func (s *Server) stream(c echo.Context, next echo.HandlerFunc) error {
	if !s.streams.enter() {
		return problem.Busy("busy", "%d clients listen to events", s.Limits.Streams)
	}
	defer s.streams.leave()
	extend(c, time.Time{})
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(s.listening, cancel)()
	c.SetRequest(c.Request().WithContext(ctx))
	return next(c)
}

// extend moves the connection's deadlines, also that of reading: net/http reads on to notice a client that leaves, and takes the end of
// the deadline for that.
func extend(c echo.Context, until time.Time) {
	control := http.NewResponseController(c.Response())
	_ = control.SetReadDeadline(until) // a connection without deadlines has none to move
	_ = control.SetWriteDeadline(until)
}

// EndStreams ends streams of events, whose clients will ask again somewhere else: for shutting down.
func (s *Server) EndStreams() { s.hush() }

// fits says whether a job has no more scenes than a stranger may have run.
func (s *Server) fits(o ogc.Order) error {
	bound := orb.Bound{Min: orb.Point{o.Bound[0], o.Bound[1]}, Max: orb.Point{o.Bound[2], o.Bound[3]}}
	if n := reasoning.CountScenes(bound, s.Engine.Zoom); n > s.Limits.Scenes {
		return problem.New(http.StatusUnprocessableEntity, "too-many", "This asks for too much",
			"the bbox has %d scenes, a job may have %d: ask for smaller ones, or run `precinct jobs start` on the server", n, s.Limits.Scenes)
	}
	return nil
}

// tooMany says that an export is larger than may be.
func (s *Server) tooMany() *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, "too-many", "This asks for too much",
		"there are more than %d outlines: give a smaller bbox, or run `precinct export` on the server", s.Limits.Features)
}
