package ogc_test

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"testing"

	"github.com/precinct-map/precinct/server/jobs"
	"github.com/precinct-map/precinct/server/ogc"
)

// withJobs adds a queue whose runs have as many scenes as the bound is degrees wide. Scenes fail on the southern half of the
// earth, and wait for the test to let them go on.
func withJobs(t testing.TB, goOn <-chan struct{}) func(*ogc.Options) {
	t.Helper()
	q, err := jobs.Open(t.Context(), filepath.Join(t.TempDir(), "jobs.db"), jobs.Config{Workers: 2, Tries: 1,
		Scenes: func(s jobs.Spec) iter.Seq[jobs.Scene] {
			return func(yield func(jobs.Scene) bool) {
				for i := 0; float64(i) < s.Bound[2]-s.Bound[0]; i++ {
					if !yield(jobs.Scene{Phrase: s.Phrase, Z: 17, Col: int(s.Bound[0]) + i, Row: int(s.Bound[1])}) {
						return
					}
				}
			}
		},
		Work: func(ctx context.Context, s jobs.Scene) error {
			if s.Row < 0 {
				return jobs.Permanent(errors.New("there is only sea"))
			}
			select {
			case <-goOn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(o *ogc.Options) { o.Jobs = ogc.Queue{Queue: q} }
}
