//go:build e2e

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/precinct-map/precinct/geo/formats"
	"github.com/precinct-map/precinct/tiles/town"
)

// TestJobs: a job that is started from a shell survives the kill -9 of the server that works on it; a worker goes on with it, and what it found
// is exported.
func TestJobs(t *testing.T) {
	bin, dir := program(t), t.TempDir()
	conf := filepath.Join(dir, "precinct.yaml")
	yaml := fmt.Sprintf("data: %q\nworkers: 1\naddr: 127.0.0.1:0\nsources: [{name: sat, kind: town, layer: satellite}, {name: plan, kind: town, layer: map}]\npair: {satellite: sat, map: plan}\n",
		filepath.Join(dir, "data"))
	if err := os.WriteFile(conf, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(bin, append(args, "--config", conf)...)
		c.Dir = dir
		return c
	}
	must := func(args ...string) string {
		t.Helper()
		c := command(args...)
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, errs.String())
		}
		return string(out)
	}
	made, err := town.New(town.Options{Look: town.Easy})
	if err != nil {
		t.Fatal(err)
	}
	at := made.Satellite().Info().Center
	bbox := fmt.Sprintf("%f,%f,%f,%f", at[0]-.004, at[1]-.004, at[0]+.004, at[1]+.004)
	if out := must("jobs", "start", "--query", "school", "--bbox="+bbox); !strings.Contains(out, "running") {
		t.Fatal(out)
	}
	done := func() (done, total int) {
		fields := strings.Fields(strings.Split(must("jobs", "show", "1"), "\n")[1])
		done, _ = strconv.Atoi(fields[2])
		total, _ = strconv.Atoi(strings.TrimSuffix(fields[4], "…"))
		return done, total
	}
	server := command("serve")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Error(err)
	}
	for range 300 {
		if n, _ := done(); n > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := server.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	before, total := done()
	t.Logf("killed at %d of %d scenes", before, total)
	if before == 0 {
		t.Fatal("the server did no scene in 15 seconds")
	}
	worker := command("worker")
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = worker.Process.Signal(syscall.SIGINT)
		_ = worker.Wait()
		if worker.ProcessState.ExitCode() != exitInterrupted {
			t.Errorf("the worker's exit is %d", worker.ProcessState.ExitCode())
		}
	}()
	// What the killed server had in hand is taken up after two minutes; the rest goes on at once.
	waited := time.Now()
	for n := before; n < total-1; n, total = done() {
		if time.Since(waited) > time.Minute {
			t.Fatal(must("jobs", "show", "1"))
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("%d of %d scenes %.0f s after the kill", total-1, total, time.Since(waited).Seconds())
	if out := must("jobs", "cancel", "1"); !strings.Contains(out, "cancelled") && !strings.Contains(out, "done") {
		t.Error(out)
	}
	must("export", "--query", "school", "-o", "schools.gpkg")
	found, err := formats.ReadGeoJSON(strings.NewReader(must("export", "--query", "school")))
	if err != nil || len(found) == 0 {
		t.Errorf("%v, %v", found, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "schools.gpkg")); err != nil || info.Size() < 10_000 {
		t.Errorf("the GeoPackage: %v", err)
	}
}
