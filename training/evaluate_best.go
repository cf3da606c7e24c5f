package training

import (
	"fmt"
	"slices"
)

// KeepBest leaves of some systems of a table the one with the highest Mean, and gives it a name that says so: who picks by the truth
// knows more than the others, an upper bound of its kind. It gives that name. Systems that the table lacks do not count; of none the
// name is "".
func (t *Table) KeepBest(systems []string) string {
	best, n := "", 0
	for _, s := range systems {
		if slices.Contains(t.Systems, s) {
			n++
			if best == "" || t.Mean(s) > t.Mean(best) {
				best = s
			}
		}
	}
	if best == "" {
		return ""
	}
	name := fmt.Sprintf("%s, best of %d", best, n)
	lost := func(s string) bool { return s != best && slices.Contains(systems, s) }
	t.Systems = slices.DeleteFunc(t.Systems, lost)
	t.Outcomes = slices.DeleteFunc(t.Outcomes, func(o Outcome) bool { return lost(o.System) })
	t.Classes = slices.DeleteFunc(t.Classes, func(o Outcome) bool { return lost(o.System) })
	t.Reliability = slices.DeleteFunc(t.Reliability, func(r Reliability) bool { return lost(r.System) })
	t.Failures = slices.DeleteFunc(t.Failures, func(f Failure) bool { return lost(f.System) })
	t.Shown = slices.DeleteFunc(t.Shown, func(s Shown) bool { return lost(s.System) })
	t.rename(best, name)
	for _, s := range systems {
		delete(t.iou, s)
	}
	return name
}

func (t *Table) rename(from, to string) {
	as := func(s *string) {
		if *s == from {
			*s = to
		}
	}
	for i := range t.Systems {
		as(&t.Systems[i])
	}
	for _, all := range [][]Outcome{t.Outcomes, t.Classes} {
		for i := range all {
			as(&all[i].System)
		}
	}
	for i := range t.Reliability {
		as(&t.Reliability[i].System)
	}
	for i := range t.Failures {
		as(&t.Failures[i].System)
	}
	for i := range t.Shown {
		as(&t.Shown[i].System)
	}
	t.iou[to] = t.iou[from]
}
