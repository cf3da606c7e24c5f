package server

import (
	"strings"
	"testing"
)

func TestReadiness(t *testing.T) {
	var reasons []string
	s := newServer(t, &seer{}, func(o *Options) { o.Ready = func() []string { return reasons } })
	if a := get(t, s.URL+"/readyz"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
	reasons = []string{"the models are missing"}
	if a := get(t, s.URL+"/readyz"); a.StatusCode != 503 || !strings.Contains(string(a.data), "models are missing") {
		t.Errorf("%d %s", a.StatusCode, a.data)
	}
	if a := get(t, s.URL+"/healthz"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
}

func TestLinksFollowThePublicURL(t *testing.T) {
	s := newServer(t, &seer{}, func(o *Options) { o.PublicURL = "https://maps.example.org/precinct/" })
	if a := get(t, s.URL+"/aoi/school.json"); !strings.Contains(string(a.data), `"https://maps.example.org/precinct/aoi/school/{z}/{x}/{y}.mvt"`) {
		t.Errorf("%s", a.data)
	}
}
