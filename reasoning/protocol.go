package reasoning

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.yaml.in/yaml/v3"
)

// Protocol is how a model of another training is asked, in one stage, and how it answers. It comes with a dialect that was read from a file
// (docs/dialects has one); nil in a dialect stands for our own two stages.
type Protocol struct {
	Prompt   string   // what is asked; {phrase} stands for the phrase
	Pictures []string // which are shown, in this order: map, satellite
	Box      string   // key of an object's box, four numbers
	Points   string   // key of an object's points, one pair of numbers or a list of them; "" where it has none
}

// The pictures that a protocol may show, in the order of Request.Images.
var pictureNames = []string{"map", "satellite"}

// dialectFile is a dialect and its protocol as written down.
type dialectFile struct {
	Name      string
	Factor    int
	MinPixels int `yaml:"min_pixels"`
	MaxPixels int `yaml:"max_pixels"`
	Relative  bool
	Pictures  []string
	Box       string
	Points    string
	Prompt    string
}

// ReadDialect reads a dialect with a protocol of its own. Errors name the key.
func ReadDialect(data []byte) (Dialect, error) {
	f := dialectFile{Factor: 1, Pictures: pictureNames, Box: "bbox_2d"}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return Dialect{}, err
	}
	switch {
	case f.Name == "":
		return Dialect{}, errors.New("name is missing")
	case !strings.Contains(f.Prompt, "{phrase}"):
		return Dialect{}, errors.New("prompt has no {phrase}")
	case f.Factor < 1 || f.MinPixels < 0 || f.MaxPixels < 0 || f.MaxPixels > 0 && f.MinPixels > f.MaxPixels:
		return Dialect{}, fmt.Errorf("factor %d, min_pixels %d, max_pixels %d cannot be", f.Factor, f.MinPixels, f.MaxPixels)
	case len(f.Pictures) == 0:
		return Dialect{}, errors.New("pictures are none: name map, satellite or both")
	}
	for _, p := range f.Pictures {
		if imageIndex(p) < 0 {
			return Dialect{}, fmt.Errorf("pictures: %q is neither map nor satellite", p)
		}
	}
	return Dialect{Name: f.Name, Factor: f.Factor, MinPixels: f.MinPixels, MaxPixels: f.MaxPixels, Relative: f.Relative,
		Protocol: &Protocol{Prompt: f.Prompt, Pictures: f.Pictures, Box: f.Box, Points: f.Points}}, nil
}

func openDialect(file string) (Dialect, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Dialect{}, err
	}
	d, err := ReadDialect(data)
	if err != nil {
		return Dialect{}, fmt.Errorf("dialect %s: %w", file, err)
	}
	return d, nil
}

func imageIndex(name string) int {
	for i, n := range pictureNames {
		if n == name {
			return i
		}
	}
	return -1
}

// ImageOrder is which of a request's images are shown, in which order.
func (d Dialect) ImageOrder() []int {
	if d.Protocol == nil {
		return []int{0, 1}
	}
	out := make([]int, len(d.Protocol.Pictures))
	for i, name := range d.Protocol.Pictures {
		out[i] = imageIndex(name)
	}
	return out
}

// Text is what a stage asks in this dialect, as [PromptText] does in ours.
func (d Dialect) Text(stage Stage, phrase, answer1 string) string {
	if d.Protocol == nil {
		return PromptText(stage, phrase, answer1)
	}
	return strings.TrimSuffix(strings.ReplaceAll(d.Protocol.Prompt, "{phrase}", phrase), "\n")
}

// Prompts reads a completion, as [ReadPrompts] does.
func (d Dialect) Prompts(text string) ([]Prompt, []error) {
	if d.Protocol == nil {
		return ReadPrompts(text)
	}
	return readPrompts(text, d.Protocol.Box, d.Protocol.Points)
}

// Stages are the questions that a mode asks in this dialect.
func (d Dialect) Stages(m Mode) []Stage {
	if d.Protocol != nil {
		return []Stage{Single}
	}
	return stagesOf(m)
}

// PromptVersion names what is asked and how it is read; results are kept under it.
func (d Dialect) PromptVersion() string {
	if d.Protocol == nil {
		return PromptVersion()
	}
	return strconv.FormatUint(xxhash.Sum64String(fmt.Sprint(*d.Protocol, d.Factor, d.MinPixels, d.MaxPixels, d.Relative))&0xffffffff, 36)
}
