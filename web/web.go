// Package web is the viewer: one page that shows the layers and asks for outlines.
package web

import (
	"embed"
	"io/fs"
)

//go:embed static
var static embed.FS

// Files are the viewer's files, index.html at the root.
func Files() fs.FS {
	sub, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}
