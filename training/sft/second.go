package sft

import (
	"context"
	"path/filepath"

	"github.com/precinct-map/precinct/training/lessons"
)

// Files of a run that keep stage 2's lessons, of training and of validation.
const (
	secondFile    = "stage2.jsonl"
	secondValFile = "stage2-val.jsonl"
)

// second makes the lessons of stage 2, or reads them.
func (r *pupil) second(ctx context.Context) error {
	o := r.options.Second
	r.drawer.Segmenter = o.Segmenter
	made := lessons.Seconds{Path: filepath.Join(r.options.Dir, secondFile), Origin: o.Origin, Places: o.Places, Seed: r.options.Seed, Progress: o.Progress}
	var speaker lessons.Speaker = r.trainer
	if o.speaker != nil {
		speaker = o.speaker
	}
	var err error
	if r.feed.Second, err = r.feed.ReadSecond(ctx, speaker, &r.drawer, made); err != nil {
		return err
	}
	r.feed.Share = secondShare
	if r.options.Val == nil {
		return nil
	}
	val := *r.feed
	val.Class = r.options.Val
	made.Path, made.Places, made.Served = filepath.Join(r.options.Dir, secondValFile), secondVal, true
	r.secondVal, err = val.ReadSecond(ctx, speaker, &r.drawer, made)
	return err
}

// lookSecond scores what stage 2 makes of the validation's places; nil where it is not taught.
func (r *pupil) lookSecond(ctx context.Context) (*SecondMetrics, error) {
	if len(r.secondVal) == 0 {
		return nil, nil
	}
	mended, err := r.feed.Mend(r.trainer, r.secondVal)
	if err != nil {
		return nil, err
	}
	var m SecondMetrics
	m.All, m.Bad, err = lessons.ScoreSecond(ctx, &r.drawer, r.secondVal, mended)
	return &m, err
}
