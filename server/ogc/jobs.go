package ogc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"github.com/precinct-map/precinct/server/problem"
	"github.com/precinct-map/precinct/server/store"
)

const (
	maxJobs    = 1000   // a page of the list has at most
	maxScanned = 10_000 // jobs that the filters of one request look at
)

// documented ends the id of a job whose results are wanted as a document of values: whoever asked for it is told by the id, and
// nothing needs to be kept.
const documented = "-document"

func jobID(j Job, document bool) string {
	id := strconv.FormatInt(j.ID, 10)
	if document {
		id += documented
	}
	return id
}

// run is the job that the path names.
func (c *call) run() (j Job, id string, err error) {
	id = c.r.PathValue("jobId")
	n, err := strconv.ParseInt(strings.TrimSuffix(id, documented), 10, 64)
	if err != nil || n <= 0 {
		return j, id, noJob(id)
	}
	j, err = c.Jobs.Show(c.r.Context(), n)
	if errors.Is(err, ErrNotFound) {
		err = noJob(id)
	}
	return j, id, err
}

func noJob(id string) *problem.Problem {
	return &problem.Problem{Type: exceptions + "no-such-job", Title: "There is no such job", Status: http.StatusNotFound, Detail: fmt.Sprintf("there is no job %q", short(id))}
}

// statusInfo is a job as OGC 18-062r2, 7.12 has it.
func (c *call) statusInfo(j Job, id string) map[string]any {
	at := c.base + "/ogc/jobs/" + id
	links := []link{{at, "self", mediaJSON, "Status", false}, {at + "/events", "monitor", mediaEvents, "Events", false}}
	doc := map[string]any{"jobID": id, "processID": segment, "type": "process", "status": j.State, "created": exact(j.Created), "updated": exact(j.Updated),
		"message": fmt.Sprintf("“%s”: %d scenes done, %d failed", j.Order.Phrase, j.Done, j.Failed),
		"inputs":  map[string]any{"query": j.Order.Phrase, "bbox": j.Order.Bound, "mode": j.Order.Mode}}
	if j.State != Accepted {
		doc["started"] = exact(j.Created)
	}
	if j.Counted {
		doc["progress"] = 100 * (j.Done + j.Failed) / max(j.Total, 1)
		doc["message"] = fmt.Sprintf("“%s”: %d of %d scenes done, %d failed", j.Order.Phrase, j.Done, j.Total, j.Failed)
	}
	if j.State == Successful {
		doc["progress"] = 100
		links = append(links, link{at + "/results", relResults, mediaGeoJSON, "Results", false})
	}
	if j.ended() {
		doc["finished"] = exact(j.Updated)
	}
	doc["links"] = links
	return doc
}

func (c *call) sendStatus(status int, j Job, id string) error {
	doc := c.statusInfo(j, id)
	return c.send(status, mediaJSON, doc, page{Title: "Job " + id, Text: doc["message"].(string), Crumbs: c.crumbs(link{Href: "/jobs", Title: "Jobs"}), Links: doc["links"].([]link)[1:],
		Facts: []fact{{"status", string(j.State)}, {"bbox", fmt.Sprint(j.Order.Bound)}, {"created", exact(j.Created)}, {"updated", exact(j.Updated)}}})
}

func (c *call) job() error {
	j, id, err := c.run()
	if err != nil {
		return err
	}
	return c.sendStatus(http.StatusOK, j, id)
}

// dismiss gives a job up, or forgets one that has ended (OGC 18-062r2, 13). Its outlines stay: they are in the store and others use them.
func (c *call) dismiss() error {
	if _, err := c.allow(c.MayRun); err != nil {
		return err
	}
	j, id, err := c.run()
	if err != nil {
		return err
	}
	if !j.ended() {
		j, err = c.Jobs.Cancel(c.r.Context(), j.ID)
	} else if err = c.Jobs.Remove(c.r.Context(), j.ID); err == nil {
		j.State = Dismissed
	}
	if err != nil {
		return err
	}
	return c.sendStatus(http.StatusOK, j, id)
}

// jobs lists them, the newest first.
func (c *call) jobs() error {
	limit, err := readLimit(c.query, 20, maxJobs)
	if err != nil {
		return err
	}
	wanted, err := readJobFilter(c.query)
	if err != nil {
		return err
	}
	var before int64
	if c.query.Has("after") {
		if before, err = strconv.ParseInt(c.query.Get("after"), 10, 64); err != nil || before <= 0 {
			return problem.BadRequest("follow the link next as it is given")
		}
	}
	list, next, err := c.scan(wanted, before, limit)
	if err != nil {
		return err
	}
	links := c.own(mediaJSON)
	if next > 0 {
		l := c.next(strconv.FormatInt(next, 10))
		l.Type = mediaJSON
		links = append(links, l)
	}
	p := page{Title: "Jobs", Crumbs: c.crumbs(), Links: links[2:], Head: []string{"Job", "Phrase", "Status", "Scenes", "Created"}}
	docs := make([]any, len(list))
	for i, j := range list {
		id := jobID(j, false)
		docs[i] = c.statusInfo(j, id)
		p.Rows = append(p.Rows, []cell{{id, c.base + "/ogc/jobs/" + id + "?f=html"}, {Text: j.Order.Phrase}, {Text: string(j.State)}, {Text: fmt.Sprintf("%d of %d", j.Done, j.Total)}, {Text: exact(j.Created)}})
	}
	return c.send(http.StatusOK, mediaJSON, map[string]any{"jobs": docs, "links": links}, p)
}

// scan reads jobs below an id until as many as wanted match. next is where to go on, 0 at the end.
func (c *call) scan(wanted func(*Job) bool, before int64, limit int) (out []Job, next int64, err error) {
	for scanned := 0; scanned < maxScanned; {
		const batch = 200
		list, err := c.Jobs.List(c.r.Context(), before, batch)
		if err != nil {
			return nil, 0, err
		}
		for i := range list {
			if before = list[i].ID; wanted(&list[i]) {
				if len(out) == limit {
					return out, out[limit-1].ID, nil
				}
				out = append(out, list[i])
			}
		}
		if scanned += len(list); len(list) < batch {
			return out, 0, nil
		}
	}
	return out, before, nil
}

// readJobFilter reads the parameters that select jobs (OGC 18-062r2, clause 11).
func readJobFilter(v url.Values) (func(*Job) bool, error) {
	var from, to time.Time
	var err error
	if v.Has("datetime") {
		if from, to, err = readInterval(v.Get("datetime")); err != nil {
			return nil, err
		}
	}
	least, most := 0, math.MaxInt
	for name, n := range map[string]*int{"minDuration": &least, "maxDuration": &most} {
		if v.Has(name) {
			if *n, err = strconv.Atoi(v.Get(name)); err != nil || *n < 0 {
				return nil, problem.BadRequest("%s is a whole number of seconds", name)
			}
		}
	}
	listed := func(name, value string) bool {
		return !v.Has(name) || slices.Contains(strings.Split(v.Get(name), ","), value)
	}
	return func(j *Job) bool {
		took := j.Updated.Sub(j.Created)
		if !j.ended() {
			took = time.Since(j.Created)
		}
		return listed("type", "process") && listed("processID", segment) && listed("status", string(j.State)) &&
			(from.IsZero() || !j.Created.Before(from)) && (to.IsZero() || !j.Created.After(to)) &&
			took.Seconds() >= float64(least) && took.Seconds() <= float64(most)
	}, nil
}

// results answers with the outlines of a job's ground: the one output itself, or a document that has it.
func (c *call) results() error {
	j, id, err := c.run()
	switch {
	case err != nil:
		return err
	case j.State == Failed:
		return &problem.Problem{Type: exceptions + "job-results-failed", Title: "The job failed", Status: http.StatusInternalServerError, Detail: fmt.Sprintf("%d scenes of job %s failed, none was done", j.Failed, id)}
	case j.State == Dismissed:
		return &problem.Problem{Type: exceptions + "no-such-job", Title: "The job was dismissed", Status: http.StatusNotFound, Detail: "job " + id + " was dismissed and has no results"}
	case j.State != Successful:
		return &problem.Problem{Type: exceptions + "result-not-ready", Title: "The results are not ready", Status: http.StatusNotFound, Detail: "job " + id + " is still " + string(j.State)}
	}
	data, err := c.outcome(c.r.Context(), j)
	if err != nil {
		return err
	}
	media := mediaGeoJSON
	if strings.HasSuffix(id, documented) {
		media = mediaJSON
		if data, err = json.Marshal(map[string]any{"features": map[string]any{"value": json.RawMessage(data)}}); err != nil {
			return err
		}
	}
	return c.blob(http.StatusOK, media, contentTag(data), data)
}

// outcome is the outlines of a job's ground as GeoJSON: a page as large as may be, which links to the next.
func (c *call) outcome(ctx context.Context, j Job) ([]byte, error) {
	b := j.Order.Bound
	bound := orb.Bound{Min: orb.Point{b[0], b[1]}, Max: orb.Point{b[2], b[3]}}
	p, err := c.gather(ctx, store.Query{Phrase: j.Order.Phrase, Bound: &bound, Limit: store.MaxLimit})
	if err != nil {
		return nil, err
	}
	links := []link{{c.base + c.r.URL.EscapedPath(), "self", mediaGeoJSON, "Results", false}}
	k, err := c.Catalogue.Collection(ctx, j.Order.Phrase)
	if err == nil {
		at := c.base + itemsPath(k) + fmt.Sprintf("?bbox=%v,%v,%v,%v", b[0], b[1], b[2], b[3])
		links = append(links, link{at, "items", mediaGeoJSON, k.Phrase, false})
		if p.Next != "" {
			links = append(links, link{at + fmt.Sprintf("&limit=%d&after=%s", store.MaxLimit, url.QueryEscape(p.Next)), "next", mediaGeoJSON, "Next page", false})
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return c.featureCollection(p.Features, systems[0], links, 0, false)
}
