package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestJoin sends bodies round every buffer's size: together or not, over one connection, each arrives whole.
func TestJoin(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	s := &http.Server{ConnContext: Connection, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if r.URL.Path == "/alone" {
			_, _ = w.Write(body[:n])
			return
		}
		together(r.Context(), func() { _, _ = w.Write(body[:n]) })
	})}
	go func() { _ = s.Serve(Join(l)) }()
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, n := range []int{0, 1, 2047, 2048, 3800, 3900, 4000, 4095, 4096, 4097, 8192, 1 << 16, 1 << 18} {
		for _, path := range []string{"together", "alone", "together"} {
			r, err := client.Get(fmt.Sprintf("http://%s/%s?n=%d", l.Addr(), path, n))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil || !bytes.Equal(got, body[:n]) {
				t.Errorf("%s %d bytes: %d came, %v", path, n, len(got), err)
			}
		}
	}
}

// BenchmarkJoin asks for tiles of 38 kB over loopback, as they leave in one piece and in two.
func BenchmarkJoin(b *testing.B) {
	body := make([]byte, 38_000)
	for _, joined := range []bool{true, false} {
		b.Run(fmt.Sprintf("joined=%t", joined), func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				together(r.Context(), func() { _, _ = w.Write(body) })
			})}
			if joined {
				s.ConnContext, l = Connection, Join(l)
			}
			go func() { _ = s.Serve(l) }()
			defer s.Close()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			ask, buf := []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), make([]byte, 1<<17)
			for b.Loop() {
				_, _ = c.Write(ask)
				for n := 0; n < len(body)+100; {
					got, err := c.Read(buf)
					if err != nil {
						b.Fatal(err)
					}
					n += got
				}
			}
		})
	}
}
