package search

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDocs runs the examples of docs/search.md: the answer must hold what each shows of it.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "search.md"))
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{Index: opened(t, File(data(t, "osm", "sf-downtown.osm.pbf")))}
	examples := regexp.MustCompile("(?s)```http\nGET (\\S+)\n```\n```json\n(.*?)\n```").FindAllSubmatch(text, -1)
	if len(examples) < 5 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, e := range examples {
		var want, got any
		if err := json.Unmarshal(e[2], &want); err != nil {
			t.Fatalf("%s: %v", e[1], err)
		}
		body := get(h, string(e[1])).Body
		if err := json.Unmarshal(body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", e[1], err)
		}
		if missing := lacks(got, want); missing != "" {
			t.Errorf("%s: %s in %s", e[1], missing, body)
		}
	}
}

// lacks tells what of want is not in got.
func lacks(got, want any) string {
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range want {
			if m := lacks(g[k], v); m != "" {
				return k + ": " + m
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(want) {
			return fmt.Sprintf("%d items, not %d", len(g), len(want))
		}
		for i := range want {
			if m := lacks(g[i], want[i]); m != "" {
				return m
			}
		}
	default:
		if got != want {
			return fmt.Sprintf("%v, not %v", got, want)
		}
	}
	return ""
}
