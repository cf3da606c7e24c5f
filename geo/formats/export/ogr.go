package export

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/precinct-map/precinct/geo/formats"
)

// foreign is a format of ogr2ogr, which knows it by its suffix. What it writes may be several files; see sink.
func foreign(name string) (Format, error) {
	program, err := exec.LookPath("ogr2ogr")
	if err != nil {
		return Format{}, &formats.Error{Op: "export", Subject: fmt.Sprintf("%q", name), Err: ErrNoGDAL, Hint: "install GDAL (Debian: gdal-bin); " + withoutGDAL()}
	}
	return Format{Name: name, Suffix: "." + name, MediaType: "application/octet-stream", Title: "GDAL's " + name, Seeks: true,
		open: func(ctx context.Context, out sink, m Meta) (encoder, error) { return openForeign(ctx, program, out, m) }}, nil
}

// ogr is a GeoPackage that becomes another file at the end.
type ogr struct {
	encoder
	ctx     context.Context
	program string
	out     sink
	from    string
}

func openForeign(ctx context.Context, program string, out sink, m Meta) (encoder, error) {
	folder, err := workshop(out)
	if err != nil {
		return nil, err
	}
	from := filepath.Join(folder, "features.gpkg")
	e, err := newGeoPackage(ctx, from, m)
	if err != nil {
		return nil, err
	}
	return &ogr{e, ctx, program, out, from}, nil
}

func (o *ogr) finish() error {
	if err := o.encoder.finish(); err != nil {
		return err
	}
	// Drivers make files, and some refuse one that is there.
	if err := os.Remove(o.out.path()); err != nil {
		return err
	}
	cmd := exec.CommandContext(o.ctx, o.program, "-q", o.out.path(), o.from)
	cmd.WaitDelay = 5 * time.Second
	said, err := cmd.CombinedOutput()
	if ctxErr := o.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	if err == nil {
		_, err = os.Stat(o.out.path())
	}
	if err != nil {
		text := strings.TrimSpace(string(said))
		return &formats.Error{Op: "export", Subject: filepath.Base(o.out.path()), Err: errors.Join(ErrGDAL, err), Hint: text[max(0, len(text)-400):] + "; " + withoutGDAL()}
	}
	return nil
}
