package precinct_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/precinct-map/precinct/"

// rooms says what each room may import of ours, a prefix standing for everything below it. A room not listed belongs to
// the nearest listed one above it.
var rooms = map[string][]string{
	"geo":                    {"geo"},
	"geo/formats":            {"geo"},
	"geo/taxonomy":           {},
	"tiles":                  {"geo", "tiles/cache"},
	"tiles/cache":            {},
	"tiles/mbtiles":          {"geo", "tiles"},
	"tiles/pmtiles":          {"tiles"},
	"tiles/carto":            {"geo", "tiles"},
	"tiles/osm":              {"geo", "tiles", "tiles/carto", "tiles/mbtiles", "tiles/pmtiles"},
	"tiles/town":             {"geo", "tiles", "tiles/carto", "tiles/town"},
	"tiles/town/drawn":       {"geo", "tiles", "tiles/osm", "tiles/town/internal"},
	"tiles/sources":          {"geo", "tiles", "tiles/osm", "tiles/town"},
	"reasoning":              {"geo", "tiles", "tiles/cache"},
	"reasoning/models":       {},
	"reasoning/openai":       {"geo", "tiles", "reasoning"},
	"reasoning/ocr":          {"geo", "tiles", "tiles/cache", "reasoning"},
	"reasoning/onnx":         {"reasoning"},
	"reasoning/reader":       {"geo", "tiles", "reasoning"},
	"reasoning/labels":       {"geo/taxonomy", "tiles", "reasoning"},
	"reasoning/policy":       {"geo", "tiles", "reasoning"},
	"reasoning/sam":          {"geo", "tiles/cache", "reasoning"},
	"training":               {"geo", "tiles", "reasoning"},
	"training/outlines":      {"geo", "training/dataset"},
	"training/dataset":       {"geo", "tiles", "reasoning"},
	"training/runs":          {"geo", "reasoning", "training/net"},
	"training/sft":           {"geo", "reasoning", "training/dataset", "training/lessons", "training/net", "training/runs"},
	"training/grpo":          {"geo", "tiles", "reasoning", "training"},
	"training/lessons":       {"geo", "reasoning", "training/dataset", "training/net"},
	"training/corrections":   {"geo", "tiles", "reasoning", "training/dataset", "training/lessons", "training/net", "training/runs"},
	"training/environment":   {"geo", "tiles", "reasoning", "training"},
	"training/net":           {},
	"training/exchange":      {"geo", "reasoning", "training"},
	"training/report":        {"geo", "training"},
	"training/dataset/stats": {"geo", "tiles/carto", "training/dataset"},
	"training/dataset/show":  {"geo", "training/dataset"},
	"web":                    {},
	"server":                 {"geo", "tiles", "reasoning", "web", "server"},
	"server/store":           {"geo"},
	"server/jobs":            {},
	"server/ogc":             {"geo", "tiles", "server/store", "server/jobs", "server/problem"},
	"server/problem":         {},
	"server/search":          {"geo", "tiles"},
	"cmd":                    {"geo", "tiles", "reasoning", "training", "server", "web", "cmd"},
}

// forbidden edges that a prefix above would allow: reasoning never sees the town's outlines, the server only what it serves.
var forbidden = map[string][]string{
	"reasoning": {"tiles/town"},
	"training":  {"tiles/town/truth"},
	"tiles":     {"tiles/town/truth"},
}

func TestImportsGoOneWay(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != "." || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		seen++
		checkFile(t, filepath.ToSlash(file))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d files seen: is the test still at the root?", seen)
	}
}

func checkFile(t *testing.T, file string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	folder := path.Dir(file)
	room := roomOf(folder)
	allowed, ok := rooms[room]
	if !ok {
		t.Errorf("%s belongs to no room", file)
		return
	}
	for _, spec := range parsed.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		target, ours := strings.CutPrefix(name, module)
		if !ours {
			continue
		}
		if !within(target, allowed) && !within(target, []string{room}) {
			t.Errorf("%s (room %s) imports %s", file, room, target)
		}
		for from, never := range forbidden {
			if within(folder, []string{from}) && within(target, never) && !within(folder, []string{"tiles/town", "tiles/sources"}) {
				t.Errorf("%s must never import %s", file, target)
			}
		}
	}
}

func roomOf(folder string) string {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, ok := rooms[folder]; ok {
			return folder
		}
	}
	return folder
}

func within(target string, prefixes []string) bool {
	for _, p := range prefixes {
		if target == p || strings.HasPrefix(target, p+"/") {
			return true
		}
	}
	return false
}
