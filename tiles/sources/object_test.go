package sources

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob/fileblob"

	"github.com/precinct-map/precinct/tiles"
)

// TestObject: an archive in a bucket is read by parts, and one that changed there is an error.
func TestObject(t *testing.T) {
	path := writePMTiles(t, picture(t, red, tiles.PNG), 2)
	open := func(key string) (*object, error) {
		b, err := fileblob.OpenBucket(filepath.Dir(path), nil)
		if err != nil {
			t.Fatal(err)
		}
		o := &object{bucket: b, key: key, way: NewUpstream(1), timeout: time.Second}
		f, err := readObject(t.Context(), o)
		if err == nil {
			if _, err := f.Tile(t.Context(), here); err != nil {
				t.Error(err)
			}
			if f.Version == "" {
				t.Error("no version")
			}
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Tile(t.Context(), here); !errors.Is(err, tiles.ErrUpstream) || !strings.Contains(err.Error(), "changed") {
				t.Errorf("a changed file: %v", err)
			}
			err = f.Close()
		}
		return o, err
	}
	if _, err := open(filepath.Base(path)); err != nil {
		t.Error(err)
	}
	if _, err := open("none.pmtiles"); err == nil {
		t.Error("what is not there was opened")
	}
}
