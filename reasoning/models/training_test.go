package models

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingPluginIsNamed(t *testing.T) {
	t.Setenv(PluginVariable, "")
	home := t.TempDir()
	_, err := Plugin(home)
	if !errors.Is(err, ErrMissing) {
		t.Errorf("an empty home: %v", err)
	}
	if f := CheckTraining(home); f.OK || f.Fix == "" {
		t.Errorf("an empty home: %+v", f)
	}
}

func TestOwnPlugin(t *testing.T) {
	own := filepath.Join(t.TempDir(), "plugin.so")
	t.Setenv(PluginVariable, own)
	if _, err := Plugin(t.TempDir()); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), own) {
		t.Errorf("a plugin that does not exist: %v", err)
	}
	if err := os.WriteFile(own, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if path, err := Plugin(t.TempDir()); err != nil || path != own {
		t.Errorf("%s, %v", path, err)
	}
}

func TestOtherPluginIsFound(t *testing.T) {
	p, ok := plugins[platform()]
	if !ok {
		t.Skip("no pinned plugin for " + platform())
	}
	t.Setenv(PluginVariable, "")
	home := t.TempDir()
	path := filepath.Join(home, layout, filepath.FromSlash(p.target))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if f := CheckTraining(home); f.OK || !strings.Contains(f.Detail, "not the pinned file") {
		t.Errorf("%+v", f)
	}
}

// TestPipIsNeeded: without Python the error says what to place where.
func TestPipIsNeeded(t *testing.T) {
	p, ok := plugins[platform()]
	if !ok {
		t.Skip("no pinned plugin for " + platform())
	}
	t.Setenv("PATH", t.TempDir())
	err := SetupTraining(context.Background(), t.TempDir(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), p.sha256) {
		t.Errorf("without python3: %v", err)
	}
}
