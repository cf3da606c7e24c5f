package models

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// PluginVariable names a PJRT plugin of XLA to train with in place of the pinned one, as for CUDA.
const PluginVariable = "PRECINCT_XLA"

// wheel is the Python package that holds the plugin, and its SHA-256 for pip to compare.
const (
	wheel     = "lammps-jax-pjrt-cpu==0.11.2"
	wheelHash = "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"
)

// plugins are XLA's CPU plugins: 200 MB, so only who trains fetches one.
var plugins = map[string]file{
	"linux/amd64": {"XLA's CPU plugin", "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", "xla/pjrt_c_api_cpu_plugin.so", "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2"},
}

// Plugin tells where the plugin lies that training is to use, an absolute path.
func Plugin(home string) (string, error) {
	path := os.Getenv(PluginVariable)
	if path == "" {
		p, ok := plugins[platform()]
		if !ok {
			return "", noPlugin()
		}
		path = filepath.Join(home, layout, filepath.FromSlash(p.target))
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find XLA's plugin: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("XLA's plugin (%s): %w: run `precinct setup --training`, or name one in %s", path, ErrMissing, PluginVariable)
	}
	return path, nil
}

func noPlugin() error {
	return fmt.Errorf("XLA's plugin for %s: %w: there is no pinned one; name a PJRT plugin in %s", platform(), ErrMissing, PluginVariable)
}

// SetupTraining fetches what training needs beside the models: XLA's CPU plugin, through pip, whose package's hash pip
// compares and whose file is compared again before it counts.
func SetupTraining(ctx context.Context, home string, say func(string)) error {
	p, ok := plugins[platform()]
	if !ok {
		return noPlugin()
	}
	target := filepath.Join(home, layout)
	if p.verify(filepath.Join(target, filepath.FromSlash(p.target))) == nil {
		say(p.what + " is installed in " + home)
		return nil
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return fmt.Errorf("python3 was not found: install Python 3 with pip and run `precinct setup --training` again, or place %s by hand: it is %s in PyPI's %s, SHA-256 %s",
			filepath.Join(target, filepath.FromSlash(p.target)), p.source, wheel, p.sha256)
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("set up training: %w", err)
	}
	work, err := os.MkdirTemp(home, ".setup-")
	if err != nil {
		return fmt.Errorf("set up training: %w", err)
	}
	defer os.RemoveAll(work)
	say("fetching 63 MB with pip (" + p.what + ")")
	if err := pip(ctx, python, work); err != nil {
		return err
	}
	if err := unpack(work, p.source); err != nil {
		return fmt.Errorf("install %s: %w", p.what, err)
	}
	if err := p.place(work, target); err != nil {
		return err
	}
	say("installed " + p.what)
	return nil
}

// pip downloads the wheel and nothing that it depends on: jax is not needed, only the library.
func pip(ctx context.Context, python, dir string) error {
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, []byte(wheel+" --hash=sha256:"+wheelHash+"\n"), 0o644); err != nil {
		return fmt.Errorf("set up training: %w", err)
	}
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
		"--require-hashes", "--requirement", list, "--dest", dir)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("pip could not fetch the pinned package: %w\n%s\nCheck the network and pip's index settings, then run `precinct setup --training` again", err, strings.TrimSpace(log.String()))
	}
	return nil
}

// unpack takes one file out of the wheel, which is a zip.
func unpack(dir, name string) error {
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("pip left %d wheels", len(wheels))
	}
	z, err := zip.OpenReader(wheels[0])
	if err != nil {
		return err
	}
	defer z.Close()
	in, err := z.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// CheckTraining says whether what training needs is there.
func CheckTraining(home string) Finding {
	f := Finding{What: "XLA's plugin", Fix: "run `precinct setup --training`"}
	path, err := Plugin(home)
	if err == nil && os.Getenv(PluginVariable) == "" {
		err = plugins[platform()].verify(path)
	}
	if f.OK, f.Detail = err == nil, path; err != nil {
		f.Detail = err.Error()
	}
	return f
}
