package ogc_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/server/ogc"
	"github.com/precinct-map/precinct/server/store"
)

func TestBaseOfLinks(t *testing.T) {
	forwarded := []string{"X-Forwarded-Proto: https, http", "X-Forwarded-Host: maps.example.org", "X-Forwarded-Prefix: /precinct/"}
	for name, c := range map[string]struct {
		options ogc.Options
		headers []string
		tls     bool
		host    string
		want    string
	}{
		"the request":           {want: "http://maps.test/ogc"},
		"tls":                   {tls: true, want: "https://maps.test/ogc"},
		"forwarded, no trust":   {headers: forwarded, want: "http://maps.test/ogc"},
		"forwarded":             {options: ogc.Options{TrustForwarded: true}, headers: forwarded, want: "https://maps.example.org/precinct/ogc"},
		"forwarded nonsense":    {options: ogc.Options{TrustForwarded: true}, headers: []string{"X-Forwarded-Proto: ftp", `X-Forwarded-Host: a"b/c`, "X-Forwarded-Prefix: evil"}, want: "http://maps.test/ogc"},
		"public":                {options: ogc.Options{PublicURL: "https://x.org/p/", TrustForwarded: true}, headers: forwarded, want: "https://x.org/p/ogc"},
		"a host that is none":   {host: `evil"><script>`, want: "http://localhost/ogc"},
		"an address of version": {host: "[::1]:8080", want: "http://[::1]:8080/ogc"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *ogc.Options) { o.PublicURL, o.TrustForwarded = c.options.PublicURL, c.options.TrustForwarded })
			r := httptest.NewRequest("GET", "http://maps.test/ogc", nil)
			if c.host != "" {
				r.Host = c.host
			}
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for _, h := range c.headers {
				k, v, _ := strings.Cut(h, ": ")
				r.Header.Set(k, v)
			}
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			var d doc
			if err := json.Unmarshal(rec.Body.Bytes(), &d); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(d.href("self", ""), "?f=json"); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestLeastOptions serves features and nothing else.
func TestLeastOptions(t *testing.T) {
	w := newWorld(t, func(o *ogc.Options) { *o = ogc.Options{Features: o.Features, Catalogue: o.Catalogue, Edits: o.Edits} })
	for path, want := range map[string]int{"/ogc": 200, "/ogc/collections": 200, w.itemPath(1): 200, "/ogc/processes": 404, "/ogc/jobs/1": 404, "/ogc/tileMatrixSets": 404, w.tilesPath(): 404, "/wmts/1.0.0/WMTSCapabilities.xml": 404, w.itemPath(1) + "?f=html": 200} {
		if err := w.status(path, want); err != nil {
			t.Error(err)
		}
	}
	if err := all(w.refused(405, "DELETE", w.itemPath(1), "", anna), w.refused(405, "POST", w.itemsPath(), yard, anna, sent)); err != nil {
		t.Error(err)
	}
	d, err := w.json(jsonType, "/ogc/conformance")
	if err != nil || slices.ContainsFunc(d.list("conformsTo"), func(v any) bool {
		return strings.Contains(v.(string), "tiles") || strings.Contains(v.(string), "processes") || strings.Contains(v.(string), "features-4")
	}) {
		t.Errorf("%v, %v", d, err)
	}
}

func TestPacked(t *testing.T) {
	w := newWorld(t)
	r := w.get(w.itemsPath(), "Accept-Encoding: gzip")
	if r.Header.Get("Content-Encoding") != "gzip" || !strings.HasSuffix(r.Header.Get("ETag"), `-gzip"`) || !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Fatalf("%v", r.Header)
	}
	z, err := gzip.NewReader(strings.NewReader(string(r.body)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if plain := w.get(w.itemsPath()); err != nil || string(data) != string(plain.body) {
		t.Errorf("%d bytes and %d differ, %v", len(data), len(plain.body), err)
	}
}

// broken is a store whose disk is gone.
type broken struct{ *store.SQLite }

var errDisk = errors.New("secret path: input/output error")

func (broken) Find(context.Context, store.Query) (store.Page, error) { return store.Page{}, errDisk }

func (broken) Collections(context.Context, string, int) ([]store.Collection, error) {
	return nil, errDisk
}

func TestBrokenStore(t *testing.T) {
	w := newWorld(t, func(o *ogc.Options) {
		b := broken{o.Features.(*store.SQLite)}
		o.Features, o.Catalogue = b, b
	})
	for _, path := range []string{"/ogc/collections", w.itemsPath()} {
		r := w.get(path)
		if r.StatusCode != http.StatusInternalServerError || strings.Contains(string(r.body), "secret") || r.Header.Get("ETag") != "" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", path, r.StatusCode, r.Header, r.body)
		}
	}
}
