package models

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingFilesAreNamed(t *testing.T) {
	t.Setenv(RuntimeVariable, "")
	home := t.TempDir()
	_, err := Locate(home)
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "precinct setup") {
		t.Errorf("an empty home: %v", err)
	}
	for _, f := range Check(home) {
		if f.OK || f.Fix == "" {
			t.Errorf("an empty home has %s: %s", f.What, f.Detail)
		}
	}
}

func TestOtherBytesAreFound(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, layout, "mobilesam", "encoder.onnx")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range Check(home) {
		if f.What == "MobileSAM encoder" && (f.OK || !strings.Contains(f.Detail, "not the pinned file")) {
			t.Errorf("%+v", f)
		}
	}
}

func TestOwnRuntime(t *testing.T) {
	own := filepath.Join(t.TempDir(), "libonnxruntime.so")
	t.Setenv(RuntimeVariable, own)
	if f, _ := Locate(t.TempDir()); f.Runtime != own {
		t.Errorf("the runtime is %s", f.Runtime)
	}
	findings := Check(t.TempDir())
	if last := findings[len(findings)-1]; last.What != RuntimeVariable || last.OK {
		t.Errorf("a library that does not exist: %+v", last)
	}
}

// TestSetUpIsWhole: make setup ran before the tests, so what it says is there must be.
func TestSetUpIsWhole(t *testing.T) {
	home, err := Home()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Check(home) {
		if !f.OK {
			t.Errorf("%s: %s", f.What, f.Detail)
		}
	}
}

func TestHome(t *testing.T) {
	t.Setenv("PRECINCT_HOME", "/a")
	if h, _ := Home(); h != "/a" {
		t.Error(h)
	}
	t.Setenv("PRECINCT_HOME", "")
	t.Setenv("XDG_DATA_HOME", "/b")
	if h, _ := Home(); h != filepath.Join("/b", "precinct") {
		t.Error(h)
	}
}
