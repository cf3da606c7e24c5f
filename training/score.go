package training

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/precinct-map/precinct/reasoning"
)

// Scorer scores completions that come as JSON objects.
type Scorer struct {
	Definition Definition
	Stage      reasoning.Stage // instead of what the objects say; 0 leaves it to them
	Open       Opener          // what a mask's name means; OpenFile when nil
}

// Scored is the reward of an object, under its id.
type Scored struct {
	ID json.RawMessage `json:"id"`
	Reward
}

type rewardLine struct {
	ID         json.RawMessage   `json:"id"`
	Stage      reasoning.Stage   `json:"stage"`
	Completion *string           `json:"completion"`
	Truth      []json.RawMessage `json:"gt_boxes"`
	Stage1     []json.RawMessage `json:"stage1_boxes"`
	TruthMask  json.RawMessage   `json:"gt_mask"`
	Mask       json.RawMessage   `json:"pred_mask"`
}

// Score scores one object: {"id","stage","completion"}, in stage 1 with "gt_boxes", in stage 2 with "gt_mask", "pred_mask"
// (missing where nothing was drawn) and "stage1_boxes" (may be missing). Errors wrap ErrLine, ErrMask, ErrPicture or
// ErrDefinition; the id is there even so when it could be read.
func (s Scorer) Score(raw []byte) (Scored, error) {
	var l rewardLine
	err := json.Unmarshal(raw, &l)
	out := Scored{ID: l.ID}
	switch {
	case err != nil:
		return out, badScore("%v", err)
	case l.Completion == nil:
		return out, badScore("there is no completion")
	}
	if s.Stage != 0 {
		l.Stage = s.Stage
	}
	if _, err := ParseDefinition(string(s.Definition)); err != nil {
		return out, err
	}
	switch l.Stage {
	case reasoning.Localize:
		out.Reward, err = s.stage1(&l)
	case reasoning.Refine:
		out.Reward, err = s.stage2(&l)
	default:
		err = badScore("its stage is %d, neither 1 nor 2", l.Stage)
	}
	return out, err
}

func badScore(format string, args ...any) error {
	return &Error{Op: "read", Subject: "completion to be scored", Err: fmt.Errorf("%w: %s", ErrLine, fmt.Sprintf(format, args...))}
}

func (s Scorer) stage1(l *rewardLine) (Reward, error) {
	if l.Truth == nil {
		return Reward{}, badScore("stage 1 needs gt_boxes")
	}
	truth := make([]reasoning.Box, len(l.Truth))
	for i, raw := range l.Truth {
		box, err := ParseBox(raw)
		if err != nil {
			return Reward{}, badScore("gt_boxes %d: %v", i+1, err)
		}
		truth[i] = box
	}
	if s.Definition == Paper {
		return PaperStage1(*l.Completion, truth)
	}
	return ReferenceStage1(*l.Completion, truth), nil
}

func (s Scorer) stage2(l *rewardLine) (Reward, error) {
	if _, ok := readStrict(*l.Completion, reasoning.Refine); s.Definition == Paper && !ok {
		return Reward{}, nil // whatever the masks are: spare reading them
	}
	accuracy, err := s.accuracy(l)
	if err != nil {
		return Reward{}, err
	}
	if s.Definition == Paper {
		return PaperStage2(*l.Completion, accuracy), nil
	}
	stage1 := make([]reasoning.Box, len(l.Stage1))
	for i, raw := range l.Stage1 { // a model wrote them, so that one which is no box is no error; nothing equals it
		if stage1[i], err = ParseBox(raw); err != nil {
			stage1[i] = reasoning.Box{math.NaN()}
		}
	}
	return ReferenceStage2(*l.Completion, stage1, accuracy), nil
}

func (s Scorer) accuracy(l *rewardLine) (float64, error) {
	open := s.Open
	if open == nil {
		open = OpenFile
	}
	if !present(l.TruthMask) {
		return 0, badScore("stage 2 needs gt_mask")
	}
	truth, err := ReadMask(l.TruthMask, open)
	if err != nil {
		return 0, fmt.Errorf("gt_mask: %w", err)
	}
	if !present(l.Mask) {
		return 0, nil
	}
	mask, err := ReadMask(l.Mask, open)
	if err != nil {
		return 0, fmt.Errorf("pred_mask: %w", err)
	}
	return MaskIoU(mask, truth), nil
}

// ParseBox reads a JSON list of exactly four numbers.
func ParseBox(raw json.RawMessage) (reasoning.Box, error) {
	var list []*float64 // null must not pass for zero
	if err := json.Unmarshal(raw, &list); err != nil || len(list) != 4 {
		return reasoning.Box{}, errors.New("a box is a list of four numbers")
	}
	var box reasoning.Box
	for i, v := range list {
		if v == nil {
			return reasoning.Box{}, errors.New("a box is a list of four numbers, none of them null")
		}
		box[i] = *v
	}
	return box, nil
}

// RunRewards scores JSON Lines (see Scorer.Score) and writes {"id","format","accuracy","length","total"} for each, in
// order. A line that cannot be scored becomes {"id","line","error"}; if there was one, the error wraps ErrBadLines. A
// stageOverride of 0 takes each line's own stage.
func RunRewards(ctx context.Context, in io.Reader, out io.Writer, d Definition, stageOverride int) error {
	if _, err := ParseDefinition(string(d)); err != nil {
		return err
	}
	s := Scorer{Definition: d, Stage: reasoning.Stage(stageOverride)}
	return eachLine(ctx, in, out, func(line []byte) (json.RawMessage, any, error) {
		scored, err := s.Score(line)
		return scored.ID, scored, err
	})
}
