package sam

import (
	"fmt"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/precinct-map/precinct/reasoning"
	"github.com/precinct-map/precinct/reasoning/onnx"
)

// family is how a kind of SAM wants its picture and names its values. It is told by the graphs' own names.
type family struct {
	name    string
	stretch bool // the picture is stretched to the square rather than padded
	mean    [3]float32
	std     [3]float32 // of 0–255 values

	input     string   // the encoder's
	features  []string // the encoder's outputs
	shapes    []ort.Shape
	prompts   []string          // the decoder's inputs
	feature   map[string]string // decoder input → encoder output
	masks     string            // the decoder's logits at their own size
	scores    string
	upsamples bool // the decoder wants orig_im_size
}

// ImageNet's statistics on 0–255, which SAM and SAM2 share.
var imageMean, imageStd = [3]float32{123.675, 116.28, 103.53}, [3]float32{58.395, 57.12, 57.375}

// promptInputs are the decoder inputs that every family may have.
var promptInputs = []string{"point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"}

// tell reads the graphs' inputs and outputs.
func tell(encoder, decoder string) (*family, error) {
	encIn, encOut, err := onnx.Inspect(encoder)
	if err != nil {
		return nil, err
	}
	decIn, decOut, err := onnx.Inspect(decoder)
	if err != nil {
		return nil, err
	}
	f := &family{name: "SAM", mean: imageMean, std: imageStd, feature: map[string]string{}}
	if len(encIn) != 1 || len(encOut) == 0 {
		return nil, unknown(encoder, "one picture as input and its features as outputs", encIn, encOut)
	}
	f.input = encIn[0].Name
	for _, o := range encOut {
		f.features = append(f.features, o.Name)
		f.shapes = append(f.shapes, fixed(o.Dimensions))
	}
	for _, in := range decIn {
		f.prompts = append(f.prompts, in.Name)
		switch {
		case slices.Contains(promptInputs, in.Name):
		case slices.Contains(f.features, in.Name):
			f.feature[in.Name] = in.Name
		case strings.HasPrefix(in.Name, "image_embed"):
			f.feature[in.Name] = f.embedding()
		default:
			return nil, unknown(decoder, "image_embeddings or image_embed with high_res_feats, point_coords, point_labels and the like", decIn, decOut)
		}
	}
	if slices.Contains(f.prompts, "high_res_feats_0") {
		f.name, f.stretch = "SAM2", true
	}
	f.upsamples = slices.Contains(f.prompts, "orig_im_size")
	for _, o := range decOut {
		switch o.Name {
		case "low_res_masks":
			f.masks = o.Name
		case "masks":
			if f.masks == "" {
				f.masks = o.Name
			}
		case "iou_predictions", "scores":
			f.scores = o.Name
		}
	}
	if f.masks == "" || f.scores == "" || !slices.Contains(f.prompts, "point_coords") || len(f.feature) == 0 {
		return nil, unknown(decoder, "inputs image_embeddings, point_coords and outputs low_res_masks or masks, iou_predictions", decIn, decOut)
	}
	return f, nil
}

// embedding is the encoder output that is the picture's embedding: the one named so, or the only one.
func (f *family) embedding() string {
	for _, name := range f.features {
		if strings.HasPrefix(name, "image_embed") {
			return name
		}
	}
	return f.features[len(f.features)-1]
}

func unknown(path, want string, in, out []ort.InputOutputInfo) error {
	return &reasoning.Error{Op: "open model", Subject: path,
		Err:  fmt.Errorf("%w: no SAM-family graph: inputs %s, outputs %s", reasoning.ErrSegmenter, names(in), names(out)),
		Hint: "expected " + want}
}

func names(infos []ort.InputOutputInfo) string {
	var out []string
	for _, i := range infos {
		out = append(out, i.Name)
	}
	return strings.Join(out, ", ")
}

// fixed makes a batch of one out of a free first dimension.
func fixed(dims ort.Shape) ort.Shape {
	out := dims.Clone()
	if len(out) > 0 && out[0] < 1 {
		out[0] = 1
	}
	return out
}
