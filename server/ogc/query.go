package ogc

import (
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

// filters are the properties that features may be selected by.
var filters = []string{"name", "tier", "class", "function", "model", "verdict"}

// itemsQuery is a request for features, read.
type itemsQuery struct {
	store.Query
	crs crs
}

// readItems reads the parameters of items. All errors are *problem.Problem with status 400.
func readItems(v url.Values) (q itemsQuery, err error) {
	if q.crs, err = systemOf(v.Get("crs")); err != nil {
		return q, err
	}
	bboxCRS, err := systemOf(v.Get("bbox-crs"))
	if err != nil {
		return q, err
	}
	if v.Has("bbox") {
		if q.Bound, err = readBBox(v.Get("bbox"), bboxCRS); err != nil {
			return q, err
		}
	}
	if v.Has("datetime") {
		if q.From, q.To, err = readInterval(v.Get("datetime")); err != nil {
			return q, err
		}
	}
	if q.Limit, err = readLimit(v, 100, store.MaxLimit); err != nil {
		return q, err
	}
	if v.Has("offset") {
		if q.Offset, err = strconv.Atoi(v.Get("offset")); err != nil || q.Offset < 0 || q.Offset > store.MaxOffset {
			return q, problem.BadRequest("offset is a whole number from 0 to %d; beyond it, follow the links next", store.MaxOffset)
		}
	}
	for _, key := range filters {
		if v.Has(key) {
			if q.Where == nil {
				q.Where = map[string]string{}
			}
			q.Where[key] = v.Get(key)
		}
	}
	q.After = v.Get("after")
	return q, nil
}

// readLimit reads limit. More than the most is the most: OGC 17-069r4, /req/core/fc-limit-response-1, and its 7.15.2.
func readLimit(v url.Values, usual, most int) (int, error) {
	if !v.Has("limit") {
		return usual, nil
	}
	n, err := strconv.Atoi(v.Get("limit"))
	if errors.Is(err, strconv.ErrRange) && n > 0 {
		return most, nil
	}
	if err != nil || n < 1 {
		return 0, problem.BadRequest("limit is a whole number from 1; %q is none", short(v.Get("limit")))
	}
	return min(n, most), nil
}

// readBBox reads four or six numbers in the axis order of a system; heights do not matter. A west above the east crosses the
// antimeridian.
func readBBox(s string, in crs) (*orb.Bound, error) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 && len(parts) != 6 {
		return nil, problem.BadRequest("bbox is four or six numbers with commas between; %q has %d", short(s), len(parts))
	}
	n := make([]float64, len(parts))
	for i, p := range parts {
		var err error
		if n[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil || math.IsNaN(n[i]) || math.IsInf(n[i], 0) {
			return nil, problem.BadRequest("bbox: %q is no number", short(p))
		}
	}
	low, high := orb.Point{n[0], n[1]}, orb.Point{n[len(n)/2], n[len(n)/2+1]}
	if in.to != nil {
		low, high = in.to(low), in.to(high)
	}
	if low[1] > high[1] {
		return nil, problem.BadRequest("bbox: its south lies north of its north")
	}
	if max(math.Abs(low[0]), math.Abs(high[0])) > 1e6 {
		return nil, problem.BadRequest("bbox lies outside the world; bbox-crs says what it is counted in")
	}
	low[1], high[1] = max(low[1], -90), min(high[1], 90)
	return &orb.Bound{Min: low, Max: high}, nil
}

// readInterval reads an instant or an interval (OGC 17-069r4, 7.15.4). A day without a time is the whole day in UTC. Zero is open.
func readInterval(s string) (from, to time.Time, err error) {
	a, b, two := strings.Cut(s, "/")
	if !two {
		if from, to, err = readTime(a); err == nil && from.IsZero() {
			err = problem.BadRequest("datetime: an instant cannot be open")
		}
		return from, to, err
	}
	if from, _, err = readTime(a); err != nil {
		return from, to, err
	}
	if _, to, err = readTime(b); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && from.After(to) {
		return from, to, problem.BadRequest("datetime: the interval ends before it begins")
	}
	return from, to, nil
}

func readTime(s string) (from, to time.Time, err error) {
	if s == "" || s == ".." {
		return from, to, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, day.Add(24*time.Hour - time.Microsecond), nil
	}
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	if err != nil {
		return from, to, problem.BadRequest("datetime: %q is no time as in 2026-11-24T12:00:00Z", short(s))
	}
	return t, t, nil
}
