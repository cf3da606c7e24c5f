// Package cache holds what is dear to make, within one budget of bytes, and makes each thing once whatever the callers.
package cache

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/dgraph-io/ristretto/v2"
)

// Sized is a value that knows the memory it holds, in bytes.
type Sized interface{ Bytes() int }

// Memory is the one store of tiles, pairs, embeddings and results. It is safe for concurrent use.
type Memory struct {
	store *ristretto.Cache[string, any]

	mu      sync.Mutex
	flights map[string]*flight
	count   func(kind, event string)
}

type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   Sized
	err     error
}

// Events that the count function is told.
const (
	Hit    = "hit"    // answered from memory
	Miss   = "miss"   // made
	Shared = "shared" // waited for somebody else's making
)

// New opens a memory of at most budget bytes. count, which may be nil, is told the kind and event of every Get.
func New(budget int64, count func(kind, event string)) (*Memory, error) {
	if budget < 1<<20 {
		return nil, fmt.Errorf("memory of %d bytes is too small: give at least 1 MB", budget)
	}
	if count == nil {
		count = func(string, string) {}
	}
	store, err := ristretto.NewCache(&ristretto.Config[string, any]{
		NumCounters: max(1e4, budget>>10), // ten times the items expected, of about 10 kB each
		MaxCost:     budget,
		BufferItems: 64,
	})
	if err != nil {
		return nil, fmt.Errorf("open memory cache: %w", err)
	}
	return &Memory{store: store, flights: map[string]*flight{}, count: count}, nil
}

// Close frees the memory and its goroutines.
func (m *Memory) Close() { m.store.Close() }

// Peek is a value if it is in memory.
func Peek[T Sized](m *Memory, kind, key string) (T, bool) {
	v, ok := m.store.Get(kind + "\x00" + key)
	if !ok {
		var zero T
		return zero, false
	}
	return v.(T), true
}

// Get is the value of a key, from memory, or from whoever makes it already, or made now. A caller whose context ends leaves alone:
// the making goes on while anybody waits for it, and is cancelled when nobody does. Errors are never kept, nor given to
// callers that come later.
func Get[T Sized](ctx context.Context, m *Memory, kind, key string, mk func(context.Context) (T, error)) (T, error) {
	var zero T
	full := kind + "\x00" + key
	if v, ok := m.store.Get(full); ok {
		m.count(kind, Hit)
		return v.(T), nil
	}
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	f, run := m.join(ctx, full)
	if run == nil {
		m.count(kind, Shared)
	} else {
		m.count(kind, Miss)
		go run(func(ctx context.Context) (Sized, error) { return mk(ctx) })
	}
	select {
	case <-f.done:
		if f.err != nil {
			return zero, f.err
		}
		return f.value.(T), nil
	case <-ctx.Done():
		m.leave(full, f)
		return zero, ctx.Err()
	}
}

// Drop forgets a value.
func Drop(m *Memory, kind, key string) { m.store.Del(kind + "\x00" + key) }

// Clear forgets everything.
func (m *Memory) Clear() { m.store.Clear() }

// Put keeps a value that came about some other way.
func Put[T Sized](m *Memory, kind, key string, v T) { m.keep(kind+"\x00"+key, v) }

func (m *Memory) keep(full string, v Sized) {
	m.store.Set(full, v, int64(v.Bytes()+len(full)))
	m.store.Wait() // Set is buffered: without this the next Get may make the value again
}

func (m *Memory) join(ctx context.Context, full string) (f *flight, run func(mk func(context.Context) (Sized, error))) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.flights[full]; ok {
		f.waiting++
		return f, nil
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f = &flight{done: make(chan struct{}), cancel: cancel, waiting: 1}
	m.flights[full] = f
	return f, func(mk func(context.Context) (Sized, error)) {
		defer cancel()
		// A flight that ended between our caller's look and its joining has left its value here.
		if v, ok := m.store.Get(full); ok {
			f.value = v.(Sized)
		} else if f.value, f.err = guard(work, mk); f.err == nil {
			m.keep(full, f.value)
		}
		m.mu.Lock()
		if m.flights[full] == f {
			delete(m.flights, full)
		}
		m.mu.Unlock()
		close(f.done)
	}
}

// leave takes one caller off a flight; the last one out cancels it, and later callers start anew.
func (m *Memory) leave(full string, f *flight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.waiting--; f.waiting == 0 && m.flights[full] == f {
		delete(m.flights, full)
		f.cancel()
	}
}

// guard turns a panic into an error: one bad picture must not take the server down.
func guard(ctx context.Context, mk func(context.Context) (Sized, error)) (v Sized, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return mk(ctx)
}
