package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	gone := errors.New("gone")
	table := Table{{gone, http.StatusGone, "gone", "It is gone"}, {context.Canceled, http.StatusTeapot, "never", "behind another row"}}
	for name, c := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"a problem":         {fmt.Errorf("outside: %w", NotFound("no such tile")), 404, "not-found"},
		"a row":             {fmt.Errorf("outside: %w", gone), 410, "gone"},
		"the first row":     {errors.Join(context.Canceled, gone), 410, "gone"},
		"too large a body":  {fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 7}), 413, "too-large"},
		"no time left":      {fmt.Errorf("outside: %w", context.DeadlineExceeded), 503, "gave-up"},
		"nobody foresaw it": {errors.New("open /etc/secret: input/output error"), 500, "internal"},
	} {
		p := Of(c.err, table)
		if p.Status != c.status || p.Type != Base+c.kind || p.Title == "" || strings.Contains(p.Detail, "secret") {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestWrite(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		Busy("busy", "%d are waiting", 3).Write(w, httptest.NewRequest(method, "/", nil))
		h := w.Header()
		if w.Code != 429 || h.Get("Retry-After") != "10" || h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" || (w.Body.Len() > 0) != (method == http.MethodGet) {
			t.Errorf("%s: %d %v %s", method, w.Code, h, w.Body)
		}
	}
}
