package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/precinct-map/precinct/training/dataset"
)

// reference is what people said of one annotation.
type reference struct {
	ID        int64  `json:"ref_id"`
	Note      int64  `json:"ann_id"`
	Image     int64  `json:"image_id"`
	Split     string `json:"split"`
	Sentences []struct {
		Sent string `json:"sent"`
		Raw  string `json:"raw"`
	} `json:"sentences"`
}

// said is one sentence of a reference: one row.
type said struct {
	ref         int64
	note, image int64
	number      int
	sentence    string
	split       string
}

// openRefCOCO looks through RefCOCO's layout: references, as a JSON list, and COCO's instances.json in the same folder.
func openRefCOCO(ctx context.Context, path string, o *Options) (*source, error) {
	refs, err := refsOf(path)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(refs), "instances.json")
	in, err := readInstances(ctx, file)
	if err != nil {
		return nil, err
	}
	o.besides(file)
	if o.Tier == "" {
		o.Tier = dataset.Name // a sentence singles out one thing, as a name does
	}
	sentences, err := readReferences(ctx, refs)
	if err != nil {
		return nil, err
	}
	byID := map[int64]note{}
	for _, n := range in.notes {
		byID[n.id] = n
	}
	var l listing[said]
	for _, s := range sentences {
		split, known := splitOf(s.split)
		l.add(o.split(split, known, in.images[s.image].File), s)
	}
	s, err := o.instancesSource(refs, file)
	if err != nil {
		return nil, err
	}
	s.parts = l.parts(func(s said) dataset.Candidate { return in.spoken(s, byID, o) })
	return s, nil
}

// refsOf is the file of references: the one that is named, or the only refs*.json of a folder.
func refsOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", badSource(path, ErrSource, "%v", err)
	}
	if info.IsDir() {
		found, _ := filepath.Glob(filepath.Join(path, "refs*.json"))
		if pickles, _ := filepath.Glob(filepath.Join(path, "refs*.p")); len(found) == 0 && len(pickles) > 0 {
			return "", pickled(pickles[0])
		}
		if len(found) != 1 {
			return "", badSource(path, ErrSource, "there are %d refs*.json in it: name the one that is meant", len(found))
		}
		return found[0], nil
	}
	if ending := strings.ToLower(filepath.Ext(path)); ending == ".p" || ending == ".pkl" || ending == ".pickle" {
		return "", pickled(path)
	}
	return path, nil
}

// readReferences gives the sentences, those of one image together.
func readReferences(ctx context.Context, file string) ([]said, error) {
	var out []said
	each := func(raw json.RawMessage, _ int64) error {
		var r reference
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("reference %.80s: %w", raw, err)
		}
		for n, s := range r.Sentences {
			text := s.Sent
			if text == "" {
				text = s.Raw
			}
			out = append(out, said{r.ID, r.Note, r.Image, n, strings.TrimSpace(text), r.Split})
		}
		return nil
	}
	if err := eachOf(ctx, file, map[string]func(json.RawMessage, int64) error{"": each, "refs": each}); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, badSource(file, ErrSource, "want a list of references with ref_id, ann_id, image_id, split and sentences")
	}
	slices.SortStableFunc(out, func(a, b said) int {
		return cmp.Or(cmp.Compare(a.image, b.image), cmp.Compare(a.ref, b.ref), cmp.Compare(a.number, b.number))
	})
	return out, nil
}

func (in *instances) spoken(s said, byID map[int64]note, o *Options) dataset.Candidate {
	n, known := byID[s.note]
	class := ""
	if known {
		class = in.categories[n.category]
	}
	r := o.row(fmt.Sprintf("%d.%d-%d", s.image, s.ref, s.number), s.sentence, "", class, "")
	c := dataset.Candidate{Row: r, Where: fmt.Sprintf("reference %d, sentence %d", s.ref, s.number)}
	_, good := splitOf(s.split)
	image, listed := in.images[s.image]
	switch {
	case !known || n.image != s.image:
		c.Err = &dataset.Fault{Reason: "its annotation is not in instances.json", Detail: fmt.Sprintf("ann_id %d of image %d", s.note, s.image)}
	case !listed:
		c.Err = &dataset.Fault{Reason: "its image is not in the list of images"}
	case !good && s.split != "" && o.Split == "":
		c.Err = &dataset.Fault{Reason: "its split is unknown", Detail: s.split}
	default:
		c.Err = in.fill(r, image, []note{n}, o)
	}
	return c
}
