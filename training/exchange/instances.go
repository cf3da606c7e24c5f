package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// instances is a file of COCO instances, of which only what finds the annotations again is in memory.
type instances struct {
	file       string
	images     map[int64]cocoImage
	categories map[int64]string
	notes      []note
}

type cocoImage struct {
	File string `json:"file_name"`
	W    int    `json:"width"`
	H    int    `json:"height"`
}

// note is where an annotation stands.
type note struct {
	id, image, category int64
	offset              int64
	length              int
}

// readInstances goes once through a file.
func readInstances(ctx context.Context, file string) (*instances, error) {
	in := &instances{file: file, images: map[int64]cocoImage{}, categories: map[int64]string{}}
	took := map[string]bool{}
	err := eachOf(ctx, file, map[string]func(json.RawMessage, int64) error{
		"images": func(raw json.RawMessage, _ int64) error {
			took["images"] = true
			var i struct {
				ID *int64 `json:"id"`
				cocoImage
			}
			if err := json.Unmarshal(raw, &i); err != nil || i.ID == nil {
				return fmt.Errorf("image %.80s: %w", raw, noID(err))
			}
			in.images[*i.ID] = i.cocoImage
			return nil
		},
		"categories": func(raw json.RawMessage, _ int64) error {
			var c struct {
				ID   *int64 `json:"id"`
				Name string `json:"name"`
			}
			if err := json.Unmarshal(raw, &c); err != nil || c.ID == nil {
				return fmt.Errorf("category %.80s: %w", raw, noID(err))
			}
			in.categories[*c.ID] = c.Name
			return nil
		},
		"annotations": func(raw json.RawMessage, offset int64) error {
			var a struct {
				ID       int64 `json:"id"`
				Image    int64 `json:"image_id"`
				Category int64 `json:"category_id"`
			}
			if err := json.Unmarshal(raw, &a); err != nil {
				return fmt.Errorf("annotation %.80s: %w", raw, err)
			}
			in.notes = append(in.notes, note{a.ID, a.Image, a.Category, offset, len(raw)})
			return nil
		},
	})
	if err == nil && (!took["images"] || len(in.notes) == 0) {
		err = badSource(file, ErrSource, "want COCO's instances: an object with lists of images, annotations and categories")
	}
	return in, err
}

func noID(err error) error {
	if err == nil {
		err = fmt.Errorf("it has no id")
	}
	return err
}

// eachOf gives the members of some lists of a JSON object, with their places in the file. A file that is a list itself is the list "".
func eachOf(ctx context.Context, file string, take map[string]func(raw json.RawMessage, offset int64) error) error {
	f, err := os.Open(file)
	if err != nil {
		return badSource(file, ErrSource, "%v", err)
	}
	defer f.Close()
	first := make([]byte, 1)
	if n, _ := f.Read(first); n == 1 && (first[0] == 0x80 || first[0] == '(') {
		return pickled(file)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := members(ctx, json.NewDecoder(f), take); err != nil {
		return badSource(file, fmt.Errorf("%w: %w", ErrSource, err), "is it whole JSON?")
	}
	return nil
}

// pickled refuses what Python's pickle wrote, and says how to make JSON of it.
func pickled(file string) error {
	return badSource(file, ErrPickle, `where you trust it: python3 -c "import json,pickle,sys; json.dump(pickle.load(open(sys.argv[1],'rb')), open('refs.json','w'))" FILE`)
}

func members(ctx context.Context, d *json.Decoder, take map[string]func(json.RawMessage, int64) error) error {
	open, err := d.Token()
	if err != nil {
		return err
	}
	if open == json.Delim('[') {
		return list(ctx, d, take[""])
	}
	if open != json.Delim('{') {
		return fmt.Errorf("it begins with %v", open)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		each := take[key.(string)]
		if each == nil {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return err
			}
			continue
		}
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return fmt.Errorf("%s is no list: %v", key, err)
		}
		if err := list(ctx, d, each); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// list gives the members of a list that has been opened.
func list(ctx context.Context, d *json.Decoder, each func(json.RawMessage, int64) error) error {
	if each == nil {
		return fmt.Errorf("it is a list")
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if err := each(raw, d.InputOffset()-int64(len(raw))); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// segmentation reads an annotation's again.
func (in *instances) segmentation(n note) (json.RawMessage, error) {
	f, err := os.Open(in.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, n.length)
	if _, err := f.ReadAt(data, n.offset); err != nil {
		return nil, err
	}
	var a struct {
		Segmentation json.RawMessage `json:"segmentation"`
	}
	err = json.Unmarshal(data, &a)
	return a.Segmentation, err
}
