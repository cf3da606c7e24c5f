package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/precinct-map/precinct/training/dataset"
)

// openCOCO looks through COCO's instances: one row for each image and category, the category's name as the phrase and all of its
// instances as the mask.
func openCOCO(ctx context.Context, path string, o *Options) (*source, error) {
	in, err := readInstances(ctx, path)
	if err != nil {
		return nil, err
	}
	o.besides(path)
	if o.Tier == "" {
		o.Tier = dataset.Class
	}
	slices.SortFunc(in.notes, func(a, b note) int {
		return cmp.Or(cmp.Compare(a.image, b.image), cmp.Compare(a.category, b.category), cmp.Compare(a.offset, b.offset))
	})
	fileSplit, known := splitOfPath(filepath.Base(path))
	var l listing[[]note]
	for i := 0; i < len(in.notes); {
		k := i + 1
		for k < len(in.notes) && in.notes[k].image == in.notes[i].image && in.notes[k].category == in.notes[i].category {
			k++
		}
		l.add(o.split(fileSplit, known, in.images[in.notes[i].image].File), in.notes[i:k])
		i = k
	}
	s, err := o.instancesSource(path)
	if err != nil {
		return nil, err
	}
	s.parts = l.parts(func(notes []note) dataset.Candidate { return in.candidate(notes, o) })
	return s, nil
}

// besides takes the pictures from beside a file where nobody said where they are.
func (o *Options) besides(file string) {
	if o.Images != "" {
		return
	}
	o.Images = filepath.Dir(file)
	if info, err := os.Stat(filepath.Join(o.Images, "images")); err == nil && info.IsDir() {
		o.Images = filepath.Join(o.Images, "images")
	}
}

func (o *Options) instancesSource(files ...string) (*source, error) {
	s := &source{about: []string{"satellite: the images", o.aboutMaps()}, facts: []any{o.Maps != ""}}
	for _, f := range files {
		sum, err := hashOf(f)
		if err != nil {
			return nil, err
		}
		s.facts = append(s.facts, sum)
	}
	return s, nil
}

func (in *instances) candidate(notes []note, o *Options) dataset.Candidate {
	image, known := in.images[notes[0].image]
	name := in.categories[notes[0].category]
	// What comes before the full stop names the picture, which the image's rows share.
	r := o.row(fmt.Sprintf("%d.%d", notes[0].image, notes[0].category), name, "", name, "")
	c := dataset.Candidate{Row: r, Where: fmt.Sprintf("image %d, category %d", notes[0].image, notes[0].category)}
	switch {
	case !known:
		c.Err = &dataset.Fault{Reason: "its image is not in the list of images"}
	case name == "":
		c.Err = &dataset.Fault{Reason: "its category is not in the list of categories"}
	default:
		c.Err = in.fill(r, image, notes, o)
	}
	return c
}

// fill adds the pictures and the mask.
func (in *instances) fill(r *dataset.Row, image cocoImage, notes []note, o *Options) error {
	mask, err := in.maskOf(notes)
	if err == nil {
		r.Mask = dataset.MaskPNG(mask)
		err = o.photograph(r, image.File)
	}
	r.Sources = []string{"satellite: " + image.File, o.aboutMaps()}
	if err != nil && !errors.Is(err, dataset.ErrRow) {
		err = badSource(in.file, err, "did the file change while it was read?")
	}
	return err
}
