package lessons

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/precinct-map/precinct/geo"
	"github.com/precinct-map/precinct/reasoning"
)

// Seconds says how lessons of stage 2 are made.
type Seconds struct {
	Path   string // of the file of JSON Lines that keeps them
	Origin string // name of the weights that stage 1 answers with; "" takes what is in the file and makes none
	Places int    // how many lessons of stage 1, drawn by lot; 0 is all
	Served bool   // makes them of the boxes that looks agree on alone
	Seed   uint64 // of the lot

	Progress func(places, of int)
}

// secondScales are those that a place's boxes are said at: the served policy's.
var secondScales = []float64{0.4, 0.63, 1, 1.6, 2.4}

// secondHeader is the file's first line.
type secondHeader struct {
	Origin string `json:"origin"`
	Seed   uint64 `json:"seed"`
}

// secondLine is a line of the file: a place's lessons, none where the segmenter made nothing of the boxes.
type secondLine struct {
	Place string     `json:"place"`
	Looks []keptLook `json:"looks"`
}

type keptLook struct {
	Box    reasoning.Box      `json:"box"`
	Coarse keptMask           `json:"coarse"`
	Points [2]reasoning.Point `json:"points"`
	Tries  []Try              `json:"tries"`
}

// keptMask is a mask as the lengths of its runs by rows, outside and inside by turns.
type keptMask struct {
	At   [4]int `json:"at"` // x, y, width, height
	Runs []int  `json:"runs"`
}

func keep(m *geo.Mask) keptMask {
	w := m.Window
	k := keptMask{At: [4]int{w.X, w.Y, w.W, w.H}}
	inside, n := false, 0
	for y := range w.H {
		for x := range w.W {
			if m.At(x, y) != inside {
				k.Runs, inside, n = append(k.Runs, n), !inside, 0
			}
			n++
		}
	}
	k.Runs = append(k.Runs, n)
	return k
}

func (k keptMask) mask() (*geo.Mask, error) {
	m := geo.NewMask(geo.Window{X: k.At[0], Y: k.At[1], W: k.At[2], H: k.At[3]})
	at, area := 0, k.At[2]*k.At[3]
	for i, n := range k.Runs {
		if n < 0 || n > area-at {
			return nil, fmt.Errorf("runs of a mask are longer than %d×%d pixels", k.At[2], k.At[3])
		}
		for ; n > 0; n, at = n-1, at+1 {
			if i%2 == 1 {
				m.Set(at%k.At[2], at/k.At[2])
			}
		}
	}
	return m, nil
}

// place names a lesson: its picture, its label and its outline, which may be corrected.
func (l *Lesson) place() string {
	picture := l.Scene.hash
	if picture == "" {
		picture = l.Scene.ID
	}
	return fmt.Sprintf("%.16s %.1f,%.1f %v %d", picture, l.X, l.Y, l.Box, l.Mask.Count())
}

// ReadSecond gives the lessons of stage 2 of a class: what the file has, and what is missing made with a net's boxes and a segmenter's masks,
// and kept in the file, place by place, so that a cut-off goes on. Of each place there are two: the box that looks agree on, and one look's.
// Errors wrap ErrSecond where the file is of other weights or not whole.
func (f *Feed) ReadSecond(ctx context.Context, s Speaker, d *Drawer, o Seconds) ([]Second, error) {
	known, err := o.read()
	if err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	chosen := o.choose(len(f.Class.Lessons))
	if o.Origin != "" {
		if err := f.makeSecond(ctx, s, d, o, chosen, known); err != nil {
			return nil, err
		}
	}
	var out []Second
	for _, i := range chosen {
		some, err := known[f.Class.Lessons[i].place()].lessons(f.Class.Lessons[i], f.Class.Weights[i])
		if err != nil {
			return nil, o.fail(err)
		}
		out = append(out, some...)
	}
	if len(out) == 0 {
		return nil, &Error{Op: "read", Subject: o.Path, Err: ErrEmpty}
	}
	return out, nil
}

// makeSecond makes what is not known yet, and keeps it.
func (f *Feed) makeSecond(ctx context.Context, s Speaker, d *Drawer, o Seconds, chosen []int, known map[string]secondLine) error {
	var missing []int
	var places []Lesson
	for _, i := range chosen {
		if _, ok := known[f.Class.Lessons[i].place()]; !ok {
			missing, places = append(missing, i), append(places, f.Class.Lessons[i])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	boxes, quality := make([][]reasoning.Box, len(places)), make([][]float64, len(places))
	for _, scale := range secondScales {
		b, q, err := f.Boxes(s, places, scale)
		if err != nil {
			return err
		}
		for k := range places {
			boxes[k], quality[k] = append(boxes[k], b[k]), append(quality[k], float64(q[k]))
		}
	}
	file, err := o.open(len(known) == 0)
	if err != nil {
		return err
	}
	defer file.Close()
	for k, l := range places {
		r := rand.New(rand.NewPCG(o.Seed, uint64(missing[k])))
		line := secondLine{Place: l.place()}
		some := looks(boxes[k], quality[k], r)
		if o.Served {
			some = some[:1]
		}
		for _, box := range some {
			second, err := d.second(ctx, l, box, r)
			if err != nil {
				return err
			}
			if second != nil {
				line.Looks = append(line.Looks, keptLook{second.Box, keep(second.Coarse), second.Points, second.Tries})
			}
		}
		if err := writeLine(file, line); err != nil {
			return o.fail(err)
		}
		known[line.Place] = line
		o.Progress(len(chosen)-len(places)+k+1, len(chosen))
	}
	return file.Close()
}

// open opens the file to add to it, a new one with its header.
func (o *Seconds) open(anew bool) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o755); err != nil {
		return nil, err
	}
	flags := os.O_WRONLY | os.O_APPEND | os.O_CREATE
	if anew {
		flags |= os.O_TRUNC
	}
	file, err := os.OpenFile(o.Path, flags, 0o644)
	if err == nil && anew {
		err = writeLine(file, secondHeader{o.Origin, o.Seed})
	}
	return file, err
}

func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	return err
}

// lessons are a line's lessons of its place.
func (s secondLine) lessons(l Lesson, weight float64) (out []Second, err error) {
	for _, k := range s.Looks {
		m, err := k.Coarse.mask()
		if err != nil {
			return nil, err
		}
		if len(k.Tries) < firstTries {
			return nil, fmt.Errorf("%s has %d tries", s.Place, len(k.Tries))
		}
		out = append(out, Second{Lesson: l, Box: k.Box, Coarse: m, Points: k.Points, Tries: k.Tries, weight: weight})
	}
	return out, nil
}

// choose draws places by lot, in the class's order, which is that of pictures.
func (o *Seconds) choose(n int) []int {
	all := rand.New(rand.NewPCG(o.Seed, 2)).Perm(n)
	if o.Places > 0 && o.Places < n {
		all = all[:o.Places]
	}
	slices.Sort(all)
	return all
}

// ErrSecond is a file of stage-2 lessons that cannot be used.
var ErrSecond = errors.New("not the lessons of this training's second stage")

func (o *Seconds) fail(err error) error {
	return &Error{Op: "read", Subject: o.Path, Err: fmt.Errorf("%w: %w", ErrSecond, err), Hint: "remove it: it is made again, when the run is begun again"}
}

// read reads the file, by places. A last line that was cut off is taken away.
func (o *Seconds) read() (map[string]secondLine, error) {
	out := map[string]secondLine{}
	data, err := os.ReadFile(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		if o.Origin != "" {
			return out, nil
		}
		return nil, &Error{Op: "read", Subject: o.Path, Err: fmt.Errorf("%w: %w", ErrSecond, err),
			Hint: "the run was begun without stage 2: begin another from it"}
	}
	if err != nil {
		return nil, o.fail(err)
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	for n, line := range bytes.Split(data[:whole], []byte("\n")) {
		var h secondHeader
		var l secondLine
		switch {
		case len(line) == 0:
			continue
		case n == 0:
			err = json.Unmarshal(line, &h)
			if err == nil && o.Origin != "" && h != (secondHeader{o.Origin, o.Seed}) {
				err = fmt.Errorf("they were made with %s and seed %d", h.Origin, h.Seed)
			}
		default:
			err = json.Unmarshal(line, &l)
			out[l.Place] = l
		}
		if err != nil {
			return nil, o.fail(fmt.Errorf("line %d: %w", n+1, err))
		}
	}
	if whole < len(data) && o.Origin != "" {
		err = os.Truncate(o.Path, int64(whole))
	}
	return out, err
}
