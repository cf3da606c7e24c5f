// Package training scores what a policy answers and how good masks are.
//
// Rewards come in two definitions side by side: [Paper], the formulas of the paper's appendix A.2.2 with its gaps closed,
// and [Reference], what the authors' public code computes. Both are plain functions of a completion and the truth. The
// metrics are those of the paper's tables. [RunRewards] and [RunMetrics] do the same for JSON Lines.
package training

import (
	"errors"
	"fmt"
)

// Sentinels of the package; test with errors.Is.
var (
	ErrDefinition = errors.New("no such definition of the rewards")
	ErrLine       = errors.New("not a line that can be scored")
	ErrMask       = errors.New("not a usable mask")
	ErrPicture    = errors.New("not a usable PNG picture")
	ErrSize       = errors.New("the masks differ in size")
	ErrBadLines   = errors.New("some lines could not be scored")
)

// Error says what was asked, what went wrong and what to do.
type Error struct {
	Op      string
	Subject string
	Err     error
	Hint    string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Subject, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
