package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/precinct-map/precinct/geo/taxonomy"
)

// resolve parts "schools in Banepa" into what is sought and where, by the names that the maps know: /resolve?q=.
func (s *Server) resolve(c echo.Context) error {
	phrase := c.QueryParam("q")
	if _, err := s.question(phrase); err != nil {
		return err
	}
	r, err := s.Places.Resolve(c.Request().Context(), phrase, nil)
	if err != nil {
		return err
	}
	// "schools" is asked as "school", so that what is known of it is used.
	if c, ok := taxonomy.ByID(first(r.Meaning.Classes)); ok && r.Where != "" && r.Meaning.Tier == taxonomy.TierClass && taxonomy.Match(c.Name).Tier == taxonomy.TierClass {
		r.What = c.Name
	}
	out := map[string]any{"query": r.What, "where": r.Where, "tier": r.Meaning.Tier, "classes": r.Meaning.Classes}
	if r.Where != "" {
		out["bbox"] = [4]float64{r.Bound.Min[0], r.Bound.Min[1], r.Bound.Max[0], r.Bound.Max[1]}
	}
	if r.Place != nil {
		out["place"] = r.Place.Tags["name"]
	}
	return c.JSON(http.StatusOK, out)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
