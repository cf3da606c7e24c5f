package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"

	"github.com/precinct-map/precinct/tiles/cache"
	"github.com/precinct-map/precinct/tiles/pmtiles"
)

// openObject opens an archive in a bucket: s3://BUCKET/KEY?region=… and what else gocloud.dev knows.
func openObject(ctx context.Context, c Config) (*pmtiles.File, error) {
	address, hidden, err := secret(c.URL)
	if err != nil {
		return nil, err
	}
	hide := func(err error) error { return errors.New(redact(err.Error(), hidden)) }
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("url: it is none")
	}
	key := strings.TrimPrefix(u.Path, "/")
	if u.Host == "" || key == "" {
		return nil, fmt.Errorf("url: want %s://BUCKET/FILE.pmtiles", u.Scheme)
	}
	u.Path = ""
	b, err := cache.OpenBlob(ctx, u.String())
	if err != nil {
		return nil, hide(err)
	}
	way := c.Upstream
	if way == nil {
		way = NewUpstream(0)
	}
	f, err := readObject(ctx, &object{bucket: b, key: key, way: way, timeout: cmp.Or(max(0, c.Timeout), defaultTimeout)})
	if err != nil {
		return nil, hide(err)
	}
	return f, nil
}

// readObject takes the object over, also where it fails.
func readObject(ctx context.Context, o *object) (*pmtiles.File, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	about, err := o.bucket.Attributes(ctx, o.key)
	if err != nil {
		_ = o.Close()
		return nil, err
	}
	o.changed = about.ModTime
	f, err := pmtiles.New(o, about.Size)
	if err != nil {
		_ = o.Close()
		return nil, err
	}
	f.Version = fmt.Sprintf("%x-%x", about.Size, about.ModTime.UnixNano())
	return f, nil
}

// object reads parts of a file in a bucket. Its directories hold only for the file they were read from.
type object struct {
	bucket  *blob.Bucket
	key     string
	changed time.Time
	way     *Upstream
	timeout time.Duration
}

// Close lets the bucket go.
func (o *object) Close() error { return o.bucket.Close() }

// ReadAt reads len(b) bytes. The source's timeout bounds it, since io.ReaderAt has no context.
func (o *object) ReadAt(b []byte, at int64) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	leave, err := o.way.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	r, err := o.bucket.NewRangeReader(ctx, o.key, at, int64(len(b)), nil)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if !r.ModTime().Equal(o.changed) {
		return 0, errors.New("the file changed in its bucket: open it again")
	}
	return io.ReadFull(r, b)
}
