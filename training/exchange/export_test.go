package exchange

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/dataset"
)

// exported makes a data set of squares and exports it.
func exported(t *testing.T, o ExportOptions) (rows []*dataset.Row, out string, told *Exported) {
	t.Helper()
	root := t.TempDir()
	all := hubRows(14, 1)
	all[2].Problem = "an <image> of a park"
	all[3].Mask.Bytes = square(60, 50, 7, 7, 2, 255)
	writeParquet(t, filepath.Join(root, "train.parquet"), all)
	writeParquet(t, filepath.Join(root, "test.parquet"), hubRows(3, 40))
	dir, _ := taken(t, root, Options{Kind: "socioseg"})
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Mark(dataset.Mark{ID: rowsOf(t, dir, "train")[0].ID, Bad: true}); err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(t.TempDir(), "out")
	if told, err = Export(t.Context(), set, out, o); err != nil {
		t.Fatal(err)
	}
	if told.Rows["train"] != 11 || told.Skipped["its phrase holds <image>"] != 1 || told.Skipped["no piece of its mask has more than ten pixels"] != 1 {
		t.Fatalf("%+v", told)
	}
	if _, err := Export(t.Context(), set, out, o); !errors.Is(err, ErrOutput) {
		t.Errorf("a folder that is full: %v", err)
	}
	for _, r := range rowsOf(t, dir, "train") {
		if !strings.Contains(r.Problem, "<image>") && !strings.HasPrefix(r.ID, "id_3") {
			rows = append(rows, r)
		}
	}
	return rows, out, told
}

func dialect(t *testing.T, name string) reasoning.Dialect {
	t.Helper()
	d, err := reasoning.ParseDialect(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestVerl holds what verl gets to the data set: the masks are equal, and the answer earns all that stage 1 can give.
func TestVerl(t *testing.T) {
	rows, out, _ := exported(t, ExportOptions{Format: "verl", Dialect: dialect(t, "generic"), Mode: reasoning.TwoStage})
	got, err := parquet.ReadFile[verlRow](filepath.Join(out, "train.parquet"))
	if err != nil || len(got) != len(rows) {
		t.Fatalf("%d rows, want %d: %v", len(got), len(rows), err)
	}
	for i, g := range got {
		var truth struct {
			Boxes []json.RawMessage `json:"gt_boxes"`
			Mask  training.Runs     `json:"gt_mask"`
		}
		if err := json.Unmarshal([]byte(g.Reward.Truth), &truth); err != nil {
			t.Fatal(err)
		}
		mask, err := truth.Mask.Mask()
		want, _ := rows[i].Truth()
		if err != nil || !mask.Equal(want) {
			t.Errorf("%s: its mask is another's: %v", g.Extra.ID, err)
		}
		if string(g.Images[0].Bytes) != string(rows[i].Map) || string(g.Images[1].Bytes) != string(rows[i].Satellite) {
			t.Errorf("%s: its pictures are not the row's, map first", g.Extra.ID)
		}
		if want := "<image><image>" + reasoning.PromptText(reasoning.Localize, rows[i].Problem, ""); g.Prompt[0].Content != want || g.Extra.Index != int64(i) {
			t.Errorf("asked %q", g.Prompt[0].Content)
		}
		line := `{"id":1,"stage":1,"completion":` + string(jsonOf(t, g.Extra.Answer)) + `,` + g.Reward.Truth[1:]
		scored, err := training.Scorer{Definition: training.Paper}.Score([]byte(line))
		if err != nil || scored.Total != 3 {
			t.Errorf("its own answer earns %+v: %v", scored, err)
		}
	}
}

func TestTRL(t *testing.T) {
	rows, out, told := exported(t, ExportOptions{Format: "trl", Dialect: dialect(t, "qwen3-vl"), Mode: reasoning.NoReflection})
	got, err := parquet.ReadFile[trlRow](filepath.Join(out, "train.parquet"))
	if err != nil || len(got) != len(rows) || told.Frame != "thousandths" {
		t.Fatalf("%d rows, want %d: %v", len(got), len(rows), err)
	}
	for i, g := range got {
		user, assistant := g.Messages[0], g.Messages[1]
		if user.Content[0].Type != "image" || user.Content[0].Text != nil || user.Content[1].Type != "image" || *user.Content[2].Text != reasoning.PromptText(reasoning.Single, rows[i].Problem, "") {
			t.Errorf("asked %+v", user)
		}
		prompts, bad := reasoning.ReadPrompts(*assistant.Content[0].Text)
		if len(bad) > 0 || len(prompts) != len(g.Boxes) || len(prompts[0].Points) != 2 || prompts[0].Box[2] != g.Boxes[0][2] || prompts[0].Box[2] > 1000 {
			t.Errorf("answered %q: %v", *assistant.Content[0].Text, bad)
		}
		// 60×50 becomes 64×64: the square's left edge moves with it.
		if want := float64(5+numberOf(rows[i].Problem)%20) / 60 * 1000; g.Boxes[0][0] < want-10 || g.Boxes[0][0] > want+16 {
			t.Errorf("%s: its box begins at %g thousandths, want some %g", g.ID, g.Boxes[0][0], want)
		}
		if g.Mask.Size[0] != 64 || g.Mask.Size[1] != 64 {
			t.Errorf("its mask has %v", g.Mask.Size)
		}
	}
}

func numberOf(problem string) int {
	var n int
	_ = json.Unmarshal([]byte(strings.TrimPrefix(problem, "Place ")), &n)
	return n
}

func TestQwen(t *testing.T) {
	rows, out, told := exported(t, ExportOptions{Format: "qwen-vl", Dialect: dialect(t, "qwen2.5-vl"), Mode: reasoning.TwoStage, Splits: []string{"train"}})
	if len(told.Rows) != 1 {
		t.Error(told.Rows)
	}
	data, err := os.ReadFile(filepath.Join(out, "train.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got []qwenRow
	if err := json.Unmarshal(data, &got); err != nil || len(got) != len(rows) {
		t.Fatalf("%d rows: %v", len(got), err)
	}
	for _, g := range got {
		if strings.Count(g.Conversations[0].Value, "<image>") != 2 || g.Conversations[0].From != "human" || strings.Contains(g.Conversations[1].Value, "<image>") {
			t.Errorf("%+v", g.Conversations)
		}
		for _, name := range g.Image {
			data, err := os.ReadFile(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			if img, err := training.DecodePNG(data); err != nil || img.Bounds().Dx() != 56 || img.Bounds().Dy() != 56 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestNearest: a mask in its own size is itself, one twice as large has four pixels for each.
func TestNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 70).Draw(t, "w"), rapid.IntRange(1, 70).Draw(t, "h")
		m := geo.NewMask(geo.Window{Z: 3, X: 9, Y: 9, W: w, H: h})
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			m.Set(rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y"))
		}
		if same := nearest(m, w, h); same.IoU(geo.NewMask(same.Window)) != 0 && m.Count() == 0 || same.Count() != m.Count() {
			t.Fatal("a mask in its own size is another")
		}
		if n := nearest(m, 2*w, 2*h).Count(); n != 4*m.Count() {
			t.Fatalf("%d pixels of %d", n, m.Count())
		}
	})
}

func TestExportRefuses(t *testing.T) {
	root := t.TempDir()
	writeParquet(t, filepath.Join(root, "train.parquet"), hubRows(3, 1))
	dir, _ := taken(t, root, Options{Kind: "socioseg"})
	set, _ := dataset.Open(dir)
	for name, o := range map[string]ExportOptions{
		"format": {Format: "llava", Mode: reasoning.TwoStage}, "mode": {Format: "trl", Mode: reasoning.NoRefinement}, "split": {Format: "trl", Mode: reasoning.TwoStage, Splits: []string{"dev"}},
		"nothing": {Format: "trl", Mode: reasoning.TwoStage, Splits: []string{"val"}, Dialect: dialect(t, "")},
	} {
		out := filepath.Join(t.TempDir(), "out")
		if _, err := Export(t.Context(), set, out, o); err == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}
