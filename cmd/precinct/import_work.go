package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// openWork makes a folder for an import, beside its result so that this can be renamed into place. It is named by the result and the process:
// what killed imports of the same result left is removed first, and one that is under way is an error.
func openWork(out string) (string, error) {
	prefix := ".precinct-import-" + filepath.Base(out) + "-"
	dir := filepath.Dir(out)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		process, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(process)
		if !ok || err != nil || !e.IsDir() {
			continue
		}
		if alive(pid) {
			return "", fmt.Errorf("%s is being made by process %d already; if that is something else, remove %s", out, pid, filepath.Join(dir, e.Name()))
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			slog.Warn("what a killed import left stays", "error", err) // one of GDAL's programs may still be at it
		}
	}
	return os.MkdirTemp(dir, prefix+strconv.Itoa(os.Getpid())+"-")
}

// alive says whether there is such a process.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	if runtime.GOOS == "windows" {
		return true // it is found only where it lives
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
