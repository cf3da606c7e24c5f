package net

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/default" // registers go, and xla where it can be had
)

// GoBackend trains without any library: slow, enough for tests. GoMLX's plain "go" hangs.
const GoBackend = "go:ops_sequential"

// Backend computes graphs.
type Backend struct {
	name    string
	backend backends.Backend
}

// XLA names the backend of a PJRT plugin, which is a shared library at an absolute path.
func XLA(plugin string) string { return "xla:" + plugin }

// OpenBackend opens GoBackend, or XLA's with a plugin.
func OpenBackend(name string) (b *Backend, err error) {
	fail := func(err error) error {
		return &Error{Op: "open backend", Subject: name, Err: fmt.Errorf("%w: %v", ErrBackend, err),
			Hint: "run `precinct setup --training` for XLA's CPU plugin"}
	}
	if plugin, ok := strings.CutPrefix(name, "xla:"); ok && !strings.HasPrefix(plugin, "/") {
		// GoMLX would look for plugins by name, and fetch them.
		return nil, fail(fmt.Errorf("%q is not an absolute path", plugin))
	}
	fastGradient()
	err = caught(func() error {
		opened, err := backends.NewWithConfig(name)
		b = &Backend{name: name, backend: opened}
		return err
	})
	if err != nil {
		return nil, fail(err)
	}
	return b, nil
}

// Name is what the backend was opened by.
func (b *Backend) Name() string { return b.name }

// Close frees the backend; nothing that was made on it may be used after.
func (b *Backend) Close() {
	_ = caught(func() error { b.backend.Finalize(); return nil })
}

// caught turns GoMLX's panics, its way of saying that a graph cannot be built or run, into errors.
func caught(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok {
				err = e
			} else {
				err = fmt.Errorf("%v", r)
			}
		}
	}()
	return f()
}
