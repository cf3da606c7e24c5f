package models

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed package.json
var packageJSON []byte

//go:embed package-lock.json
var packageLock []byte

// Setup fetches the pinned packages through npm, whose lock file holds their integrity hashes, runs none of their
// scripts, and keeps the few files that are used after comparing each with its own hash. It may be interrupted and run
// again: a file counts only once it is whole and in its place. say is told what happens.
func Setup(ctx context.Context, home string, say func(string)) error {
	if missing(home) == 0 {
		say("everything is installed in " + home)
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New(byHand(home))
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("set up models: %w", err)
	}
	work, err := os.MkdirTemp(home, ".setup-")
	if err != nil {
		return fmt.Errorf("set up models: %w", err)
	}
	defer os.RemoveAll(work)
	say("fetching about 100 MB of packages with npm (ONNX Runtime, MobileSAM, OCR, the viewer's libraries)")
	if err := npm(ctx, work); err != nil {
		return err
	}
	for _, f := range files() {
		if err := f.place(filepath.Join(work, "node_modules"), filepath.Join(home, layout)); err != nil {
			return err
		}
		say("installed " + f.what)
	}
	return nil
}

func missing(home string) int {
	n := 0
	for _, f := range files() {
		if f.verify(filepath.Join(home, layout, filepath.FromSlash(f.target))) != nil {
			n++
		}
	}
	return n
}

func npm(ctx context.Context, dir string) error {
	for name, data := range map[string][]byte{"package.json": packageJSON, "package-lock.json": packageLock} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("set up models: %w", err)
		}
	}
	// Scripts stay off: onnxruntime-node's would fetch further binaries. Peer packages stay out: they are a browser's runtime, 139 MB.
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--omit=dev", "--no-audit", "--no-fund")
	cmd.Dir = dir
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("npm could not fetch the pinned packages: %w\n%s\nCheck the network and npm's registry settings, then run `precinct setup` again", err, strings.TrimSpace(log.String()))
	}
	return nil
}

// place copies a file beside its target and renames it, so that half a file is never taken for a whole one.
func (f file) place(from, to string) error {
	source := filepath.Join(from, filepath.FromSlash(f.source))
	if err := f.verify(source); err != nil {
		return fmt.Errorf("install %s: %w", f.what, err)
	}
	target := filepath.Join(to, filepath.FromSlash(f.target))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("install %s: %w", f.what, err)
	}
	if err := os.Rename(source, target); err == nil {
		return nil
	}
	return copyFile(source, target)
}

func copyFile(source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(target), ".part-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), target)
}

// byHand tells what to do without npm.
func byHand(home string) string {
	var b strings.Builder
	b.WriteString("npm was not found. Install Node.js with npm and run `precinct setup` again, or place these files by hand:\n")
	for _, f := range files() {
		fmt.Fprintf(&b, "  %s\n    from %s, SHA-256 %s\n", filepath.Join(home, layout, filepath.FromSlash(f.target)), f.source, f.sha256)
	}
	return b.String()
}
