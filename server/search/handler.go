package search

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"golang.org/x/text/language"
)

// Handler answers /search and /reverse as Nominatim does; it looks at the last part of the path only.
type Handler struct {
	Index       *Index
	Attribution string    // of the maps, as licence
	Upstream    *Upstream // asked when the index has nothing; nil for none
	Log         *slog.Logger
}

// failure is Nominatim's shape of an error, with a hint.
type failure struct {
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		h.fail(w, http.StatusMethodNotAllowed, "use GET")
		return
	}
	v := r.URL.Query()
	ask, reading := h.search, readSearch
	if isReverse(r.URL.Path) {
		ask, reading = h.reverse, readReverse
	}
	p, err := reading(v, r.Header)
	var results []Result
	if err == nil {
		results, err = ask(r, p)
	}
	switch {
	case err == nil:
		h.write(w, r, p, results)
	case r.Context().Err() != nil: // nobody listens
	case errors.Is(err, ErrQuery):
		h.fail(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, ErrNotReady):
		w.Header().Set("Retry-After", "5")
		h.fail(w, http.StatusServiceUnavailable, err.Error())
	case errors.Is(err, ErrUpstream):
		h.fail(w, http.StatusBadGateway, err.Error())
	default:
		if h.Log != nil {
			h.Log.Error("search failed", "error", err)
		}
		h.fail(w, http.StatusInternalServerError, "the index cannot be read")
	}
}

func isReverse(path string) bool {
	return len(path) >= 8 && path[len(path)-8:] == "/reverse"
}

func (h *Handler) search(r *http.Request, p *params) ([]Result, error) {
	q := p.query
	limit := min(MaxLimit, max(q.Limit, 0)+len(p.exclude))
	if q.Limit == 0 {
		limit = min(MaxLimit, 10+len(p.exclude))
	}
	q.Limit = limit
	found, err := h.Index.Find(r.Context(), q)
	if err != nil && !(errors.Is(err, ErrNotReady) && h.Upstream != nil) {
		return nil, err
	}
	out := []Result{}
	for i := range found {
		if !slices.Contains(p.exclude, found[i].PlaceID) && len(out) < limit-len(p.exclude) {
			out = append(out, p.result(&found[i], h.Attribution))
		}
	}
	if len(found) == 0 && h.Upstream != nil {
		return h.Upstream.search(r.Context(), p)
	}
	return out, nil
}

func (h *Handler) reverse(r *http.Request, p *params) ([]Result, error) {
	found, ok, err := h.Index.Reverse(r.Context(), p.at)
	if err != nil || !ok {
		return nil, err
	}
	return []Result{p.result(&found, h.Attribution)}, nil
}

func (h *Handler) write(w http.ResponseWriter, r *http.Request, p *params, results []Result) {
	var body any = results
	media := "application/json; charset=utf-8"
	switch {
	case p.format == "geojson":
		body, media = collection(results, h.Attribution), "application/geo+json; charset=utf-8"
	case isReverse(r.URL.Path) && len(results) == 0:
		body = map[string]string{"error": "Unable to geocode"} // as Nominatim says it, with status 200
	case isReverse(r.URL.Path):
		body = results[0]
	}
	data, err := json.Marshal(body)
	if err != nil {
		h.fail(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Header().Set("Vary", "Accept-Language")
	if len(p.languages) > 0 && p.languages[0] != language.Und {
		w.Header().Set("Content-Language", p.languages[0].String())
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}

// collection is Nominatim's GeoJSON: fields as properties, the outline as the geometry where it was asked for, else the point.
func collection(results []Result, licence string) map[string]any {
	features := make([]map[string]any, 0, len(results))
	for _, r := range results {
		g := r.GeoJSON
		if g == nil {
			g = json.RawMessage(`{"type":"Point","coordinates":[` + r.Lon + `,` + r.Lat + `]}`)
		}
		box := make([]json.RawMessage, 4)
		for i, k := range []int{2, 0, 3, 1} { // W, S, E, N
			box[i] = json.RawMessage(r.BoundingBox[k])
		}
		props := map[string]any{"place_id": r.PlaceID, "category": r.Category, "type": r.Type, "place_rank": r.PlaceRank, "importance": r.Importance,
			"addresstype": r.AddressType, "name": r.Name, "display_name": r.DisplayName}
		if r.OSMType != "" {
			props["osm_type"], props["osm_id"] = r.OSMType, r.OSMID
		}
		for k, m := range map[string]map[string]string{"address": r.Address, "extratags": r.ExtraTags, "namedetails": r.NameDetails} {
			if m != nil {
				props[k] = m
			}
		}
		features = append(features, map[string]any{"type": "Feature", "properties": props, "bbox": box, "geometry": g})
	}
	if len(results) > 0 {
		licence = results[0].Licence
	}
	return map[string]any{"type": "FeatureCollection", "licence": licence, "features": features}
}

func (h *Handler) fail(w http.ResponseWriter, status int, message string) {
	var f failure
	f.Error.Code, f.Error.Message = status, message
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(f)
}
