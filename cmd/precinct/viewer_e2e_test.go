//go:build e2e

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestViewer uses the viewer as a person would: looks, draws, moves points, meets somebody else's change, cuts, joins, deletes,
// undoes, asks how a place was found, starts and cancels a job, compares and moves layers, on a wide and on a narrow screen.
// PRECINCT_E2E_PICTURES names a folder for screenshots on the way.
func TestViewer(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	script := playwright(t)
	address := start(t, "demo")
	var layer struct{ Center [3]float64 }
	data, _ := fetch(t, address+"tiles/satellite.json")
	if err := json.Unmarshal(data, &layer); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	pictures := os.Getenv("PRECINCT_E2E_PICTURES")
	if pictures == "" {
		pictures = t.TempDir()
	}
	begun := time.Now()
	out, err := exec.CommandContext(ctx, "node", script, address, fmt.Sprint(layer.Center[0]), fmt.Sprint(layer.Center[1]), browser, pictures).CombinedOutput()
	t.Logf("%s%.0f s in all", out, time.Since(begun).Seconds())
	if err != nil {
		t.Errorf("%v; PRECINCT_E2E_PICTURES=FOLDER keeps a picture of the failure", err)
	}
}

// playwright is the script that drives the browser, with its one package beside it.
func playwright(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "testdata", "e2e"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "playwright-core")); err != nil {
		cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("playwright-core is not to be had: %v %s", err, strings.TrimSpace(string(out)))
		}
	}
	return filepath.Join(dir, "viewer.mjs")
}
