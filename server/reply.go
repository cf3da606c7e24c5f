package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"
	"github.com/labstack/echo/v4"
)

// body is an answer that may be cached.
type body struct {
	data     []byte
	make     func() ([]byte, error) // in place of data: called only when the client's copy is old; needs an etag
	media    string
	etag     string                             // without quotes; made from the data when empty
	caching  string                             // Cache-Control
	compress bool                               // whether encoding it helps; never for pictures
	keep     func(data []byte, encoding string) // told of what was sent whole; may be nil
}

const (
	cacheTiles = "public, max-age=3600"
	cacheShort = "public, max-age=60"
	cacheNever = "no-store"
)

// reply sends a body in the encoding that the client likes best, or 304 when the client has it.
func reply(c echo.Context, b body) error {
	h := c.Response().Header()
	if b.etag == "" {
		b.etag = contentTag(b.data)
	}
	encoding := ""
	if b.compress {
		h.Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
		encoding = preferred(c.Request().Header.Get(echo.HeaderAcceptEncoding))
	}
	if notModified(c, b, encoding) {
		return c.NoContent(http.StatusNotModified)
	}
	data := b.data
	var err error
	if b.make != nil {
		if data, err = b.make(); err != nil {
			return err
		}
	}
	if encoding != "" {
		if data, err = encode(data, encoding); err != nil {
			return fmt.Errorf("encode answer as %s: %w", encoding, err)
		}
		h.Set(echo.HeaderContentEncoding, encoding)
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(data)))
	if err := c.Blob(http.StatusOK, b.media, data); err != nil {
		return err
	}
	if b.keep != nil {
		b.keep(data, encoding)
	}
	return nil
}

// notModified sets the validators and says whether the client's copy is good. A body that must not be stored has none.
func notModified(c echo.Context, b body, encoding string) bool {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, b.caching)
	if b.caching == cacheNever {
		return false
	}
	tag := b.etag
	if encoding != "" {
		tag += "-" + encoding
	}
	tag = `"` + tag + `"`
	h.Set("ETag", tag)
	return tagMatches(c.Request().Header.Get("If-None-Match"), tag)
}

func tagMatches(header, tag string) bool {
	for _, t := range strings.Split(header, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}

func contentTag(data []byte) string { return strconv.FormatUint(xxhash.Sum64(data), 36) }

// preferred picks an encoding by Accept-Encoding's weights; of equals, the one that packs best for its time.
func preferred(header string) string {
	best, weight := "", 0.0
	for _, name := range []string{"zstd", "br", "gzip"} {
		if w := acceptance(header, name); w > weight {
			best, weight = name, w
		}
	}
	return best
}

func acceptance(header, name string) float64 {
	star := 0.0
	for _, part := range strings.Split(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		switch strings.TrimSpace(coding) {
		case name:
			return q
		case "*":
			star = q
		}
	}
	return star
}

func encode(data []byte, encoding string) ([]byte, error) {
	var out bytes.Buffer
	switch encoding {
	case "zstd":
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return enc.EncodeAll(data, nil), nil
	case "br":
		return pack(brotli.NewWriterLevel(&out, 4), &out, data)
	default:
		return pack(gzip.NewWriter(&out), &out, data)
	}
}

// pack writes all and closes before the bytes are taken: the last block comes with the closing.
func pack(w io.WriteCloser, out *bytes.Buffer, data []byte) ([]byte, error) {
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
