package ogc_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/precinct-map/precinct/server/ogc"
)

const order = `{"inputs":{"query":"schools","bbox":[85,27,88,28],"mode":"two-stage"}}`

// start executes the process and waits until the job has ended.
func (w *world) start(body string) (path string, status doc, err error) {
	r := w.do("POST", "/ogc/processes/segment/execution", body, "Content-Type: application/json", "Prefer: respond-async")
	if r.StatusCode != http.StatusCreated {
		return "", nil, fmt.Errorf("status %d: %s", r.StatusCode, r.body)
	}
	path = local(r.Header.Get("Location"))
	for range 400 {
		if status, err = w.json(jsonType, path); err != nil || status["status"] != "accepted" && status["status"] != "running" {
			return path, status, err
		}
		time.Sleep(25 * time.Millisecond)
	}
	return path, status, fmt.Errorf("the job does not end: %v", status)
}

func problemType(body []byte) string {
	var d doc
	_ = json.Unmarshal(body, &d)
	s, _ := d["type"].(string)
	return s[strings.LastIndex(s, "/")+1:]
}

var processRequirements = []requirement{
	{"ogcapi-processes-1/1.0/req/core/process-list", func(w *world) error { return w.status("/ogc/processes?limit=1", 200) }},
	{"ogcapi-processes-1/1.0/req/core/process-list-success", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/processes")
		return all(err, w.links(d, "self"), that(d.at("processes", 0, "id") == "segment" && d.at("processes", 0, "version") == "1.0.0", "%v", d))
	}},
	{"ogcapi-processes-1/1.0/req/ogc-process-description/json-encoding", func(w *world) error {
		d, err := w.json(jsonType, "/ogc/processes/segment")
		return all(err, w.links(d, "self", "http://www.opengis.net/def/rel/ogc/1.0/execute"), that(d.at("inputs", "query", "schema", "type") == "string" && d.at("outputs", "features", "schema") != nil, "%v", d),
			that(fmt.Sprint(d["jobControlOptions"]) == "[async-execute dismiss]", "%v", d["jobControlOptions"]))
	}},
	{"ogcapi-processes-1/1.0/req/core/process-exception-no-such-process", func(w *world) error {
		r := w.get("/ogc/processes/none")
		return that(r.StatusCode == 404 && problemType(r.body) == "no-such-process", "%d %s", r.StatusCode, r.body)
	}},
	{"ogcapi-processes-1/1.0/req/core/process-execute-success-async", func(w *world) error {
		r := w.do("POST", "/ogc/processes/segment/execution", order, "Prefer: respond-async")
		var d doc
		err := json.Unmarshal(r.body, &d)
		return all(err, that(r.StatusCode == 201 && strings.HasPrefix(r.Header.Get("Location"), "http://maps.test/ogc/jobs/") && r.Header.Get("Preference-Applied") == "respond-async", "%d %v", r.StatusCode, r.Header), that(d["type"] == "process" && d["jobID"] != nil && d["processID"] == "segment", "%v", d),
			that(d.at("inputs", "query") == "schools" && fmt.Sprint(d.at("inputs", "bbox")) == "[85 27 88 28]", "%v", d["inputs"]))
	}},
	{"ogcapi-processes-1/1.0/req/core/process-execute-request", func(w *world) error {
		var err error
		for _, body := range []string{"", "[]", `{"inputs":{}}`, `{"inputs":{"query":"x"}}`, `{"inputs":{"query":7,"bbox":[1,2,3,4]}}`, `{"inputs":{"query":"x","bbox":[1,2,3]}}`, `{"inputs":{"query":"x","bbox":[1,2,3,"x"]}}`, `{"inputs":{"query":"x","bbox":[4,4,4,4]}}`, `{"inputs":{"query":"x","bbox":[170,4,190,5]}}`,
			`{"inputs":{"query":"x","bbox":[1,2,3,4],"mode":"fast"}}`, `{"inputs":{"query":"x","bbox":[1,2,3,4],"colour":"red"}}`, `{"inputs":{"query":"x","bbox":{"bbox":[1,2,3,4],"crs":"x"}}}`, strings.Replace(order, "}}", `},"response":"xml"}`, 1), strings.Replace(order, "}}", `},"outputs":{"features":{"transmissionMode":"reference"}}}`, 1)} {
			r := w.do("POST", "/ogc/processes/segment/execution", body)
			err = all(err, that(r.StatusCode == 400, "%s: %d %s", body, r.StatusCode, r.body))
		}
		return err
	}},
	{"ogcapi-processes-1/1.0/req/core/process-execute-input-bbox", func(w *world) error {
		_, d, err := w.start(`{"inputs":{"query":"schools","bbox":{"bbox":[27,85,28,88],"crs":"` + crs4326 + `"}}}`)
		return all(err, that(strings.Contains(fmt.Sprint(d["message"]), "3 of 3"), "%v", d))
	}},
	{"ogcapi-processes-1/1.0/req/core/job-success", func(w *world) error {
		_, d, err := w.start(order)
		return all(err, w.links(d, "self", "monitor", "http://www.opengis.net/def/rel/ogc/1.0/results"), that(d["status"] == "successful" && d["progress"] == 100.0 && d["created"] != nil && d["finished"] != nil, "%v", d))
	}},
	{"ogcapi-processes-1/1.0/req/core/job-exception-no-such-job", func(w *world) error {
		var err error
		for _, p := range []string{"/ogc/jobs/99", "/ogc/jobs/x", "/ogc/jobs/99/results", "/ogc/jobs/99/events", "/ogc/jobs/-1"} {
			r := w.get(p)
			err = all(err, that(r.StatusCode == 404 && problemType(r.body) == "no-such-job", "%s: %d %s", p, r.StatusCode, r.body))
		}
		return err
	}},
	{"ogcapi-processes-1/1.0/req/core/job-results-async-raw-value-one", func(w *world) error {
		path, _, err := w.start(order)
		d, errResults := w.json(geojsonType, path+"/results")
		return all(err, errResults, w.links(d, "items"), that(d["type"] == "FeatureCollection" && len(d.list("features")) == 301, "%d features", len(d.list("features"))))
	}},
	{"ogcapi-processes-1/1.0/req/core/job-results-async-document", func(w *world) error {
		path, _, err := w.start(strings.Replace(order, "}}", `},"response":"document"}`, 1))
		d, errResults := w.json(jsonType, path+"/results")
		return all(err, errResults, that(len(d.list("features", "value", "features")) == 301, "%v", d))
	}},
	{"ogcapi-processes-1/1.0/req/core/job-results-nothing-found", func(w *world) error {
		path, _, err := w.start(strings.Replace(order, "schools", "castles", 1))
		d, errResults := w.json(geojsonType, path+"/results")
		return all(err, errResults, that(len(d.list("features")) == 0 && d["features"] != nil, "%v", d))
	}},
	{"ogcapi-processes-1/1.0/req/core/job-results-failed", func(w *world) error {
		path, d, err := w.start(strings.Replace(order, "27,88,28", "-27,88,-26", 1))
		return all(err, that(d["status"] == "failed", "%v", d), w.status(path+"/results", 500))
	}},
	{"ogcapi-processes-1/1.0/req/job-list/job-list-success", func(w *world) error {
		_, _, err := w.start(order)
		_, _, err2 := w.start(strings.Replace(order, "27,88,28", "-27,88,-26", 1))
		err = all(err, err2)
		for query, want := range map[string]int{"": 2, "status=successful": 1, "status=failed,successful": 2, "status=dismissed": 0, "type=process": 2, "type=other": 0, "processID=segment": 2, "processID=echo": 0, "limit=1": 1,
			"datetime=../1990-01-01T00:00:00Z": 0, "datetime=1990-01-01T00:00:00Z/..": 2, "minDuration=100": 0, "maxDuration=100": 2, "after=2": 1, "after=1": 0} {
			d, e := w.json(jsonType, "/ogc/jobs?"+query)
			err = all(err, e, that(len(d.list("jobs")) == want, "%q: %d jobs, want %d", query, len(d.list("jobs")), want))
		}
		d, e := w.json(jsonType, "/ogc/jobs?limit=1")
		next, e2 := w.json(jsonType, local(d.href("next", "")))
		err = all(err, e, e2, w.links(d, "self"), that(next.at("jobs", 0, "jobID") == "1" && next.href("next", "") == "", "%v", next))
		for _, query := range []string{"minDuration=x", "maxDuration=-1", "datetime=x", "after=x", "limit=0", "colour=red"} {
			err = all(err, w.status("/ogc/jobs?"+query, 400))
		}
		return err
	}},
}

func TestJobsAreDismissed(t *testing.T) {
	w := newWorld(t, withJobs(t, nil)) // scenes never end
	r := w.do("POST", "/ogc/processes/segment/execution", order)
	path := local(r.Header.Get("Location"))
	if err := w.status(path+"/results", 404); err != nil {
		t.Error(err)
	}
	r = w.do("DELETE", path, "")
	var d doc
	if err := json.Unmarshal(r.body, &d); err != nil || r.StatusCode != 200 || d["status"] != "dismissed" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if err := all(w.status(path, 200), w.status(path+"/results", 404)); err != nil {
		t.Error(err)
	}
	r = w.do("DELETE", path, "") // it has ended: now it goes
	if err := json.Unmarshal(r.body, &d); err != nil || r.StatusCode != 200 || d["status"] != "dismissed" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if err := all(w.status(path, 404), w.status("/ogc/jobs", 200)); err != nil {
		t.Error(err)
	}
	if r := w.do("DELETE", path, ""); r.StatusCode != 404 || problemType(r.body) != "no-such-job" {
		t.Errorf("a third time: %d %s", r.StatusCode, r.body)
	}
	if r := w.do("DELETE", "/ogc/jobs/77", ""); r.StatusCode != 404 {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestJobsNeedLeave(t *testing.T) {
	w := newWorld(t, withJobs(t, nil), func(o *ogc.Options) {
		o.MayRun = func(*http.Request) (string, error) { return "", fmt.Errorf("not on Sundays") }
	})
	for method, path := range map[string]string{"POST": "/ogc/processes/segment/execution", "DELETE": "/ogc/jobs/1"} {
		if r := w.do(method, path, order); r.StatusCode != 403 || !strings.Contains(string(r.body), "Sundays") {
			t.Errorf("%s: %d %s", method, r.StatusCode, r.body)
		}
	}
}

// TestEvents follows a job on a real connection, leaves in the middle, and goes on after what it saw.
func TestEvents(t *testing.T) {
	goOn := make(chan struct{})
	w := newWorld(t, withJobs(t, goOn))
	server := httptest.NewServer(w.handler)
	defer server.Close()
	r := w.do("POST", "/ogc/processes/segment/execution", order)
	url := server.URL + local(r.Header.Get("Location")) + "/events"
	listen := func(last string, stop func(kind string) bool) (ids, kinds []string, status int) {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				ids = append(ids, id)
			}
			if kind, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				if kinds = append(kinds, kind); stop(kind) {
					break
				}
			}
		}
		return ids, kinds, res.StatusCode
	}
	ids, kinds, _ := listen("", func(kind string) bool { return kind == "counted" })
	if fmt.Sprint(kinds) != "[started counted]" {
		t.Fatalf("first %v", kinds)
	}
	close(goOn)
	more, kinds, _ := listen(ids[1], func(string) bool { return false })
	if fmt.Sprint(kinds) != "[scene scene scene ended]" || more[0] <= ids[1] {
		t.Fatalf("then %v %v", kinds, more)
	}
	if _, kinds, status := listen(more[3], func(string) bool { return false }); status != http.StatusNoContent || len(kinds) != 0 {
		t.Errorf("after the end: %d %v", status, kinds)
	}
	if err := w.status(local(r.Header.Get("Location"))+"/events", 400, "Last-Event-ID: x"); err != nil {
		t.Error(err)
	}
}
