package cache

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"
)

// Bucket keeps what came from somebody else's server beyond the memory: a folder, or whatever bucket gocloud.dev knows. An entry is one
// object and appears whole or not at all. It is safe for concurrent use, also by several processes.
type Bucket struct{ bucket *blob.Bucket }

// Entry is an answer of a server and what it said of how long it holds.
type Entry struct {
	Data     []byte    `json:"-"`
	Size     int       `json:"size"`              // of Data: what was cut off is none
	Missing  bool      `json:"missing,omitempty"` // there is none: Data is empty
	ETag     string    `json:"etag,omitempty"`
	Modified string    `json:"modified,omitempty"` // Last-Modified, as sent
	Fetched  time.Time `json:"fetched"`
	Until    time.Time `json:"until"` // when it is to be asked for again
}

// Fresh says whether the entry may be used without asking.
func (e *Entry) Fresh(now time.Time) bool { return now.Before(e.Until) }

// Limits on what is read back: a broken object must not take the memory.
const (
	mostHead  = 1 << 16
	mostEntry = 64 << 20
)

const (
	pageSize   = 100_000 // a folder is walked anew for each page: pages of gocloud's 1,000 take quadratic time
	unfinished = ".tmp"  // how fileblob names what it has not finished
	leftover   = time.Hour
)

// OpenBlob opens the bucket of a URL: s3://, gs:// and azblob:// where the program was built with the tag clouds, which reads their
// credentials as the clouds' own tools do.
func OpenBlob(ctx context.Context, address string) (*blob.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the bucket's address is no URL")
	}
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, fmt.Errorf("buckets of kind %s:// are not built in: build with `go build -tags clouds ./cmd/precinct`, which adds s3, gs and azblob", u.Scheme)
	}
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s://%s: %w", u.Scheme, u.Host, err)
	}
	return b, nil
}

// OpenBucket opens a folder, which is made when it is not there, or the bucket of a URL such as file:///var/tiles or OpenBlob's.
func OpenBucket(ctx context.Context, where string) (*Bucket, error) {
	if u, err := url.Parse(where); err == nil && len(u.Scheme) > 1 && u.Scheme != "file" {
		b, err := OpenBlob(ctx, where)
		if err != nil {
			return nil, fmt.Errorf("cache: %w", err)
		}
		return &Bucket{b}, nil
	}
	dir := strings.TrimPrefix(where, "file://")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache's folder: %w", err)
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true} /* a rename works within one disk only */)
	if err != nil {
		return nil, fmt.Errorf("open cache %s: %w", dir, err)
	}
	return &Bucket{b}, nil
}

// Close ends all use.
func (b *Bucket) Close() error { return b.bucket.Close() }

// Get is an entry, nil when there is none or it cannot be understood.
func (b *Bucket) Get(ctx context.Context, key string) (*Entry, error) {
	r, err := b.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.Size() > mostEntry {
		return nil, nil
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return readEntry(data), nil
}

// readEntry undoes Entry.write; nil of what is none.
func readEntry(data []byte) *Entry {
	n, used := binary.Uvarint(data)
	if used <= 0 || n > mostHead || n > uint64(len(data)-used) {
		return nil
	}
	e := &Entry{}
	if json.Unmarshal(data[used:used+int(n)], e) != nil {
		return nil
	}
	if e.Data = data[used+int(n):]; len(e.Data) != e.Size {
		return nil
	}
	return e
}

// write is the length of the head as a varint, the head as JSON, and the data.
func (e *Entry) write() ([]byte, error) {
	e.Size = len(e.Data)
	head, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{binary.AppendUvarint(nil, uint64(len(head))), head, e.Data}, nil), nil
}

// Put keeps an entry.
func (b *Bucket) Put(ctx context.Context, key string, e *Entry) error {
	data, err := e.write()
	if err != nil {
		return err
	}
	return b.bucket.WriteAll(ctx, key, data, &blob.WriterOptions{ContentType: "application/octet-stream", DisableContentTypeDetection: true})
}

// Delete forgets an entry, which need not be there.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := b.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return err
	}
	return nil
}

// Each yields the keys that begin with a prefix, and their sizes in bytes, until do fails; do may delete what it is given.
// What killed writers left is none, and is deleted once it is old.
func (b *Bucket) Each(ctx context.Context, prefix string, do func(key string, size int64) error) error {
	for token := blob.FirstPageToken; token != nil; {
		page, next, err := b.bucket.ListPage(ctx, token, pageSize, &blob.ListOptions{Prefix: prefix})
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for _, o := range page {
			if strings.HasSuffix(o.Key, unfinished) {
				if time.Since(o.ModTime) > leftover {
					err = b.Delete(ctx, o.Key)
				}
			} else {
				err = do(o.Key, o.Size)
			}
			if err != nil {
				return err
			}
		}
		token = next
	}
	return nil
}
