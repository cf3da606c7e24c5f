package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/precinct-map/precinct/server/store"
	"github.com/precinct-map/precinct/server/store/storetest"
)

// TestKilled writes in a child process, kills it in the middle, and looks for everything that the child said was kept.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("PRECINCT_TEST_STORE"); folder != "" {
		writeUntilKilled(t, folder)
		return
	}
	folder := t.TempDir()
	acknowledged := 0
	for round := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), "PRECINCT_TEST_STORE="+folder, fmt.Sprintf("PRECINCT_TEST_FROM=%d", acknowledged))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); {
			if _, err := fmt.Sscanf(lines.Text(), "kept %d", &acknowledged); err != nil {
				t.Fatalf("child says %q", lines.Text())
			}
			if n++; n == 40 {
				time.AfterFunc(time.Duration(round*700)*time.Microsecond, func() { _ = child.Process.Kill() })
			}
		}
		_ = child.Wait()
	}
	if acknowledged < 150 {
		t.Fatalf("only %d acknowledged", acknowledged)
	}
	s := open(t, folder)
	defer s.Close()
	for i := range acknowledged {
		f, err := s.Feature(t.Context(), int64(i+1))
		if err != nil || f.Name != storetest.Square(60*i, 0, 40).Name {
			t.Fatalf("feature %d of %d: %q, %v", i, acknowledged, f.Name, err)
		}
		w := storetest.Ground(60*i, 0, 768)
		if runs, err := s.Runs(t.Context(), store.Question{Phrase: "schools"}, w); err != nil || len(runs) == 0 {
			t.Fatalf("scene %d of %d: %v", i, acknowledged, err)
		}
	}
	st, err := s.Stats(context.Background(), "schools", nil, 0)
	if err != nil || st.Count < acknowledged || st.Count > acknowledged+1 {
		t.Errorf("%d features, %d acknowledged, %v", st.Count, acknowledged, err)
	}
}

func writeUntilKilled(t *testing.T, folder string) {
	s, err := store.Open(t.Context(), filepath.Join(folder, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	var from int
	fmt.Sscan(os.Getenv("PRECINCT_TEST_FROM"), &from)
	q := store.Question{Phrase: "schools"}
	for i := from; ; i++ {
		if err := s.PutScene(t.Context(), q, store.Scene{Window: storetest.Ground(60*i, 0, 768), Made: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sync(t.Context(), q.Phrase, nil, []store.Feature{storetest.Square(60*i, 0, 40)}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("kept", i+1)
	}
}
