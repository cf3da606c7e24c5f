package ogc_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocs asks for every address that docs/ogc.md shows, and looks there for every conformance class that is claimed.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/ogc.md")
	if err != nil {
		t.Fatal(err)
	}
	goOn := make(chan struct{})
	close(goOn)
	w := newWorld(t, withJobs(t, goOn))
	if _, _, err := w.start(order); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, m := range regexp.MustCompile(`(?m)^GET (\S+)`).FindAllStringSubmatch(string(text), -1) {
		asked++
		if err := w.status(m[1], 200); err != nil {
			t.Error(err)
		}
	}
	if asked < 8 {
		t.Errorf("%d addresses", asked)
	}
	d, err := w.json(jsonType, "/ogc/conformance")
	for _, class := range d.list("conformsTo") {
		standard, class, _ := strings.Cut(strings.TrimPrefix(class.(string), "http://www.opengis.net/spec/"), "/conf/")
		if !regexp.MustCompile(`(?m)^\| .*` + standard + `.*\b` + class + `\b`).Match(text) {
			t.Errorf("docs/ogc.md does not list %s %s", standard, class)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
