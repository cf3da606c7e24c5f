package server

import (
	"context"
	"net"
)

// Join makes connections whose hot answers leave in one piece. net/http writes a body that is larger than its buffer of 4 KiB in two calls, the
// second of which wakes the client again; in one call a tile of 38 kB costs a fifth less (`make bench-peers`). The server must be told of its
// connections by [Connection].
func Join(l net.Listener) net.Listener { return joining{l} }

// Connection is an [http.Server.ConnContext].
func Connection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

type (
	joining       struct{ net.Listener }
	connectionKey struct{}
)

func (l joining) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &joined{TCPConn: tcp}, nil
	}
	return c, err
}

// joined holds back the first piece of an answer, where it is told to, until the next one comes. Only the goroutine that answers writes.
type joined struct {
	*net.TCPConn
	holding bool
	held    []byte
}

// Write sends p, after what was held back.
func (c *joined) Write(p []byte) (int, error) {
	if c.holding && len(c.held) == 0 {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	if len(c.held) == 0 {
		return c.TCPConn.Write(p)
	}
	before := len(c.held)
	pieces := net.Buffers{c.held, p}
	n, err := pieces.WriteTo(c.TCPConn)
	c.held = c.held[:0]
	return max(int(n)-before, 0), err
}

// together runs write, which answers a request, so that its first two pieces leave as one.
func together(ctx context.Context, write func()) {
	c, ok := ctx.Value(connectionKey{}).(*joined)
	if !ok {
		write()
		return
	}
	c.holding = true
	write()
	c.holding = false
	if len(c.held) > 0 {
		_, _ = c.Write(nil) // who went away is told nothing
	}
}
