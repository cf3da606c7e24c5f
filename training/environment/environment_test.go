package environment_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/training"
	"github.com/precinct-map/precinct/training/environment"
)

// boxFiller is a segmenter whose best mask is the box; boxes that start left of zero make it fail.
type boxFiller struct{ broken bool }

func (boxFiller) Name() string { return "box filler" }

func (f boxFiller) Embed(_ context.Context, _ string, img *image.RGBA) (reasoning.Embedding, error) {
	if f.broken {
		return nil, errors.New("no memory")
	}
	return filled{img.Rect}, nil
}

type filled struct{ image.Rectangle }

func (filled) Bytes() int { return 1 }

func (f filled) Masks(_ context.Context, p reasoning.Prompt) ([]reasoning.Candidate, error) {
	if p.Box == nil || p.Box[0] < 0 {
		return nil, errors.New("the box is outside")
	}
	w := geo.Window{W: f.Dx(), H: f.Dy()}
	best := geo.NewMask(w)
	for y := int(p.Box[1]); y < int(p.Box[3]); y++ {
		best.SetRun(y, int(p.Box[0]), int(p.Box[2]))
	}
	return []reasoning.Candidate{{Mask: geo.NewMask(w), Score: 0.2}, {Mask: best, Score: 0.9}}, nil
}

func uri(t *testing.T, img image.Image) string {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(buf.Bytes())
}

func grey(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{200, 200, 200, 255})
		}
	}
	return img
}

func post(t *testing.T, h http.Handler, path string, body any) (int, http.Header, []byte) {
	t.Helper()
	data, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		data = string(b)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/environment/"+path, strings.NewReader(data)))
	out, _ := io.ReadAll(w.Body)
	return w.Code, w.Header(), out
}

type object = map[string]any

func TestSegment(t *testing.T) {
	body := object{"image": uri(t, grey(8, 6)), "prompts": []any{
		object{"bbox_2d": []int{1, 1, 3, 3}},
		object{"bbox_2d": []int{-1, 1, 3, 3}},
		object{"bbox_2d": []int{2, 2, 5, 4}, "points": [][]int{{3, 3}}},
		object{"bbox_2d": []any{1, 2, 3}},
	}}
	code, _, data := post(t, environment.New(boxFiller{}), "segment", body)
	var got struct {
		Mask  training.Runs
		Masks []struct {
			Mask  training.Runs
			Score float64
			Error string
		}
	}
	if err := json.Unmarshal(data, &got); code != 200 || err != nil || len(got.Masks) != 4 {
		t.Fatalf("%d %v %s", code, err, data)
	}
	union, err := got.Mask.Mask()
	if err != nil || union.String() != "........\n.##.....\n.####...\n..###...\n........\n........\n" {
		t.Errorf("union %v\n%v", err, union)
	}
	for i, m := range got.Masks {
		mask, err := m.Mask.Mask()
		if err != nil {
			t.Fatal(err)
		}
		if failed := i%2 == 1; failed != (m.Error != "") || failed != (mask.Count() == 0) || failed != (m.Score == 0) {
			t.Errorf("prompt %d: %+v", i, m)
		}
	}
}

func TestSegmentNothing(t *testing.T) {
	code, _, data := post(t, environment.New(boxFiller{broken: true}), "segment", object{"image": uri(t, grey(8, 6)), "prompts": []any{}})
	if want := `{"mask":{"size":[6,8],"counts":[48],"order":"C"},"masks":[]}`; code != 200 || strings.TrimSpace(string(data)) != want {
		t.Errorf("%d %s", code, data)
	}
}

func TestRenderIsTheOverlay(t *testing.T) {
	mask := geo.NewMask(geo.Window{W: 4, H: 3})
	mask.SetRun(1, 1, 3)
	boxes := []reasoning.Box{{1, 1, 9.5, 7}, {5, 5, 2, 2}}
	pictures := []image.Image{grey(16, 12), grey(8, 6)}
	body := object{"images": []string{uri(t, pictures[0]), uri(t, pictures[1])}, "boxes": boxes, "mask": training.RunsOf(mask)}
	code, _, data := post(t, environment.New(nil), "render", body)
	var got struct{ Images []string }
	if err := json.Unmarshal(data, &got); code != 200 || err != nil || len(got.Images) != 2 {
		t.Fatalf("%d %v %s", code, err, data)
	}
	for i, s := range got.Images {
		raw, err := training.OpenDataURI(s)
		if err != nil {
			t.Fatal(err)
		}
		img, err := training.DecodePNG(raw)
		if err != nil {
			t.Fatal(err)
		}
		want := reasoning.Overlay(pictures[i], boxes, mask)
		for y := range want.Rect.Dy() {
			for x := range want.Rect.Dx() {
				if color.RGBAModel.Convert(img.At(x, y)) != want.At(x, y) {
					t.Fatalf("picture %d at %d,%d: %v, want %v", i, x, y, img.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

func TestReward(t *testing.T) {
	h := environment.New(nil)
	good := `{"definition":"paper","id":1,"stage":1,"completion":"<think></think><answer>[{\"bbox_2d\":[0,0,9,9]}]</answer>","gt_boxes":[[0,0,9,9]]}`
	want := `{"id":1,"format":1,"accuracy":1,"length":1,"total":3}`
	if code, _, data := post(t, h, "reward", good); code != 200 || strings.TrimSpace(string(data)) != want {
		t.Errorf("%d %s", code, data)
	}
	path := `{"definition":"reference","id":2,"stage":2,"completion":"","gt_mask":"/etc/hostname"}`
	code, _, data := post(t, h, "reward", "\n ["+good+","+path+`,{"id":3},5,`+good+"]")
	var got []object
	if err := json.Unmarshal(data, &got); code != 200 || err != nil || len(got) != 5 {
		t.Fatalf("%d %v %s", code, err, data)
	}
	for i, r := range got {
		_, failed := r["error"]
		if bad := i > 0 && i < 4; failed != bad {
			t.Errorf("element %d: %v", i, r)
		}
	}
	if got[1]["id"] != 2. || got[2]["id"] != 3. || strings.Contains(fmt.Sprint(got[1]["error"]), "no such file") {
		t.Errorf("%v", got)
	}
	if code, _, data := post(t, h, "reward", "[]"); code != 200 || strings.TrimSpace(string(data)) != "[]" {
		t.Errorf("empty list: %d %s", code, data)
	}
}

func TestProblems(t *testing.T) {
	huge := uri(t, image.NewGray(image.Rect(0, 0, training.MaxPixels/1000, 1001)))
	tests := []struct {
		name, path string
		seg        reasoning.Segmenter
		body       any
		status     int
	}{
		{"no JSON", "render", nil, "x", 400},
		{"nothing", "reward", nil, "", 400},
		{"list of no JSON", "reward", nil, "[x", 400},
		{"no definition", "reward", nil, `{"stage":1,"completion":"","gt_boxes":[]}`, 400},
		{"no pictures", "render", nil, `{}`, 400},
		{"a path as picture", "render", nil, `{"images":["/etc/passwd"]}`, 400},
		{"an address as picture", "segment", boxFiller{}, `{"image":"http://127.0.0.1/a.png","prompts":[]}`, 400},
		{"a path as mask", "render", nil, object{"images": []string{uri(t, grey(1, 1))}, "mask": "/etc/passwd"}, 400},
		{"a box of three", "render", nil, object{"images": []string{uri(t, grey(1, 1))}, "boxes": [][]int{{1, 2, 3}}}, 400},
		{"too many pixels", "render", nil, object{"images": []string{huge}}, 400},
		{"no prompts", "segment", boxFiller{}, object{"image": uri(t, grey(1, 1))}, 400},
		{"no segmenter", "segment", nil, `{}`, 503},
		{"segmenter fails", "segment", boxFiller{broken: true}, object{"image": uri(t, grey(1, 1)), "prompts": []any{object{"bbox_2d": []int{0, 0, 1, 1}}}}, 500},
		{"too long", "reward", nil, strings.Repeat(" ", environment.MaxBody+1), 413},
		{"elsewhere", "elsewhere", nil, "{}", 404},
	}
	for _, tt := range tests {
		code, header, data := post(t, environment.New(tt.seg), tt.path, tt.body)
		var p environment.Problem
		if err := json.Unmarshal(data, &p); err != nil || code != tt.status || p.Status != code || p.Type == "" || p.Title == "" || p.Detail == "" ||
			header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v %.300s", tt.name, code, err, data)
		}
	}
}

func TestOnlyPOST(t *testing.T) {
	h := environment.New(nil)
	for _, path := range []string{"render", "segment", "reward"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, "/v1/environment/"+path, nil))
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

func TestAbandonedRequestsStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	body, _ := json.Marshal(object{"images": []string{uri(t, grey(8, 8))}})
	w := httptest.NewRecorder()
	environment.New(nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/environment/render", bytes.NewReader(body)).WithContext(ctx))
	if w.Body.Len() > 0 {
		t.Errorf("answered %s to nobody", w.Body)
	}
}

func ExampleNew() {
	server := httptest.NewServer(environment.New(nil))
	defer server.Close()
	resp, err := http.Post(server.URL+"/v1/environment/reward", "application/json", strings.NewReader(
		`{"definition":"paper","id":"a","stage":1,"completion":"<think></think><answer>[{\"bbox_2d\":[0,0,9,9]}]</answer>","gt_boxes":[[0,0,9,8]]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Print(string(body))
	// Output: {"id":"a","format":1,"accuracy":1,"length":1,"total":3}
}
