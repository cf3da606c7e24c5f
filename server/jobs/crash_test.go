package jobs_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/precinct-map/precinct/server/jobs"
)

// TestKilled kills a worker's process in the middle of its scenes. What it held comes back after the time to rescue, which
// the test does not wait for: it makes the dead worker's marks older instead.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("PRECINCT_TEST_JOBS"); folder != "" {
		workUntilKilled(t, folder)
		return
	}
	folder := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "PRECINCT_TEST_JOBS="+folder)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged, holds := int64(0), false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var done int64
		if lines.Text() == "holds" {
			holds = true
		} else if _, err := fmt.Sscanf(lines.Text(), "done %d", &done); err != nil {
			t.Fatalf("child says %q", lines.Text())
		}
		acknowledged = max(acknowledged, done)
		if holds && acknowledged >= workedBeforeKill {
			_ = child.Process.Kill()
		}
	}
	_ = child.Wait()
	if held := age(t, folder); held == 0 {
		t.Error("the killed worker held nothing: the test shows nothing")
	}
	var l log
	q := open(t, folder, jobs.Config{Workers: 2, Work: l.work})
	defer shut(t, q)
	r, err := q.Show(t.Context(), 1)
	if err != nil || int64(r.Done) < acknowledged {
		t.Fatalf("%d of %d that were acknowledged are done, %v", r.Done, acknowledged, err)
	}
	follow(t, q, r.ID, 0)
	if r, err = q.Show(t.Context(), 1); err != nil || r.Done != 100 || r.Failed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := l.sorted(); len(got) > 100-int(acknowledged) || !slices.Equal(slices.Compact(slices.Clone(got)), got) {
		t.Errorf("worked on %d after %d were acknowledged", len(got), acknowledged)
	}
}

// age makes what the dead worker holds older than the time to rescue.
func age(t *testing.T, folder string) int64 {
	db, err := sql.Open("sqlite", filepath.Join(folder, "jobs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Exec("UPDATE river_job SET attempted_at = datetime('now', '-10 minutes') WHERE state = 'running'")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := r.RowsAffected()
	if _, err := db.Exec("DELETE FROM river_leader"); err != nil {
		t.Fatal(err)
	}
	return n
}

// workedBeforeKill is how many scenes the child does; it holds on to the ones that follow.
const workedBeforeKill = 20

func workUntilKilled(t *testing.T, folder string) {
	var begun atomic.Int64
	q := open(t, folder, jobs.Config{Workers: 4, Work: func(ctx context.Context, _ jobs.Scene) error {
		if begun.Add(1) > workedBeforeKill {
			fmt.Println("holds")
			<-ctx.Done()
			return ctx.Err()
		}
		time.Sleep(30 * time.Millisecond)
		return nil
	}})
	r := start(t, q, spec(0, 100))
	for e, err := range q.Events(t.Context(), r.ID, 0) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("done", e.Done)
	}
}
