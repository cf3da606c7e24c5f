package cache

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func folder(t testing.TB, dir string) *Bucket {
	t.Helper()
	b, err := OpenBucket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// body is an entry's data, which tells its own number and is too large to be written at once.
func body(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%08d", n), 1<<17) }

const writerFolder = "PRECINCT_TEST_WRITER_FOLDER"

// TestWriter is the process that TestKilled kills: it writes entries over and over, and tells which of them were acknowledged.
func TestWriter(t *testing.T) {
	dir := os.Getenv(writerFolder)
	if dir == "" {
		t.Skip("run by TestKilled")
	}
	b := folder(t, dir)
	for n := 0; ; n++ {
		if err := b.Put(t.Context(), fmt.Sprintf("sat/9/0/%d", n%4), &Entry{Data: body(n)}); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("kept %d\n", n)
	}
}

// TestKilled: kill -9 in the middle of writing loses nothing that was acknowledged and leaves no half entry that is read.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for round := range 8 {
		c := exec.Command(os.Args[0], "-test.run=^TestWriter$")
		c.Env = append(os.Environ(), writerFolder+"="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		last := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "kept %d", &last); err == nil && last == 7 {
				time.AfterFunc(time.Duration(round)*700*time.Microsecond, func() { _ = c.Process.Kill() })
			}
		}
		if err := c.Wait(); err == nil || last < 7 {
			t.Fatalf("the writer ended by itself: %v, %d kept", err, last)
		}
		b := folder(t, dir)
		for slot := range 4 {
			e, err := b.Get(t.Context(), fmt.Sprintf("sat/9/0/%d", slot))
			if err != nil || e == nil {
				t.Fatalf("entry %d: %v, %v", slot, e, err)
			}
			acknowledged := last - ((last-slot)%4+4)%4
			var n int
			if _, err := fmt.Sscanf(string(e.Data[:8]), "%d", &n); err != nil || n < acknowledged || !bytes.Equal(e.Data, body(n)) {
				t.Fatalf("entry %d holds %d, %d was acknowledged, whole: %v", slot, n, acknowledged, bytes.Equal(e.Data, body(n)))
			}
		}
	}
}

// TestLeftovers: what a killed writer left is no entry, and goes once no writer can be at it.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	b := folder(t, dir)
	if err := b.Put(t.Context(), "sat/9/0/1", &Entry{Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	young, old := filepath.Join(dir, "sat/9/0/2.18ab.tmp"), filepath.Join(dir, "sat/9/0/3.17ab.tmp")
	for _, name := range []string{young, old} {
		if err := os.WriteFile(name, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*leftover)); err != nil {
		t.Fatal(err)
	}
	var keys []string
	if err := b.Each(t.Context(), "sat/", func(key string, _ int64) error {
		keys = append(keys, key)
		return b.Delete(t.Context(), key)
	}); err != nil || strings.Join(keys, " ") != "sat/9/0/1" {
		t.Errorf("%v, %v", keys, err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("what may still be written was deleted")
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("an old leftover stays")
	}
}

// TestCutOff: of an entry that was cut off anywhere nothing is read.
func TestCutOff(t *testing.T) {
	whole, err := (&Entry{Data: []byte("picture"), ETag: `"a"`}).write()
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if e := readEntry(whole[:n]); e != nil {
			t.Errorf("%d of %d bytes: %+v", n, len(whole), e)
		}
	}
}

func FuzzReadEntry(f *testing.F) {
	whole, err := (&Entry{Data: []byte("picture"), ETag: `"a"`, Fetched: time.Unix(1, 0)}).write()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		e := readEntry(data)
		if e == nil {
			return
		}
		again, err := e.write()
		if err != nil {
			t.Skip(err) // a time that JSON reads and does not write
		}
		if back := readEntry(again); back == nil || !bytes.Equal(back.Data, e.Data) || back.ETag != e.ETag || back.Missing != e.Missing {
			t.Errorf("%+v came back as %+v", e, back)
		}
	})
}
