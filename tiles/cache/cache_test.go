package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type text string

func (t text) Bytes() int { return len(t) }

func open(t *testing.T, budget int64) (*Memory, map[string]int) {
	t.Helper()
	var mu sync.Mutex
	events := map[string]int{}
	m, err := New(budget, func(_, event string) {
		mu.Lock()
		defer mu.Unlock()
		events[event]++
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, events
}

// TestOneFlight: a thousand callers of one key make it once.
func TestOneFlight(t *testing.T) {
	m, events := open(t, 1<<20)
	var made atomic.Int32
	started := make(chan struct{})
	var callers sync.WaitGroup
	for range 1000 {
		callers.Add(1)
		go func() {
			defer callers.Done()
			<-started
			v, err := Get(t.Context(), m, "k", "a", func(context.Context) (text, error) {
				made.Add(1)
				time.Sleep(20 * time.Millisecond)
				return "value", nil
			})
			if v != "value" || err != nil {
				t.Errorf("%q, %v", v, err)
			}
		}()
	}
	close(started)
	callers.Wait()
	if made.Load() != 1 || events[Miss]-events[Shared] > 1 {
		t.Errorf("made %d times, events %v", made.Load(), events)
	}
	if v, ok := Peek[text](m, "k", "a"); !ok || v != "value" {
		t.Error("not kept")
	}
	if _, ok := Peek[text](m, "other", "a"); ok {
		t.Error("kinds share keys")
	}
	Drop(m, "k", "a")
	if _, ok := Peek[text](m, "k", "a"); ok {
		t.Error("not dropped")
	}
}

// TestLeaving: who leaves cancels nothing that others wait for; the last one out cancels the making.
func TestLeaving(t *testing.T) {
	m, _ := open(t, 1<<20)
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	mk := func(ctx context.Context) (text, error) {
		close(entered)
		select {
		case <-release:
			return "done", nil
		case <-ctx.Done():
			ended <- ctx.Err()
			return "", ctx.Err()
		}
	}
	first, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := Get(first, m, "k", "a", mk)
		left <- err
	}()
	<-entered
	stayed := make(chan text, 1)
	joined := make(chan struct{})
	go func() {
		close(joined)
		v, _ := Get(t.Context(), m, "k", "a", mk)
		stayed <- v
	}()
	<-joined
	waitUntil(t, func() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.flights["k\x00a"].waiting == 2 })
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(release)
	if v := <-stayed; v != "done" {
		t.Errorf("who stayed got %q", v)
	}

	entered, release = make(chan struct{}), make(chan struct{})
	alone, leave := context.WithCancel(t.Context())
	go func() {
		_, err := Get(alone, m, "k", "b", mk)
		left <- err
	}()
	<-entered
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the making ended with %v", err)
	}
	<-left
}

func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func TestErrorsAndPanicsAreNotKept(t *testing.T) {
	m, _ := open(t, 1<<20)
	bad := errors.New("bad")
	if _, err := Get(t.Context(), m, "k", "a", func(context.Context) (text, error) { return "", bad }); !errors.Is(err, bad) {
		t.Error(err)
	}
	if _, err := Get(t.Context(), m, "k", "a", func(context.Context) (text, error) { panic("oops") }); err == nil || !strings.Contains(err.Error(), "oops") {
		t.Error(err)
	}
	if v, err := Get(t.Context(), m, "k", "a", func(context.Context) (text, error) { return "good", nil }); v != "good" || err != nil {
		t.Error(v, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Get(cancelled, m, "k", "new", func(context.Context) (text, error) { return "made for nobody", nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBudget: what is kept never exceeds the budget, by the values' own account.
func TestBudget(t *testing.T) {
	const budget = 4 << 20
	m, _ := open(t, budget)
	big := text(strings.Repeat("x", 100_000))
	for i := range 200 {
		Put(m, "k", fmt.Sprint(i), big)
	}
	kept := 0
	for i := range 200 {
		if v, ok := Peek[text](m, "k", fmt.Sprint(i)); ok {
			kept += v.Bytes()
		}
	}
	if kept > budget || kept == 0 {
		t.Errorf("%d bytes are kept of a budget of %d", kept, budget)
	}
	if _, err := New(1000, nil); err == nil {
		t.Error("a budget of 1000 bytes was taken")
	}
}

func BenchmarkHit(b *testing.B) {
	m, err := New(1<<20, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	Put(m, "k", "a", text("v"))
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := Get(context.Background(), m, "k", "a", func(context.Context) (text, error) { return "", errors.New("made") }); err != nil {
				b.Error(err)
			}
		}
	})
}
