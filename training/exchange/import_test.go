package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/training/dataset"
)

func TestSocioSeg(t *testing.T) {
	root := t.TempDir()
	train, val := hubRows(17, 1), hubRows(6, 50)
	train[3].Mask.Bytes = square(61, 50, 3, 3, 9, 255)
	train[4].Mask.Bytes = square(60, 50, 0, 0, 0, 255)
	train[5].Sat.Bytes = train[5].Sat.Bytes[:len(train[5].Sat.Bytes)/2]
	train[6].Tier = "socio_colour"
	train[7].Map = hubPicture{nil, "gone.png"}
	train[8].Problem = " "
	writeParquet(t, filepath.Join(root, "data", "train-00000-of-00001.parquet"), train)
	writeParquet(t, filepath.Join(root, "data", "validation-00000-of-00001.parquet"), val)
	plain := make([]binaryRow, 3)
	for i, r := range hubRows(3, 90) {
		plain[i] = binaryRow{r.ID, "hospital", r.Map.Bytes, r.Sat.Bytes, r.Mask.Bytes}
	}
	writeParquet(t, filepath.Join(root, "socio_class", "test.parquet"), plain)
	for _, folder := range []bool{false, true} {
		dir, m := taken(t, root, Options{Kind: "socioseg", Folder: folder, Licence: "CC BY 4.0"})
		if want := map[string]int{"train": 11, "val": 6, "test": 3}; !maps.Equal(m.Rows, want) {
			t.Fatalf("rows %v, left out %v", m.Rows, m.Skipped)
		}
		want := []string{"it has no phrase", "its map is missing", "its mask is empty", "its pictures and mask differ in size", "its satellite picture is broken", "its tier is unknown"}
		if got := slices.Sorted(maps.Keys(m.Skipped)); !slices.Equal(got, want) {
			t.Errorf("left out %v", m.Skipped)
		}
		told, _ := os.ReadFile(filepath.Join(dir, "skipped.jsonl"))
		if !strings.Contains(string(told), `"row":"data/train-00000-of-00001.parquet, row 3","reason":"its pictures and mask differ in size"`) {
			t.Errorf("told %s", told)
		}
		rows := rowsOf(t, dir, "val")
		for i, r := range rows {
			truth, err := r.Truth()
			if err != nil || !truth.Equal(squareMask(60, 50, 5+i, 8, 12)) || r.Problem != val[i].Problem || r.Tier != dataset.Tiers[i%3] {
				t.Errorf("%s %q %s: %v", r.ID, r.Problem, r.Tier, err)
			}
			if !bytes.Equal(r.Map, val[i].Map.Bytes) || !bytes.Equal(r.Satellite, val[i].Sat.Bytes) {
				t.Errorf("%s: its pictures are not as they were", r.ID)
			}
		}
		if r := rowsOf(t, dir, "test")[0]; r.Tier != dataset.Class || r.Class != "hospital" || r.Function != "medical" || r.Licence != "CC BY 4.0" || r.ID != "id_0_3" {
			t.Errorf("%+v", r)
		}
	}
}

// TestSameBytes takes a source over twice, once cut off at every chance.
func TestSameBytes(t *testing.T) {
	root := t.TempDir()
	writeParquet(t, filepath.Join(root, "train.parquet"), hubRows(40, 1))
	for _, folder := range []bool{false, true} {
		o := Options{Kind: "socioseg", ShardRows: 6, Folder: folder}
		whole, _ := taken(t, root, o)
		cut := filepath.Join(t.TempDir(), "set")
		ended := 0
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			rows := 0
			_, err := Import(ctx, cut, root, o, dataset.Options{Workers: 1, Progress: func(int, int) {
				if rows++; rows == 9 {
					cancel()
				}
			}})
			cancel()
			if err == nil {
				break
			}
			ended++
		}
		if ended < 3 {
			t.Fatalf("cut off %d times", ended)
		}
		if !maps.Equal(files(t, whole), files(t, cut)) {
			t.Error("an import that was cut off gave other bytes")
		}
		o.Tier = dataset.Function
		if _, err := Import(t.Context(), cut, root, o, dataset.Options{}); !errors.Is(err, dataset.ErrOther) {
			t.Errorf("another order: %v", err)
		}
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRawSocioSeg(t *testing.T) {
	root := t.TempDir()
	for i, split := range []string{"train", "train", "val", "test"} {
		at := filepath.Join(root, split, fmt.Sprint("scene", i))
		write(t, filepath.Join(at, "question.json"), []byte(fmt.Sprintf(`{"problem":"University %d"}`, i)))
		write(t, filepath.Join(at, "map.png"), photo(40, 40, i))
		write(t, filepath.Join(at, "sat.png"), photo(40, 40, 9+i))
		write(t, filepath.Join(at, "mask.png"), square(40, 40, 4, 4, 9, 255))
	}
	write(t, filepath.Join(root, "val", "scene9", "question.json"), []byte("{"))
	dir, m := taken(t, root, Options{Kind: "socioseg", Tier: dataset.Name})
	if m.Rows["train"] != 2 || m.Rows["val"] != 1 || m.Rows["test"] != 1 || m.Skipped["its question.json is no JSON"] != 1 {
		t.Fatal(m.Rows, m.Skipped)
	}
	if r := rowsOf(t, dir, "val")[0]; r.Problem != "University 2" || r.ID != "scene2" || r.Tier != dataset.Name {
		t.Errorf("%+v", r)
	}
}

// cocoWorld writes images, instances and references.
func cocoWorld(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	type object = map[string]any
	var images []object
	for i := range 4 {
		name := fmt.Sprintf("p%d.png", i)
		write(t, filepath.Join(root, "images", name), photo(40, 30, i))
		write(t, filepath.Join(root, "maps", fmt.Sprintf("p%d.png", i)), photo(40, 30, 90+i))
		images = append(images, object{"id": 10 + i, "file_name": name, "width": 40, "height": 30})
	}
	images = append(images, object{"id": 20, "file_name": "gone.png", "width": 40, "height": 30}, object{"id": 21, "file_name": "../images/p0.png", "width": 40, "height": 30})
	box := func(x, y, edge float64) any { return [][]float64{{x, y, x + edge, y, x + edge, y + edge, x, y + edge}} }
	runs := object{"size": []int{30, 40}, "counts": []int{156, 8, 22, 8, 1006}}
	n := 0
	note := func(image, category int, s any) object {
		n++
		return object{"id": n, "image_id": image, "category_id": category, "iscrowd": 0, "segmentation": s}
	}
	write(t, filepath.Join(root, "instances.json"), jsonOf(t, object{"info": object{"year": 2026}, "images": images, "categories": []object{{"id": 1, "name": "school"}, {"id": 2, "name": "solar farm"}},
		"annotations": []object{note(11, 1, box(3, 3, 8)), note(10, 1, box(20, 10, 9)), note(10, 1, box(2, 2, 6)), note(10, 2, runs), note(12, 2, object{"size": []int{30, 40}, "counts": "1"}),
			note(13, 1, box(50, 50, 3)), note(20, 1, box(1, 1, 9)), note(99, 1, box(1, 1, 9)), note(13, 7, box(1, 1, 9)), note(21, 1, box(1, 1, 9)), note(13, 2, box(5, 5, 10))}}))
	sentence := func(s string) []object { return []object{{"sent": s, "raw": s + "!"}, {"sent": "", "raw": "the " + s}} }
	write(t, filepath.Join(root, "refs.json"), jsonOf(t, []object{
		{"ref_id": 5, "ann_id": 2, "image_id": 10, "split": "train", "sentences": sentence("yard on the right")},
		{"ref_id": 6, "ann_id": 1, "image_id": 11, "split": "testA", "sentences": sentence("yard")},
		{"ref_id": 7, "ann_id": 77, "image_id": 11, "split": "val", "sentences": sentence("nothing")},
		{"ref_id": 8, "ann_id": 11, "image_id": 13, "split": "elsewhere", "sentences": sentence("panels")},
		{"ref_id": 9, "ann_id": 11, "image_id": 13, "split": "val", "sentences": sentence("panels")}}))
	return root
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCOCO(t *testing.T) {
	root := cocoWorld(t)
	dir, m := taken(t, filepath.Join(root, "instances.json"), Options{Kind: "coco", Split: "val"})
	if m.Rows["val"] != 4 || m.Skipped["its segmentation cannot be read"] != 1 || m.Skipped["its mask is empty"] != 1 || m.Skipped["its satellite picture is missing"] != 1 ||
		m.Skipped["its image is not in the list of images"] != 1 || m.Skipped["its category is not in the list of categories"] != 1 || len(m.Skipped) != 6 {
		t.Fatal(m.Rows, m.Skipped)
	}
	rows := rowsOf(t, dir)
	want := squareMask(40, 30, 20, 10, 9)
	want.Or(squareMask(40, 30, 2, 2, 6))
	if got, err := rows[0].Truth(); err != nil || !got.Equal(want) || rows[0].Problem != "school" || rows[0].Class != "school" || rows[0].Tier != dataset.Class {
		t.Errorf("%+v: %v", rows[0], got)
	}
	byRuns := squareMask(40, 30, 0, 0, 0)
	for _, x := range []int{5, 6} {
		for y := 6; y < 14; y++ {
			byRuns.Set(x, y)
		}
	}
	if got, err := rows[1].Truth(); err != nil || !got.Equal(byRuns) {
		t.Errorf("run lengths: %v", got)
	}
	if plan, _, _, err := rows[0].Pictures(); err != nil || plan.At(3, 3) != noMap || !slices.Contains(rows[0].Sources, "map: none, a picture of one tone stands in") {
		t.Errorf("a map is where there is none: %v %v", rows[0].Sources, err)
	}
	dir, _ = taken(t, filepath.Join(root, "instances.json"), Options{Kind: "coco", Maps: filepath.Join(root, "maps")})
	for _, r := range rowsOf(t, dir) {
		var n int
		if _, err := fmt.Sscanf(r.ID, "%d.", &n); err != nil || !bytes.Equal(r.Map, photo(40, 30, 80+n)) {
			t.Errorf("%s has another's map", r.ID)
		}
	}
}

func TestRefCOCO(t *testing.T) {
	root := cocoWorld(t)
	dir, m := taken(t, root, Options{Kind: "refcoco", Folder: true})
	if want := map[string]int{"train": 2, "val": 2, "test": 2}; !maps.Equal(m.Rows, want) || m.Skipped["its annotation is not in instances.json"] != 2 || m.Skipped["its split is unknown"] != 2 {
		t.Fatal(m.Rows, m.Skipped)
	}
	rows := rowsOf(t, dir, "train")
	if got, err := rows[1].Truth(); err != nil || !got.Equal(squareMask(40, 30, 20, 10, 9)) || rows[0].Problem != "yard on the right" || rows[1].Problem != "the yard on the right" || rows[0].Tier != dataset.Name {
		t.Errorf("%+v %v", rows[1], err)
	}
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	for i := range 30 {
		write(t, filepath.Join(root, fmt.Sprintf("m%d.png", i)), photo(30, 30, i))
		write(t, filepath.Join(root, fmt.Sprintf("s%d.png", i)), photo(30, 30, 60+i))
		write(t, filepath.Join(root, fmt.Sprintf("k%d.png", i)), square(30, 30, 3, 3, 4+i%5, 7))
	}
	lines, table := "", "\ufeffmap,sat,mask,problem,tier,split\n"
	for i := range 30 {
		lines += fmt.Sprintf("{\"map\":\"m%d.png\",\"satellite\":\"s%d.png\",\"label\":\"k%d.png\",\"problem\":\"Café “%d”\",\"tier\":\"name\"}\n\n", i, i, i, i)
		table += fmt.Sprintf("m%d.png,s%d.png,k%d.png,\"Café, \n%d\",name,%s\n", i, i, i, i, []string{"train", "dev", "test", "tests?"}[i%4])
	}
	write(t, filepath.Join(root, "index.jsonl"), []byte(lines+"{broken\n{\"map\":\"/etc/passwd\",\"satellite\":\"s1.png\",\"label\":\"k1.png\",\"problem\":\"x\"}"))
	write(t, filepath.Join(root, "table.csv"), []byte(table))
	dir, m := taken(t, root, Options{Kind: "folder"})
	if m.Total() != 30 || m.Rows["train"] < 10 || m.Skipped["it is no JSON object"] != 1 || m.Skipped["its map is not named, or lies outside of the folder"] != 1 {
		t.Fatal(m.Rows, m.Skipped)
	}
	for _, r := range rowsOf(t, dir) {
		var i int
		if _, err := fmt.Sscanf(r.Problem, "Café “%d”", &i); err != nil || !bytes.Equal(r.Satellite, photo(30, 30, 60+i)) {
			t.Errorf("%q has another's picture", r.Problem)
		}
	}
	_, m = taken(t, filepath.Join(root, "table.csv"), Options{Kind: "folder"})
	if m.Rows["train"] != 8 || m.Rows["val"] != 8 || m.Rows["test"] != 7 || m.Skipped["its split is unknown"] != 7 {
		t.Error(m.Rows, m.Skipped)
	}
}

func TestRefuses(t *testing.T) {
	root := t.TempDir()
	type other struct {
		Question string `parquet:"caption"`
		Image    []byte `parquet:"photo"`
	}
	writeParquet(t, filepath.Join(root, "other.parquet"), []other{{"a", nil}})
	write(t, filepath.Join(root, "half.parquet"), []byte("PAR1 and no more"))
	write(t, filepath.Join(root, "p", "refs(unc).p"), []byte("\x80\x02]q"))
	write(t, filepath.Join(root, "list.json"), []byte("[1,2]"))
	write(t, filepath.Join(root, "empty.json"), nil)
	write(t, filepath.Join(root, "cut.json"), []byte(`{"images":[{"id":1},`))
	write(t, filepath.Join(root, "a.csv"), []byte("name,colour\nx,red\n"))
	for name, c := range map[string]struct {
		kind, path string
		wants      error
		says       string
	}{
		"another kind":            {"pascal", root, ErrKind, "socioseg, refcoco, coco, folder"},
		"another schema":          {"socioseg", "other.parquet", ErrColumns, "it has caption, photo, and lacks problem"},
		"half a Parquet":          {"socioseg", "half.parquet", ErrSource, "no whole Parquet"},
		"no Parquet":              {"socioseg", "p", ErrSource, "question.json"},
		"nothing":                 {"socioseg", "nowhere", ErrSource, "no such file"},
		"a folder of pickles":     {"refcoco", "p", ErrPickle, "json.dump(pickle.load"},
		"a pickle":                {"refcoco", "p/refs(unc).p", ErrPickle, "json.dump(pickle.load"},
		"a pickle for instances":  {"coco", "p/refs(unc).p", ErrPickle, "json.dump(pickle.load"},
		"a list for instances":    {"coco", "list.json", ErrSource, "list"},
		"an empty file":           {"coco", "empty.json", ErrSource, "whole JSON"},
		"a file that breaks off":  {"coco", "cut.json", ErrSource, "whole JSON"},
		"a folder with no index":  {"folder", "p", ErrSource, "index.jsonl"},
		"an index of other words": {"folder", "a.csv", ErrColumns, "it has name, colour, and lacks problem"},
	} {
		_, err := Import(t.Context(), filepath.Join(t.TempDir(), "set"), filepath.Join(root, c.path), Options{Kind: c.kind, ShardRows: 5}, dataset.Options{})
		if !errors.Is(err, c.wants) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
